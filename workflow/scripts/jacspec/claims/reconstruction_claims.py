"""Claims C11 to C15: what is reconstructed from random pixels."""

from collections.abc import Sequence
from itertools import chain, combinations

import numpy as np

from jacspec.claims.bootstrap import Draws, ratio
from jacspec.claims.evidence import CHARACTER_GROUPS, TRAINING_SET, Evidence
from jacspec.claims.reconstruction_evidence import DIGITS, correlation, standardized
from jacspec.claims.thresholds import (
    HALF,
    MINIMUM_HIGH_DIMS,
    MINIMUM_LOW_DIMS,
    MINIMUM_SETS,
    MOST,
    NEARLY_ALL,
    high_dims,
    low_dims,
)
from jacspec.claims.verdicts import (
    Criterion,
    Finding,
    Verdict,
    all_of,
    criterion,
    share_of,
    verdicts_of,
)
from jacspec.claims.wording import counted, shown, values_of

# The paper's section II-A gives two decimals.
PAPER_PIXEL_MEANS = {"mnist": 0.13, "beta_0.8_5": 0.14, "beta_0.5_0.5": 0.5, "beta_5_0.8": 0.86}
ROUNDING = 0.005

_GROUP_WORDS = dict(zip(CHARACTER_GROUPS, ("mean < .5", "mean ≥ .5"), strict=True))
_PAIR_WORDS = {"other_latent_dim": "models of different d", "other_seed": "models of other seeds"}


def digits_then_characters(evidence: Evidence, seed: int) -> Finding:
    """C11: random pixels are reconstructed to digits at low d, to something else at high d.

    "At low latent dimension, the reconstruction often appears to be a reconstructed image from the
    training data set"; at high d "a generalized character, not one from the MNIST data set". An
    image looks like a digit if the nearest reconstruction of a training image is as near as it is
    for 99 % of the test images. In most cases more than half of a set's points must look like
    digits at low d, and fewer than half at high d; a case is a random set at one d.
    """
    latent_dims, datasets = evidence.latent_dims(seed), evidence.random_sets()
    low = [
        _digit_like(evidence, d, seed, dataset, above=HALF)
        for dataset in datasets
        for d in low_dims(latent_dims)
    ]
    high = [
        _digit_like(evidence, d, seed, dataset, below=HALF)
        for dataset in datasets
        for d in high_dims(latent_dims)
    ]
    enough_sets = len(datasets) >= MINIMUM_SETS
    shares = (
        share_of(
            "share_digits",
            verdicts_of(low),
            MOST,
            enough=len(low_dims(latent_dims)) >= MINIMUM_LOW_DIMS and enough_sets,
        ),
        share_of(
            "share_no_digits",
            verdicts_of(high),
            MOST,
            enough=len(high_dims(latent_dims)) >= MINIMUM_HIGH_DIMS and enough_sets,
        ),
    )
    distances = _relative_distances(evidence, seed)
    in_words = (
        f"mostly digit-like at d ≤ 4 in {counted(verdicts_of(low))}, mostly not at d ≥ 12 in "
        f"{counted(verdicts_of(high))}; median distance to the nearest training reconstruction, "
        f"relative to the limit for digits: {_of_random_sets(distances, low_dims(latent_dims))} at "
        f"d ≤ 4, {_of_random_sets(distances, high_dims(latent_dims))} at d ≥ 12"
    )
    verdict = all_of(share.verdict for share in shares)
    return Finding(verdict, (*low, *high, *shares, *distances), in_words)


