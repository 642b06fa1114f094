"""The scores of one model against every data set, and the tables that hold the result."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from jacspec.data.blocks import TEST, TRAINING
from jacspec.data.streams import random_stream
from jacspec.detection.measures import estimated_measures
from jacspec.detection.scores import (
    Combinations,
    LatentDistribution,
    TypicalGeometry,
    latent_scores,
    spectral_scores,
)
from jacspec.errors import DamagedFileError, JacspecError
from jacspec.key import ModelKey
from jacspec.tables import read_table, write_table


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


@dataclass(frozen=True)
class DetectionScores:
    """What detection needs of n points: `spectral` scores by name (n,), and `latent` (n, d).

    `singular_values` has the columns of their shards by name (n,), if there are any; without them,
    their scores are left out.
    """

    spectral: Mapping[str, np.ndarray]
    latent: np.ndarray
    singular_values: Mapping[str, np.ndarray] | None = None

    @classmethod
    def of(cls, columns: Mapping[str, np.ndarray]) -> "DetectionScores":
        """Take all but singular values from the `SHARD_COLUMNS` of the points."""
        return cls(spectral_scores(columns), columns["latent"])

    @classmethod
    def joined(
        cls,
        parts: Sequence["DetectionScores"],
        singular_values: Mapping[str, np.ndarray] | None = None,
    ) -> "DetectionScores":
        """Join those of successive blocks of a data set; `singular_values` are those of all."""
        spectral = {
            name: np.concatenate([part.spectral[name] for part in parts])
            for name in parts[0].spectral
        }
        return cls(spectral, np.concatenate([part.latent for part in parts]), singular_values)


class Detector:
    """Tells the points of data sets from test images of the training set, with one model's scores.

    `scores` are those of the n points of the training set, and `split` (n,) tells training images,
    from which the scores take all that they know of the data, from test images, which count as
    inside. Raises JacspecError if there are none of either.
    """

    def __init__(
        self, key: ModelKey, training_set: str, scores: DetectionScores, split: np.ndarray
    ) -> None:
        if np.count_nonzero(split == TRAINING) < 2 or not np.any(split == TEST):
            raise JacspecError(
                f"detection needs training and test images, but {training_set} has "
                f"{np.count_nonzero(split == TRAINING)} and {np.count_nonzero(split == TEST)} "
                f"among {len(split)}: raise `samples`"
            )
        self._key = key
        self._distribution = LatentDistribution.of(scores.latent[split == TRAINING])
        self._geometry = None
        if scores.singular_values is not None:
            self._geometry = TypicalGeometry.of(_rows(scores.singular_values, split == TRAINING))
        single = self._single_scores(scores)
        self._combinations = Combinations.of(_rows(single, split == TRAINING))
        test = _rows(single, split == TEST)
        self._inside = test | self._combinations.scores(test)

    def __call__(self, dataset: str, scores: DetectionScores) -> list[DetectionRow]:
        """Return all measures of all scores for the points of another data set."""
        single = self._single_scores(scores)
        rows = []
        for score, outside in (single | self._combinations.scores(single)).items():
            inside = self._inside[score]
            stream = random_stream("detection", *self._key.fields().values(), dataset, score)
            measures = estimated_measures(inside, outside, stream)
            rows += [
                DetectionRow(
                    self._key,
                    dataset,
                    score,
                    measure,
                    estimate.value,
                    estimate.low,
                    estimate.high,
                    len(inside),
                    len(outside),
                )
                for measure, estimate in measures.items()
            ]
        return rows

    def _single_scores(self, scores: DetectionScores) -> dict[str, np.ndarray]:
        single = {**scores.spectral, **latent_scores(scores.latent, self._distribution)}
        if self._geometry is not None:
            single |= self._geometry.scores(scores.singular_values)
        return single


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


def _rows(scores: Mapping[str, np.ndarray], chosen: np.ndarray) -> dict[str, np.ndarray]:
    return {name: values[chosen] for name, values in scores.items()}
