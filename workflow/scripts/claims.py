"""Judge the paper's claims on the evidence of all models (rule claims)."""

import logging
from pathlib import Path

import job
from jacspec.claims.evidence import Evidence, read_model_evidence
from jacspec.claims.table import judgements, write_claims_table, write_readable_claims


def main(snakemake):
    """Write every number with its verdict, and the table for people."""
    evidence = Evidence.of(
        read_model_evidence(Path(table), Path(draws))
        for table, draws in zip(snakemake.input.tables, snakemake.input.draws, strict=True)
    )
    judged = judgements(evidence)
    for number, judgement in judged.items():
        logging.info("C%d %s", number, judgement.verdict)
    write_claims_table(Path(snakemake.output.table), judged)
    write_readable_claims(Path(snakemake.output.readable), judged, evidence)


if "snakemake" in globals():
    job.run(main, snakemake)
