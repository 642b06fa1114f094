"""Claims C11 to C15: what is reconstructed from random pixels."""

from collections.abc import Mapping, Sequence

import numpy as np

from jacspec.claims.bootstrap import Draws, ratio
from jacspec.claims.conditions import condition, conditions_of_networks
from jacspec.claims.evidence import CHARACTER_GROUPS, Evidence
from jacspec.claims.findings import Finding
from jacspec.claims.reconstruction_evidence import correlation, standardized
from jacspec.claims.thresholds import (
    HALF,
    LARGEST_LOW_DIM,
    MINIMUM_HIGH_DIMS,
    MINIMUM_LOW_DIMS,
    MINIMUM_SETS,
    MOST,
    NEARLY_ALL,
    SMALLEST_HIGH_DIM,
    Statement,
    high_dims,
    low_dims,
)
from jacspec.claims.verdicts import Criterion, Verdict, criterion, verdicts_of
from jacspec.claims.wording import counted, values_of

# The paper's section II-A gives two decimals.
PAPER_PIXEL_MEANS = {"mnist": 0.13, "beta_0.8_5": 0.14, "beta_0.5_0.5": 0.5, "beta_5_0.8": 0.86}
ROUNDING = 0.005

LIKE_TRAINING = Statement("like_training_at_low_d", MINIMUM_LOW_DIMS)
UNLIKE_TRAINING = Statement("unlike_training_at_high_d", MINIMUM_HIGH_DIMS)
ONE_CHARACTER = Statement("one_character", MINIMUM_HIGH_DIMS)
OTHER_LATENT_DIM = Statement("other_latent_dim", MINIMUM_HIGH_DIMS)
OTHER_SEED = Statement("other_seed", MINIMUM_HIGH_DIMS, between_seeds=True)
NOT_CLOSE = Statement("not_close", MINIMUM_LOW_DIMS)
SAMPLE_MEANS = Statement.of_curve("sample_means")

_HIGH, _LOW = f"d ≥ {SMALLEST_HIGH_DIM}", f"d ≤ {LARGEST_LOW_DIM}"


def like_training_then_characters(evidence: Evidence, seed: int) -> Finding:
    """C11: what is reconstructed from random pixels looks like the training set at low d only.

    "At low latent dimension, the reconstruction often appears to be a reconstructed image from the
    training data set"; at high d "a generalized character, not one from the MNIST data set". A
    point looks like the training set if the nearest reconstruction of a training point is as near
    as it is for `LIKE_TRAINING_SHARE` of the test points. Of a network of low d, more than half of
    the points of most random sets must look like it; of one of high d, fewer than half.
    """
    latent_dims, datasets = evidence.latent_dims(seed), evidence.random_sets()
    low = [
        _like_training(evidence, d, seed, dataset, above=HALF)
        for dataset in datasets
        for d in low_dims(latent_dims)
    ]
    high = [
        _like_training(evidence, d, seed, dataset, below=HALF)
        for dataset in datasets
        for d in high_dims(latent_dims)
    ]
    enough = len(datasets) >= MINIMUM_SETS
    conditions = [
        *conditions_of_networks(LIKE_TRAINING.name, low, required=MOST, enough=enough),
        *conditions_of_networks(UNLIKE_TRAINING.name, high, required=MOST, enough=enough),
    ]
    distances = _relative_distances(evidence, seed)
    of_random_sets = [
        part for part in distances if not part.statistic.endswith(f"/{evidence.training_set}")
    ]
    near, far = (
        values_of(part for part in of_random_sets if part.latent_dim in dims)
        for dims in (low_dims(latent_dims), high_dims(latent_dims))
    )
    in_words = (
        f"mostly like the training set at {_LOW} in {counted(verdicts_of(low))}, mostly not at "
        f"{_HIGH} in {counted(verdicts_of(high))}; median distance to the nearest training "
        f"reconstruction, relative to the limit of likeness: {near} at {_LOW}, {far} at {_HIGH}"
    )
    main = {
        d: np.mean([_shares_like_training(evidence, d, seed, name) for name in datasets], axis=0)
        for d in high_dims(latent_dims)
        if datasets
    }
    return Finding((*low, *high, *distances), tuple(conditions), in_words, main)


