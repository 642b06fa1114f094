"""The verdict of a variant, whose unit of evidence is the network.

A claim is a few statements, and it is reproduced by a variant if each of them is.

*Of networks.* Most statements are about single networks ("at every d", "for every random set"): at
each latent dimension that the statement speaks of, its condition holds of a network or not. Two
draws of the initial weights give two networks, and those of one seed at two latent dimensions share
no more than those of two seeds: their weights have other shapes, and come from other streams. So
networks at other latent dimensions count as further draws, and what is asked is of how large a
share of a variant's networks the condition holds. The variant has the claim if that is at least
`SHARE_OF_NETWORKS`. The interval of the share is the wider, at each end, of two:

- a hierarchical bootstrap: seeds, all networks of a seed together, in case they have something in
  common after all, and then points. Of S seeds S - 1 are drawn, which makes the variance of the
  bootstrap that of a mean of S seeds (Rao and Wu 1988, "Resampling inference with complex survey
  data"); with two seeds the interval goes from one to the other, with one there is nothing to draw;
- Jeffreys' interval of a share of so many draws (Brown, Cai and DasGupta 2001, "Interval estimation
  for a binomial proportion"). Where all networks agree, every resample does, and a bootstrap would
  be sure of what it has not seen. Six networks that all agree are the fewest that can confirm a
  statement, and three the fewest that can refute it; fewer leave it undetermined. Where networks
  are compared with those of other seeds, each comparison is seen from both its ends: of S networks
  at a latent dimension only S - 1 count as draws, of two the one pair.

*Of curves.* A few statements are about how something goes with d (the declines of C1 and C3, and
C5), and have one condition for each seed. One curve is many networks: so they are resampled, too,
along the curve, and the statement counts only if it survives that. The interval of the share of
seeds is that of seeds, then networks, then points. With one seed it says that no few of its
networks decide; a trend that differed between seeds would have to differ between networks that
share nothing but the number of their seed.

C15 is about data, and the same for all networks.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from scipy.special import betaincinv

from jacspec.claims.bootstrap import CONFIDENCE, REPLICATES, Draws, interval
from jacspec.claims.conditions import Condition
from jacspec.claims.thresholds import Statement
from jacspec.claims.verdicts import Criterion, Verdict, decided
from jacspec.data.streams import random_stream

# A claim is about networks in general, not about all: "as a rule", two in three.
SHARE_OF_NETWORKS = 2 / 3
# A curve through fewer networks than this has no trend to resample.
MINIMUM_RESAMPLED_NETWORKS = 3


def share_that_holds(
    statement: Statement, conditions: Mapping[int, Sequence[Condition]]
) -> Criterion:
    """Return the share of networks, or of curves, of which a statement holds, and the verdict.

    `conditions` are those of the statement, by seed. The value counts what is known to hold; what
    is unknown counts against the low end and for the high end.
    """
    by_seed = {seed: own for seed, own in conditions.items() if own}
    name = f"share_of_{'seeds' if statement.of_curves else 'networks'}/{statement.name}"
    if not by_seed:
        return Criterion(name, np.nan, np.nan, np.nan, Verdict.UNDETERMINED)
    weights = draw_weights(len(by_seed))
    holds = [np.array([one.holds for one in own]) for own in by_seed.values()]
    networks = np.sum(weights * np.array([[len(own)] for own in holds]), axis=0)
    certain, possible = (
        np.sum(weights * np.array([known(own).sum(axis=0) for own in holds]), axis=0) / networks
        for known in (lambda own: own == 1.0, lambda own: own != 0.0)
    )
    low, high = interval(certain)[0], interval(possible)[1]
    if not statement.of_curves:
        seen_twice = 1 / len(by_seed) if statement.between_seeds else 0
        count = round(networks[0] * (1 - seen_twice))
        low = min(low, jeffreys_interval(round(certain[0] * count), count)[0])
        high = max(high, jeffreys_interval(round(possible[0] * count), count)[1])
    latent_dims = {one.latent_dim for own in by_seed.values() for one in own}
    verdict = decided(low >= SHARE_OF_NETWORKS, high < SHARE_OF_NETWORKS)
    if len(latent_dims) < statement.minimum_dims:
        verdict = Verdict.UNDETERMINED
    return Criterion(name, float(certain[0]), low, high, verdict)


def jeffreys_interval(count: int, total: int) -> tuple[float, float]:
    """Return the interval of a share of which `count` of `total` draws were seen."""
    tail = (1.0 - CONFIDENCE) / 2.0
    shape = (count + 0.5, total - count + 0.5)
    low = 0.0 if count == 0 else float(betaincinv(*shape, tail))
    high = 1.0 if count == total else float(betaincinv(*shape, 1.0 - tail))
    return low, high


def mean_over_networks(main: Sequence[Draws]) -> Draws:
    """Return the mean of a statistic over networks, resampled with their points, (1 + R,).

    Networks that have no number are left out; NaN if none has.
    """
    known = np.array([draws for draws in main if not np.isnan(draws[0])])
    if not len(known):
        return np.full(1 + REPLICATES, np.nan)
    weights = draw_weights(len(known), "networks")
    return np.sum(weights * known, axis=0) / np.sum(weights, axis=0)


@lru_cache
def draw_weights(count: int, units: str = "seeds") -> np.ndarray:
    """Return how often each of `count` units is drawn, (count, 1 + R); in column 0 once each."""
    weights = np.ones((count, 1 + REPLICATES))
    if count > 1:
        stream = random_stream(f"bootstrap over {units}", count)
        draws = stream.multinomial(count - 1, np.full(count, 1 / count), REPLICATES)
        weights[:, 1:] = draws.T
    weights.flags.writeable = False
    return weights


@lru_cache
def resampled_networks(count: int, seed: int) -> np.ndarray:
    """Return which of a seed's `count` networks are drawn, (count, 1 + R); in column 0 each once.

    Draws of fewer than `MINIMUM_RESAMPLED_NETWORKS` different ones, which have no trend, are left
    out. Few networks are not drawn from at all.
    """
    positions = np.tile(np.arange(count)[:, None], 1 + REPLICATES)
    if count > MINIMUM_RESAMPLED_NETWORKS:
        stream = random_stream("bootstrap over networks of a curve", count, seed)
        for column in positions.T[1:]:
            column[:] = stream.integers(0, count, count)
            while len(set(column.tolist())) < MINIMUM_RESAMPLED_NETWORKS:
                column[:] = stream.integers(0, count, count)
    positions.flags.writeable = False
    return positions


def with_resampled_networks(curves: Draws, seed: int) -> Draws:
    """Return `curves` (…, dims, 1 + R) of a seed with the networks resampled along the dims."""
    positions = resampled_networks(curves.shape[-2], seed)
    return np.take_along_axis(curves, np.broadcast_to(positions, curves.shape), axis=-2)
