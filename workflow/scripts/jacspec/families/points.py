"""The points of a family in one file, a run of equally many for each member."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from jacspec.data.blocks import PointBlock
from jacspec.data.derived_sources import Mixture, weighted
from jacspec.data.source import Source
from jacspec.data.storage import PointsFile, write_points
from jacspec.families.family import Family
from jacspec.provenance import library_versions


def write_family_points(
    path: Path | str, family: Family, sample_seed: int, samples: int, code_digest: str
) -> None:
    """Write the first `samples` points of each member, or as many as there are.

    The file is one of points like those of a data set, with attributes `parameters` (JSON, names),
    `positions` (JSON, their values for each member) and `member_points`.

    Raises
    ------
    UnusableDataError, DamagedFileError
        If a file that points come from cannot be used.
    """
    count = family.template.count
    member_points = samples if count is None else min(samples, count)
    positions = family.positions()
    low, high = family.template.value_range
    attributes = {
        "sample_seed": sample_seed,
        "definition": json.dumps(family.definition(), sort_keys=True),
        "parameters": json.dumps(family.parameters),
        "positions": json.dumps(positions),
        "member_points": member_points,
        "low": low,
        "high": high,
        "code_digest": code_digest,
        **library_versions("numpy", "scipy", "h5py"),
    }
    if family.template.image_shape is not None:
        attributes["image_shape"] = family.template.image_shape
    write_points(
        path,
        _blocks(family, sample_seed, member_points),
        dataset=family.name,
        first=0,
        count=len(positions) * member_points,
        attributes=attributes,
        compressed=family.template.compressible,
    )


def members_in_file(
    points: PointsFile,
) -> Iterator[tuple[tuple[float, ...], np.ndarray]]:
    """Yield the position of each member and its points (n, *shape), one member in memory."""
    size = int(points.attributes["member_points"])
    for number, position in enumerate(json.loads(points.attributes["positions"])):
        yield tuple(position), points.read(number * size, (number + 1) * size)


def parameters_in_file(points: PointsFile) -> tuple[str, ...]:
    """Return the names of the parameters that the members differ in."""
    return tuple(json.loads(points.attributes["parameters"]))


def _blocks(family: Family, sample_seed: int, count: int) -> Iterator[PointBlock]:
    parts: dict[str, np.ndarray] = {}
    for member in family.members():
        yield PointBlock(_first_points(member, sample_seed, count, parts))


def _first_points(
    source: Source, sample_seed: int, count: int, parts: dict[str, np.ndarray]
) -> np.ndarray:
    """Return points (count, *shape); those of the sets of a mixture are kept in `parts`.

    All members of a path mix the same two sets, and a shuffled one takes seconds to make.
    """
    if not isinstance(source, Mixture):
        return np.concatenate([block.points for block in source.blocks(sample_seed, 0, count)])
    for part in source.of:
        if part.name not in parts:
            parts[part.name] = _first_points(part, sample_seed, count, parts)
    x, y = (parts[part.name] for part in source.of)
    return weighted(x, y, source.weight)