def one_character(evidence: Evidence, seed: int) -> Finding:
    """C12: from d about 12 on, one model reconstructs all random sets to the same character.

    "By latent dimension 12, all of the reconstructed images look like the same generalized
    character" (Table I), in "two groups, those with mean less than .5, and those with means at
    least .5" (II-C). Images are of one character if they are as alike as those of one class, in
    MNIST of one digit: their mean squared distance to the group's mean image is at most that of
    training points to the mean of their class, both as reconstructed. Of a network of high d, both
    groups must be. Variance between sets over that within sets is reported beside it; alone it
    would call sets of varied but equally distributed images one character.
    """
    high = high_dims(evidence.latent_dims(seed))
    cells, ratios, main = [], [], {}
    for latent_dim in high:
        unit = evidence.draws(latent_dim, seed, evidence.training_set, "both", "class_spread")
        spreads = {}
        for group in CHARACTER_GROUPS:
            spread = evidence.draws(latent_dim, seed, group, "both", "spread")
            between = evidence.draws(latent_dim, seed, group, "both", "between_within")
            spreads[group] = ratio(spread, unit)
            cells.append(
                criterion(
                    f"relative_spread/{group}", spreads[group], below=1.0, latent_dim=latent_dim
                )
            )
            ratios.append(criterion(f"between_within/{group}", between, latent_dim=latent_dim))
        main[latent_dim] = np.mean(list(spreads.values()), axis=0)
    in_words = (
        f"at {_HIGH} as alike as points of one class in {counted(verdicts_of(cells))}; spread "
        f"relative to that of one class: {values_of(cells)}; variance between sets over that "
        f"within sets: {values_of(ratios)}"
    )
    conditions = conditions_of_networks(ONE_CHARACTER.name, cells, required=NEARLY_ALL)
    return Finding((*cells, *ratios), tuple(conditions), in_words, main)


def characters_differ(evidence: Evidence, seed: int) -> Finding:
    """C13: the character differs from one latent dimension to another and from seed to seed.

    M_dist,d "is a function of d, i.e. different for each architecture. Furthermore, it appears to
    be different for each seed" (II-C). Two characters differ if they are no more alike than two
    classes, in MNIST two digits. So of a network of high d, for both groups, the median correlation
    of its mean reconstruction with those of the other networks of high d and the same seed must be
    below that between the mean reconstructions of two classes; and the same with those of other
    seeds and the same d.
    """
    high = high_dims(evidence.latent_dims(seed))
    images = _standardized_characters(evidence)
    others = {
        OTHER_LATENT_DIM: lambda d: [(other, seed) for other in high if other != d],
        OTHER_SEED: lambda d: [(d, other) for other in evidence.seeds if other != seed],
    }
    criteria, conditions, parts, main = [], [], [], {}
    for statement, words in ((OTHER_LATENT_DIM, "other d"), (OTHER_SEED, "other seeds")):
        cells, likenesses = [], []
        for d in high:
            unit = evidence.draws(d, seed, evidence.training_set, "both", "class_correlation")
            for group in CHARACTER_GROUPS:
                likeness = _median_correlation(images[group], (d, seed), others[statement](d))
                if likeness is not None:
                    excess, name = likeness - unit, f"{statement.name}/{group}"
                    cells.append(
                        criterion(f"excess_correlation/{name}", excess, below=0.0, latent_dim=d)
                    )
                    likenesses.append(
                        criterion(f"character_correlation/{name}", likeness, latent_dim=d)
                    )
                    if statement is OTHER_LATENT_DIM:
                        main.setdefault(d, []).append(likeness)
        conditions += conditions_of_networks(statement.name, cells)
        criteria += [*cells, *likenesses]
        parts.append(
            f"{values_of(likenesses)} with models of {words}, less than between classes in "
            f"{counted(verdicts_of(cells))}"
        )
    in_words = f"median correlation of mean reconstructions: {'; '.join(parts)}"
    means = {d: np.mean(own, axis=0) for d, own in main.items()}
    return Finding(tuple(criteria), tuple(conditions), in_words, means)


