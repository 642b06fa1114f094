"""Bring the measurements of the theorems together (rule theorems)."""

from pathlib import Path

import job
from jacspec.figures.drawing import save_figure
from jacspec.figures.selection import Selection
from jacspec.statistics.summary import read_summary, write_summary
from jacspec.theorems.figure import draw_theorems
from jacspec.theorems.page import write_page


def main(snakemake):
    """Write the table of all models, the page to read, and the figure."""
    datasets = snakemake.params.datasets
    write_summary(Path(snakemake.output.table), map(Path, snakemake.input), datasets=datasets)
    selection = Selection.of(read_summary(Path(snakemake.output.table)))
    write_page(Path(snakemake.output.page), selection, datasets)
    figure = draw_theorems(selection, datasets, snakemake.params.training_set)
    for path in snakemake.output.figures:
        save_figure(figure, Path(path))


if "snakemake" in globals():
    job.run(main, snakemake)
