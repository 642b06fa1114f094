"""Reduce the spectra of one model of a recipe to statistics (rule recipe_statistics)."""

from collections import defaultdict
from pathlib import Path

import job
from jacspec.statistics.model_statistics import model_statistics, write_model_statistics


def main(snakemake):
    """Write the statistics of every data set, in the order of the input."""
    shards = defaultdict(list)
    for path in map(Path, snakemake.input):
        shards[path.parent.name].append(path)
    write_model_statistics(
        Path(snakemake.output[0]),
        model_statistics(shards),
        latent_dim=int(snakemake.wildcards.latent_dim),
        seed=int(snakemake.wildcards.seed),
    )


if "snakemake" in globals():
    job.run(main, snakemake)
