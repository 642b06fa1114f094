"""Compare training recipes on the training set (rule recipe_table)."""

from pathlib import Path

import job
from jacspec.figures.drawing import save_figure
from jacspec.recipes.comparison import read_recipe_model, write_comparison
from jacspec.recipes.figure import draw_recipes


def main(snakemake):
    """Write the table, its readable form, and the figure."""
    models = [
        read_recipe_model(Path(statistics).parent.name, Path(statistics), Path(history))
        for statistics, history in zip(
            snakemake.input.statistics, snakemake.input.histories, strict=True
        )
    ]
    write_comparison(models, Path(snakemake.output.table), Path(snakemake.output.readable))
    figure = draw_recipes(models)
    for path in snakemake.output.figures:
        save_figure(figure, Path(path))


if "snakemake" in globals():
    job.run(main, snakemake)
