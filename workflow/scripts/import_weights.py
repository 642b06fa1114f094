"""Take a model's weights from a file of the user's (rule import_weights)."""

from pathlib import Path

import job
from jacspec.models.import_weights import import_weights


def main(snakemake):
    """Write weights and an empty history; the user's file is only read."""
    params = snakemake.params
    import_weights(
        Path(snakemake.input[0]),
        Path(snakemake.output.weights),
        Path(snakemake.output.history),
        key=params.weights_key,
        rename=params.rename,
        latent_dim=int(snakemake.wildcards.latent_dim),
        shape=tuple(params.shape),
        autoencoder=params.autoencoder,
    )


if "snakemake" in globals():
    job.run(main, snakemake)
