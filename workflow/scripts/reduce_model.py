"""Reduce one model's spectra to all that later stages need of it (rule reduce_model)."""

import logging
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import job
from jacspec.claims.evidence import write_model_evidence
from jacspec.claims.model_evidence import model_evidence
from jacspec.detection.model_detection import model_detection, write_detection
from jacspec.key import ModelKey
from jacspec.report.model_view import model_view, write_model_view
from jacspec.spectra.runs import check_points_run, check_spectra_run
from jacspec.statistics.model_statistics import model_statistics
from jacspec.statistics.summary import write_model_statistics
from jacspec.statistics.variance_explained import variance_explained_row
from jacspec.theorems.model_theorems import model_theorems


def main(snakemake):
    """Write statistics, evidence for the claims, theorems, detection, and the page's view."""
    weights = Path(snakemake.input.weights)
    spectra, singular_values = (
        _by_dataset(paths, lambda path: path.parent.name)
        for paths in (snakemake.input.spectra, snakemake.input.singular_values)
    )
    points = _by_dataset(snakemake.input.points, lambda path: path.name.rsplit(".", 2)[0])
    first_points = {dataset: shards[0] for dataset, shards in points.items()}
    params, output = snakemake.params, snakemake.output
    training_set, factory = params.training_set, params.factory
    key = ModelKey.of(snakemake.wildcards)

    for dataset, shards in spectra.items():
        # Of most data sets, only the first points are read.
        read = points.get(dataset, [])
        check_points_run(read)
        check_spectra_run(shards, weights, read)

    rows = model_statistics(spectra)
    rows.append(variance_explained_row(training_set, spectra[training_set], points[training_set]))
    write_model_statistics(Path(output.statistics), rows, key)
    logging.info("statistics written")
    evidence = model_evidence(
        spectra, points, weights, key=key, training_set=training_set, factory=factory
    )
    write_model_evidence(Path(output.evidence), Path(output.evidence_draws), evidence)
    logging.info("evidence written")
    theorems = model_theorems(
        weights, spectra, first_points, training_set=training_set, factory=factory
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
    view = model_view(weights, spectra, first_points, factory=factory)
    write_model_view(Path(output.view), view)
    logging.info("view written")


def _by_dataset(paths: Iterable[str], dataset_of) -> dict[str, list[Path]]:
    """Return the shards of each data set, in the order of `paths`."""
    shards = defaultdict(list)
    for path in map(Path, paths):
        shards[dataset_of(path)].append(path)
    return dict(shards)


if "snakemake" in globals():
    job.run(main, snakemake)
