"""Measure the theorems on one model (rule model_theorems)."""

from collections import defaultdict
from pathlib import Path

import job
from jacspec.statistics.model_statistics import write_model_statistics
from jacspec.theorems.model_theorems import model_theorems


def main(snakemake):
    """Write the measurements on every data set, in the order of the input."""
    shards = defaultdict(list)
    for path in map(Path, snakemake.input.spectra):
        shards[path.parent.name].append(path)
    points = dict(zip(shards, map(Path, snakemake.input.points), strict=True))
    write_model_statistics(
        Path(snakemake.output[0]),
        model_theorems(
            Path(snakemake.input.weights),
            shards,
            points,
            training_set=snakemake.params.training_set,
        ),
        latent_dim=int(snakemake.wildcards.latent_dim),
        seed=int(snakemake.wildcards.seed),
    )


if "snakemake" in globals():
    job.run(main, snakemake)
