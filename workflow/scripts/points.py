"""Write one shard of a data set, from whatever source (rule points)."""

from pathlib import Path

import job
from jacspec.data.shards import write_source_shard
from jacspec.data.source import from_definition


def main(snakemake):
    """Write the output."""
    write_source_shard(
        Path(snakemake.output[0]),
        from_definition(snakemake.params.source),
        sample_seed=snakemake.params.sample_seed,
        first=snakemake.params.first,
        count=snakemake.params.points,
        code_digest=snakemake.params.code,
    )


if "snakemake" in globals():
    job.run(main, snakemake)
