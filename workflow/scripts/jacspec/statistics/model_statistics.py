"""The statistics of one model on every data set, from its spectra shards, in constant memory."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from jacspec.errors import DamagedFileError
from jacspec.key import ModelKey
from jacspec.spectra.shards import SpectraFile
from jacspec.statistics.dataset_statistics import (
    JACOBIANS,
    MATRIX_QUANTITIES,
    POINT_QUANTITIES,
    DatasetStatistics,
    StatisticRow,
)

BLOCK_POINTS = 10_000
COLUMNS = [f"{name}_{jacobian}" for jacobian in JACOBIANS for name in MATRIX_QUANTITIES]
COLUMNS += POINT_QUANTITIES


def model_statistics(
    shards_by_dataset: Mapping[str, Sequence[Path]], *, block_points: int = BLOCK_POINTS
) -> list[StatisticRow]:
    """Return the statistics of one model on every data set, in the order of `shards_by_dataset`.

    The paths of a data set are its spectra shards, in order. Quantiles of log|lambda| are off by at
    most ``LOG_WIDTH / 2``, those of |arg lambda| by ``ARGUMENT_WIDTH / 2`` radians, those of the
    difference and of the reconstruction error by a factor ``exp(LOG_WIDTH / 2)``; all else is exact
    to rounding. Raises DamagedFileError if the shards are not the successive runs of points of the
    data set under one and the same model, or hold numbers that they cannot.
    """
    model: tuple | None = None
    rows = []
    for dataset, paths in shards_by_dataset.items():
        statistics = DatasetStatistics()
        for path in paths:
            with SpectraFile(path) as shard:
                model = model or _model_of(shard)
                _check_shard(shard, path, dataset, statistics.input.points, model)
                for block in shard.blocks(COLUMNS, size=block_points):
                    _check_numbers(block, path)
                    statistics = statistics.updated(block)
        rows += statistics.rows(dataset)
    return rows


def _model_of(shard: SpectraFile) -> tuple:
    names = (*ModelKey.COLUMNS, "weights_sha256", "precision")
    return tuple(shard.attributes[name] for name in names)


def _check_shard(shard: SpectraFile, path: Path, dataset: str, first: int, model: tuple) -> None:
    found = (shard.attributes["dataset"], shard.attributes["first"], *_model_of(shard))
    expected = (dataset, first, *model)
    if found != expected:
        raise DamagedFileError(
            f"{path}: data set, first point, model, weights and precision are {found}, "
            f"not {expected} as the shards before it demand; delete it to have it made again"
        )


def _check_numbers(block: Mapping[str, np.ndarray], path: Path) -> None:
    for name, values in block.items():
        unusable = np.isnan(values) if name.startswith("logabsdet") else ~np.isfinite(values)
        if unusable.any():
            raise DamagedFileError(
                f"{path}: {name} has {np.count_nonzero(unusable)} values that are not finite; "
                "did the training of this model diverge?"
            )
