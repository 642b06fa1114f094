"""Check all results of the configuration, and say what is wrong with them (rule doctor)."""

import logging

import job
from jacspec.errors import DamagedFileError
from sweep.doctor import CONDITIONS, examine, examine_others
from sweep.receipts import read_receipts


def main(snakemake):
    """Print a line for each file with which something is wrong; fail if one is damaged."""
    jobs = snakemake.params.jobs
    findings = [*examine(jobs), *examine_others(read_receipts(snakemake.params.folders), jobs)]
    for finding in findings:
        report(finding.line(snakemake.params.options))
    found = [finding.condition for finding in findings]
    counts = ", ".join(f"{found.count(condition)} {condition}" for condition in CONDITIONS)
    report(f"{sum(len(planned.outputs) for planned in jobs)} files examined: {counts}")
    if "damaged" in found:
        raise DamagedFileError("some results are damaged; the lines above say how to mend them")


def report(sentence: str) -> None:
    """Tell the person at the terminal as well as the log file."""
    logging.info("%s", sentence)
    print(sentence, flush=True)


if "snakemake" in globals():
    job.run(main, snakemake)
