"""The scores of one model against every data set, and the tables that hold the result."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from jacspec.data.mnist import TEST, TRAINING
from jacspec.data.storage import PointsFile
from jacspec.data.streams import random_stream
from jacspec.detection.measures import estimated_measures
from jacspec.detection.scores import (
    SHARD_COLUMNS,
    Combinations,
    LatentDistribution,
    TypicalGeometry,
    single_scores,
)
from jacspec.detection.singular_value_shards import read_singular_values
from jacspec.detection.singular_values import COLUMNS
from jacspec.errors import DamagedFileError, JacspecError
from jacspec.key import ModelKey
from jacspec.spectra.shards import SpectraFile
from jacspec.tables import read_table, write_table

BLOCK_POINTS = 10_000


@dataclass(frozen=True)
class DetectionRow:
    """One measure of one score, for telling test images of the training set from a data set.

    `low` and `high` are the ends of the 95 % interval over points, `inside` and `outside` the
    numbers of points of either.
    """

    key: ModelKey
    dataset: str
    score: str
    measure: str
    value: float
    low: float
    high: float
    inside: int
    outside: int


_TYPES = {field.name: field.type for field in fields(DetectionRow) if field.name != "key"}
HEADER = (*ModelKey.COLUMNS, *_TYPES)


def model_detection(
    spectra: Mapping[str, Sequence[Path]],
    training_points: Sequence[Path],
    *,
    training_set: str,
    key: ModelKey,
    singular_values: Mapping[str, Sequence[Path]] | None = None,
) -> list[DetectionRow]:
    """Return all measures of one model, for every data set of `spectra` but `training_set`.

    `spectra` has the shards of each data set, `training_points` the points' shards of
    `training_set`, which tell training images, from which the scores take all that they know of
    the data, from test images, which count as inside. `singular_values` has the shards that belong
    to those of `spectra`, if there are any; without them, their scores are left out. Raises
    JacspecError if there are no training or no test images.
    """
    split = _split(training_points)
    training_shards = spectra[training_set]
    latent = np.concatenate(
        [block["latent"] for path in training_shards for block in _blocks(path, ["latent"])]
    )
    if len(latent) != len(split):
        raise DamagedFileError(
            f"{training_shards[0]} and those after it have {len(latent)} points, but "
            f"{training_points[0]} and those after it have {len(split)}: delete the spectra"
        )
    if np.count_nonzero(split == TRAINING) < 2 or not np.any(split == TEST):
        raise JacspecError(
            f"detection needs training and test images, but {training_set} has "
            f"{np.count_nonzero(split == TRAINING)} and {np.count_nonzero(split == TEST)} among "
            f"{len(split)}: raise `samples`"
        )
    distribution = LatentDistribution.of(latent[split == TRAINING])
    geometry = None
    if singular_values:
        columns = _singular_columns(singular_values[training_set], training_shards)
        geometry = TypicalGeometry.of(_rows(columns, split == TRAINING))

    def scores_of(dataset: str) -> dict[str, np.ndarray]:
        single = _single_scores(spectra[dataset], distribution)
        if geometry is not None:
            columns = _singular_columns(singular_values[dataset], spectra[dataset])
            single |= geometry.scores(columns)
        return single

    single = scores_of(training_set)
    combinations = Combinations.of(_rows(single, split == TRAINING))
    test = _rows(single, split == TEST)
    inside = test | combinations.scores(test)
    rows = []
    for dataset in spectra:
        if dataset == training_set:
            continue
        single = scores_of(dataset)
        for score, outside in (single | combinations.scores(single)).items():
            stream = random_stream("detection", *key.fields().values(), dataset, score)
            measures = estimated_measures(inside[score], outside, stream)
            rows += [
                DetectionRow(
                    key,
                    dataset,
                    score,
                    measure,
                    estimate.value,
                    estimate.low,
                    estimate.high,
                    len(inside[score]),
                    len(outside),
                )
                for measure, estimate in measures.items()
            ]
    return rows


def write_detection(path: Path | str, rows: Iterable[DetectionRow]) -> None:
    """Write rows as CSV, in full precision, whole or not at all."""
    write_table(
        path,
        HEADER,
        ((*row.key.fields().values(), *(getattr(row, name) for name in _TYPES)) for row in rows),
    )


def read_detection(path: Path | str) -> list[DetectionRow]:
    """Read rows; raises DamagedFileError if the file is not what `write_detection` writes."""
    try:
        return [
            DetectionRow(
                ModelKey(row["variant"], int(row["latent_dim"]), int(row["seed"])),
                **{name: type_(row[name]) for name, type_ in _TYPES.items()},
            )
            for row in read_table(path, HEADER)
        ]
    except ValueError as error:
        raise DamagedFileError(
            f"{path} is no table of detection measures ({error}): delete it to have it made again"
        ) from error


def _single_scores(
    shards: Sequence[Path], distribution: LatentDistribution
) -> dict[str, np.ndarray]:
    blocks = [
        single_scores(block, distribution)
        for path in shards
        for block in _blocks(path, SHARD_COLUMNS)
    ]
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def _singular_columns(shards: Sequence[Path], spectra: Sequence[Path]) -> dict[str, np.ndarray]:
    parts = [read_singular_values(*paths) for paths in zip(shards, spectra, strict=True)]
    return {name: np.concatenate([part[name] for part in parts]) for name in COLUMNS}


def _rows(scores: Mapping[str, np.ndarray], chosen: np.ndarray) -> dict[str, np.ndarray]:
    return {name: values[chosen] for name, values in scores.items()}


def _blocks(path: Path, names: Sequence[str]) -> Iterable[dict[str, np.ndarray]]:
    with SpectraFile(path) as file:
        yield from file.blocks(list(names), size=BLOCK_POINTS)


def _split(shards: Sequence[Path]) -> np.ndarray:
    parts = []
    for path in shards:
        with PointsFile(path) as file:
            parts.append(file.read_split(0, file.count))
    return np.concatenate(parts)
