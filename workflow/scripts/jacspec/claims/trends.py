"""Statistics over latent dimensions and over groups of data sets, vectorized over resamples.

The last axis of every array is that of `Draws`.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri

from jacspec.claims.bootstrap import Draws, ratio

# How often chance may order values so consistently.
CHANCE_LEVEL = 0.05


def rank_correlation(latent_dims: np.ndarray, curve: Draws) -> Draws:
    """Return Spearman's correlation of `curve` (dims, 1 + R) with `latent_dims`.

    `latent_dims` are (dims,), or (dims, 1 + R) where networks are resampled. Ties have average
    ranks; NaN where all values are equal or one is NaN.
    """
    dims = np.broadcast_to(np.reshape(latent_dims, (len(curve), -1)), curve.shape)
    ranks, values = (
        own - own.mean(axis=0) for own in (_average_ranks(dims), _average_ranks(curve))
    )
    scale = np.sqrt(np.sum(ranks**2, axis=0) * np.sum(values**2, axis=0))
    found = ratio(np.sum(ranks * values, axis=0), scale)
    return np.where(np.isnan(curve).any(axis=0), np.nan, found)


def chance_correlation(count: int) -> float:
    """Return what the rank correlation of `count` values exceeds by chance at `CHANCE_LEVEL`.

    Normal approximation of Spearman's correlation, whose variance is ``1 / (count - 1)``; 1 for
    a single value, which no correlation exceeds.
    """
    return float(ndtri(1.0 - CHANCE_LEVEL)) / np.sqrt(count - 1) if count > 1 else 1.0


def slope(latent_dims: Sequence[int], curve: Draws) -> Draws:
    """Return the least-squares slope of `curve` (dims, 1 + R) in one latent dimension."""
    centred = np.array(latent_dims) - np.mean(latent_dims)
    return ratio(centred @ curve, np.full(curve.shape[1], np.sum(centred**2)))


def coefficient_of_variation(curves: Draws) -> Draws:
    """Return standard deviation over mean, over the second to last axis of `curves`."""
    return ratio(curves.std(axis=-2), curves.mean(axis=-2))


def first_dim_below(latent_dims: Sequence[int], curves: Draws, reference: Draws) -> Draws:
    """Return from which latent dimension on all `curves` stay below `reference`, (1 + R,).

    `curves` is (sets, dims, 1 + R), `reference` (dims, 1 + R); infinite if the last dimension is
    not below, NaN where a number is missing or there are no sets.
    """
    if not len(curves):
        return np.full(reference.shape[-1], np.nan)
    below = np.all(curves < reference, axis=0)
    stays_below = np.logical_and.accumulate(below[::-1], axis=0)[::-1]
    first = np.array(latent_dims)[np.argmax(stays_below, axis=0)].astype(np.float64)
    missing = np.isnan(curves).any(axis=(0, 1)) | np.isnan(reference).any(axis=0)
    return np.where(missing, np.nan, np.where(stays_below.any(axis=0), first, np.inf))


def order_margin(groups: Sequence[Draws]) -> Draws:
    """Return the smallest step down between the means of successive `groups`, each (sets, 1 + R).

    It is positive exactly where the group means decrease; NaN if a group is empty.
    """
    if not all(len(group) for group in groups):
        return np.full(groups[0].shape[-1], np.nan)
    means = np.array([group.mean(axis=0) for group in groups])
    return np.min(means[:-1] - means[1:], axis=0)


def silhouette(groups: Sequence[Draws]) -> Draws:
    """Return the mean silhouette of numbers in groups, each (sets, 1 + R); NaN if one is missing.

    Rousseeuw (1987): for each number, with a the mean distance to its own group and b that to the
    nearest other group, (b - a) / max(a, b); 0 for a number that is alone in its group or where
    all distances are 0. NaN if a group is empty.
    """
    if not all(len(group) for group in groups):
        return np.full(groups[0].shape[-1], np.nan)
    values = np.concatenate(groups)
    owner = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    widths = []
    for index, value in enumerate(values):
        own = owner == owner[index]
        distances = np.abs(values - value)
        if np.count_nonzero(own) == 1:
            widths.append(np.where(np.isnan(value), np.nan, 0.0))
            continue
        inside = distances[own].sum(axis=0) / (np.count_nonzero(own) - 1)
        others = [
            distances[owner == group].mean(axis=0)
            for group in range(len(groups))
            if group != owner[index]
        ]
        nearest = np.min(others, axis=0)
        larger = np.maximum(nearest, inside)
        widths.append(np.where(larger == 0, 0.0, ratio(nearest - inside, larger)))
    return np.mean(widths, axis=0)


def _average_ranks(curve: Draws) -> Draws:
    less = np.sum(curve[None] < curve[:, None], axis=1)
    equal = np.sum(curve[None] == curve[:, None], axis=1)
    return less + (equal - 1) / 2
