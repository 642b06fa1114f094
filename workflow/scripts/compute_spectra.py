"""Compute the eigenvalues of both Jacobians for one shard of points (rule compute_spectra)."""

import logging
from functools import partial
from pathlib import Path

import job
from jacspec.device import available_device
from jacspec.key import ModelKey
from jacspec.spectra.computation import compute_shard
from jacspec.spectra.sources import source_of_weights


def main(snakemake):
    """Write the output; go on from the chunks that an interrupted job left."""
    compute_shard(
        Path(snakemake.input.weights),
        Path(snakemake.input.points),
        Path(snakemake.output[0]),
        key=ModelKey.of(snakemake.wildcards),
        source_of=partial(source_of_weights, factory=snakemake.params.factory),
        precision=snakemake.params.precision,
        eigensolver=snakemake.params.eigensolver,
        device=available_device(snakemake.config["device"]),
        threads=snakemake.threads,
        chunk_size=snakemake.config["chunk_size"],
        code_digest=snakemake.params.code,
        report=lambda done, total, seconds: logging.info(
            "%d of %d points, %.1f s", done, total, seconds
        ),
    )


if "snakemake" in globals():
    job.run(main, snakemake)
