"""All measurements of the theorems for one model, data set by data set."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from scipy.spatial.distance import cdist

from jacspec.data.streams import random_stream
from jacspec.models.loading import load_model
from jacspec.sample_sizes import MATRIX_POINTS, SAME_PATTERN_POINTS, SPECTRUM_POINTS
from jacspec.spectra.runs import PointsRun, SpectraRun
from jacspec.statistics.dataset_statistics import StatisticRow
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

SPECTRUM_COLUMNS = ["eigenvalues_input", "eigenvalues_latent", "same_pattern"]


def model_theorems(
    weights: Path,
    spectra: Mapping[str, SpectraRun],
    points: Mapping[str, PointsRun],
    *,
    training_set: str,
    factory: str | None = None,
) -> list[StatisticRow]:
    """Return the measurements of one model on every data set, in the order of `spectra`.

    Orientation (I.3) is that of all points. Other spectra are those of the first `SPECTRUM_POINTS`,
    which `points` must have. Matrices, which shards do not hold, are recomputed: of the first
    `SAME_PATTERN_POINTS` of them with one pattern at x and y (I.1), and of the first
    `MATRIX_POINTS`, from which `PAIRS` pairs are drawn within each set and with `training_set`
    (I.2). `factory` builds the model, if it is no network of dense layers.
    """
    sampler = JacobianSampler(load_model(weights, factory))
    training_sample = sampler(points[training_set].read(0, MATRIX_POINTS))
    rows = []
    for dataset, run in spectra.items():
        columns = run.read(SPECTRUM_COLUMNS, 0, SPECTRUM_POINTS)
        signs = run.read(["sign_input", "sign_latent"])
        named = [("both", *pair) for pair in _pattern_rows(sampler, columns, points[dataset])]
        for jacobian in ("input", "latent"):
            eigenvalues = columns[f"eigenvalues_{jacobian}"]
            named += [
                (jacobian, *pair) for pair in orientation_statistics(signs[f"sign_{jacobian}"])
            ]
            named += [(jacobian, *pair) for pair in argument_statistics(eigenvalues)]
        sample = training_sample
        if dataset != training_set:
            sample = sampler(points[dataset].read(0, MATRIX_POINTS))
        named += [("latent", *pair) for pair in _pair_rows(dataset, sample, training_sample)]
        rows += [StatisticRow(dataset, *triple) for triple in named]
    return rows


def _pattern_rows(
    sampler: JacobianSampler, columns: Mapping[str, np.ndarray], points: PointsRun
) -> Iterator[tuple[str, float]]:
    yield from pattern_statistics(columns)
    rows = np.flatnonzero(columns["same_pattern"])[:SAME_PATTERN_POINTS]
    bound = np.zeros(0)
    if len(rows):
        pixels = points.read(0, int(rows[-1]) + 1)[rows]
        bound = difference_bound(sampler(pixels))
    yield from rounding_statistics({name: values[rows] for name, values in columns.items()}, bound)


def _pair_rows(
    dataset: str, sample: JacobianSample, training_sample: JacobianSample
) -> Iterator[tuple[str, float]]:
    """Yield what holds at pairs within a data set, and at pairs with the training set.

    The latter are random ones, and those with the nearest of the training sample in latent space,
    because the theorem speaks of a z' close to a z of the training set.
    """
    spectra = spectrum_sample(sample.latent)
    stream = random_stream("theorem I.2", dataset)
    yield from pair_statistics("same_set", *_random_pairs(stream, spectra, spectra))
    if sample is training_sample:
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
