"""Draw the reconstructions of one seed's models (rule table)."""

from pathlib import Path

import job
from jacspec.data.descriptions import described
from jacspec.figures.samples import first_points
from jacspec.figures.saving import save_figure
from jacspec.figures.tables import draw_table
from jacspec.layout import by_dataset_of_points
from jacspec.models.loading import load_model
from jacspec.spectra.runs import PointsRun


def main(snakemake):
    """Write the table in the formats of the output files."""
    params = snakemake.params
    models = {
        latent_dim: load_model(weights, params.factory)
        for latent_dim, weights in zip(params.latent_dims, snakemake.input.weights, strict=True)
    }
    samples = {
        dataset: first_points(PointsRun(shards, dataset), params.images)
        for dataset, shards in by_dataset_of_points(snakemake.input.points).items()
    }
    figure = draw_table(
        models, samples, roles=params.roles, datasets=described(params.datasets), width=params.width
    )
    for path in snakemake.output:
        save_figure(figure, Path(path))


if "snakemake" in globals():
    job.run(main, snakemake)
