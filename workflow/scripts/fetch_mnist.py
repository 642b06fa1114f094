"""Fetch the four raw files of MNIST, or of Fashion-MNIST, and verify them (rule fetch_mnist)."""

import logging
from pathlib import Path

import job
from jacspec.data.mnist import COLLECTIONS, fetch_images


def main(snakemake):
    """Fill the folder of the output files, which has the name of the data set."""
    folder = Path(snakemake.output[0]).parent
    source = snakemake.config[f"{folder.name}_source"]
    origin = fetch_images(COLLECTIONS[folder.name], folder, Path(source) if source else None)
    logging.info("%s: %s", folder.name, origin)


if "snakemake" in globals():
    job.run(main, snakemake)
