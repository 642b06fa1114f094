"""Write one shard of images in their order of evaluation (rule mnist_points)."""

from pathlib import Path

import job
from jacspec.data.shards import write_image_shard


def main(snakemake):
    """Write the output from the raw files, whose folder has the name of the data set."""
    folder = Path(snakemake.input[0]).parent
    write_image_shard(
        Path(snakemake.output[0]),
        folder,
        dataset=folder.name,
        sample_seed=snakemake.params.sample_seed,
        first=snakemake.params.first,
        count=snakemake.params.points,
        code_digest=snakemake.params.code,
    )


if "snakemake" in globals():
    job.run(main, snakemake)
