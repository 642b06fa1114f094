"""Check the spectra of one model by an independent computation (rule verify_model)."""

import logging

import job
from jacspec.verification.shards import VerificationError, verify_shard, write_reports


def main(snakemake):
    """Write a table of what was found in all shards, and fail if anything deviates."""
    files = snakemake.input
    reports = []
    for spectra, points in zip(files.spectra, files.points, strict=True):
        reports.append(verify_shard(spectra, files.weights, points, snakemake.params.factory))
        logging.info("%s", reports[-1].sentence())
    write_reports(reports, snakemake.output[0])
    if wrong := [report.sentence() for report in reports if not report.agrees]:
        raise VerificationError("\n".join(wrong))


if "snakemake" in globals():
    job.run(main, snakemake)
