"""Statistics of what one model reconstructs, with their resamples: claims C11 to C15.

Images are compared by Euclidean distance over pixels, as the decoder gives them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from jacspec.claims.bootstrap import (
    BLOCK_POINTS,
    MINIMUM_POINTS,
    Draws,
    quantile_draws,
    ratio,
    resampled_sums,
    resampling_weights,
)
from jacspec.claims.evidence import (
    CHARACTER_GROUPS,
    Quantity,
    character_group_of,
)

# Looks like the training set, in the paper like a digit: as near to a training reconstruction as 99
# of 100 of its points that were never trained on.
LIKE_TRAINING_SHARE = 0.99
_QUERY_POINTS = 1000


@dataclass(frozen=True)
class TrainingReconstructions:
    """Reconstructions of n points of the training set: `images` (n, pixels) float64, the rest (n,).

    `label` is None if the points have none, which leaves out what is said of classes.
    """

    dataset: str
    images: np.ndarray
    label: np.ndarray | None
    is_test: np.ndarray


def likeness_draws(
    training: TrainingReconstructions, random_sets: Mapping[str, np.ndarray]
) -> dict[Quantity, Draws]:
    """Return how near reconstructions are to those of training images, for C11.

    `random_sets` maps a data set to its reconstructions (n, pixels). `nearest_q50` is the median
    distance to the nearest reconstruction of a training image (for the training set: of its test
    images, whose quantile `LIKE_TRAINING_SHARE` is the limit, `nearest_limit`),
    `share_like_training` the share within the limit. The replicates of the limit take part in those
    of the shares. Without training or without test images there is nothing to compare with, and
    nothing is returned.
    """
    if training.is_test.all() or not training.is_test.any():
        return {}
    references = training.images[~training.is_test].astype(np.float32)
    test = np.flatnonzero(training.is_test)
    distances = nearest_distances(training.images[test], references)
    quantiles = quantile_draws(
        training.dataset, distances[:, None], (0.5, LIKE_TRAINING_SHARE), positions=test
    )
    limit = quantiles[LIKE_TRAINING_SHARE]
    result = {
        Quantity(training.dataset, "both", "nearest_q50"): quantiles[0.5],
        Quantity(training.dataset, "both", "nearest_limit"): limit,
    }
    for dataset, images in random_sets.items():
        nearest = nearest_distances(images, references)
        median = quantile_draws(dataset, nearest[:, None], (0.5,))[0.5]
        result[Quantity(dataset, "both", "nearest_q50")] = median
        result[Quantity(dataset, "both", "share_like_training")] = _share_within(
            dataset, nearest, limit
        )
    return result


def character_draws(
    training: TrainingReconstructions,
    random_sets: Mapping[str, np.ndarray],
    pixel_means: Mapping[str, float],
) -> tuple[dict[Quantity, Draws], dict[str, Draws]]:
    """Return how alike reconstructions are within a group, for C12, and the groups' mean images.

    For each group of `CHARACTER_GROUPS`: `spread` is the mean squared distance of reconstructions
    to the mean of the group (within sets plus between sets, sets counting equally),
    `between_within` the ratio of its two parts. For the training set: `class_spread` is the mean
    squared distance to the mean of the same class, `class_correlation` the median correlation
    between the mean reconstructions of two classes. The mean images are (pixels, 1 + R).
    """
    result = _class_draws(training)
    characters = {}
    for group in CHARACTER_GROUPS:
        members = [name for name in random_sets if character_group_of(pixel_means[name]) == group]
        if members:
            moments = [_mean_and_spread(name, random_sets[name]) for name in members]
            set_means = np.array([mean for mean, *_ in moments])
            within = np.mean([spread for _, spread, _ in moments], axis=0)
            characters[group] = set_means.mean(axis=0)
            between = np.mean(np.sum((set_means - characters[group]) ** 2, axis=1), axis=0)
            result[Quantity(group, "both", "spread")] = within + between
            result[Quantity(group, "both", "between_within")] = ratio(between, within)
    return result, characters


def pixel_mean_draws(dataset: str, pixels: np.ndarray) -> dict[Quantity, Draws]:
    """Return the mean over points and pixels of `pixels` (n, pixels), for C15."""
    columns = np.ones((len(pixels), 2))
    columns[:, 0] = pixels.mean(axis=1, dtype=np.float64)
    return {Quantity(dataset, "both", "pixel_mean"): ratio(*resampled_sums(dataset, columns))}


def nearest_distances(images: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Return the distance of each image (n, p) to the nearest reference (m, p), (n,) float64.

    The nearest is looked for in float32 and its distance is computed in float64: of references
    that are equally near up to float32's rounding, any may be taken.
    """
    distances = np.full(len(images), np.nan)
    if not len(references):
        return distances
    # Distances do not change, and fewer digits cancel in the expanded square.
    centre = references.mean(axis=0)
    centred = (references - centre).astype(np.float32)
    squares = np.einsum("ij,ij->i", centred, centred)
    for start in range(0, len(images), _QUERY_POINTS):
        query = images[start : start + _QUERY_POINTS] - centre
        nearest = np.argmin(squares - 2.0 * (query.astype(np.float32) @ centred.T), axis=1)
        difference = images[start : start + _QUERY_POINTS] - references[nearest]
        distances[start : start + _QUERY_POINTS] = np.linalg.norm(difference, axis=1)
    return distances


