"""Join the tables of all variants into one (rule joined_table)."""

from pathlib import Path

import job
from jacspec.tables import join_tables


def main(snakemake):
    """Write the output, variants in the order of the input."""
    join_tables(Path(snakemake.output[0]), map(Path, snakemake.input))


if "snakemake" in globals():
    job.run(main, snakemake)
