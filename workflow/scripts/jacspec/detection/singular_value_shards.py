"""Shards of volumes and smallest singular values: those of one model at a run of points, in HDF5.

A file holds `index` (n,) int64, positions in the whole data set, and the columns of
`jacspec.detection.singular_values`, (n,) float64 each. Equal content gives equal bytes. It is
sealed (see `jacspec.seals`), and says in its attributes what it was made from.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from jacspec.atomic import replacing
from jacspec.data.storage import PointsFile
from jacspec.detection.singular_values import COLUMNS, singular_values_of_weights
from jacspec.errors import DamagedFileError
from jacspec.key import ModelKey
from jacspec.provenance import library_versions, sha256_of_file
from jacspec.seals import check_column, damage_reported, open_sealed_hdf5, sealed_hdf5
from jacspec.spectra.runs import UnrelatedFilesError
from jacspec.spectra.shards import SpectraFile

FORMAT_VERSION = 1
_CHUNK_POINTS = 10_000
# What a shard has in common with that of the spectra at the same points.
_IN_COMMON = (*ModelKey.COLUMNS, "dataset", "first", "weights_sha256", "points_sha256")


def compute_singular_values(
    weights: Path,
    points_path: Path,
    output: Path,
    *,
    key: ModelKey,
    factory: str | None,
    code_digest: str,
) -> None:
    """Write the shard of a model, whose `key` it is, at all points of a data set shard.

    Points are read block by block; what is found of them, four numbers a point, is held until the
    end. Raises DamagedFileError if the weights or the points are damaged.
    """
    singular_values = singular_values_of_weights(weights, factory)
    with PointsFile(points_path) as points:
        found = {name: np.empty(points.count) for name in COLUMNS}
        for start in range(0, points.count, singular_values.block_points):
            stop = min(start + singular_values.block_points, points.count)
            block = points.read(start, stop).reshape(stop - start, *singular_values.point_shape)
            for name, values in singular_values(block).items():
                found[name][start:stop] = values
        attributes = {
            **key.fields(),
            "dataset": points.dataset,
            "first": points.first,
            "weights_sha256": sha256_of_file(weights),
            "points_sha256": sha256_of_file(points_path),
            "code_digest": code_digest,
            **library_versions(),
        }
    write_singular_values(output, found, attributes)


def write_singular_values(
    path: Path, columns: Mapping[str, np.ndarray], attributes: Mapping[str, str | int]
) -> None:
    """Write the columns (n,) of a shard, whole or not at all."""
    count = len(columns[COLUMNS[0]])
    index = attributes["first"] + np.arange(count, dtype=np.int64)
    with replacing(path) as temporary, sealed_hdf5(temporary) as file:
        file.attrs.update({"format_version": FORMAT_VERSION, **attributes})
        for name, values in {"index": index, **{name: columns[name] for name in COLUMNS}}.items():
            file.create_dataset(
                name,
                data=values,
                chunks=(min(_CHUNK_POINTS, count),),
                fletcher32=True,
                track_times=False,
            )


def read_singular_values(path: Path, spectra: Path) -> dict[str, np.ndarray]:
    """Return the columns (n,) of a shard, which must be of the points and the weights of `spectra`.

    Raises DamagedFileError if it is damaged, and UnrelatedFilesError if it is of others.
    """
    with SpectraFile(spectra, check_seal=False) as shard:
        count, expected = shard.count, shard.attributes
    with (
        damage_reported(path, "shard of singular values", _remedy(path)),
        open_sealed_hdf5(path) as file,
    ):
        attributes = dict(file.attrs)
        columns = {name: file[name][:] for name in COLUMNS}
        for name in COLUMNS:
            check_column(file, name, (len(file["index"]),), "<f8")
    if attributes.get("format_version") != FORMAT_VERSION:
        raise DamagedFileError(f"{path} is in a format of another version: {_remedy(path)}")
    different = [name for name in _IN_COMMON if attributes.get(name) != expected.get(name)]
    if different or len(columns[COLUMNS[0]]) != count:
        raise UnrelatedFilesError(
            f"{path} does not belong to {spectra}, because its {(*different, 'length')[0]} is "
            f"another one: {_remedy(path)}"
        )
    return columns


def read_run_of_singular_values(
    shards: Sequence[Path], spectra: Sequence[Path]
) -> dict[str, np.ndarray]:
    """Return the columns of all shards of a data set, each with the shard of `spectra` it is of."""
    parts = [read_singular_values(*paths) for paths in zip(shards, spectra, strict=True)]
    return {name: np.concatenate([part[name] for part in parts]) for name in COLUMNS}


def _remedy(path: Path) -> str:
    return f"make it again with: snakemake --cores 1 --force {path}"