def standardized(images: np.ndarray) -> np.ndarray:
    """Return `images` (pixels, …) with mean 0 and norm 1 over axis 0; NaN if all pixels are equal.

    The sum of the products of two images of that kind is their Pearson correlation.
    """
    centred = images.astype(np.float64) - images.mean(axis=0, dtype=np.float64)
    return ratio(centred, np.sqrt(np.sum(centred**2, axis=0)))


def correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the sums over pixels of the products of `standardized` images (pixels, n), (n,)."""
    return np.einsum("ij,ij->j", first, second)


def _class_draws(training: TrainingReconstructions) -> dict[Quantity, Draws]:
    labels = [] if training.label is None else np.unique(training.label)
    if len(labels) < 2:
        return {}
    positions_of = [np.flatnonzero(training.label == label) for label in labels]
    moments = [
        _mean_and_spread(training.dataset, training.images[positions], positions)
        for positions in positions_of
    ]
    spread = np.sum([count * spread for _, spread, count in moments], axis=0)
    total = np.sum([count for _, _, count in moments], axis=0)
    means = [standardized(mean) for mean, *_ in moments]
    correlations = [correlation(one, other) for one, other in combinations(means, 2)]
    return {
        Quantity(training.dataset, "both", "class_spread"): ratio(spread, total),
        Quantity(training.dataset, "both", "class_correlation"): np.median(correlations, axis=0),
    }


def _mean_and_spread(
    dataset: str, images: np.ndarray, positions: np.ndarray | None = None
) -> tuple[Draws, Draws, Draws]:
    """Return the mean image (pixels, 1 + R), the mean squared distance to it, and the weight."""
    # Around any fixed image the moments are the same; near the mean they lose no digits.
    centre = images.mean(axis=0)
    centred = images - centre
    squares = np.sum(centred**2, axis=1)
    columns = np.column_stack([centred, squares, np.ones(len(images))])
    sums = resampled_sums(dataset, columns, positions)
    shift = ratio(sums[:-2], sums[-1])
    spread = ratio(sums[-2], sums[-1]) - np.sum(shift**2, axis=0)
    return shift + centre[:, None], spread, sums[-1]


def _share_within(dataset: str, distances: np.ndarray, limit: Draws) -> Draws:
    """Return the share of `distances` (n,) up to a limit that every resample has its own of."""
    inside, total = np.zeros(limit.size), np.zeros(limit.size)
    for block, start in enumerate(range(0, len(distances), BLOCK_POINTS)):
        part = distances[start : start + BLOCK_POINTS]
        weights = resampling_weights(dataset, block)[:, : len(part)].astype(np.float64)
        inside += np.sum(weights * (part <= limit[:, None]), axis=1)
        total += weights.sum(axis=1)
    share = ratio(inside, total)
    share[np.isnan(limit)] = np.nan
    if len(distances) < MINIMUM_POINTS:
        share[1:] = np.nan
    return share
