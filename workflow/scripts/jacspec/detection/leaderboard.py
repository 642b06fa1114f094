"""Scores held against one another: each on each data set, and on those near and far on average."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from jacspec.data.descriptions import Description
from jacspec.data.streams import random_stream
from jacspec.detection.measures import INTERVAL, MEASURES
from jacspec.detection.model_detection import DetectionRow

DRAWS = 1000
# Half the width of a 95 % interval, in standard deviations.
NORMAL_QUANTILE = 1.959964
LOWER_IS_BETTER = ("fpr_at_95_tpr",)


@dataclass(frozen=True)
class Column:
    """A data set, or the mean over those near or far.

    Far are sets of random values; near are those made from points of a data set.
    """

    title: str
    is_far: bool
    is_mean: bool


@dataclass(frozen=True)
class Cell:
    """The mean over networks, the ends of its 95 % interval, and whether none is better."""

    value: float
    low: float
    high: float
    is_best: bool


@dataclass(frozen=True)
class Leaderboard:
    """One measure: `rows` has the cells of each score, in the order of `columns`; best first."""

    measure: str
    columns: Sequence[Column]
    rows: Mapping[str, Sequence[Cell]]


def leaderboards(
    rows: Sequence[DetectionRow], sets: Mapping[str, Description]
) -> list[Leaderboard]:
    """Return one leaderboard a measure, from the rows of all networks of a variant.

    Intervals are of a bootstrap: networks are drawn with replacement, and what is not known of each
    for want of points is added, as a normal deviate. It is the same for all sets of a network,
    which are told from the same points inside; so the intervals of means are rather too wide. The
    order is that of the mean over the means of near and of far sets.
    """
    columns, weights = _columns(list(dict.fromkeys(row.dataset for row in rows)), sets)
    return [_leaderboard(measure, rows, columns, weights) for measure in MEASURES] if rows else []


def missing_sets(boards: Sequence[Leaderboard]) -> list[str]:
    """Return a sentence for each of the two means that does not apply."""
    found = {column.is_far for board in boards for column in board.columns}
    reasons = {
        False: "The mean over near sets does not apply: all sets are of random values.",
        True: "The mean over far sets does not apply: the sweep has no set of random values.",
    }
    return [sentence for is_far, sentence in reasons.items() if boards and is_far not in found]


def _columns(
    datasets: Sequence[str], sets: Mapping[str, Description]
) -> tuple[list[Column], np.ndarray]:
    """Return the columns, and the weight (datasets, columns) that each set has in each."""
    columns, weights = [], []
    for is_far, words in ((False, "near"), (True, "far")):
        members = np.array([sets[name].is_random == is_far for name in datasets], dtype=float)
        for place in np.flatnonzero(members):
            columns.append(Column(sets[datasets[place]].title, is_far, is_mean=False))
            weights.append(np.eye(len(datasets))[place])
        if members.any():
            columns.append(Column(f"mean of {words} sets", is_far, is_mean=True))
            weights.append(members / members.sum())
    return columns, np.transpose(weights)


def _leaderboard(
    measure: str, rows: Sequence[DetectionRow], columns: Sequence[Column], weights: np.ndarray
) -> Leaderboard:
    measured = [row for row in rows if row.measure == measure]
    networks, scores, datasets = (
        list(dict.fromkeys(names))
        for names in zip(*((row.key, row.score, row.dataset) for row in measured), strict=True)
    )
    values = np.full((len(networks), len(scores), len(datasets)), np.nan)
    deviations = values.copy()
    for row in measured:
        place = networks.index(row.key), scores.index(row.score), datasets.index(row.dataset)
        values[place] = row.value
        deviations[place] = (row.high - row.low) / (2 * NORMAL_QUANTILE)
    values, deviations = values @ weights, deviations @ weights
    means = values.mean(axis=0)
    low, high = _intervals(measure, values, deviations)
    sign = -1 if measure in LOWER_IS_BETTER else 1
    best = sign * means == (sign * means).max(axis=0)
    is_mean = [column.is_mean for column in columns]
    order = np.argsort(-sign * means[:, is_mean].mean(axis=1), kind="stable")
    cells = {
        scores[row]: tuple(
            Cell(*map(float, numbers), bool(is_best))
            for *numbers, is_best in zip(means[row], low[row], high[row], best[row], strict=True)
        )
        for row in order
    }
    return Leaderboard(measure, columns, cells)


def _intervals(
    measure: str, values: np.ndarray, deviations: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return both ends of the intervals (scores, columns) of means over networks.

    `values` and `deviations` are (networks, scores, columns).
    """
    stream = random_stream("leaderboard", measure)
    networks = len(values)
    drawn = stream.integers(networks, size=(DRAWS, networks))
    errors = stream.standard_normal((DRAWS, networks))
    means = np.stack(
        [
            (values[chosen] + error[:, None, None] * deviations[chosen]).mean(axis=0)
            for chosen, error in zip(drawn, errors, strict=True)
        ]
    )
    low, high = np.clip(np.quantile(means, INTERVAL, axis=0), 0, 1)
    return low, high
