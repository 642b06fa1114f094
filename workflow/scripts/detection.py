"""Bring the detection measures of all models together (rule detection)."""

from pathlib import Path

import job
from jacspec.detection.figure import draw_detection
from jacspec.detection.model_detection import read_detection, write_detection
from jacspec.figures.drawing import note_left_out, save_figure
from jacspec.statistics.collapsed_models import collapsed_models, rows_without_models
from jacspec.statistics.summary import read_summary


def main(snakemake):
    """Write the table of all models; the figure leaves out those that collapsed."""
    source = snakemake.input
    rows = [row for path in source.detection for row in read_detection(Path(path))]
    write_detection(Path(snakemake.output.table), rows)
    collapsed = collapsed_models(read_summary(Path(source.summary)))
    figure = draw_detection(rows_without_models(rows, collapsed))
    note_left_out(figure, collapsed)
    for path in snakemake.output.figures:
        save_figure(figure, Path(path))


if "snakemake" in globals():
    job.run(main, snakemake)
