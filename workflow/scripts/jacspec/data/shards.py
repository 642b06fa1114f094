"""The shards of a data set: what a job of the data stage writes."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from jacspec.data.blocks import PointBlock
from jacspec.data.distributions import PixelDistribution, point_blocks
from jacspec.data.mnist import (
    COLLECTIONS,
    ImageSet,
    evaluation_order,
    pixels_of_images,
    read_images,
)
from jacspec.data.source import Source
from jacspec.data.storage import write_points
from jacspec.provenance import library_versions

_IMAGES_AT_A_TIME = 1000


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
        "definition": json.dumps(source.definition(), sort_keys=True),
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


def write_distribution_shard(
    path: Path | str,
    distribution: PixelDistribution,
    sample_seed: int,
    first: int,
    count: int,
    code_digest: str,
) -> None:
    """Write points `first` to `first + count - 1` of a set of random pixels to an HDF5 file.

    Raises
    ------
    ValueError
        If `first` is negative or `count` below 1.
    """
    write_points(
        path,
        map(PointBlock, point_blocks(distribution, sample_seed, first, count)),
        dataset=distribution.name,
        first=first,
        count=count,
        attributes={
            "sample_seed": sample_seed,
            "family": distribution.family,
            **distribution.parameters,
            "code_digest": code_digest,
            **library_versions("numpy", "scipy", "h5py"),
        },
        compressed=distribution.family == "bernoulli",
    )


def write_image_shard(
    path: Path | str,
    image_folder: Path | str,
    dataset: str,
    sample_seed: int,
    first: int,
    count: int,
    code_digest: str,
) -> None:
    """Write images `first` to `first + count - 1`, in the order of evaluation, to an HDF5 file.

    `dataset` is one of `COLLECTIONS`, whose files lie in `image_folder`.

    Raises
    ------
    DamagedFileError
        If the files in `image_folder` are missing or damaged.
    ValueError
        If there are no such images, or `count` is below 1.
    """
    collection = COLLECTIONS[dataset]
    write_points(
        path,
        _image_blocks(read_images(collection, image_folder), sample_seed, first, count),
        dataset=dataset,
        first=first,
        count=count,
        attributes={
            "sample_seed": sample_seed,
            "source": collection.title,
            **{f"sha256_{name}": digest for name, digest in collection.sha256.items()},
            "code_digest": code_digest,
            **library_versions("numpy", "scipy", "h5py"),
        },
        compressed=True,
    )


def _image_blocks(
    image_set: ImageSet, sample_seed: int, first: int, count: int
) -> Iterator[PointBlock]:
    order = evaluation_order(sample_seed, first + count)
    for start in range(first, first + count, _IMAGES_AT_A_TIME):
        rows = order[start : start + _IMAGES_AT_A_TIME]
        yield PointBlock(
            points=pixels_of_images(image_set.images[rows]),
            label=image_set.labels[rows].astype(np.int64),
            split=image_set.split[rows],
            source_index=rows,
        )
