"""Check random points of every spectra shard by an independent computation (rule verify)."""

import logging
from pathlib import Path

import job
from jacspec.verification.shards import ShardFiles, verify_shards


def main(snakemake):
    """Print and log a line for each shard, and write the table of all findings."""
    shards = [
        ShardFiles(Path(spectra), Path(weights), Path(points))
        for spectra, weights, points in zip(
            snakemake.input.spectra, snakemake.input.weights, snakemake.input.points, strict=True
        )
    ]
    verify_shards(shards, snakemake.params.table, report=report)


def report(sentence):
    """Tell the person at the terminal as well as the log file."""
    logging.info("%s", sentence)
    print(sentence, flush=True)


if "snakemake" in globals():
    job.run(main, snakemake)