def one_character(evidence: Evidence, seed: int) -> Finding:
    """C12: from d about 12 on, one model reconstructs all random sets to the same character.

    "By latent dimension 12, all of the reconstructed images look like the same generalized
    character" (Table I), in "two groups, those with mean less than .5, and those with means at
    least .5" (II-C). Images are of one character if they are as alike as images of one digit: their
    mean squared distance to the group's mean image is at most that of digits to the mean of the
    same digit, both as reconstructed. It must be in nearly all cases, a case being a group at one
    high d. Variance between sets over that within sets is reported beside it; alone it would call
    sets of varied but equally distributed images one character.
    """
    high = high_dims(evidence.latent_dims(seed))
    cells, ratios = [], []
    for latent_dim in high:
        unit = evidence.draws(latent_dim, seed, TRAINING_SET, "both", "digit_spread")
        for group in CHARACTER_GROUPS:
            spread = evidence.draws(latent_dim, seed, group, "both", "spread")
            between = evidence.draws(latent_dim, seed, group, "both", "between_within")
            cells.append(
                criterion(
                    f"relative_spread/{group}",
                    ratio(spread, unit),
                    below=1.0,
                    latent_dim=latent_dim,
                )
            )
            ratios.append(criterion(f"between_within/{group}", between, latent_dim=latent_dim))
    share = share_of(
        "share_one_character", verdicts_of(cells), NEARLY_ALL, enough=len(high) >= MINIMUM_HIGH_DIMS
    )
    in_words = (
        f"at d ≥ 12 as alike as images of one digit in {counted(verdicts_of(cells))}; spread "
        f"relative to that of one digit: {values_of(cells)}; variance between sets over that "
        f"within sets: {values_of(ratios)}"
    )
    return Finding(share.verdict, (*cells, *ratios, share), in_words)


def characters_differ(evidence: Evidence, seed: int) -> Finding:
    """C13: the character differs from one latent dimension to another and from seed to seed.

    M_dist,d "is a function of d, i.e. different for each architecture. Furthermore, it appears to
    be different for each seed" (II-C). Two characters differ if they are no more alike than two
    digits: the median correlation between the mean reconstructions of a group by two models is
    below that between the mean reconstructions of two digits by one model. Models are of high d,
    and differ in d alone or in the seed alone; both must hold, for both groups.
    """
    high = high_dims(evidence.latent_dims(seed))
    units = [evidence.draws(d, seed, TRAINING_SET, "both", "digit_correlation") for d in high]
    criteria, parts = [], []
    pairs = {
        "other_latent_dim": [((one, seed), (other, seed)) for one, other in combinations(high, 2)],
        "other_seed": [
            ((d, seed), (d, other)) for other in evidence.seeds if other != seed for d in high
        ],
    }
    for name, models in pairs.items():
        for group in CHARACTER_GROUPS:
            likeness = _median_correlation(evidence, models, group)
            if likeness is None:
                criteria.append(_missing(f"excess_correlation/{name}/{group}"))
                continue
            excess = likeness - np.mean(units, axis=0)
            criteria.append(criterion(f"excess_correlation/{name}/{group}", excess, below=0.0))
            criteria.append(criterion(f"character_correlation/{name}/{group}", likeness))
            parts.append(
                f"{shown(likeness[0])} between {_PAIR_WORDS[name]} ({_GROUP_WORDS[group]})"
            )
    digits = f"{shown(np.mean(units, axis=0)[0])} between digits" if units else "no model of d ≥ 12"
    in_words = "median correlation of mean reconstructions: " + ", ".join([*parts, digits])
    return Finding(all_of(verdicts_of(criteria)), tuple(criteria), in_words)


def digits_with_other_spectra(evidence: Evidence, seed: int) -> Finding:
    """C14: at low d, digit-like reconstructions come with another mean of |lambda| of J_L.

    "Even though the reconstruction images appear to be close to the reconstructed images of the
    training data set", "the mean eigenvalues of J_L for many out of distribution data sets are not
    close to the mean eigenvalue for the training data" (II-D). A set is not close if its mean is
    further from the training set's than that of any single digit: otherwise it may as well be
    represented as that digit. Of the cases in which more than half of the points look like digits
    (as in C11), a case being a random set at one low d, this must hold for at least half ("many").
    Where no set is digit-like the claim is not put to the test.
    """
    low, datasets = low_dims(evidence.latent_dims(seed)), evidence.random_sets()
    cells = []
    for latent_dim in low:
        digits = [
            _gap(evidence, latent_dim, seed, TRAINING_SET, f"mean_abs_digit_{digit}")
            for digit in range(DIGITS)
        ]
        for dataset in datasets:
            likeness = _digit_like(evidence, latent_dim, seed, dataset, above=HALF)
            if likeness.verdict is Verdict.REPRODUCED:
                gap = _gap(evidence, latent_dim, seed, dataset, "mean_abs")
                cells.append(
                    criterion(
                        f"relative_gap/latent/{dataset}",
                        ratio(gap, np.max(digits, axis=0)),
                        above=1.0,
                        latent_dim=latent_dim,
                    )
                )
    enough = len(low) >= MINIMUM_LOW_DIMS and len(datasets) >= MINIMUM_SETS
    share = share_of("share_not_close", verdicts_of(cells), HALF, enough=enough)
    in_words = "no random set is mostly digit-like at d ≤ 4"
    if cells:
        in_words = (
            f"of the cases (set, d ≤ 4) that look like digits, the mean is further from the "
            f"training set's than any digit's in {counted(verdicts_of(cells))}; gap relative to "
            f"the furthest digit's: {values_of(cells)}"
        )
    return Finding(share.verdict, (*cells, share), in_words)


