"""Files that are read as one, over all their shards, once it is known that they belong together.

A folder may hold what an earlier sweep left: shards of another size, of other weights, of other
points. Nothing about their names tells.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jacspec.data.blocks import PointBlock
from jacspec.data.storage import PointsFile
from jacspec.errors import JacspecError
from jacspec.key import ModelKey
from jacspec.provenance import sha256_of_file
from jacspec.spectra.shards import SpectraFile

# What shards of a run have in common; a newer release of a library may have made the later ones.
_OF_POINTS = ("dataset", "definition", "sample_seed", "code_digest")
_OF_SPECTRA = (
    *ModelKey.COLUMNS,
    "dataset",
    "precision",
    "engine",
    "sign_rule",
    "weights_sha256",
    "code_digest",
)


class UnrelatedFilesError(JacspecError):
    """Files that are read as one are not of one sweep."""


class _Run:
    """Shards that begin where the one before ends; row i is point i of the data set.

    `dataset`, `count` (points of all shards), and `path` and `attributes` of the first shard are
    known.
    """

    def __init__(self, files: Sequence[PointsFile | SpectraFile], names: Sequence[str]) -> None:
        _check_run(files, names)
        self._files = files
        self.path = files[0].path
        self.attributes = files[0].attributes
        self.dataset = str(self.attributes["dataset"])
        self.count = sum(file.count for file in files)

    def values(self, name: str) -> list[Any]:
        """Return the different values of an attribute in the shards, in their order."""
        return list(dict.fromkeys(file.attributes.get(name) for file in self._files))

    def _pieces(self, start: int, stop: int | None) -> Iterator[tuple[Path, int, int]]:
        """Yield the shards that have rows `start` to `stop - 1`, with those of their rows.

        Where there are none, that is none of the first shard.
        """
        stop = self.count if stop is None else min(stop, self.count)
        if start >= stop:
            yield self.path, 0, 0
        first = 0
        for file in self._files:
            low, high = max(start - first, 0), min(stop - first, file.count)
            if low < high:
                yield file.path, low, high
            first += file.count


class PointsRun(_Run):
    """The first points of a data set, from its shards in order; no point is read yet.

    Raises `UnrelatedFilesError` unless `shards` are one unbroken run, of `dataset` if one is named,
    and DamagedFileError if one is damaged. Whole files are read for that, once, unless
    `check_seals` is false.
    """

    def __init__(
        self, shards: Sequence[Path], dataset: str | None = None, *, check_seals: bool = True
    ) -> None:
        files = []
        for path in shards:
            with PointsFile(path, check_seal=check_seals) as file:
                files.append(file)
        super().__init__(files, _OF_POINTS)
        _check_name(files[0], dataset)
        self.columns, self.image_shape = files[0].columns, files[0].image_shape
        self.value_range = files[0].value_range

    def read(self, start: int, stop: int | None = None) -> np.ndarray:
        """Return the points of rows `start` to `stop - 1`, as far as there are any, (n, *shape)."""
        parts = []
        for path, low, high in self._pieces(start, stop):
            with PointsFile(path, check_seal=False) as file:
                parts.append(file.read(low, high))
        return np.concatenate(parts)

    def blocks(self, size: int) -> Iterator[PointBlock]:
        """Yield all that there is in runs of `size` rows, whatever the shards."""
        for start in range(0, self.count, size):
            yield self.read_block(start, start + size)

    def read_split(self) -> np.ndarray:
        """Return 0 (training) or 1 (test) of all points, (n,) uint8."""
        parts = []
        for path, low, high in self._pieces(0, None):
            with PointsFile(path, check_seal=False) as file:
                parts.append(file.read_split(low, high))
        return np.concatenate(parts)

    def read_block(self, start: int, stop: int | None = None) -> PointBlock:
        """Return all that there is of rows `start` to `stop - 1`, as far as there are any."""
        parts = []
        for path, low, high in self._pieces(start, stop):
            with PointsFile(path, check_seal=False) as file:
                parts.append(file.read_block(low, high))
        return joined_blocks(parts)


def joined_blocks(blocks: Sequence[PointBlock]) -> PointBlock:
    """Join successive blocks of one data set."""
    parts = [block.columns() for block in blocks]
    return PointBlock(**{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


class SpectraRun(_Run):
    """The spectra of one model at a data set, from their shards in order; no column is read yet.

    Raises `UnrelatedFilesError` unless `shards` are one unbroken run through the network of
    `weights`, of `dataset` if one is named, and of the points in `points`, which are the files with
    the first shards of them, as many as there are to compare; DamagedFileError if one is damaged.
    Whole files are read for that, once.
    """

    def __init__(
        self,
        shards: Sequence[Path],
        weights: Path,
        points: Sequence[Path] = (),
        dataset: str | None = None,
    ) -> None:
        files = []
        for path in shards:
            with SpectraFile(path) as file:
                files.append(file)
        weights_sha256 = sha256_of_file(weights)
        for file in files:
            if file.attributes["weights_sha256"] != weights_sha256:
                raise UnrelatedFilesError(
                    f"{file.path} is of other weights than those in {weights}; remove it if it is "
                    "left over from an earlier sweep, or run snakemake doctor, which says how to "
                    "make it again"
                )
        super().__init__(files, _OF_SPECTRA)
        _check_name(files[0], dataset)
        self.key = files[0].key
        for file, points_path in zip(files, points, strict=False):
            recorded = file.attributes.get("points_sha256")
            if recorded is not None and recorded != sha256_of_file(points_path):
                raise UnrelatedFilesError(
                    f"{file.path} is of other points than those in {points_path}; run snakemake "
                    "doctor, which says how to make it again"
                )

    def read(
        self, names: Sequence[str], start: int = 0, stop: int | None = None
    ) -> dict[str, np.ndarray]:
        """Return rows `start` to `stop - 1` of the columns `names`, as far as there are any."""
        parts = []
        for path, low, high in self._pieces(start, stop):
            with SpectraFile(path, check_seal=False) as file:
                parts.append(file.read(names, low, high))
        return {name: np.concatenate([part[name] for part in parts]) for name in names}

    def blocks(self, names: Sequence[str], size: int) -> Iterator[dict[str, np.ndarray]]:
        """Yield the columns `names` in runs of `size` rows, whatever the shards."""
        for start in range(0, self.count, size):
            yield self.read(names, start, start + size)


def _check_name(file: PointsFile | SpectraFile, dataset: str | None) -> None:
    found = file.attributes["dataset"]
    if dataset not in (None, found):
        raise UnrelatedFilesError(
            f"{file.path} is of the data set {found}, not of {dataset}; remove it, and run "
            "snakemake again"
        )


def _check_run(files: Sequence[PointsFile | SpectraFile], names: Sequence[str]) -> None:
    beginning: Mapping[str, Any] = files[0].attributes
    end = 0
    for file in files:
        for name in names:
            if file.attributes.get(name) != beginning.get(name):
                raise UnrelatedFilesError(
                    f"{file.path} does not belong to {files[0].path}, because its {name} is "
                    "another one; remove it if it is left over from an earlier sweep, or make it "
                    "again"
                )
        if file.attributes["first"] != end:
            raise UnrelatedFilesError(
                f"{file.path} begins with point {file.attributes['first']}, where point {end} is "
                "next; remove what is left over from an earlier sweep with shards of another size"
            )
        end += file.count
