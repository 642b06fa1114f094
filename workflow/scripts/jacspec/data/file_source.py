"""Points of one's own, from a file or a folder of images."""

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np

from jacspec.data.blocks import TEST, TRAINING, PointBlock
from jacspec.data.readers import Table, open_table
from jacspec.data.room import room_for
from jacspec.data.source import (
    RANGE,
    SHAPE,
    Range,
    Shape,
    Source,
    evaluation_order,
    image_shape_of,
    number,
    parameter,
    runs,
)
from jacspec.data.streams import random_stream
from jacspec.errors import UnusableDataError

_KEY = {"type": "string", "minLength": 1, "maxLength": 200, "examples": ["x"]}
_SPLITS = {
    **dict.fromkeys(("0", "0.0", "False", "train", "training"), TRAINING),
    **dict.fromkeys(("1", "1.0", "True", "test", "testing"), TEST),
}
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, kw_only=True)
class FilePoints(Source):
    """The points of a file, each once, in one random order of training and test points together.

    `path` ends in .npy, .npz, .h5, .hdf5, .csv, .tsv or .parquet, or is a folder of images, which
    are taken in the order of their names. `points`, `labels` and `split` are the keys of its arrays
    or columns; in a table, `points` may be a list, and is all other columns if left out. Labels are
    whole numbers, or text, which is numbered in alphabetical order. A split is 0 or 1, or train or
    test; without one, a share of `test_share` of the points, drawn by chance, is for testing.
    `shape` gives the rows, which the file may hold in another one, their shape. Bytes and images
    are levels: 255 becomes 1; all other values stay as they are. `range` is recorded and used where
    black and white matter; without it, it is looked up in the values.

    Raises
    ------
    UnusableDataError
        If the file is not there, not of its format, or lacks a key; and, when the points are used,
        if a value is not finite, or a column of a table has one value only.
    """

    SOURCE: ClassVar[str] = "file"

    path: str = parameter({"type": "string", "minLength": 1, "examples": ["mine.npz"]})
    points: str | tuple[str, ...] | None = parameter(
        {"anyOf": [_KEY, {"type": "array", "minItems": 1, "items": _KEY}]}, default=None
    )
    labels: str | None = parameter(_KEY, default=None)
    split: str | None = parameter(_KEY, default=None)
    test_share: float = number(exclusiveMinimum=0, exclusiveMaximum=1, default=0.15)
    shape: Shape | None = parameter(SHAPE, default=None)
    range: Range | None = parameter(RANGE, default=None)
    # Differs when the content of a folder does; worked out, not given.
    fingerprint: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        shape = self.shape or self._table.shape
        if math.prod(shape) != math.prod(self._table.shape):
            raise self.fault(
                f"found shape {list(shape)}, but {self.path} has {math.prod(self._table.shape)} "
                "values a point; write a shape of as many"
            )
        if self._table.count < 2:
            raise UnusableDataError(f"{self.path} has one point; save two or more")
        if self.range is not None and not self.range[0] < self.range[1]:
            raise self.fault(f"found range {list(self.range)}; write the lower bound first")
        object.__setattr__(self, "shape", tuple(shape))
        object.__setattr__(self, "fingerprint", _fingerprint(Path(self.path)))

    @property
    def image_shape(self) -> Shape | None:
        """The shape, if it has rows and columns, or one or three channels of them."""
        return image_shape_of(self.shape)

    @property
    def count(self) -> int:
        """The number of rows, or images."""
        return self._table.count

    @property
    def declared_range(self) -> Range | None:
        """The range given, or black to white for levels."""
        return (0.0, 1.0) if self.range is None and self._table.is_levels else self.range

    @property
    def value_range(self) -> Range:
        """The range given, or the lowest and the highest of all values."""
        return self.declared_range or (float(self._bounds[0].min()), float(self._bounds[1].max()))

    @property
    def label_names(self) -> tuple[str, ...]:
        """The classes in words, if the file has words."""
        return self._labels[1]

    def files(self) -> tuple[str, ...]:
        """Return the path."""
        return (self.path,)

    @property
    def has_split(self) -> bool:
        """There is always one."""
        return True

    @cached_property
    def row_split(self) -> np.ndarray:
        """The split of the file, or a share drawn by chance."""
        if self.split is not None:
            return self._split_of_file()
        test = round(self.test_share * self.count)
        test = min(max(test, 1), self.count - 1)
        split = np.full(self.count, TRAINING, np.uint8)
        split[random_stream("held out").permutation(self.count)[:test]] = TEST
        return split

    def _blocks(self, sample_seed: int, first: int, count: int) -> Iterator[PointBlock]:
        rows = evaluation_order(sample_seed, self.count)[first : first + count]
        points, (labels, _) = self._points_at(rows), self._labels
        position = 0
        for _, run in runs(first, count):
            part = slice(position, position + run.stop - run.start)
            position = part.stop
            yield PointBlock(
                points=np.array(points[part]).reshape(-1, *self.shape),
                label=None if labels is None else labels[rows[part]],
                split=self.row_split[rows[part]],
                source_index=rows[part],
            )

    def _points_at(self, rows: np.ndarray) -> np.ndarray:
        """Read the file once, and keep these rows, in this order."""
        self._bounds  # noqa: B018 - the values are checked before any is used
        wanted = np.full(self.count, -1)
        wanted[rows] = np.arange(len(rows))
        points = room_for((len(rows), math.prod(self.shape)))
        for start, values in self._runs():
            positions = wanted[start : start + len(values)]
            points[positions[positions >= 0]] = values[positions >= 0]
        return points

    def _runs(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the first row of each run of the file, and its values (k, size) float32."""
        start = 0
        for values in self._table.runs():
            flat = values.reshape(len(values), -1)
            if self._table.is_levels:
                yield start, np.divide(flat, np.float32(255), dtype=np.float32)
            else:
                self._check_values(start, flat)
                yield start, flat.astype(np.float32, copy=False)
            start += len(values)
        if start != self.count:
            raise UnusableDataError(
                f"{self.path} has {start} rows of numbers but {self.count} lines or entries; save "
                "it again without blank or broken ones"
            )

    def _check_values(self, start: int, values: np.ndarray) -> None:
        low, high = self.range or (-_LARGEST, _LARGEST)
        # Written so that NaN, which compares as False, is found as well.
        if values.min() >= low and values.max() <= high:
            return
        row, column = np.argwhere(~((values >= low) & (values <= high)))[0]
        raise UnusableDataError(
            f"{self.path}: the value of {self._column_name(column)} in row {start + row} is "
            f"{values[row, column]}; save finite numbers"
            + (f" in the range {[low, high]}" if self.range else " that float32 can hold")
        )

    @cached_property
    def _bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """The lowest and the highest value of each column; raises for one of a single value."""
        size = math.prod(self.shape)
        low, high = np.full(size, np.inf, np.float32), np.full(size, -np.inf, np.float32)
        for _, values in self._runs():
            np.minimum(low, values.min(axis=0), out=low)
            np.maximum(high, values.max(axis=0), out=high)
        same = np.flatnonzero(low == high)
        # A pixel at the edge may well be black in every image.
        if len(same) == size or (len(same) and len(self.shape) == 1):
            raise UnusableDataError(
                f"{self.path}: the value of {self._column_name(same[0])} is {low[same[0]]} in "
                "every row; leave it out, or, if the points are images, give their rows and "
                "columns as shape"
            )
        return low, high

    def _column_name(self, column: int) -> str:
        names = self._table.names
        return f"column {names[column] if names else column}"

    @cached_property
    def _labels(self) -> tuple[np.ndarray | None, tuple[str, ...]]:
        """The labels by row, (count,) int64, and what they are in words."""
        if self.labels is None:
            return None, ()
        values = self._column(self.labels)
        if values.dtype.kind in "OUST":
            names, numbers = np.unique(values.astype(str), return_inverse=True)
            return numbers.astype(np.int64), tuple(names.tolist())
        if values.dtype.kind not in "biuf" or not np.array_equal(values, np.round(values)):
            raise UnusableDataError(
                f"{self.path}: {self.labels} has labels that are not whole; save whole numbers or "
                "text"
            )
        return values.astype(np.int64), ()

    def _split_of_file(self) -> np.ndarray:
        values = self._column(self.split).astype(str).tolist()
        unknown = sorted(set(values) - _SPLITS.keys())
        if unknown:
            raise UnusableDataError(
                f"{self.path}: {self.split} has {unknown[0]!r}; save 0 or train for training, 1 or "
                "test for testing"
            )
        split = np.array([_SPLITS[value] for value in values], np.uint8)
        if split.min() == split.max():
            raise UnusableDataError(
                f"{self.path}: {self.split} has {values[0]} for every point; save some of each, or "
                "leave out split"
            )
        return split

    def _column(self, key: str) -> np.ndarray:
        values = self._table.column(key)
        if values.shape != (self.count,):
            raise UnusableDataError(
                f"{self.path}: {key} has shape {list(values.shape)}; save one value for each "
                f"of the {self.count} points"
            )
        return values

    @cached_property
    def _table(self) -> Table:
        others = [key for key in (self.labels, self.split) if key is not None]
        return open_table(self.path, self.points, others)

    def _default_title(self) -> str:
        return self.name


def _fingerprint(path: Path) -> str:
    """Return what changes when a folder's files do; a file's own time is seen by Snakemake."""
    if not path.is_dir():
        return ""
    files = sorted(file for file in path.rglob("*") if file.is_file())
    content = [
        (str(file.relative_to(path)), file.stat().st_size, file.stat().st_mtime_ns)
        for file in files
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
