"""Draw the reconstructions of one seed's models (rule table)."""

from pathlib import Path

import job
from jacspec.data.storage import PointsFile
from jacspec.figures.drawing import save_figure
from jacspec.figures.tables import draw_table
from jacspec.models.network import load_network


def main(snakemake):
    """Write the table in the formats of the output files."""
    params = snakemake.params
    models = {
        latent_dim: load_network(Path(weights))
        for latent_dim, weights in zip(params.latent_dims, snakemake.input.weights, strict=True)
    }
    points = {}
    for path in snakemake.input.points:
        with PointsFile(Path(path)) as shard:
            points[shard.dataset] = shard.read(0, min(params.images, shard.count))
    figure = draw_table(models, points, roles=params.roles, width=params.width)
    for path in snakemake.output:
        save_figure(figure, Path(path))


if "snakemake" in globals():
    job.run(main, snakemake)
