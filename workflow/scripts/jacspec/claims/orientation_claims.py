"""Claims C9 and C10: orientation and rotation by the Jacobian of the input space, J_I."""

import math

import numpy as np

from jacspec.claims.bootstrap import REPLICATES, Draws
from jacspec.claims.evidence import TRAINING_SET, Evidence
from jacspec.claims.thresholds import (
    MINIMUM_HIGH_DIMS,
    MINIMUM_SETS,
    MOST,
    enough_dims,
    high_dims,
)
from jacspec.claims.trends import order_margin
from jacspec.claims.verdicts import Criterion, Finding, all_of, criterion, share_of, verdicts_of
from jacspec.claims.wording import counted, percent, shown, values_of

# A share of reversals is of the points whose determinant has a sure sign. With more points than
# this left out, it could say anything of the data set, and is not judged.
LARGEST_UNDETERMINED_SHARE = 0.1
# Nearer to 0 than to the coin flip.
RARELY = 0.25
# One half when rounded to one digit, more or less.
NEAR_HALF = (0.4, 0.6)
# A quarter of the mean of a random matrix's |arg|, pi / 2.
SMALL_ANGLE = math.pi / 8
# All angles up to this one are within the range that 95 % of eigenvalues fill.
ANY_ANGLE = 3 * math.pi / 4


def orientation_is_a_coin_flip(evidence: Evidence, seed: int) -> Finding:
    """C9: J_I rarely reverses orientation on the training set, about half the time elsewhere.

    "There are very few of these points for D_train" (Figure 5): less than `RARELY` at every d. "For
    all but the darkest data sets, at high enough latent dimension, the matrices J_I reverse the
    orientation approximately half the time" (II-D): the share is within `NEAR_HALF` in most cases,
    a case being a random set of pixel mean .5 or more at one high d. Only points whose sign is
    determined count, and a case with more than `LARGEST_UNDETERMINED_SHARE` of the others has no
    number and is itself undetermined: the sign of a singular matrix's determinant is rounding
    noise, a coin flip that must not pass for the paper's.
    """
    latent_dims = evidence.latent_dims(seed)
    datasets = evidence.random_sets("middle", "bright")
    training = [_reversed(evidence, d, seed, TRAINING_SET, below=RARELY) for d in latent_dims]
    cells = [
        _reversed(evidence, d, seed, dataset, above=NEAR_HALF[0], below=NEAR_HALF[1])
        for dataset in datasets
        for d in high_dims(latent_dims)
    ]
    dark = [
        _reversed(evidence, d, seed, dataset)
        for dataset in evidence.random_sets("dark")
        for d in high_dims(latent_dims)
    ]
    share = share_of(
        "share_near_half",
        verdicts_of(cells),
        MOST,
        enough=len(datasets) >= MINIMUM_SETS and len(high_dims(latent_dims)) >= MINIMUM_HIGH_DIMS,
    )
    everything = [*training, *cells, *dark]
    verdict = all_of([*verdicts_of(training), *enough_dims(latent_dims), share.verdict])
    undetermined = [
        criterion(
            f"share_undetermined/input/{dataset}",
            evidence.draws(d, seed, dataset, "input", "share_undetermined"),
            latent_dim=d,
        )
        for dataset in [TRAINING_SET, *evidence.random_sets()]
        for d in latent_dims
    ]
    in_words = (
        f"reversed on the training set: {values_of(training, percent)}; at d ≥ 12 on sets with "
        f"pixel mean ≥ .5: {values_of(cells, percent)}, between 40 and 60 % in "
        f"{counted(verdicts_of(cells))}; on darker sets: {values_of(dark, percent)}; points whose "
        f"sign is undetermined, over all sets and d: {values_of(undetermined, percent)}"
    )
    return Finding(verdict, (*everything, *undetermined, share), in_words)


def arguments_widen_with_brightness(evidence: Evidence, seed: int) -> Finding:
    """C10: |arg lambda| of J_I is small on the training set, any angle on bright sets, and between.

    "On the training data, the distribution of arguments of the eigenvalues is small": its mean is
    below `SMALL_ANGLE` at every d. They "can be any angle for the bright data sets": the 95 %
    quantile is above `ANY_ANGLE` in most cases, a case being a bright set at one high d. "The range
    of possible angles decreases with [brightness], but even for the dark data sets, is consistently
    larger than for the training data": the groups' mean 95 % quantiles fall in the order bright,
    middle, dark, training set at most of the high d.
    """
    latent_dims = evidence.latent_dims(seed)
    high = high_dims(latent_dims)
    training = [
        criterion(
            "abs_arg_mean/input/mnist",
            evidence.draws(d, seed, TRAINING_SET, "input", "abs_arg_mean"),
            below=SMALL_ANGLE,
            latent_dim=d,
        )
        for d in latent_dims
    ]
    bright = [
        criterion(
            f"abs_arg_q95/input/{dataset}",
            evidence.draws(d, seed, dataset, "input", "abs_arg_q95"),
            above=ANY_ANGLE,
            latent_dim=d,
        )
        for dataset in evidence.random_sets("bright")
        for d in high
    ]
    order = [
        criterion(
            "angle_order_margin/input",
            order_margin(_angle_ranges(evidence, d, seed)),
            above=0.0,
            latent_dim=d,
        )
        for d in high
    ]
    any_angle = share_of(
        "share_any_angle", verdicts_of(bright), MOST, enough=len(high) >= MINIMUM_HIGH_DIMS
    )
    ordered = share_of(
        "share_ordered", verdicts_of(order), MOST, enough=len(high) >= MINIMUM_HIGH_DIMS
    )
    distances = [
        criterion(
            f"abs_arg_distance/input/{dataset}",
            evidence.draws(d, seed, dataset, "input", "abs_arg_distance"),
            latent_dim=d,
        )
        for dataset in evidence.random_sets()
        for d in latent_dims
    ]
    verdict = all_of(
        [
            *verdicts_of(training),
            *enough_dims(latent_dims),
            any_angle.verdict,
            ordered.verdict,
        ]
    )
    in_words = (
        f"mean |arg λ| on the training set {values_of(training)} rad; at d ≥ 12 the 95 % quantile "
        f"on bright sets is {values_of(bright)} rad, above {shown(ANY_ANGLE)} in "
        f"{counted(verdicts_of(bright))}; narrowing from bright over middle and dark sets to the "
        f"training set at {counted(verdicts_of(order), 'd ≥ 12')}; Kolmogorov–Smirnov distance of "
        f"random sets to the training set, at all d: {values_of(distances)}"
    )
    return Finding(verdict, (*training, *bright, *order, any_angle, ordered, *distances), in_words)


def _reversed(
    evidence: Evidence, latent_dim: int, seed: int, dataset: str, **thresholds: float
) -> Criterion:
    undetermined = evidence.draws(latent_dim, seed, dataset, "input", "share_undetermined")
    draws = evidence.draws(latent_dim, seed, dataset, "input", "share_reversed")
    if not undetermined[0] <= LARGEST_UNDETERMINED_SHARE:
        draws = np.full_like(draws, np.nan)
    return criterion(f"share_reversed/input/{dataset}", draws, latent_dim=latent_dim, **thresholds)


def _angle_ranges(evidence: Evidence, latent_dim: int, seed: int) -> list[Draws]:
    groups = [evidence.random_sets(name) for name in ("bright", "middle", "dark")]
    return [
        np.array(
            [evidence.draws(latent_dim, seed, name, "input", "abs_arg_q95") for name in group]
        ).reshape(-1, 1 + REPLICATES)
        for group in [*groups, [TRAINING_SET]]
    ]
