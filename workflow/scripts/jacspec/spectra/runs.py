"""Checks that files which are read as one belong together.

A folder may hold what an earlier sweep left: shards of another size, of other weights, of other
points. Nothing about their names tells.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

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


def check_points_run(shards: Sequence[Path]) -> None:
    """Raise `UnrelatedFilesError` unless `shards` are one unbroken run of points of one data set.

    What is compared are their attributes; no point is read.
    """
    described = []
    for path in shards:
        with PointsFile(path, check_seal=False) as file:
            attributes = {**file.attributes, "dataset": file.dataset, "first": file.first}
            described.append((path, file.count, attributes))
    _check_run(described, _OF_POINTS)


def check_spectra_run(shards: Sequence[Path], weights: Path, points: Sequence[Path] = ()) -> None:
    """Raise `UnrelatedFilesError` unless `shards` are one run of points through one network.

    `weights` must be those of the network, and `points` the first shards with the points, as many
    as there are to compare.
    """
    described = []
    for path in shards:
        with SpectraFile(path, check_seal=False) as file:
            described.append((path, file.count, dict(file.attributes)))
    weights_sha256 = sha256_of_file(weights)
    for path, _, attributes in described:
        if attributes["weights_sha256"] != weights_sha256:
            raise UnrelatedFilesError(
                f"{path} is of other weights than those in {weights}; remove it if it is left over "
                "from an earlier sweep, or run snakemake doctor, which says how to make it again"
            )
    _check_run(described, _OF_SPECTRA)
    for (path, _, attributes), points_path in zip(described, points, strict=False):
        recorded = attributes.get("points_sha256")
        if recorded is not None and recorded != sha256_of_file(points_path):
            raise UnrelatedFilesError(
                f"{path} is of other points than those in {points_path}; run snakemake doctor, "
                "which says how to make it again"
            )


def _check_run(
    described: Sequence[tuple[Path, int, Mapping[str, Any]]], names: Sequence[str]
) -> None:
    end = 0
    for path, count, attributes in described:
        beginning, _, expected = described[0]
        for name in names:
            if attributes.get(name) != expected.get(name):
                raise UnrelatedFilesError(
                    f"{path} does not belong to {beginning}, because its {name} is another one; "
                    "remove it if it is left over from an earlier sweep, or make it again"
                )
        if attributes["first"] != end:
            raise UnrelatedFilesError(
                f"{path} begins with point {attributes['first']}, where point {end} is next; "
                "remove what is left over from an earlier sweep with shards of another size"
            )
        end += count
