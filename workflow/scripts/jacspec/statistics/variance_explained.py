"""How much a model has learned, measured on the points at which its spectra were taken."""

from dataclasses import dataclass

import numpy as np

from jacspec.models.collapse import VARIANCE_EXPLAINED, variance_explained
from jacspec.statistics.dataset_statistics import StatisticRow


@dataclass(frozen=True)
class PointSums:
    """Sums over points (n, *shape): of the points themselves, (*shape,), and of all squares."""

    count: int = 0
    total: np.ndarray | float = 0.0
    squares: float = 0.0

    def updated(self, points: np.ndarray) -> "PointSums":
        """Return the sums with `points` (n, *shape) added, in float64."""
        points = points.astype(np.float64)
        return PointSums(
            self.count + len(points),
            self.total + points.sum(axis=0),
            self.squares + float(np.vdot(points, points)),
        )

    @property
    def squares_about_mean(self) -> float:
        """The sum over points and values of (x - mean point)^2."""
        return self.squares - float(np.vdot(self.total, self.total)) / self.count


def variance_explained_row(
    training_set: str, reconstruction_error: np.ndarray, points: PointSums
) -> StatisticRow:
    """Return the share of the training set's variance that a model's reconstructions explain.

    `reconstruction_error` (n,) is that of the same n points of which `points` are the sums.
    """
    explained = variance_explained(float(reconstruction_error.sum()), points.squares_about_mean)
    return StatisticRow(training_set, "both", VARIANCE_EXPLAINED, explained)
