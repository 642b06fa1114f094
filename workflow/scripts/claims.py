"""Judge the paper's claims on the evidence of all models (rule claims)."""

import logging
from pathlib import Path

import job
from jacspec.claims.evidence import Evidence, read_model_evidence
from jacspec.claims.table import judgements, write_claims_table, write_readable_claims
from jacspec.statistics.collapsed_models import collapsed_models, names_of_models
from jacspec.statistics.summary import read_summary


def main(snakemake):
    """Write every number with its verdict, and the table for people."""
    collapsed = collapsed_models(read_summary(Path(snakemake.input.summary)))
    if collapsed:
        logging.warning("no better than the mean image: %s", names_of_models(collapsed))
    evidence = Evidence.of(
        (
            read_model_evidence(Path(table), Path(draws))
            for table, draws in zip(snakemake.input.tables, snakemake.input.draws, strict=True)
        ),
        collapsed,
    )
    judged = judgements(evidence)
    for number, judgement in judged.items():
        logging.info("C%d %s", number, judgement.verdict)
    write_claims_table(Path(snakemake.output.table), judged, snakemake.wildcards.variant)
    write_readable_claims(Path(snakemake.output.readable), judged, evidence)


if "snakemake" in globals():
    job.run(main, snakemake)
