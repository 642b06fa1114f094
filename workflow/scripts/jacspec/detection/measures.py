"""How well a score tells two sets of points apart, by scikit-learn."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

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
    is_outside = np.repeat([False, True], [len(inside), len(outside)])
    ranks = _ranks(np.concatenate([inside, outside]))
    weight = np.where(is_outside, 0.5 / len(outside), 0.5 / len(inside))
    false_positives, true_positives, _ = roc_curve(is_outside, ranks, drop_intermediate=False)
    return DetectionMeasures(
        auroc=float(roc_auc_score(is_outside, ranks)),
        aupr=float(average_precision_score(is_outside, ranks, sample_weight=weight)),
        fpr_at_95_tpr=float(false_positives[np.argmax(true_positives >= TRUE_POSITIVE_RATE)]),
    )


def _ranks(scores: np.ndarray) -> np.ndarray:
    """Return scores (n,) by their order alone, which is all that counts: scikit-learn refuses inf.

    Equal scores have equal ranks.
    """
    if np.isnan(scores).any():
        raise JacspecError("a detection score is not a number: did the training diverge?")
    return np.unique(scores, return_inverse=True)[1]
