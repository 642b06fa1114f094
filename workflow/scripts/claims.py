"""Judge the paper's claims on the evidence of a variant's models (rule claims)."""

import logging
from pathlib import Path

import job
from jacspec.claims.evidence import Evidence, read_model_evidence
from jacspec.claims.judgements import judgements
from jacspec.claims.readable import write_readable_claims
from jacspec.claims.table import write_claims_table
from jacspec.statistics.collapsed_models import collapsed_models, names_of_models
from jacspec.statistics.summary import read_summary


def main(snakemake):
    """Write every number with its verdict, and the table for people."""
    collapsed = collapsed_models(read_summary(Path(snakemake.input.summary)))
    if collapsed:
        logging.warning("no better than the mean image: %s", names_of_models(collapsed))
    variant, params = snakemake.wildcards.variant, snakemake.params
    evidence = Evidence.of(
        variant,
        params.training_set,
        (
            read_model_evidence(Path(table), Path(draws))
            for table, draws in zip(snakemake.input.tables, snakemake.input.draws, strict=True)
        ),
        collapsed,
    )
    judged = judgements(evidence, params.epochs)
    for number, judgement in judged.items():
        logging.info("C%d %s", number, judgement.verdict())
    write_claims_table(Path(snakemake.output.table), judged, variant)
    write_readable_claims(Path(snakemake.output.readable), judged, evidence)


if "snakemake" in globals():
    job.run(main, snakemake)
