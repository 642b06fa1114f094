"""How well a score tells two sets of points apart, and how sure one can be of it.

scikit-learn gives the same measures, which the tests show, and takes longer to import than a
model's whole detection takes to compute.
"""

from dataclasses import dataclass

import numpy as np

from jacspec.errors import JacspecError

TRUE_POSITIVE_RATE = 0.95
# Of the bootstrap.
DRAWS = 200
CELLS = 500
INTERVAL = (0.025, 0.975)

MEASURES = ("auroc", "aupr_in", "aupr_out", "fpr_at_95_tpr")


@dataclass(frozen=True)
class Estimate:
    """A measure, and the ends of its 95 % interval over points."""

    value: float
    low: float
    high: float


def detection_measures(inside: np.ndarray, outside: np.ndarray) -> dict[str, float]:
    """Return the measures for scores of points inside (n,) and outside (m,), which may be infinite.

    A point out of distribution is a positive. `auroc` is the area under the receiver operating
    characteristic: the probability that a point outside scores higher than one inside, ties
    counting half. `aupr_out` is the area under precision and recall (average precision), with both
    sets given the same weight in all, so that chance is 1/2 whatever their sizes; `aupr_in` is that
    for points inside as positives, the lowest scores first. `fpr_at_95_tpr` is the share of points
    inside that are taken for outside, at the highest threshold that finds 95 % of those outside.

    Raises JacspecError if a score is not a number.
    """
    return {name: float(value) for name, value in _measures(*_counts(inside, outside)).items()}


def estimated_measures(
    inside: np.ndarray, outside: np.ndarray, stream: np.random.Generator
) -> dict[str, Estimate]:
    """Return the measures with intervals: a bootstrap over points of both sets.

    A point is drawn a number of times that has Poisson's distribution. So that an interval takes
    milliseconds, scores are counted in `CELLS` cells of like numbers of points; what that changes
    in the measure itself is not part of the interval.
    """
    counts = _counts(inside, outside)
    values = _measures(*counts)
    cells = [_in_cells(part, sum(counts)) for part in counts]
    coarse = _measures(*cells)
    draws = [stream.poisson(part, (DRAWS, CELLS)) for part in cells]
    # Of very few points, it can happen that none is drawn.
    drawn = np.logical_and(*(part.any(axis=1) for part in draws))
    resampled = _measures(*(part[drawn] for part in draws))
    return {
        name: Estimate(
            float(value),
            *np.clip(value + np.quantile(resampled[name], INTERVAL) - coarse[name], 0, 1).tolist(),
        )
        for name, value in values.items()
    }


def _counts(inside: np.ndarray, outside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how many points inside and outside have each score, (r,) both, highest first."""
    scores = np.concatenate([inside, outside])
    if np.isnan(scores).any():
        raise JacspecError("a detection score is not a number: did the training diverge?")
    _, rank = np.unique(-scores, return_inverse=True)
    ranks = rank.max() + 1
    return (
        np.bincount(rank[: len(inside)], minlength=ranks),
        np.bincount(rank[len(inside) :], minlength=ranks),
    )


def _in_cells(counts: np.ndarray, all_counts: np.ndarray) -> np.ndarray:
    """Return counts (r,) summed over runs of scores, at most `CELLS`, with like numbers in all."""
    before = np.cumsum(all_counts) - all_counts
    cell = before * CELLS // all_counts.sum()
    return np.bincount(cell, weights=counts, minlength=CELLS)


def _measures(inside: np.ndarray, outside: np.ndarray) -> dict[str, np.ndarray]:
    """Return the measures (...) of counts (..., r) by score, highest first."""
    false_positives, true_positives = _shares(inside), _shares(outside)
    found = np.argmax(true_positives >= TRUE_POSITIVE_RATE, axis=-1)[..., None]
    return {
        "auroc": np.trapezoid(true_positives, false_positives, axis=-1),
        "aupr_in": _average_precision(_shares(inside[..., ::-1]), _shares(outside[..., ::-1])),
        "aupr_out": _average_precision(true_positives, false_positives),
        "fpr_at_95_tpr": np.take_along_axis(false_positives, found, axis=-1)[..., 0],
    }


def _shares(counts: np.ndarray) -> np.ndarray:
    """Return the shares (..., r + 1) of points among the first 0, 1, … scores."""
    sums = np.cumsum(counts, axis=-1)
    sums = np.concatenate([np.zeros_like(sums[..., :1]), sums], axis=-1)
    return sums / sums[..., -1:]


def _average_precision(positives: np.ndarray, negatives: np.ndarray) -> np.ndarray:
    """Return the areas (...) under precision and recall, of shares (..., r + 1)."""
    found = positives[..., 1:] + negatives[..., 1:]
    # Where nothing is found, recall does not rise, whatever the precision.
    precision = positives[..., 1:] / np.where(found > 0, found, 1)
    return np.sum(np.diff(positives, axis=-1) * precision, axis=-1)
