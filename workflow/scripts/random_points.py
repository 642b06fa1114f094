"""Draw one shard of random pixels (rule random_points)."""

from pathlib import Path

import job
from jacspec.data.distributions import PixelDistribution
from jacspec.data.shards import write_distribution_shard


def main(snakemake):
    """Write the output."""
    parameters = dict(snakemake.params.distribution)
    family = parameters.pop("source")
    write_distribution_shard(
        Path(snakemake.output[0]),
        PixelDistribution(snakemake.wildcards.dataset, family, parameters),
        sample_seed=snakemake.params.sample_seed,
        first=snakemake.params.first,
        count=snakemake.params.points,
        code_digest=snakemake.params.code,
    )


if "snakemake" in globals():
    job.run(main, snakemake)