def like_training_with_other_spectra(evidence: Evidence, seed: int) -> Finding:
    """C14: at low d, what looks like the training set comes with another mean of |lambda| of J_L.

    "Even though the reconstruction images appear to be close to the reconstructed images of the
    training data set", "the mean eigenvalues of J_L for many out of distribution data sets are not
    close to the mean eigenvalue for the training data" (II-D). A set is not close if its mean is
    further from the training set's than that of any single class: otherwise it may as well be
    represented as that class. Of a network of low d, this must hold for at least half ("many") of
    the random sets of which more than half of the points look like the training set (as in C11). A
    network with no such set does not put the claim to the test.
    """
    low, datasets = low_dims(evidence.latent_dims(seed)), evidence.random_sets()
    cells, main = [], {}
    for latent_dim in low:
        classes = [
            _gap(evidence, latent_dim, seed, evidence.training_set, name)
            for name in evidence.classes()
        ]
        gaps = {}
        for dataset in datasets:
            likeness = _like_training(evidence, latent_dim, seed, dataset, above=HALF)
            if classes and likeness.verdict is Verdict.REPRODUCED:
                gap = _gap(evidence, latent_dim, seed, dataset, "mean_abs")
                gaps[dataset] = ratio(gap, np.max(classes, axis=0))
        cells += [
            criterion(f"relative_gap/latent/{dataset}", gap, above=1.0, latent_dim=latent_dim)
            for dataset, gap in gaps.items()
        ]
        if gaps:
            main[latent_dim] = np.median(list(gaps.values()), axis=0)
    in_words = f"no random set is mostly like the training set at {_LOW}"
    if cells:
        in_words = (
            f"of the cases (set, {_LOW}) that look like the training set, the mean is further from "
            f"its own than any class's in {counted(verdicts_of(cells))}; gap relative to the "
            f"furthest class's: {values_of(cells)}"
        )
    conditions = conditions_of_networks(
        NOT_CLOSE.name, cells, required=HALF, enough=len(datasets) >= MINIMUM_SETS
    )
    return Finding(tuple(cells), tuple(conditions), in_words, main)


def pixel_means(evidence: Evidence, seed: int) -> Finding:
    """C15: the pixel means are MNIST .13, Beta .14, .5 and .86, to the two decimals of II-A.

    They are those of the sets that the sweep evaluates; as another training set is not among the
    random sets, MNIST is judged only where it is the training set.
    """
    latent_dim = evidence.latent_dims(seed)[0]
    criteria = [
        criterion(
            f"pixel_mean/{dataset}",
            evidence.draws(latent_dim, seed, dataset, "both", "pixel_mean"),
            above=mean - ROUNDING,
            below=mean + ROUNDING,
        )
        for dataset, mean in paper_pixel_means(evidence).items()
    ]
    in_words = ", ".join(
        f"{part.statistic.removeprefix('pixel_mean/')} {part.value:.4f}" for part in criteria
    )
    sample_means = condition(SAMPLE_MEANS.name, [part.holds for part in criteria])
    return Finding(tuple(criteria), (sample_means,), in_words)


def paper_pixel_means(evidence: Evidence) -> dict[str, float]:
    """Return the paper's pixel means of those data sets that the evidence is of."""
    evaluated = {evidence.training_set, *evidence.random_sets()}
    return {name: mean for name, mean in PAPER_PIXEL_MEANS.items() if name in evaluated}


def _like_training(
    evidence: Evidence, latent_dim: int, seed: int, dataset: str, **thresholds: float
) -> Criterion:
    draws = _shares_like_training(evidence, latent_dim, seed, dataset)
    return criterion(f"share_like_training/{dataset}", draws, latent_dim=latent_dim, **thresholds)


def _shares_like_training(evidence: Evidence, latent_dim: int, seed: int, dataset: str) -> Draws:
    return evidence.draws(latent_dim, seed, dataset, "both", "share_like_training")


def _relative_distances(evidence: Evidence, seed: int) -> list[Criterion]:
    criteria = []
    for latent_dim in evidence.latent_dims(seed):
        limit = evidence.draws(latent_dim, seed, evidence.training_set, "both", "nearest_limit")
        for dataset in [evidence.training_set, *evidence.random_sets()]:
            distance = evidence.draws(latent_dim, seed, dataset, "both", "nearest_q50")
            criteria.append(
                criterion(
                    f"relative_distance/{dataset}", ratio(distance, limit), latent_dim=latent_dim
                )
            )
    return criteria


def _standardized_characters(evidence: Evidence) -> dict[str, dict[tuple[int, int], Draws]]:
    return {
        group: {
            (key.latent_dim, key.seed): standardized(model.characters[group])
            for key, model in evidence.models.items()
            if key.latent_dim >= SMALLEST_HIGH_DIM and group in model.characters
        }
        for group in CHARACTER_GROUPS
    }


def _median_correlation(
    images: Mapping[tuple[int, int], Draws], own: tuple[int, int], others: Sequence[tuple[int, int]]
) -> Draws | None:
    likenesses = [
        correlation(images[own], images[other])
        for other in others
        if own in images and other in images
    ]
    return np.median(likenesses, axis=0) if likenesses else None


def _gap(evidence: Evidence, latent_dim: int, seed: int, dataset: str, statistic: str) -> Draws:
    own = evidence.draws(latent_dim, seed, dataset, "latent", statistic)
    mean = evidence.draws(latent_dim, seed, evidence.training_set, "latent", "mean_abs")
    return np.abs(own - mean)
