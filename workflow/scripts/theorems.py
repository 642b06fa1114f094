"""Bring the measurements of the theorems together (rule theorems)."""

from pathlib import Path

import job
from jacspec.data.descriptions import described
from jacspec.figures.saving import note_left_out, save_figure
from jacspec.figures.selection import Selection
from jacspec.statistics.collapsed_models import collapsed_models, without_models
from jacspec.statistics.summary import read_summary, write_summary
from jacspec.theorems.figure import draw_theorems
from jacspec.theorems.page import write_page


def main(snakemake):
    """Write the table of all models; the page and the figure leave out those that collapsed."""
    source, output = snakemake.input, snakemake.output
    datasets = described(snakemake.params.datasets)
    write_summary(Path(output.table), map(Path, source.theorems), datasets=list(datasets))
    collapsed = collapsed_models(read_summary(Path(source.summary)))
    selection = Selection.of(without_models(read_summary(Path(output.table)), collapsed))
    write_page(Path(output.page), selection, datasets, left_out=collapsed)
    figure = draw_theorems(selection, datasets, snakemake.params.training_set)
    note_left_out(figure, collapsed)
    for path in snakemake.output.figures:
        save_figure(figure, Path(path))


if "snakemake" in globals():
    job.run(main, snakemake)
