"""One model reduced to what all later stages need of it, block by block.

Every file is verified once, every block of spectra is read once, and blocks are of one size
whatever the shards, so that shards of another size change nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from jacspec.claims.evidence import ModelEvidence
from jacspec.claims.model_evidence import model_evidence, random_set_draws, training_set_draws
from jacspec.claims.spectral_evidence import (
    DatasetSpectra,
    block_spectra,
    joined_spectra,
)
from jacspec.data.blocks import PointBlock
from jacspec.detection.model_detection import DetectionRow, DetectionScores, Detector
from jacspec.detection.scores import SHARD_COLUMNS
from jacspec.detection.singular_value_shards import read_run_of_singular_values
from jacspec.errors import DamagedFileError
from jacspec.key import ModelKey
from jacspec.models.loading import load_model
from jacspec.report.model_view import (
    SCATTER_COLUMNS,
    ShownCounts,
    dataset_view,
    model_view,
    reconstruction_strip,
)
from jacspec.sample_sizes import RANDOM_SET_POINTS, SPECTRUM_POINTS, TRAINING_SET_POINTS
from jacspec.spectra.runs import PointsRun, SpectraRun, UnrelatedFilesError, joined_blocks
from jacspec.statistics.dataset_statistics import COLUMNS, DatasetStatistics, StatisticRow
from jacspec.statistics.variance_explained import PointSums, variance_explained_row
from jacspec.theorems.matrices import JacobianSample, JacobianSampler
from jacspec.theorems.model_theorems import SPECTRUM_COLUMNS, dataset_theorems, points_needed

READ_COLUMNS = tuple(dict.fromkeys((*COLUMNS, *SHARD_COLUMNS)))
FIRST_COLUMNS = tuple(dict.fromkeys((*SPECTRUM_COLUMNS, *SCATTER_COLUMNS)))
# The first block is what the theorems look at, and what decides how the page shows the others.
BLOCK_POINTS = SPECTRUM_POINTS


@dataclass(frozen=True)
class ReducedModel:
    """All that later stages need of one model."""

    statistics: list[StatisticRow]
    evidence: ModelEvidence
    theorems: list[StatisticRow]
    detection: list[DetectionRow]
    view: dict


@dataclass(frozen=True)
class ReducedSpectra:
    """What one pass over the spectra of a data set leaves; `first` are columns of its beginning."""

    statistics: DatasetStatistics
    claims: DatasetSpectra
    scores: DetectionScores
    counts: ShownCounts
    first: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class ReducedPoints:
    """What one pass over the points of the training set leaves: `first` ones, and `split` (n,)."""

    first: PointBlock
    split: np.ndarray
    sums: PointSums


@dataclass(frozen=True)
class _Written:
    """What is written of one data set; the rest is written of them together."""

    statistics: list[StatisticRow]
    theorems: list[StatisticRow]
    view: dict


def reduce_model(
    weights: Path,
    spectra: Mapping[str, Sequence[Path]],
    points: Mapping[str, Sequence[Path]],
    singular_values: Mapping[str, Sequence[Path]] | None = None,
    *,
    key: ModelKey,
    training_set: str,
    factory: str | None = None,
) -> ReducedModel:
    """Return what one model is reduced to, data sets in the order of `spectra`.

    The mappings go from a data set to its shards in order; `points` may stop at
    `jacspec.sample_sizes.READ_POINTS` but for the training set, and `singular_values` belong to the
    shards of `spectra`, if there are any. `factory` builds the model, if it is no network of dense
    layers. Raises UnrelatedFilesError if the files are not of one sweep, and
    DamagedFileError if one is damaged, or the spectra hold numbers that they cannot.
    """
    model = load_model(weights, factory)
    sampler = JacobianSampler(model)
    runs = {
        dataset: SpectraRun(shards, weights, points[dataset], dataset)
        for dataset, shards in spectra.items()
    }
    _check_model(runs, key)

    def reduced(dataset: str) -> ReducedSpectra:
        shards = (singular_values or {}).get(dataset)
        found = read_run_of_singular_values(shards, spectra[dataset]) if shards else None
        return reduced_spectra(runs[dataset], found)

    def written(
        own: ReducedSpectra,
        pixels: np.ndarray,
        points_run: PointsRun,
        training_sample: JacobianSample | None = None,
    ) -> tuple[_Written, JacobianSample]:
        dataset = points_run.dataset
        theorems, sample = dataset_theorems(
            dataset, own.statistics, own.first, pixels, sampler, training_sample
        )
        view = {
            "points_sha256": runs[dataset].attributes.get("points_sha256"),
            **dataset_view(own.counts, own.statistics, own.first),
            "strip": reconstruction_strip(model, points_run),
        }
        return _Written(own.statistics.rows(dataset), theorems, view), sample

    training_run = _points_run(points[training_set], runs[training_set])
    _check_count(runs[training_set], training_run)
    training, training_points = reduced(training_set), reduced_points(training_run)
    results, sample = written(training, training_points.first.points, training_run)
    results_of = {training_set: results}
    draws = training_set_draws(training.claims, training_points.first.label)
    detector = Detector(key, training_set, training.scores, training_points.split)
    detection: list[DetectionRow] = []
    random_sets: dict[str, np.ndarray] = {}
    for dataset, run in runs.items():
        if dataset == training_set:
            continue
        points_run, own = _points_run(points[dataset], run), reduced(dataset)
        pixels = points_run.read(0, max(RANDOM_SET_POINTS, points_needed(own.first)))
        results_of[dataset], _ = written(own, pixels, points_run, sample)
        detection += detector(dataset, own.scores)
        # Other sets of images take no part in the claims, which are about random pixels.
        if "label" not in points_run.columns:
            draws |= random_set_draws(own.claims, training.claims)
            random_sets[dataset] = pixels[:RANDOM_SET_POINTS]

    errors = training.scores.spectral["reconstruction_error"]
    learned = variance_explained_row(training_set, errors, training_points.sums)
    in_order = {dataset: results_of[dataset] for dataset in runs}
    return ReducedModel(
        [*chain.from_iterable(own.statistics for own in in_order.values()), learned],
        model_evidence(key, model, draws, training_set, training_points.first, random_sets),
        [*chain.from_iterable(own.theorems for own in in_order.values())],
        detection,
        model_view(runs.values(), {dataset: own.view for dataset, own in in_order.items()}),
    )


def reduced_spectra(
    run: SpectraRun, singular_values: Mapping[str, np.ndarray] | None = None
) -> ReducedSpectra:
    """Return what is kept of the spectra of a data set, with the singular values at its points.

    Raises DamagedFileError if there are numbers that cannot be.
    """
    statistics = DatasetStatistics()
    claims, scores = [], []
    counts = first = None
    for block in run.blocks(READ_COLUMNS, BLOCK_POINTS):
        _check_numbers(block, run)
        statistics = statistics.updated(block)
        claims.append(block_spectra(run.dataset, run.key.latent_dim, block))
        scores.append(DetectionScores.of(block))
        if counts is None:
            counts = ShownCounts.beginning_with(block)
            first = {name: block[name] for name in FIRST_COLUMNS}
        else:
            counts = counts.updated(block)
    return ReducedSpectra(
        statistics,
        joined_spectra(claims),
        DetectionScores.joined(scores, singular_values),
        counts,
        first,
    )


def reduced_points(run: PointsRun) -> ReducedPoints:
    """Return what is kept of the points of the training set; where no split is known, all train."""
    sums, first, split = PointSums(), [], []
    for block in run.blocks(BLOCK_POINTS):
        left = TRAINING_SET_POINTS - sums.count
        if left > 0:
            first.append(block[:left])
        split.append(np.zeros(len(block), np.uint8) if block.split is None else block.split)
        sums = sums.updated(block.points)
    return ReducedPoints(joined_blocks(first), np.concatenate(split), sums)


def _points_run(shards: Sequence[Path], spectra: SpectraRun) -> PointsRun:
    """Open the points of spectra; whose hashes are those recorded with the spectra is whole."""
    return PointsRun(shards, spectra.dataset, check_seals=None in spectra.values("points_sha256"))


def _check_model(runs: Mapping[str, SpectraRun], key: ModelKey) -> None:
    precision = next(iter(runs.values())).attributes["precision"]
    for run in runs.values():
        found = (run.key, run.attributes["precision"])
        if found != (key, precision):
            raise UnrelatedFilesError(
                f"{run.path} is of {found[0]} in {found[1]}, not of {key} in {precision} as the "
                "other data sets; remove it, and run snakemake again"
            )


def _check_count(spectra: SpectraRun, points: PointsRun) -> None:
    if spectra.count != points.count:
        raise UnrelatedFilesError(
            f"{spectra.path} and those after it are of {spectra.count} points, but the data set "
            f"has {points.count}; remove them, and run snakemake again"
        )


def _check_numbers(block: Mapping[str, np.ndarray], run: SpectraRun) -> None:
    for name in COLUMNS:
        values = block[name]
        unusable = np.isnan(values) if name.startswith("logabsdet") else ~np.isfinite(values)
        if unusable.any():
            raise DamagedFileError(
                f"{run.path} or one after it: {name} has {np.count_nonzero(unusable)} values that "
                "are not finite; did the training of this model diverge?"
            )
