"""Join the statistics of all models into one table (rule summary)."""

from pathlib import Path

import job
from jacspec.statistics.summary import write_summary


def main(snakemake):
    """Write the output."""
    write_summary(
        Path(snakemake.output[0]),
        map(Path, snakemake.input),
        datasets=snakemake.params.datasets,
    )


if "snakemake" in globals():
    job.run(main, snakemake)
