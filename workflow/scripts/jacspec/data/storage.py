"""Shards of a data set in HDF5: runs of points, written whole or not at all, read piece by piece.

A file holds `points` (n, *shape) float32, any finite numbers, and, as far as they are known,
`label` (n,) int64, `split` (n,) uint8 (0 training, 1 test) and `source_index` (n,) int64. Row 0 is
point `first` of the data set. Equal content gives equal bytes. HDF5 1.10 or later reads the files
without any plug-in. They are sealed (see `jacspec.seals`).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self

import h5py
import numpy as np

from jacspec.atomic import replacing
from jacspec.data.blocks import PointBlock
from jacspec.errors import DamagedFileError
from jacspec.seals import check_column, damage_reported, open_sealed_hdf5, sealed_hdf5

FORMAT_VERSION = 2

# Numbers of points of a chunk that divide a block of 1000: writing block by block touches each
# chunk once. The largest is taken whose points stay below 1 MiB: 250 at 784 values.
_CHUNK_POINTS = (1000, 500, 250, 200, 125, 100, 50, 40, 25, 20, 10, 8, 5, 4, 2, 1)
_CHUNK_BYTES = 2**20

_REMEDY = "delete it and run snakemake again, which makes a new one"

_POINT_TYPE = "<f4"
# Data set -> type of one point's entry.
_TYPES = {"label": "<i8", "split": "|u1", "source_index": "<i8"}


def write_points(
    path: Path | str,
    blocks: Iterable[PointBlock],
    *,
    dataset: str,
    first: int,
    count: int,
    attributes: Mapping[str, str | int | float | Sequence[int]],
    compressed: bool,
) -> None:
    """Write points `first` to `first + count - 1` of `dataset`, as `blocks` deliver them.

    Memory is that of one block. `attributes` join `format_version`, `dataset`, `first` and `count`
    in the file; those with a meaning are `low` and `high`, the range of the values, `image_shape`,
    the rows and columns, or channels, rows and columns, of points that are images, and `title`.
    `compressed` is for points of few different values, which gzip shrinks and reads back at little
    cost; it does not pay where every value is a random real number.

    Raises
    ------
    ValueError
        If the blocks do not hold `count` points in all, or a block has a wrong shape or type, lacks
        a column that another has, or has values that are not finite numbers.
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
            columns = block.columns()
            if not file.keys():
                _create_columns(file, columns, count, compressed)
            _check_block(path, block, file)
            if columns.keys() != file.keys() or written + len(block) > count:
                raise ValueError(
                    f"{path}: points {written} to {written + len(block) - 1} have "
                    f"{sorted(columns)}, allowed: {sorted(file)} of {count} points"
                )
            for name, values in columns.items():
                file[name][written : written + len(block)] = values
            written += len(block)
        if written != count:
            raise ValueError(f"{path}: {written} points were delivered, allowed: exactly {count}")


