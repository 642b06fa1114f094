"""Claims C1 to C3: the spectra on the training set."""

import numpy as np

from jacspec.claims.bootstrap import Draws, ratio
from jacspec.claims.evidence import TRAINING_SET, Evidence
from jacspec.claims.thresholds import MINIMUM_DIMS, enough_dims
from jacspec.claims.trends import chance_correlation, rank_correlation, slope
from jacspec.claims.verdicts import Criterion, Finding, Verdict, all_of, criterion, verdicts_of
from jacspec.claims.wording import ends, extent, percent, shown

JACOBIANS = {"input": "J_I", "latent": "J_L"}
MEANS = {"mean_abs": "arithmetic", "geometric_mean": "geometric"}

# Nearer to 1 than to 0.
NEAR_ONE = 0.5
SIMILAR_SCALE = 2.0
# At d = 20, one zero eigenvalue in every fifth point.
SIGNIFICANT_SHARE_OF_ZEROS = 0.01


def means_near_one(evidence: Evidence, seed: int) -> Finding:
    """C1: on the training set the mean of |lambda| is below 1, near it, and declines slowly.

    "The norm of the eigenvalues are, on average, less than one, but remain relatively close to it"
    (I-E), arithmetic and geometric mean "near 1, with a slow decline" (II-D). Each of the four
    means (arithmetic, geometric; J_I, J_L) must lie between `NEAR_ONE` and 1 at every d, and fall
    with d beyond what chance would make of the order. A mean that falls and stays in that half of
    [0, 1] falls slowly; the slope is reported.
    """
    latent_dims = evidence.latent_dims(seed)
    criteria, parts = [], []
    for jacobian, symbol in JACOBIANS.items():
        for statistic, name in MEANS.items():
            curve = evidence.curve(seed, TRAINING_SET, jacobian, statistic)
            criteria += [
                criterion(f"{statistic}/{jacobian}", draws, above=NEAR_ONE, below=1.0, latent_dim=d)
                for d, draws in zip(latent_dims, curve, strict=True)
            ]
            trend = falling(f"{statistic}/{jacobian}", latent_dims, curve)
            criteria += [trend, _slope(f"{statistic}/{jacobian}", latent_dims, curve)]
            parts.append(
                f"{name} mean of {symbol} {ends(latent_dims, curve)}, "
                f"rank correlation with d {shown(trend.value)}"
            )
    return Finding(_together(criteria, latent_dims), tuple(criteria), "; ".join(parts))


def means_of_similar_scale(evidence: Evidence, seed: int) -> Finding:
    """C2: arithmetic and geometric mean of |lambda| are of similar scale on the training set.

    "The similarity of scale [...] indicates that eigenvalues do not contain extreme outliers"
    (II-D): the arithmetic mean is less than `SIMILAR_SCALE` times the geometric one at every d, for
    both Jacobians. Where all points are singular the geometric mean is 0, the ratio infinite.
    """
    latent_dims = evidence.latent_dims(seed)
    criteria, parts = [], []
    for jacobian, symbol in JACOBIANS.items():
        arithmetic, geometric = (
            evidence.curve(seed, TRAINING_SET, jacobian, statistic) for statistic in MEANS
        )
        ratios = np.where(geometric == 0, np.inf, ratio(arithmetic, geometric))
        criteria += [
            criterion(f"mean_ratio/{jacobian}", draws, below=SIMILAR_SCALE, latent_dim=d)
            for d, draws in zip(latent_dims, ratios, strict=True)
        ]
        parts.append(f"arithmetic over geometric mean of {symbol}: {extent(ratios[:, 0])}")
    return Finding(_together(criteria, latent_dims), tuple(criteria), "; ".join(parts))


def no_zeros_but_a_tail(evidence: Evidence, seed: int) -> Finding:
    """C3: no mass of zero eigenvalues of J_I on the training set; a left tail that grows with d.

    "The failure of 0 eigenvalues to appear in significant quantities" (II-D): fewer than
    `SIGNIFICANT_SHARE_OF_ZEROS` of the eigenvalues are zero at every d. "Increasingly long left
    tails on a log scale" (I-E): the 5 % quantile of log|lambda| falls with d beyond chance.
    """
    latent_dims = evidence.latent_dims(seed)
    zeros = evidence.curve(seed, TRAINING_SET, "input", "share_zero")
    tail = evidence.curve(seed, TRAINING_SET, "input", "log_abs_q05")
    criteria = [
        criterion("share_zero/input", draws, below=SIGNIFICANT_SHARE_OF_ZEROS, latent_dim=d)
        for d, draws in zip(latent_dims, zeros, strict=True)
    ]
    criteria += [
        criterion("log_abs_q05/input", draws, latent_dim=d)
        for d, draws in zip(latent_dims, tail, strict=True)
    ]
    trend = falling("log_abs_q05/input", latent_dims, tail)
    criteria.append(trend)
    evidence_in_words = (
        f"zero eigenvalues of J_I: {extent(zeros[:, 0], percent)}; 5 % quantile of log|λ| "
        f"{ends(latent_dims, tail)}, rank correlation with d {shown(trend.value)}"
    )
    return Finding(_together(criteria, latent_dims), tuple(criteria), evidence_in_words)


def falling(statistic: str, latent_dims: list[int], curve: Draws) -> Criterion:
    """Hold the rank correlation of `curve` (dims, 1 + R) with d against that of chance."""
    if len(latent_dims) < MINIMUM_DIMS:
        return Criterion(f"rank_correlation/{statistic}", *[np.nan] * 3, Verdict.UNDETERMINED)
    return criterion(
        f"rank_correlation/{statistic}",
        rank_correlation(latent_dims, curve),
        below=-chance_correlation(len(latent_dims)),
    )


def _slope(statistic: str, latent_dims: list[int], curve: Draws) -> Criterion:
    return criterion(f"slope/{statistic}", slope(latent_dims, curve))


def _together(criteria: list[Criterion], latent_dims: list[int]) -> Verdict:
    return all_of([*verdicts_of(criteria), *enough_dims(latent_dims)])
