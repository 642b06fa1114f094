"""Bring the detection measures of all models together (rule detection)."""

from pathlib import Path

import job
from jacspec.detection.figure import draw_detection
from jacspec.detection.model_detection import read_detection, write_detection
from jacspec.figures.drawing import save_figure


def main(snakemake):
    """Write the table of all models and the figure."""
    rows = [row for path in snakemake.input for row in read_detection(Path(path))]
    write_detection(Path(snakemake.output.table), rows)
    figure = draw_detection(rows)
    for path in snakemake.output.figures:
        save_figure(figure, Path(path))


if "snakemake" in globals():
    job.run(main, snakemake)
