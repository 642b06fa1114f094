"""Write the points of all sets of a family (rule family_points)."""

from pathlib import Path

import job
from jacspec.families.family import from_family_definition
from jacspec.families.points import write_family_points


def main(snakemake):
    """Write the output."""
    write_family_points(
        Path(snakemake.output[0]),
        from_family_definition(snakemake.params.definition),
        sample_seed=snakemake.params.sample_seed,
        samples=snakemake.params.samples,
        code_digest=snakemake.params.code,
    )


if "snakemake" in globals():
    job.run(main, snakemake)
