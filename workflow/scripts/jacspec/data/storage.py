"""Shards of a data set in HDF5: runs of points, written whole or not at all, read piece by piece.

A file holds `pixels` (n, 784) float32 and, if it is one of images, `label` (n,) uint8, `split` (n,)
uint8 (0 training, 1 test) and `source_index` (n,) int64. Row 0 is point `first` of the data set.
Equal content gives equal bytes. HDF5 1.10 or later reads the files without any plug-in.
They are sealed (see `jacspec.seals`).
"""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import h5py
import numpy as np

from jacspec.atomic import replacing
from jacspec.seals import check_column, damage_reported, open_sealed_hdf5, sealed_hdf5

FORMAT_VERSION = 1

PIXELS = 784

# 0.75 MiB of pixels, the largest divisor of a block of 1000 points that stays below 1 MiB: writing
# block by block touches each chunk once.
_CHUNK_POINTS = 250

# Data set -> type and shape of one point's entry.
_COLUMNS: dict[str, tuple[str, tuple[int, ...]]] = {
    "pixels": ("<f4", (PIXELS,)),
    "label": ("|u1", ()),
    "split": ("|u1", ()),
    "source_index": ("<i8", ()),
}
_IMAGE_COLUMNS = ("label", "split", "source_index")


@dataclass(frozen=True)
class PointBlock:
    """Some consecutive points: n rows of each column.

    `pixels` is (n, 784) float32 in [0, 1]; `label` and `split` are (n,) uint8 and `source_index`
    (n,) int64, or all three None where the points are not images.
    """

    pixels: np.ndarray
    label: np.ndarray | None = None
    split: np.ndarray | None = None
    source_index: np.ndarray | None = None


def write_points(
    path: Path | str,
    blocks: Iterable[PointBlock],
    *,
    dataset: str,
    first: int,
    count: int,
    attributes: Mapping[str, str | int | float],
    compressed: bool,
) -> None:
    """Write points `first` to `first + count - 1` of `dataset`, as `blocks` deliver them.

    Memory is that of one block. `attributes` join `format_version`, `dataset`, `first` and `count`
    in the file. `compressed` is for pixels of few different values, which gzip shrinks and reads
    back at little cost; it does not pay where every pixel is a random real number.

    Raises
    ------
    ValueError
        If the blocks do not hold `count` points in all, or a block has a wrong shape or type, lacks
        a column that another has, or has pixels outside [0, 1].
    """
    if count < 1:
        raise ValueError(f"{path}: count is {count}, allowed: 1 or more")
    with replacing(path) as temporary, sealed_hdf5(temporary) as file:
        file.attrs.update(
            {
                **attributes,
                "format_version": FORMAT_VERSION,
                "dataset": dataset,
                "first": first,
                "count": count,
            }
        )
        written = 0
        for block in blocks:
            rows = _checked_columns(path, block)
            size = len(rows["pixels"])
            if not file.keys():
                _create_columns(file, rows, count, compressed)
            if rows.keys() != file.keys() or written + size > count:
                raise ValueError(
                    f"{path}: points {written} to {written + size - 1} have {sorted(rows)}, "
                    f"allowed: {sorted(file)} of {count} points"
                )
            for name, values in rows.items():
                file[name][written : written + size] = values
            written += size
        if written != count:
            raise ValueError(f"{path}: {written} points were delivered, allowed: exactly {count}")


