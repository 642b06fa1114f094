"""Shards of spectra in HDF5: one model's spectra at a run of points, whole or not there at all.

A file holds `index` (n,) int64, positions in the whole data set, and the columns of
`jacspec.spectra.quantities.JacobianSpectra`. Equal content gives equal bytes, in however many
pieces it was computed. HDF5 1.10 or later reads the files without any plug-in. They are sealed (see
`jacspec.seals`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Self

import h5py
import numpy as np

from jacspec.atomic import replacing
from jacspec.errors import DamagedFileError
from jacspec.key import ModelKey
from jacspec.seals import check_column, damage_reported, open_sealed_hdf5, sealed_hdf5
from jacspec.spectra.quantities import TYPES, entry_shape

FORMAT_VERSION = 2
# Points of one HDF5 chunk: 156 KiB of eigenvalues at d = 20.
CHUNK_POINTS = 1000
_ATTRIBUTES = (
    "format_version",
    "variant",
    "latent_dim",
    "seed",
    "dataset",
    "first",
    "precision",
    "engine",
    "sign_rule",
    "weights_sha256",
    "code_digest",
    "torch_version",
    "numpy_version",
    "h5py_version",
)

_COLUMNS = {"index": "<i8", **TYPES}


def write_shard(
    path: Path | str,
    blocks: Iterable[Mapping[str, np.ndarray]],
    *,
    count: int,
    attributes: Mapping[str, str | int],
) -> None:
    """Write `count` points, as `blocks` of all columns deliver them, in memory of one block.

    `attributes` are those of the format but for `format_version`, and any others, which readers
    ignore. Raises ValueError if the blocks do not hold `count` points, or an attribute is missing.
    """
    attributes = {"format_version": FORMAT_VERSION, **attributes}
    _check_attributes(attributes)
    with replacing(path) as temporary, sealed_hdf5(temporary) as file:
        known = {name: attributes[name] for name in _ATTRIBUTES}
        file.attrs.update({**known, **dict(sorted(attributes.items()))})
        _create_columns(file, count)
        written = _write_columns(file, blocks)
        if written != count:
            raise ValueError(f"{path}: {written} points were delivered, allowed: exactly {count}")


class SpectraFile:
    """The spectra of one shard, read from disk when asked for; a context manager.

    `path`, `attributes` (all attributes of the file), `key` (of the model) and `count` (points) are
    known once it is open; no column is in memory before `read` or `blocks` asks for it. A file that
    is damaged, or holds anything else than `write_shard` wrote, raises `DamagedFileError`, from the
    constructor or while reading; one that is absent or unreadable raises the usual `OSError`.

    To check the seal, the whole file is read once. Who has opened it before, and knows that nobody
    can have changed it since, may leave that out with `check_seal`: what is read has checksums.
    """

    def __init__(self, path: Path | str, *, check_seal: bool = True) -> None:
        self.path = Path(path)
        with self._damage_reported():
            self._file = open_sealed_hdf5(self.path, check_seal=check_seal)
        try:
            self._check_version()
            with self._damage_reported():
                self.attributes = self._checked_attributes()
                self.key = ModelKey.of(SimpleNamespace(**self.attributes))
                self.count = len(self._file["index"])
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

    def read(
        self, names: Sequence[str], start: int = 0, stop: int | None = None
    ) -> dict[str, np.ndarray]:
        """Return rows `start` to `stop - 1` (default: the last one) of the columns `names`.

        Raises ValueError for rows or columns that the shard does not have.
        """
        stop = self.count if stop is None else stop
        if not 0 <= start <= stop <= self.count:
            raise ValueError(
                f"{self.path}: rows {start} to {stop} asked for, allowed: 0 to {self.count}"
            )
        unknown = [name for name in names if name not in _COLUMNS]
        if unknown:
            raise ValueError(f"{self.path}: no column {unknown[0]}; there are {[*_COLUMNS]}")
        with self._damage_reported():
            return {name: self._file[name][start:stop] for name in names}

    def blocks(
        self, names: Sequence[str], size: int = 10 * CHUNK_POINTS
    ) -> Iterator[dict[str, np.ndarray]]:
        """Yield the columns `names` in runs of `size` rows, the last of which may be shorter."""
        for start in range(0, self.count, size):
            yield self.read(names, start, min(start + size, self.count))

    def _checked_attributes(self) -> dict[str, str | int]:
        attributes = {
            name: value.item() if isinstance(value, np.generic) else value
            for name, value in self._file.attrs.items()
        }
        _check_attributes(attributes)
        return attributes

    def _check_version(self) -> None:
        with self._damage_reported():
            found = self._file.attrs["format_version"]
        if found != FORMAT_VERSION:
            raise DamagedFileError(
                f"{self.path} is in format {found} of spectra shards, not in {FORMAT_VERSION}, the "
                f"one of this version of the program: {self._remedy}"
            )

    def _check_columns(self) -> None:
        for name, type_ in _COLUMNS.items():
            shape = (self.count, *entry_shape(name, self.attributes["latent_dim"]))
            check_column(self._file, name, shape, type_)

    def _damage_reported(self) -> AbstractContextManager[None]:
        return damage_reported(self.path, "spectra shard", self._remedy)

    @property
    def _remedy(self) -> str:
        return f"recompute it with: snakemake --cores 1 --force {self.path}"


def _check_attributes(attributes: Mapping[str, object]) -> None:
    missing = [name for name in _ATTRIBUTES if name not in attributes]
    if missing:
        raise ValueError(f"it has no attribute {', '.join(missing)}")


def _create_columns(file: h5py.File, count: int) -> None:
    for name, type_ in _COLUMNS.items():
        shape = entry_shape(name, int(file.attrs["latent_dim"]))
        file.create_dataset(
            name,
            shape=(count, *shape),
            dtype=type_,
            chunks=(min(CHUNK_POINTS, count), *shape),
            compression="gzip",
            compression_opts=1,
            shuffle=True,
            fletcher32=True,
            track_times=False,
        )


def _write_columns(file: h5py.File, blocks: Iterable[Mapping[str, np.ndarray]]) -> int:
    """Fill the columns and return the number of points, of which those that fit were written."""
    count, first, stop = len(file["index"]), int(file.attrs["first"]), 0
    # Whole chunks only: the bytes must not depend on the blocks, and no chunk is packed twice.
    for block in _regrouped(blocks, CHUNK_POINTS):
        start, stop = stop, stop + len(block["same_pattern"])
        if stop <= count:
            file["index"][start:stop] = first + np.arange(start, stop)
            for name in TYPES:
                file[name][start:stop] = block[name]
    return stop


def _regrouped(
    blocks: Iterable[Mapping[str, np.ndarray]], size: int
) -> Iterator[dict[str, np.ndarray]]:
    """Yield the rows of `blocks` in runs of `size`, the last of which may be shorter."""
    waiting: dict[str, np.ndarray] = {name: np.empty(0) for name in TYPES}
    for block in blocks:
        waiting = {
            name: np.concatenate([waiting[name], block[name]])
            if len(waiting[name])
            else block[name]
            for name in TYPES
        }
        whole = len(waiting["same_pattern"]) // size * size
        for start in range(0, whole, size):
            yield {name: values[start : start + size] for name, values in waiting.items()}
        waiting = {name: values[whole:] for name, values in waiting.items()}
    if len(waiting["same_pattern"]):
        yield waiting
