"""Reduce one model's spectra to all that later stages need of it (rule reduce_model)."""

from pathlib import Path

import job
from jacspec.claims.evidence import write_model_evidence
from jacspec.detection.model_detection import write_detection
from jacspec.key import ModelKey
from jacspec.layout import by_dataset_of_points, by_dataset_of_spectra
from jacspec.reduction import reduce_model
from jacspec.report.model_view import write_model_view
from jacspec.statistics.summary import write_model_statistics


def main(snakemake):
    """Write statistics, evidence for the claims, theorems, detection, and the page's view."""
    params, output = snakemake.params, snakemake.output
    key = ModelKey.of(snakemake.wildcards)
    reduced = reduce_model(
        Path(snakemake.input.weights),
        by_dataset_of_spectra(snakemake.input.spectra),
        by_dataset_of_points(snakemake.input.points),
        by_dataset_of_spectra(snakemake.input.singular_values),
        key=key,
        training_set=params.training_set,
        factory=params.factory,
    )
    write_model_statistics(Path(output.statistics), reduced.statistics, key)
    write_model_evidence(Path(output.evidence), Path(output.evidence_draws), reduced.evidence)
    write_model_statistics(Path(output.theorems), reduced.theorems, key)
    write_detection(Path(output.detection), reduced.detection)
    write_model_view(Path(output.view), reduced.view)


if "snakemake" in globals():
    job.run(main, snakemake)
