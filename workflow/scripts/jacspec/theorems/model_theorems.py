"""All measurements of the theorems for one model on one data set."""

from collections.abc import Iterator, Mapping

import numpy as np
from scipy.spatial.distance import cdist

from jacspec.data.streams import random_stream
from jacspec.sample_sizes import MATRIX_POINTS, SAME_PATTERN_POINTS
from jacspec.statistics.dataset_statistics import JACOBIANS, DatasetStatistics, StatisticRow
from jacspec.theorems.equal_spectra import (
    difference_bound,
    pattern_statistics,
    rounding_statistics,
)
from jacspec.theorems.matrices import (
    JacobianSample,
    JacobianSampler,
    SpectrumSample,
    spectrum_sample,
)
from jacspec.theorems.null_model import argument_statistics, orientation_statistics
from jacspec.theorems.pair_inequalities import pair_statistics

PAIRS = 1_000

SPECTRUM_COLUMNS = ("eigenvalues_input", "eigenvalues_latent", "same_pattern")


def dataset_theorems(
    dataset: str,
    statistics: DatasetStatistics,
    columns: Mapping[str, np.ndarray],
    points: np.ndarray,
    sampler: JacobianSampler,
    training_sample: JacobianSample | None,
) -> tuple[list[StatisticRow], JacobianSample]:
    """Return the measurements of one model on a data set, and its matrices at `MATRIX_POINTS`.

    Orientation (I.3) is that of all points, from their `statistics`. Other spectra are those in
    `columns`, `SPECTRUM_COLUMNS` of the first n points. Matrices, which shards do not hold, are
    recomputed from the first `points` (m, ...), `points_needed` of them: of the first
    `SAME_PATTERN_POINTS` with one pattern at x and y (I.1), and of the first `MATRIX_POINTS`, from
    which `PAIRS` pairs are drawn within the set and with `training_sample`, unless this is the
    training set (I.2).
    """
    named = [("both", *pair) for pair in _pattern_rows(sampler, columns, points)]
    for jacobian in JACOBIANS:
        measured = (
            *orientation_statistics(getattr(statistics, jacobian).orientation),
            *argument_statistics(columns[f"eigenvalues_{jacobian}"]),
        )
        named += [(jacobian, *pair) for pair in measured]
    sample = sampler(points[:MATRIX_POINTS])
    named += [("latent", *pair) for pair in _pair_rows(dataset, sample, training_sample)]
    return [StatisticRow(dataset, *triple) for triple in named], sample


def points_needed(columns: Mapping[str, np.ndarray]) -> int:
    """Return how many of the first points `dataset_theorems` looks at."""
    rows = _rows_of_one_pattern(columns)
    return max(MATRIX_POINTS, int(rows[-1]) + 1 if len(rows) else 0)


def _rows_of_one_pattern(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    return np.flatnonzero(columns["same_pattern"])[:SAME_PATTERN_POINTS]


def _pattern_rows(
    sampler: JacobianSampler, columns: Mapping[str, np.ndarray], points: np.ndarray
) -> Iterator[tuple[str, float]]:
    yield from pattern_statistics(columns)
    rows = _rows_of_one_pattern(columns)
    bound = difference_bound(sampler(points[rows])) if len(rows) else np.zeros(0)
    yield from rounding_statistics({name: values[rows] for name, values in columns.items()}, bound)


def _pair_rows(
    dataset: str, sample: JacobianSample, training_sample: JacobianSample | None
) -> Iterator[tuple[str, float]]:
    """Yield what holds at pairs within a data set, and at pairs with the training set.

    The latter are random ones, and those with the nearest of the training sample in latent space,
    because the theorem speaks of a z' close to a z of the training set.
    """
    spectra = spectrum_sample(sample.latent)
    stream = random_stream("theorem I.2", dataset)
    yield from pair_statistics("same_set", *_random_pairs(stream, spectra, spectra))
    if training_sample is None:
        return
    training_spectra = spectrum_sample(training_sample.latent)
    yield from pair_statistics("training_set", *_random_pairs(stream, spectra, training_spectra))
    distances = cdist(sample.latent_points, training_sample.latent_points)
    nearest = training_spectra.at(np.argmin(distances, axis=1))
    yield from pair_statistics("nearest_of_training_set", spectra, nearest)


def _random_pairs(
    stream: np.random.Generator, first: SpectrumSample, second: SpectrumSample
) -> tuple[SpectrumSample, SpectrumSample]:
    """Draw pairs; within one sample, those of a point with itself do not count."""
    rows = stream.integers(len(first.matrices), size=PAIRS)
    others = stream.integers(len(second.matrices), size=PAIRS)
    kept = (rows != others) | (first is not second)
    return first.at(rows[kept]), second.at(others[kept])
