"""Gather what the claims need of one model (rule model_evidence)."""

import logging
from collections import defaultdict
from pathlib import Path

import job
from jacspec.claims.evidence import write_model_evidence
from jacspec.claims.model_evidence import model_evidence


def main(snakemake):
    """Write the statistics with their intervals, and their resamples beside them."""
    spectra, points = defaultdict(list), defaultdict(list)
    for path in map(Path, snakemake.input.spectra):
        spectra[path.parent.name].append(path)
    for path in map(Path, snakemake.input.points):
        dataset, _shard, _suffix = path.name.rsplit(".", 2)
        points[dataset].append(path)
    evidence = model_evidence(
        spectra,
        points,
        Path(snakemake.input.weights),
        latent_dim=int(snakemake.wildcards.latent_dim),
        seed=int(snakemake.wildcards.seed),
    )
    logging.info("%d statistics", len(evidence.draws))
    write_model_evidence(Path(snakemake.output.table), Path(snakemake.output.draws), evidence)


if "snakemake" in globals():
    job.run(main, snakemake)
