"""Sets that keep what all points of another set have in common, and lose the rest."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from jacspec.data.blocks import TRAINING, PointBlock
from jacspec.data.derived_sources import DerivedSource
from jacspec.data.room import MEMORY_BYTES, room_for
from jacspec.data.source import BLOCK_POINTS, evaluation_order, runs
from jacspec.data.streams import random_stream


class WholeSetSource(DerivedSource):
    """A set that takes all points of the other one to make; that one must have an end."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.of.has_split:
            raise self.fault(
                f"found of {self.of.name}, which has no end or no split; write a set such as mnist"
            )

    def _all_points(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield source indices (n,) and values (n, size) of all points, whatever is sampled."""
        for block in self.of.blocks(0, 0, self.of.count):
            yield block.source_index, block.points.reshape(len(block), -1)


@dataclass(frozen=True, kw_only=True)
class Shuffled(WholeSetSource):
    """Each value permuted over the points: distributions of single values kept, all else gone.

    Training and test points are permuted among themselves.
    """

    SOURCE: ClassVar[str] = "shuffled"

    @property
    def expected_mean(self) -> float | None:
        """The mean of the other set."""
        return self.of.expected_mean

    @property
    def label_names(self) -> tuple[str, ...]:
        """No point shows anything."""
        return ()

    def _blocks(self, sample_seed: int, first: int, count: int) -> Iterator[PointBlock]:
        rows = evaluation_order(sample_seed, self.count)[first : first + count]
        points = self._points_at(rows, sample_seed)
        position = 0
        for _, run in runs(first, count):
            part = slice(position, position + run.stop - run.start)
            position = part.stop
            yield PointBlock(
                points=np.array(points[part]).reshape(-1, *self.shape),
                split=self.row_split[rows[part]],
                source_index=rows[part],
            )

    def _points_at(self, rows: np.ndarray, sample_seed: int) -> np.ndarray:
        size = math.prod(self.shape)
        width = max(1, min(size, MEMORY_BYTES // (4 * self.count)))
        points = room_for((len(rows), size))
        for start in range(0, size, width):
            columns = slice(start, min(start + width, size))
            values = np.empty((self.count, columns.stop - start), np.float32)
            for index, block in self._all_points():
                values[index] = block[:, columns]
            for column in range(columns.stop - start):
                stream = random_stream("shuffled", self.name, sample_seed, start + column)
                points[:, start + column] = values[self._permutation(stream)[rows], column]
        return points

    def _permutation(self, stream: np.random.Generator) -> np.ndarray:
        permuted = np.empty(self.count, np.int64)
        for members in self._members:
            permuted[members] = stream.permutation(members)
        return permuted

    @cached_property
    def _members(self) -> list[np.ndarray]:
        return [np.flatnonzero(self.row_split == part) for part in np.unique(self.row_split)]

    def _default_title(self) -> str:
        return f"{self.of.display_name}, shuffled"


@dataclass(frozen=True, kw_only=True)
class Gaussian(WholeSetSource):
    """The normal distribution with mean and covariance of the training points of another set."""

    SOURCE: ClassVar[str] = "gaussian"

    @property
    def count(self) -> None:
        """There is no end."""
        return

    @property
    def has_split(self) -> bool:
        """There is no end."""
        return False

    @property
    def row_split(self) -> None:
        """There is no split."""
        return

    @property
    def label_names(self) -> tuple[str, ...]:
        """No point shows anything."""
        return ()

    @property
    def compressible(self) -> bool:
        """Normal numbers are all different."""
        return False

    @property
    def expected_mean(self) -> float | None:
        """The mean of the other set, if it is known."""
        return self.of.expected_mean

    def _blocks(self, sample_seed: int, first: int, count: int) -> Iterator[PointBlock]:
        mean, root = self._fit
        for block, rows in runs(first, count):
            stream = random_stream("points", self.name, sample_seed, block)
            values = mean + stream.standard_normal((BLOCK_POINTS, len(mean))) @ root
            yield PointBlock(values[rows].astype(np.float32).reshape(-1, *self.shape))

    @cached_property
    def _fit(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean (size,) and symmetric root of the covariance (size, size), which is unique."""
        size = math.prod(self.shape)
        split = self.of.row_split
        # About one of the points: sums of squares about 0 would cancel where the mean is large.
        origin = next(self._all_points())[1][0].astype(np.float64)
        count, total, products = 0, np.zeros(size), np.zeros((size, size))
        for index, block in self._all_points():
            values = block[split[index] == TRAINING] - origin
            count += len(values)
            total += values.sum(axis=0)
            products += values.T @ values
        mean = total / count
        covariance = products / count - np.outer(mean, mean)
        variances, axes = np.linalg.eigh(covariance)
        # Rounding can leave -1e-17 in place of 0.
        return origin + mean, (axes * np.sqrt(np.maximum(variances, 0))) @ axes.T

    def _default_title(self) -> str:
        return f"Gaussian of {self.of.display_name}"
