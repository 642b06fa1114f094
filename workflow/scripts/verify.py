"""Check the spectra of one model by an independent computation (rule verify_model)."""

import logging

import job
from jacspec.verification.shards import VerificationError, verify_shard


def main(snakemake):
    """Write a table of what was found in each shard, and fail if anything deviates."""
    files, factory = snakemake.input, snakemake.params.factory
    deviating = []
    for spectra, points, table in zip(files.spectra, files.points, snakemake.output, strict=True):
        report = verify_shard(spectra, files.weights, points, factory)
        report.write(table)
        logging.info("%s", report.sentence())
        if not report.agrees:
            deviating.append(report.sentence())
    if deviating:
        raise VerificationError("\n".join(deviating))


if "snakemake" in globals():
    job.run(main, snakemake)
