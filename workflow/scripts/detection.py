"""Bring the detection measures of all models together (rule detection)."""

from pathlib import Path

import job
from jacspec.data.descriptions import described
from jacspec.detection.figure import draw_detection
from jacspec.detection.leaderboard import leaderboards
from jacspec.detection.model_detection import read_detection, write_detection
from jacspec.detection.readable import write_readable_detection
from jacspec.figures.saving import note_left_out, save_figure
from jacspec.statistics.collapsed_models import collapsed_models, rows_without_models
from jacspec.statistics.summary import read_summary


def main(snakemake):
    """Write the table of all models; leaderboards and figure leave out those that collapsed."""
    source, output = snakemake.input, snakemake.output
    rows = [row for path in source.detection for row in read_detection(Path(path))]
    write_detection(Path(output.table), rows)
    collapsed = collapsed_models(read_summary(Path(source.summary)))
    rows = rows_without_models(rows, collapsed)
    datasets = described(snakemake.params.datasets)
    networks = {row.key for row in rows}
    # Where all have collapsed, none is left out.
    left_out = [key for key in collapsed if key not in networks]
    boards = leaderboards(rows, datasets)
    write_readable_detection(Path(output.readable), boards, len(networks), left_out)
    figure = draw_detection(rows, datasets)
    note_left_out(figure, collapsed)
    for path in output.figures:
        save_figure(figure, Path(path))


if "snakemake" in globals():
    job.run(main, snakemake)
