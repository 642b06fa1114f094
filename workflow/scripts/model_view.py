"""Reduce the shards of one model to what the page's explorer shows (rule model_view)."""

from collections import defaultdict
from pathlib import Path

import job
from jacspec.report.model_view import model_view, write_model_view


def main(snakemake):
    """Write the view of every data set, in the order of the input."""
    shards = defaultdict(list)
    for path in map(Path, snakemake.input.spectra):
        shards[path.parent.name].append(path)
    points = {
        dataset: Path(path) for dataset, path in zip(shards, snakemake.input.points, strict=True)
    }
    view = model_view(Path(snakemake.input.weights), shards, points)
    write_model_view(Path(snakemake.output[0]), view)


if "snakemake" in globals():
    job.run(main, snakemake)
