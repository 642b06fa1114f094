"""Check one spectra shard by an independent computation (rule verify_shard)."""

import logging

import job
from jacspec.verification.shards import VerificationError, verify_shard


def main(snakemake):
    """Write a table of what was found, and fail if anything deviates."""
    files = snakemake.input
    report = verify_shard(files.spectra, files.weights, files.points, snakemake.params.factory)
    report.write(snakemake.output[0])
    logging.info("%s", report.sentence())
    if not report.agrees:
        raise VerificationError(report.sentence())


if "snakemake" in globals():
    job.run(main, snakemake)