class PointsFile:
    """The points of one shard, read from disk when asked for; a context manager.

    `path`, `dataset`, `first`, `count`, `shape` (of one point), `columns` (which of `label`,
    `split` and `source_index` there are) and `attributes` (all attributes of the file) are known
    once it is open. Anything that shows the file to be damaged raises `DamagedFileError`, from the
    constructor or while reading; a file that is absent or unreadable raises the usual `OSError`.
    Who has opened the file before, and knows that nobody can have changed it since, may leave out
    reading it whole with `check_seal`: what is read has checksums.
    """

    def __init__(self, path: Path | str, *, check_seal: bool = True) -> None:
        self.path = Path(path)
        with self._damage_reported():
            self._file = open_sealed_hdf5(self.path, check_seal=check_seal)
        try:
            self._check_version()
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
    def value_range(self) -> tuple[float, float] | None:
        """The lowest and the highest value that points of this kind have, None if not recorded."""
        if "low" not in self.attributes:
            return None
        return float(self.attributes["low"]), float(self.attributes["high"])

    @property
    def image_shape(self) -> tuple[int, ...] | None:
        """Rows and columns, or channels, rows and columns; None if the points are no images."""
        shape = self.attributes.get("image_shape")
        return None if shape is None else tuple(map(int, shape))

    def read(self, start: int, stop: int) -> np.ndarray:
        """Return the points of rows `start` to `stop - 1`, (stop - start, *shape) float32."""
        return self._read("points", start, stop)

    def read_labels(self, start: int, stop: int) -> np.ndarray:
        """Return the classes of rows `start` to `stop - 1`, (stop - start,) int64."""
        return self._read("label", start, stop)

    def read_split(self, start: int, stop: int) -> np.ndarray:
        """Return 0 (training) or 1 (test) of rows `start` to `stop - 1`, (stop - start,) uint8."""
        return self._read("split", start, stop)

    def read_source_index(self, start: int, stop: int) -> np.ndarray:
        """Return positions in the source, (stop - start,) int64."""
        return self._read("source_index", start, stop)

    def read_block(self, start: int, stop: int) -> PointBlock:
        """Return all that there is of rows `start` to `stop - 1`."""
        return PointBlock(
            *(
                self._read(name, start, stop) if name in self._file else None
                for name in ("points", *_TYPES)
            )
        )

    def _read(self, name: str, start: int, stop: int) -> np.ndarray:
        if not 0 <= start <= stop <= self.count:
            raise ValueError(
                f"{self.path}: rows {start} to {stop} asked for, allowed: 0 to {self.count}"
            )
        if name not in self._file:
            raise ValueError(f"{self.path}: no {name}, because {self.dataset} has none")
        with self._damage_reported():
            return self._file[name][start:stop]

    def _read_attributes(self) -> None:
        self.attributes = dict(self._file.attrs)
        self.dataset = str(self.attributes["dataset"])
        self.first = int(self.attributes["first"])
        self.count = int(self.attributes["count"])

    def _check_version(self) -> None:
        found = self._file.attrs.get("format_version")
        if found != FORMAT_VERSION:
            raise DamagedFileError(
                f"{self.path} is in format {found} of data set shards, not in {FORMAT_VERSION}, "
                f"the one of this version of the program: {_REMEDY}"
            )

    def _check_columns(self) -> None:
        self.shape = self._file["points"].shape[1:]
        check_column(self._file, "points", (self.count, *self.shape), _POINT_TYPE)
        self.columns = tuple(name for name in _TYPES if name in self._file)
        for name in self.columns:
            check_column(self._file, name, (self.count,), _TYPES[name])

    def _damage_reported(self) -> AbstractContextManager[None]:
        return damage_reported(self.path, "data set shard", _REMEDY)


def _check_block(path: Path | str, block: PointBlock, file: h5py.File) -> None:
    for name, column in block.columns().items():
        type_ = _TYPES.get(name, _POINT_TYPE)
        shape = file[name].shape[1:] if name in file else ()
        if column.dtype != np.dtype(type_) or column.shape != (len(block), *shape):
            raise ValueError(
                f"{path}: {name} is {column.dtype} {column.shape}, "
                f"allowed: {np.dtype(type_)} {(len(block), *shape)}"
            )
    # The sum of all is not finite if one of them is not, and takes no memory; finite ones of
    # float32 cannot overflow in float64.
    if not math.isfinite(block.points.sum(dtype=np.float64)):
        raise ValueError(f"{path}: some values of the points are not finite numbers")


def _create_columns(
    file: h5py.File, columns: Mapping[str, np.ndarray], count: int, compressed: bool
) -> None:
    # 70,000 points on one core, 219.5 MB uncompressed (written in 0.3 s, read in 0.2 s):
    #   MNIST           gzip 1: 22.0 MB, 1.3 s, 0.6 s   with shuffle:  43.1 MB, 2.3 s, 1.2 s
    #   Bernoulli .13   gzip 1: 15.2 MB, 1.2 s, 0.6 s   with shuffle:  19.3 MB, 1.7 s, 0.7 s
    #   Bernoulli .5    gzip 1: 23.2 MB, 1.8 s, 0.8 s   with shuffle:  25.6 MB, 2.4 s, 0.9 s
    #   uniform         gzip 1: 198 MB,  9.2 s, 1.8 s   with shuffle: 182 MB,   5.7 s, 1.0 s
    # The other continuous distributions are like the uniform one: not worth compressing. Shuffle
    # separates the bytes that repeat together where pixels take few values.
    compression = {"compression": "gzip", "compression_opts": 1} if compressed else {}
    value_bytes = np.dtype(_POINT_TYPE).itemsize
    point_bytes = value_bytes * math.prod(columns["points"].shape[1:])
    chunk = next((n for n in _CHUNK_POINTS if n * point_bytes < _CHUNK_BYTES), 1)
    for name, column in columns.items():
        file.create_dataset(
            name,
            shape=(count, *column.shape[1:]),
            dtype=_TYPES.get(name, _POINT_TYPE),
            chunks=(min(chunk, count), *column.shape[1:]),
            fletcher32=True,
            track_times=False,
            **compression,
        )
