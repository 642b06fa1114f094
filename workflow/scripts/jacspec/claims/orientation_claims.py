"""Claims C9 and C10: orientation and rotation by the Jacobian of the input space, J_I."""

import math

import numpy as np

from jacspec.claims.bootstrap import REPLICATES, Draws
from jacspec.claims.conditions import conditions_of_networks
from jacspec.claims.evidence import Evidence
from jacspec.claims.findings import Finding
from jacspec.claims.thresholds import (
    MINIMUM_HIGH_DIMS,
    MINIMUM_SETS,
    MOST,
    SMALLEST_HIGH_DIM,
    Statement,
    high_dims,
)
from jacspec.claims.trends import order_margin
from jacspec.claims.verdicts import Criterion, criterion, verdicts_of
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

RARELY_REVERSED = Statement("training_set")
COIN_FLIP = Statement("random_sets", MINIMUM_HIGH_DIMS)
SMALL_ANGLES = Statement("training_set")
ANY_ANGLES = Statement("bright_sets", MINIMUM_HIGH_DIMS)
ANGLES_IN_ORDER = Statement("order", MINIMUM_HIGH_DIMS)


def orientation_is_a_coin_flip(evidence: Evidence, seed: int) -> Finding:
    """C9: J_I rarely reverses orientation on the training set, about half the time elsewhere.

    "There are very few of these points for D_train" (Figure 5): less than `RARELY`. "For all but
    the darkest data sets, at high enough latent dimension, the matrices J_I reverse the orientation
    approximately half the time" (II-D): of a network of high d, the share is within `NEAR_HALF` on
    most random sets of pixel mean .5 or more. Only points whose sign is determined count, and a
    case with more than `LARGEST_UNDETERMINED_SHARE` of the others has no number and is itself
    undetermined: the sign of a singular matrix's determinant is rounding noise, a coin flip that
    must not pass for the paper's.
    """
    latent_dims = evidence.latent_dims(seed)
    datasets = evidence.random_sets("middle", "bright")
    training = [
        _reversed(evidence, d, seed, evidence.training_set, below=RARELY) for d in latent_dims
    ]
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
    undetermined = [
        criterion(
            f"share_undetermined/input/{dataset}",
            evidence.draws(d, seed, dataset, "input", "share_undetermined"),
            latent_dim=d,
        )
        for dataset in [evidence.training_set, *evidence.random_sets()]
        for d in latent_dims
    ]
    conditions = [
        *conditions_of_networks(RARELY_REVERSED.name, training),
        *conditions_of_networks(
            COIN_FLIP.name, cells, required=MOST, enough=len(datasets) >= MINIMUM_SETS
        ),
    ]
    low, high = (percent(end) for end in NEAR_HALF)
    in_words = (
        f"reversed on the training set: {values_of(training, percent)}; at d ≥ {SMALLEST_HIGH_DIM} "
        f"on sets with pixel mean ≥ .5: {values_of(cells, percent)}, between {low} and {high} in "
        f"{counted(verdicts_of(cells))}; on darker sets: {values_of(dark, percent)}; points whose "
        f"sign is undetermined, over all sets and d: {values_of(undetermined, percent)}"
    )
    main = {
        d: np.mean([_shares_reversed(evidence, d, seed, dataset) for dataset in datasets], axis=0)
        for d in high_dims(latent_dims)
        if datasets
    }
    return Finding((*training, *cells, *dark, *undetermined), tuple(conditions), in_words, main)


def arguments_widen_with_brightness(evidence: Evidence, seed: int) -> Finding:
    """C10: |arg lambda| of J_I is small on the training set, any angle on bright sets, and between.

    "On the training data, the distribution of arguments of the eigenvalues is small": its mean is
    below `SMALL_ANGLE`. They "can be any angle for the bright data sets": of a network of high d,
    the 95 % quantile is above `ANY_ANGLE` on most bright sets. "The range of possible angles
    decreases with [brightness], but even for the dark data sets, is consistently larger than for
    the training data": of a network of high d, the groups' mean 95 % quantiles fall in the order
    bright, middle, dark, training set.
    """
    latent_dims = evidence.latent_dims(seed)
    high = high_dims(latent_dims)
    training = [
        criterion(
            f"abs_arg_mean/input/{evidence.training_set}",
            evidence.draws(d, seed, evidence.training_set, "input", "abs_arg_mean"),
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
    ranges = {d: _angle_ranges(evidence, d, seed) for d in high}
    order = [
        criterion("angle_order_margin/input", order_margin(groups), above=0.0, latent_dim=d)
        for d, groups in ranges.items()
    ]
    distances = [
        criterion(
            f"abs_arg_distance/input/{dataset}",
            evidence.draws(d, seed, dataset, "input", "abs_arg_distance"),
            latent_dim=d,
        )
        for dataset in evidence.random_sets()
        for d in latent_dims
    ]
    conditions = [
        *conditions_of_networks(SMALL_ANGLES.name, training),
        *conditions_of_networks(ANY_ANGLES.name, bright, required=MOST),
        *conditions_of_networks(ANGLES_IN_ORDER.name, order),
    ]
    in_words = (
        f"mean |arg λ| on the training set {values_of(training)} rad; at d ≥ {SMALLEST_HIGH_DIM} "
        f"the 95 % quantile on bright sets is {values_of(bright)} rad, above {shown(ANY_ANGLE)} in "
        f"{counted(verdicts_of(bright))}; narrowing from bright over middle and dark sets to the "
        f"training set at {counted(verdicts_of(order), f'd ≥ {SMALLEST_HIGH_DIM}')}; "
        "Kolmogorov–Smirnov distance of random sets to the training set, at all d: "
        f"{values_of(distances)}"
    )
    main = {d: groups[0].mean(axis=0) for d, groups in ranges.items() if len(groups[0])}
    return Finding((*training, *bright, *order, *distances), tuple(conditions), in_words, main)


def _reversed(
    evidence: Evidence, latent_dim: int, seed: int, dataset: str, **thresholds: float
) -> Criterion:
    draws = _shares_reversed(evidence, latent_dim, seed, dataset)
    return criterion(f"share_reversed/input/{dataset}", draws, latent_dim=latent_dim, **thresholds)


def _shares_reversed(evidence: Evidence, latent_dim: int, seed: int, dataset: str) -> Draws:
    undetermined = evidence.draws(latent_dim, seed, dataset, "input", "share_undetermined")
    draws = evidence.draws(latent_dim, seed, dataset, "input", "share_reversed")
    return draws if undetermined[0] <= LARGEST_UNDETERMINED_SHARE else np.full_like(draws, np.nan)


def _angle_ranges(evidence: Evidence, latent_dim: int, seed: int) -> list[Draws]:
    groups = [evidence.random_sets(name) for name in ("bright", "middle", "dark")]
    return [
        np.array(
            [evidence.draws(latent_dim, seed, name, "input", "abs_arg_q95") for name in group]
        ).reshape(-1, 1 + REPLICATES)
        for group in [*groups, [evidence.training_set]]
    ]
