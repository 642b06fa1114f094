"""Measure detection by one model (rule model_detection)."""

from collections import defaultdict
from pathlib import Path

import job
from jacspec.detection.model_detection import model_detection, write_detection


def main(snakemake):
    """Write the measures against every other data set, in the order of the input."""
    shards = defaultdict(list)
    for path in map(Path, snakemake.input.spectra):
        shards[path.parent.name].append(path)
    rows = model_detection(
        shards,
        [Path(path) for path in snakemake.input.training_points],
        training_set=snakemake.params.training_set,
        latent_dim=int(snakemake.wildcards.latent_dim),
        seed=int(snakemake.wildcards.seed),
    )
    write_detection(Path(snakemake.output[0]), rows)


if "snakemake" in globals():
    job.run(main, snakemake)
