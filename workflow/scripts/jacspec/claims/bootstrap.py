"""Bootstrap over points: a statistic of the data and of resamples of them, in one array.

A point is resampled as a whole, with all its eigenvalues: those of one point are not independent.

`Draws` are arrays whose last axis has ``1 + REPLICATES`` entries: entry 0 is the statistic of the
data themselves, the others are those of resamples. Whatever is computed along the other axes
therefore gives value and replicates at once. Resample r of a data set has the same weights under
every model, because models share the points: a difference between two models, or a trend over
models, is resampled rightly.
"""

import math
from functools import lru_cache
from itertools import pairwise

import numpy as np

from jacspec.data.streams import random_stream

REPLICATES = 400
# With fewer points there is no interval: all replicates are NaN, and no verdict follows.
MINIMUM_POINTS = 50
CONFIDENCE = 0.95
BLOCK_POINTS = 1000

Draws = np.ndarray


def resampled_sums(dataset: str, columns: np.ndarray, positions: np.ndarray | None = None) -> Draws:
    """Return the sums of `columns` (n, k) over n points of a data set, (k, 1 + R).

    `positions` (n,), increasing, are those of the points in their data set, by default the first
    n. Resamples weight every point by an independent Poisson(1) count, which needs no n in advance
    and gives a point the same weights whatever n is (Chamandy et al. 2012, "Estimating uncertainty
    for massive data streams"). Ratios of such sums have the distribution of the usual bootstrap up
    to O(1/n). Memory is that of a block of points. All replicates are NaN if n < MINIMUM_POINTS.
    """
    positions = np.arange(len(columns)) if positions is None else positions
    sums = np.zeros((1 + REPLICATES, columns.shape[1]))
    last_block = positions[-1] // BLOCK_POINTS if len(positions) else -1
    edges = np.searchsorted(positions, np.arange(last_block + 2) * BLOCK_POINTS)
    for block, (start, stop) in enumerate(pairwise(edges)):
        weights = resampling_weights(dataset, block)
        own = weights[:, positions[start:stop] - block * BLOCK_POINTS].astype(np.float64)
        sums += own @ columns[start:stop]
    if len(columns) < MINIMUM_POINTS:
        sums[1:] = np.nan
    return sums.T


# The blocks of a data set of 70,000 points, which many statistics weight alike: 28 MB.
@lru_cache(maxsize=70)
def resampling_weights(dataset: str, block: int) -> np.ndarray:
    """Return the weights of a block of points, (1 + R, BLOCK_POINTS) uint8; row 0 is all ones."""
    stream = random_stream("bootstrap over points", dataset, block)
    uniform = stream.integers(0, 2**16, (REPLICATES, BLOCK_POINTS), dtype=np.uint16)
    ones = np.ones((1, BLOCK_POINTS), np.uint8)
    weights = np.concatenate([ones, _poisson_counts()[uniform]])
    weights.flags.writeable = False
    return weights


def quantile_draws(
    dataset: str,
    values: np.ndarray,
    probabilities: tuple[float, ...],
    positions: np.ndarray | None = None,
) -> dict[float, Draws]:
    """Return quantiles, over points and columns, of `values` (n, d) whose NaNs do not count.

    `positions` are as in `resampled_sums`; each quantile is (1 + R,).

    Replicates come from the share of values up to the quantile q: where a resample has the share
    ``p + e`` there, its quantile is the ``p - e`` quantile of the data, to first order (Bahadur
    1966, "A note on quantiles in large samples"). That needs sums only, and no sorting of
    resamples. All are NaN without values.
    """
    pooled = np.sort(values[~np.isnan(values)])
    if pooled.size == 0:
        return {probability: np.full(1 + REPLICATES, np.nan) for probability in probabilities}
    quantiles = np.quantile(pooled, probabilities)
    counts = [np.count_nonzero(values <= quantile, axis=1) for quantile in quantiles]
    counts.append(np.count_nonzero(~np.isnan(values), axis=1))
    *below, total = resampled_sums(dataset, np.stack(counts, axis=1).astype(np.float64), positions)
    draws = {}
    for probability, quantile, count in zip(probabilities, quantiles, below, strict=True):
        share = ratio(count, total)
        shifted = np.clip(probability - (share - share[0]), 0.0, 1.0)
        draws[probability] = np.full(1 + REPLICATES, np.nan)
        usable = ~np.isnan(shifted)
        draws[probability][usable] = np.quantile(pooled, shifted[usable])
        draws[probability][0] = quantile
    return draws


def ratio(numerator: Draws, denominator: Draws) -> Draws:
    """Return a mean as the ratio of two resampled sums; NaN where the denominator is 0."""
    missing = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), np.nan)
    return np.divide(numerator, denominator, out=missing, where=denominator != 0)


def interval(draws: Draws) -> tuple[float, float]:
    """Return the 95 % percentile interval of `draws` (1 + R,); NaN if any replicate is NaN.

    Its ends are draws, so that infinite ones do no harm. It is widened to contain the value itself:
    resamples of what noise can only make smaller, such as a separation, may all lie below it.
    """
    resamples = np.sort(draws[1:])
    if np.isnan(resamples[-1]):
        return math.nan, math.nan
    tail = (1.0 - CONFIDENCE) / 2.0 * (len(resamples) - 1)
    low, high = resamples[math.floor(tail)], resamples[-1 - math.floor(tail)]
    return float(min(low, draws[0])), float(max(high, draws[0]))


@lru_cache(maxsize=1)
def _poisson_counts() -> np.ndarray:
    # A table of 2^16 equally likely entries: Poisson(1) with probabilities rounded to 2^-16, an
    # order of magnitude faster than drawing the counts.
    probabilities = np.array([math.exp(-1.0) / math.factorial(count) for count in range(12)])
    edges = np.rint(np.cumsum(probabilities) * 2**16).astype(np.int64)
    return np.searchsorted(edges, np.arange(2**16), side="right").astype(np.uint8)
