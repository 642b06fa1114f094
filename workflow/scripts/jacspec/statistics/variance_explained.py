"""How much a model has learned, measured on the points at which its spectra were taken."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from jacspec.data.storage import PointsFile
from jacspec.errors import DamagedFileError
from jacspec.models.collapse import VARIANCE_EXPLAINED, variance_explained
from jacspec.spectra.shards import SpectraFile
from jacspec.statistics.dataset_statistics import StatisticRow

BLOCK_POINTS = 10_000


def variance_explained_row(
    training_set: str, spectra_shards: Sequence[Path], points_shards: Sequence[Path]
) -> StatisticRow:
    """Return the share of the training set's variance that a model's reconstructions explain.

    The mean image is that of the points, which are in `points_shards`, all of those in
    `spectra_shards`. Raises DamagedFileError if they are not equally many.
    """
    error, evaluated = 0.0, 0
    for path in spectra_shards:
        with SpectraFile(path) as shard:
            for block in shard.blocks(["reconstruction_error"], size=BLOCK_POINTS):
                error += float(block["reconstruction_error"].sum())
                evaluated += len(block["reconstruction_error"])
    points, variance = _sum_of_squares_about_the_mean(points_shards)
    if points != evaluated:
        raise DamagedFileError(
            f"{spectra_shards[-1]}: the spectra are of {evaluated} points, the data set has "
            f"{points}; delete it to have it made again"
        )
    explained = variance_explained(error, variance)
    return StatisticRow(training_set, "both", VARIANCE_EXPLAINED, explained)


def _sum_of_squares_about_the_mean(points_shards: Sequence[Path]) -> tuple[int, float]:
    """Return the number of points, and the sum over points and pixels of (x - mean image)²."""
    count, total, squares = 0, 0.0, 0.0
    for path in points_shards:
        with PointsFile(path) as file:
            for start in range(0, file.count, BLOCK_POINTS):
                pixels = file.read(start, min(start + BLOCK_POINTS, file.count))
                pixels = pixels.astype(np.float64)
                count += len(pixels)
                total = total + pixels.sum(axis=0)
                squares += float(np.vdot(pixels, pixels))
    return count, squares - float(np.vdot(total, total)) / count
