"""Fetch MNIST's four raw files and verify them (rule fetch_mnist)."""

import logging
from pathlib import Path

import job
from jacspec.data.mnist import fetch_mnist


def main(snakemake):
    """Fill the folder of the output files."""
    source = snakemake.config["mnist_source"]
    origin = fetch_mnist(Path(snakemake.output[0]).parent, Path(source) if source else None)
    logging.info("MNIST: %s", origin)


if "snakemake" in globals():
    job.run(main, snakemake)