class PointsFile:
    """The points of one shard, read from disk when asked for; a context manager.

    `path`, `dataset`, `first`, `count` and `attributes` (all attributes of the file) are known once
    it is open. Anything that shows the file to be damaged raises `DamagedFileError`, from the
    constructor or while reading; a file that is absent or unreadable raises the usual `OSError`.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        with self._damage_reported():
            self._file = open_sealed_hdf5(self.path)
        try:
            with self._damage_reported():
                self._read_attributes()
                self._check_columns()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; reading is over."""
        self._file.close()

    @property
    def has_images(self) -> bool:
        """Whether the points are images, with labels, splits and source indices."""
        return "label" in self._file

    def read(self, start: int, stop: int) -> np.ndarray:
        """Return the pixels of rows `start` to `stop - 1`, (stop - start, 784) float32."""
        return self._read("pixels", start, stop)

    def read_labels(self, start: int, stop: int) -> np.ndarray:
        """Return the digits that rows `start` to `stop - 1` show, (stop - start,) uint8."""
        return self._read("label", start, stop)

    def read_split(self, start: int, stop: int) -> np.ndarray:
        """Return 0 (training) or 1 (test) of rows `start` to `stop - 1`, (stop - start,) uint8."""
        return self._read("split", start, stop)

    def read_source_index(self, start: int, stop: int) -> np.ndarray:
        """Return positions in the source, training images first, (stop - start,) int64."""
        return self._read("source_index", start, stop)

    def _read(self, name: str, start: int, stop: int) -> np.ndarray:
        if not 0 <= start <= stop <= self.count:
            raise ValueError(
                f"{self.path}: rows {start} to {stop} asked for, allowed: 0 to {self.count}"
            )
        if name != "pixels" and not self.has_images:
            raise ValueError(f"{self.path}: no {name}, because {self.dataset} is not of images")
        with self._damage_reported():
            return self._file[name][start:stop]

    def _read_attributes(self) -> None:
        self.attributes = dict(self._file.attrs)
        if self.attributes["format_version"] != FORMAT_VERSION:
            raise ValueError(f"format_version is not {FORMAT_VERSION}")
        self.dataset = str(self.attributes["dataset"])
        self.first = int(self.attributes["first"])
        self.count = int(self.attributes["count"])

    def _check_columns(self) -> None:
        expected = ("pixels", *_IMAGE_COLUMNS) if self.has_images else ("pixels",)
        for name in expected:
            type_, shape = _COLUMNS[name]
            check_column(self._file, name, (self.count, *shape), type_)

    def _damage_reported(self) -> AbstractContextManager[None]:
        return damage_reported(
            self.path, "data set shard", "delete it and run snakemake again, which makes a new one"
        )


def _checked_columns(path: Path | str, block: PointBlock) -> dict[str, np.ndarray]:
    values = {name: getattr(block, name) for name in _COLUMNS}
    columns = {name: column for name, column in values.items() if column is not None}
    if set(columns) not in ({"pixels"}, set(_COLUMNS)):
        raise ValueError(f"{path}: a block has {sorted(columns)}, allowed: pixels, or all columns")
    size = len(block.pixels)
    for name, column in columns.items():
        type_, shape = _COLUMNS[name]
        if column.dtype != np.dtype(type_) or column.shape != (size, *shape):
            raise ValueError(
                f"{path}: {name} is {column.dtype} {column.shape}, "
                f"allowed: {np.dtype(type_)} {(size, *shape)}"
            )
    # Written so that NaN, which compares as False, is refused as well.
    if size and not (block.pixels.min() >= 0 and block.pixels.max() <= 1):
        raise ValueError(f"{path}: pixels are outside [0, 1] or not numbers")
    return columns


def _create_columns(file: h5py.File, names: Iterable[str], count: int, compressed: bool) -> None:
    # 70,000 points on one core, 219.5 MB uncompressed (written in 0.3 s, read in 0.2 s):
    #   MNIST           gzip 1: 22.0 MB, 1.3 s, 0.6 s   with shuffle:  43.1 MB, 2.3 s, 1.2 s
    #   Bernoulli .13   gzip 1: 15.2 MB, 1.2 s, 0.6 s   with shuffle:  19.3 MB, 1.7 s, 0.7 s
    #   Bernoulli .5    gzip 1: 23.2 MB, 1.8 s, 0.8 s   with shuffle:  25.6 MB, 2.4 s, 0.9 s
    #   uniform         gzip 1: 198 MB,  9.2 s, 1.8 s   with shuffle: 182 MB,   5.7 s, 1.0 s
    # The other continuous distributions are like the uniform one: not worth compressing. Shuffle
    # separates the bytes that repeat together where pixels take few values.
    compression = {"compression": "gzip", "compression_opts": 1} if compressed else {}
    for name in names:
        type_, shape = _COLUMNS[name]
        file.create_dataset(
            name,
            shape=(count, *shape),
            dtype=type_,
            chunks=(min(_CHUNK_POINTS, count), *shape),
            fletcher32=True,
            track_times=False,
            **compression,
        )