def pixel_means(evidence: Evidence, seed: int) -> Finding:
    """C15: the pixel means are MNIST .13, Beta .14, .5 and .86, to the two decimals of II-A."""
    latent_dim = evidence.latent_dims(seed)[0]
    criteria = [
        criterion(
            f"pixel_mean/{dataset}",
            evidence.draws(latent_dim, seed, dataset, "both", "pixel_mean"),
            above=mean - ROUNDING,
            below=mean + ROUNDING,
        )
        for dataset, mean in PAPER_PIXEL_MEANS.items()
    ]
    in_words = ", ".join(
        f"{dataset} " + ("not evaluated" if np.isnan(part.value) else f"{part.value:.4f}")
        for dataset, part in zip(PAPER_PIXEL_MEANS, criteria, strict=True)
    )
    return Finding(all_of(verdicts_of(criteria)), tuple(criteria), in_words)


def _digit_like(
    evidence: Evidence, latent_dim: int, seed: int, dataset: str, **thresholds: float
) -> Criterion:
    draws = evidence.draws(latent_dim, seed, dataset, "both", "share_digit_like")
    return criterion(f"share_digit_like/{dataset}", draws, latent_dim=latent_dim, **thresholds)


def _relative_distances(evidence: Evidence, seed: int) -> list[Criterion]:
    criteria = []
    for latent_dim in evidence.latent_dims(seed):
        limit = evidence.draws(latent_dim, seed, TRAINING_SET, "both", "nearest_q99")
        for dataset in [TRAINING_SET, *evidence.random_sets()]:
            distance = evidence.draws(latent_dim, seed, dataset, "both", "nearest_q50")
            criteria.append(
                criterion(
                    f"relative_distance/{dataset}", ratio(distance, limit), latent_dim=latent_dim
                )
            )
    return criteria


def _median_correlation(
    evidence: Evidence, pairs: Sequence[tuple[tuple[int, int], tuple[int, int]]], group: str
) -> Draws | None:
    images = {
        key: standardized(evidence.models[key].characters[group])
        for key in set(chain.from_iterable(pairs))
        if key in evidence.models and group in evidence.models[key].characters
    }
    likenesses = [
        correlation(images[one], images[other])
        for one, other in pairs
        if one in images and other in images
    ]
    return np.median(likenesses, axis=0) if len(likenesses) >= MINIMUM_HIGH_DIMS else None


def _gap(evidence: Evidence, latent_dim: int, seed: int, dataset: str, statistic: str) -> Draws:
    own = evidence.draws(latent_dim, seed, dataset, "latent", statistic)
    return np.abs(own - evidence.draws(latent_dim, seed, TRAINING_SET, "latent", "mean_abs"))


def _missing(statistic: str) -> Criterion:
    return Criterion(statistic, *[np.nan] * 3, Verdict.UNDETERMINED)


def _of_random_sets(criteria: Sequence[Criterion], latent_dims: Sequence[int]) -> str:
    return values_of(
        part
        for part in criteria
        if part.latent_dim in latent_dims and not part.statistic.endswith(f"/{TRAINING_SET}")
    )
