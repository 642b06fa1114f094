"""Claims C1 to C3: the spectra on the training set."""

import numpy as np

from jacspec.claims.bootstrap import Draws, ratio
from jacspec.claims.conditions import condition, conditions_of_networks
from jacspec.claims.evidence import Evidence
from jacspec.claims.findings import Finding
from jacspec.claims.networks import resampled_networks, with_resampled_networks
from jacspec.claims.thresholds import MINIMUM_DIMS, Statement
from jacspec.claims.trends import chance_correlation, rank_correlation, slope
from jacspec.claims.verdicts import Criterion, criterion
from jacspec.claims.wording import ends, extent, percent, shown

JACOBIANS = {"input": "J_I", "latent": "J_L"}
MEANS = {"mean_abs": "arithmetic", "geometric_mean": "geometric"}

# Nearer to 1 than to 0.
NEAR_ONE = 0.5
SIMILAR_SCALE = 2.0
# At d = 20, one zero eigenvalue in every fifth point.
SIGNIFICANT_SHARE_OF_ZEROS = 0.01

NEAR = Statement("near_one")
DECLINE = Statement.of_curve("decline")
SCALE = Statement("similar_scale")
FEW_ZEROS = Statement("few_zeros")
TAIL = Statement.of_curve("growing_tail")


def means_near_one(evidence: Evidence, seed: int) -> Finding:
    """C1: on the training set the mean of |lambda| is below 1, near it, and declines slowly.

    "The norm of the eigenvalues are, on average, less than one, but remain relatively close to it"
    (I-E), arithmetic and geometric mean "near 1, with a slow decline" (II-D). Of a network, each of
    the four means (arithmetic, geometric; J_I, J_L) must lie between `NEAR_ONE` and 1; of a curve,
    each must fall with d beyond what chance would make of the order. A mean that falls and stays in
    that half of [0, 1] falls slowly; the slope is reported.
    """
    latent_dims = evidence.latent_dims(seed)
    cells, trends, slopes, parts = [], [], [], []
    for jacobian, symbol in JACOBIANS.items():
        for statistic, name in MEANS.items():
            curve = evidence.curve(seed, evidence.training_set, jacobian, statistic)
            cells += [
                criterion(f"{statistic}/{jacobian}", draws, above=NEAR_ONE, below=1.0, latent_dim=d)
                for d, draws in zip(latent_dims, curve, strict=True)
            ]
            trends.append(falling(f"{statistic}/{jacobian}", latent_dims, curve, seed))
            slopes.append(criterion(f"slope/{statistic}/{jacobian}", slope(latent_dims, curve)))
            parts.append(
                f"{name} mean of {symbol} {ends(latent_dims, curve)}, "
                f"rank correlation with d {shown(trends[-1].value)}"
            )
    conditions = [
        *conditions_of_networks(NEAR.name, cells),
        condition(DECLINE.name, [trend.holds for trend in trends]),
    ]
    main = evidence.curve(seed, evidence.training_set, "input", "mean_abs")
    return Finding(
        (*cells, *trends, *slopes),
        tuple(conditions),
        "; ".join(parts),
        dict(zip(latent_dims, main, strict=True)),
    )


def means_of_similar_scale(evidence: Evidence, seed: int) -> Finding:
    """C2: arithmetic and geometric mean of |lambda| are of similar scale on the training set.

    "The similarity of scale [...] indicates that eigenvalues do not contain extreme outliers"
    (II-D): the arithmetic mean is less than `SIMILAR_SCALE` times the geometric one, for both
    Jacobians. Where all points are singular the geometric mean is 0, the ratio infinite.
    """
    latent_dims = evidence.latent_dims(seed)
    cells, parts, ratios = [], [], {}
    for jacobian, symbol in JACOBIANS.items():
        arithmetic, geometric = (
            evidence.curve(seed, evidence.training_set, jacobian, statistic) for statistic in MEANS
        )
        own = np.where(geometric == 0, np.inf, ratio(arithmetic, geometric))
        cells += [
            criterion(f"mean_ratio/{jacobian}", draws, below=SIMILAR_SCALE, latent_dim=d)
            for d, draws in zip(latent_dims, own, strict=True)
        ]
        parts.append(f"arithmetic over geometric mean of {symbol}: {extent(own[:, 0])}")
        ratios[jacobian] = own
    return Finding(
        tuple(cells),
        tuple(conditions_of_networks(SCALE.name, cells)),
        "; ".join(parts),
        dict(zip(latent_dims, ratios["input"], strict=True)),
    )


def no_zeros_but_a_tail(evidence: Evidence, seed: int) -> Finding:
    """C3: no mass of zero eigenvalues of J_I on the training set; a left tail that grows with d.

    "The failure of 0 eigenvalues to appear in significant quantities" (II-D): of a network, fewer
    than `SIGNIFICANT_SHARE_OF_ZEROS` of the eigenvalues are zero. "Increasingly long left tails on
    a log scale" (I-E): the 5 % quantile of log|lambda| falls with d beyond chance.
    """
    latent_dims = evidence.latent_dims(seed)
    zeros = evidence.curve(seed, evidence.training_set, "input", "share_zero")
    tail = evidence.curve(seed, evidence.training_set, "input", "log_abs_q05")
    cells = [
        criterion("share_zero/input", draws, below=SIGNIFICANT_SHARE_OF_ZEROS, latent_dim=d)
        for d, draws in zip(latent_dims, zeros, strict=True)
    ]
    tails = [
        criterion("log_abs_q05/input", draws, latent_dim=d)
        for d, draws in zip(latent_dims, tail, strict=True)
    ]
    trend = falling("log_abs_q05/input", latent_dims, tail, seed)
    in_words = (
        f"zero eigenvalues of J_I: {extent(zeros[:, 0], percent)}; 5 % quantile of log|λ| "
        f"{ends(latent_dims, tail)}, rank correlation with d {shown(trend.value)}"
    )
    return Finding(
        (*cells, *tails, trend),
        (*conditions_of_networks(FEW_ZEROS.name, cells), condition(TAIL.name, [trend.holds])),
        in_words,
        dict(zip(latent_dims, zeros, strict=True)),
    )


def falling(statistic: str, latent_dims: list[int], curve: Draws, seed: int) -> Criterion:
    """Hold the rank correlation of `curve` (dims, 1 + R) with d against that of chance.

    The networks of the curve are resampled with their points; too few have no correlation.
    """
    if len(latent_dims) < MINIMUM_DIMS:
        correlation = np.full(curve.shape[-1], np.nan)
    else:
        drawn = np.array(latent_dims)[resampled_networks(len(latent_dims), seed)]
        correlation = rank_correlation(drawn, with_resampled_networks(curve, seed))
    return criterion(
        f"rank_correlation/{statistic}",
        correlation,
        below=-chance_correlation(len(latent_dims)),
    )
