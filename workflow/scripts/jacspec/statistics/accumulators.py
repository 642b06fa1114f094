"""Streaming accumulators: all that a mean, a deviation or a quantile needs of the blocks so far.

Accumulators are values: `updated` returns a new one, `merged` joins those of two parts of the data.
Their size does not depend on how much data they have seen.
"""

import math
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Moments:
    """Count, mean and sum of squared deviations from the mean, in float64.

    Parts are joined by the pairwise update of Chan, Golub and LeVeque (1983), "Algorithms for
    computing the sample variance", which does not lose digits as a sum of squares would.
    """

    count: int = 0
    mean: float = math.nan
    squared_deviations: float = 0.0

    def updated(self, values: np.ndarray) -> "Moments":
        """Return the moments with `values` (any shape, may be empty) added."""
        if values.size == 0:
            return self
        mean = float(np.mean(values, dtype=np.float64))
        deviations = float(np.sum(np.square(values - mean), dtype=np.float64))
        return self.merged(Moments(values.size, mean, deviations))

    def merged(self, other: "Moments") -> "Moments":
        """Return the moments of both parts together."""
        if self.count == 0 or other.count == 0:
            return self if self.count else other
        count = self.count + other.count
        shift = other.mean - self.mean
        return Moments(
            count,
            self.mean + shift * other.count / count,
            self.squared_deviations
            + other.squared_deviations
            + shift * shift * self.count * other.count / count,
        )

    @property
    def standard_deviation(self) -> float:
        """Root of the mean squared deviation (divided by the count); NaN without data."""
        return math.sqrt(self.squared_deviations / self.count) if self.count else math.nan


@dataclass(frozen=True)
class Histogram:
    """Counts of values rounded to the nearest multiple of `width`.

    ``counts[i]`` values lie nearest to ``(first + i) * width``. The array grows to the range of the
    values, so there is neither under- nor overflow; logarithms of positive float64 numbers span
    1,455 units, which bounds it. Every order statistic is at most ``width / 2`` off, and multiples
    of `width`, zero among them, are exact.
    """

    width: float
    first: int = 0
    counts: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def count(self) -> int:
        """Number of values."""
        return int(self.counts.sum())

    def updated(self, values: np.ndarray) -> "Histogram":
        """Return the histogram with `values` (any shape) added; ValueError if one is not finite."""
        if values.size == 0:
            return self
        if not np.isfinite(values).all():
            raise ValueError("a histogram counts finite values only: set the others aside before")
        positions = np.rint(np.ravel(values) / self.width).astype(np.int64)
        first = int(positions.min())
        return self.merged(Histogram(self.width, first, np.bincount(positions - first)))

    def merged(self, other: "Histogram") -> "Histogram":
        """Return the histogram of both parts together; ValueError if their widths differ."""
        if self.width != other.width:
            raise ValueError(f"histograms of widths {self.width} and {other.width} do not add up")
        parts = [part for part in (self, other) if part.counts.size]
        if len(parts) < 2:
            return parts[0] if parts else self
        first = min(part.first for part in parts)
        counts = np.zeros(max(part.first + part.counts.size for part in parts) - first, np.int64)
        for part in parts:
            counts[part.first - first : part.first - first + part.counts.size] += part.counts
        return Histogram(self.width, first, counts)

    def order_statistic(self, rank: int) -> float:
        """Return the value of this rank, 0 being the smallest, at most ``width / 2`` off."""
        bin_index = int(np.searchsorted(np.cumsum(self.counts), rank, side="right"))
        return (self.first + bin_index) * self.width


@dataclass(frozen=True)
class LogHistogram:
    """Counts of non-negative values by their natural logarithm, and of exact zeros apart.

    Zeros are exact; every other order statistic is off by a factor of at most
    ``exp(logarithms.width / 2)``.
    """

    logarithms: Histogram
    zeros: int = 0

    @property
    def count(self) -> int:
        """Number of values, zeros included."""
        return self.zeros + self.logarithms.count

    def updated(self, values: np.ndarray) -> "LogHistogram":
        """Return the histogram with `values` (any shape, finite, none negative) added."""
        if np.any(values < 0):
            raise ValueError("a histogram of logarithms counts values that are not negative")
        positive = values[values != 0]
        return LogHistogram(
            self.logarithms.updated(np.log(positive)), self.zeros + values.size - positive.size
        )

    def merged(self, other: "LogHistogram") -> "LogHistogram":
        """Return the histogram of both parts together."""
        return LogHistogram(self.logarithms.merged(other.logarithms), self.zeros + other.zeros)

    def order_statistic(self, rank: int) -> float:
        """Return the value of this rank, 0 being the smallest."""
        if rank < self.zeros:
            return 0.0
        return math.exp(self.logarithms.order_statistic(rank - self.zeros))


def quantile(histogram: Histogram | LogHistogram, probability: float) -> float:
    """Return a quantile, interpolated linearly between order statistics; NaN without data.

    The definition is numpy's default (Hyndman and Fan 1996, type 7). As it is a convex combination
    of order statistics, it has their error bound.
    """
    count = histogram.count
    if count == 0:
        return math.nan
    position = probability * (count - 1)
    rank = math.floor(position)
    lower = histogram.order_statistic(rank)
    upper = histogram.order_statistic(min(rank + 1, count - 1))
    return lower + (position - rank) * (upper - lower)
