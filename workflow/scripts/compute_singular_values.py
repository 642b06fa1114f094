"""Compute singular values of both derivatives at one shard of points (rule of the same name)."""

from pathlib import Path

import job
from jacspec.detection.singular_value_shards import compute_singular_values
from jacspec.key import ModelKey


def main(snakemake):
    """Write the output."""
    compute_singular_values(
        Path(snakemake.input.weights),
        Path(snakemake.input.points),
        Path(snakemake.output[0]),
        key=ModelKey.of(snakemake.wildcards),
        factory=snakemake.params.factory,
        code_digest=snakemake.params.code,
    )


if "snakemake" in globals():
    job.run(main, snakemake)
