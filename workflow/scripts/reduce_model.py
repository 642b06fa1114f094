"""Reduce one model's spectra to all that later stages need of it (rule reduce_model)."""

import logging
from pathlib import Path

import job
from jacspec.claims.evidence import write_model_evidence
from jacspec.claims.model_evidence import model_evidence
from jacspec.detection.model_detection import model_detection, write_detection
from jacspec.key import ModelKey
from jacspec.layout import by_dataset_of_points, by_dataset_of_spectra
from jacspec.report.model_view import model_view, write_model_view
from jacspec.spectra.runs import PointsRun, SpectraRun
from jacspec.statistics.model_statistics import model_statistics
from jacspec.statistics.summary import write_model_statistics
from jacspec.statistics.variance_explained import variance_explained_row
from jacspec.theorems.model_theorems import model_theorems


def main(snakemake):
    """Write statistics, evidence for the claims, theorems, detection, and the page's view."""
    weights = Path(snakemake.input.weights)
    spectra = by_dataset_of_spectra(snakemake.input.spectra)
    singular_values = by_dataset_of_spectra(snakemake.input.singular_values)
    points = by_dataset_of_points(snakemake.input.points)
    params, output = snakemake.params, snakemake.output
    training_set, factory = params.training_set, params.factory
    key = ModelKey.of(snakemake.wildcards)

    # Of most data sets, only the first points are read.
    points_runs = {dataset: PointsRun(shards, dataset) for dataset, shards in points.items()}
    spectra_runs = {
        dataset: SpectraRun(shards, weights, points[dataset], dataset)
        for dataset, shards in spectra.items()
    }

    rows = model_statistics(spectra)
    rows.append(variance_explained_row(training_set, spectra[training_set], points[training_set]))
    write_model_statistics(Path(output.statistics), rows, key)
    logging.info("statistics written")
    evidence = model_evidence(
        spectra, points_runs, weights, key=key, training_set=training_set, factory=factory
    )
    write_model_evidence(Path(output.evidence), Path(output.evidence_draws), evidence)
    logging.info("evidence written")
    theorems = model_theorems(
        weights, spectra_runs, points_runs, training_set=training_set, factory=factory
    )
    write_model_statistics(Path(output.theorems), theorems, key)
    logging.info("theorems written")
    detection = model_detection(
        spectra,
        points[training_set],
        training_set=training_set,
        key=key,
        singular_values=singular_values,
    )
    write_detection(Path(output.detection), detection)
    logging.info("detection written")
    view = model_view(weights, spectra, points_runs, factory=factory)
    write_model_view(Path(output.view), view)
    logging.info("view written")


if "snakemake" in globals():
    job.run(main, snakemake)
