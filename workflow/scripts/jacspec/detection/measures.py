"""How well a score tells two sets of points apart.

scikit-learn gives the same, which the tests show, and takes longer to import than a model's whole
detection takes to compute.
"""

from dataclasses import dataclass

import numpy as np

from jacspec.errors import JacspecError

TRUE_POSITIVE_RATE = 0.95


@dataclass(frozen=True)
class DetectionMeasures:
    """Measures of a detector for which a point out of distribution is a positive.

    `auroc` is the area under the receiver operating characteristic: the probability that a point
    outside scores higher than one inside, ties counting half. `aupr` is the area under precision
    and recall (average precision), with both sets given the same weight in all, so that chance is
    1/2 whatever their sizes. `fpr_at_95_tpr` is the share of points inside that are taken for
    outside, at the highest threshold that finds 95 % of those outside.
    """

    auroc: float
    aupr: float
    fpr_at_95_tpr: float


def detection_measures(inside: np.ndarray, outside: np.ndarray) -> DetectionMeasures:
    """Return the measures for scores of points inside (n,) and outside (m,), which may be infinite.

    Raises JacspecError if a score is not a number.
    """
    scores = np.concatenate([inside, outside])
    if np.isnan(scores).any():
        raise JacspecError("a detection score is not a number: did the training diverge?")
    _, rank = np.unique(-scores, return_inverse=True)
    false_positives = _shares_found(rank[: len(inside)], rank.max())
    true_positives = _shares_found(rank[len(inside) :], rank.max())
    # At the threshold 0 nothing is found.
    precision = true_positives[1:] / (true_positives[1:] + false_positives[1:])
    return DetectionMeasures(
        auroc=float(np.trapezoid(true_positives, false_positives)),
        aupr=float(np.sum(np.diff(true_positives) * precision)),
        fpr_at_95_tpr=float(false_positives[np.argmax(true_positives >= TRUE_POSITIVE_RATE)]),
    )


def _shares_found(ranks: np.ndarray, last: int) -> np.ndarray:
    """Return the shares (last + 2,) of points among the first 0, 1, … ranks, the highest scores."""
    counts = np.bincount(ranks, minlength=last + 1)
    return np.concatenate([[0], np.cumsum(counts)]) / len(ranks)
