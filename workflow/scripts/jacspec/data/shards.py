"""The shards of a data set: what a job of the data stage writes."""

import json
from pathlib import Path

from jacspec.data.source import Source
from jacspec.data.storage import write_points
from jacspec.provenance import library_versions


def write_source_shard(
    path: Path | str, source: Source, sample_seed: int, first: int, count: int, code_digest: str
) -> None:
    """Write points `first` to `first + count - 1` of a set to an HDF5 file, in memory of a few.

    Raises
    ------
    UnusableDataError, DamagedFileError
        If the file that the points come from cannot be used.
    ValueError
        If there are no such points, or `count` is below 1.
    """
    low, high = source.value_range
    attributes = {
        "sample_seed": sample_seed,
        "source": source.SOURCE,
        "definition": recorded_definition(source),
        "low": low,
        "high": high,
        "code_digest": code_digest,
        **library_versions("numpy", "scipy", "h5py"),
    }
    if source.image_shape is not None:
        attributes["image_shape"] = source.image_shape
    if source.label_names:
        attributes["label_names"] = json.dumps(source.label_names, ensure_ascii=False)
    write_points(
        path,
        source.blocks(sample_seed, first, count),
        dataset=source.name,
        first=first,
        count=count,
        attributes=attributes,
        compressed=source.compressible,
    )


def recorded_definition(source: Source) -> str:
    """Return what a file of points says of their source."""
    return json.dumps(source.definition(), sort_keys=True)
