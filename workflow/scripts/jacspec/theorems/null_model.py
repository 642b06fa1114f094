"""Theorem I.3 against its null model: orientation and arguments of a matrix that knows nothing.

If A and -A in one row are equally likely, det A is negative with probability 1/2. A real Ginibre
matrix, of independent normal entries, is one of those, and its arguments spread over all angles.
Under the theorem's premise no determinant would be negative and all arguments would be 0.
"""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from jacspec.data.streams import random_stream
from jacspec.statistics.orientation import Orientation

CONFIDENCE = 0.95
NULL_MATRICES_AT_A_TIME = 1000


def orientation_statistics(orientation: Orientation) -> Iterator[tuple[str, float]]:
    """Yield the share of determinants below 0 among the determined ones, and its interval.

    The interval is exact, at 95 %.
    """
    determined = orientation.determined
    low, high = binomial_interval(orientation.reversed, determined)
    yield "I.3_points_determined", float(determined)
    yield "I.3_share_reversed", orientation.share_reversed
    yield "I.3_share_reversed_low", low
    yield "I.3_share_reversed_high", high
    yield "I.3_is_consistent_with_half", float(low <= 0.5 <= high) if determined else np.nan


def argument_statistics(eigenvalues: np.ndarray) -> Iterator[tuple[str, float]]:
    """Yield how the arguments of `eigenvalues` (n, d) differ from those of n Ginibre matrices.

    Distances are those of Kolmogorov and Smirnov, the largest difference of two distribution
    functions; that of two samples of n Ginibre matrices from each other tells what chance does.
    """
    count, latent_dim = eigenvalues.shape
    null = ginibre_arguments(latent_dim, count, "null")
    other_null = ginibre_arguments(latent_dim, count, "other null")
    found = absolute_arguments(eigenvalues)
    for name, arguments in (("", found), ("_null", other_null)):
        yield f"I.3_argument_distance{name}", distribution_distance(arguments, null)
    for name, arguments in (("", found), ("_null", null)):
        yield f"I.3_argument_mean{name}", float(np.mean(arguments)) if len(arguments) else np.nan
        yield f"I.3_share_real{name}", _share_real(arguments)


def binomial_interval(successes: int, trials: int) -> tuple[float, float]:
    """Return the exact interval of a probability (Clopper and Pearson 1934); NaN for no trials."""
    # Statistics of other theorems do not pay for scipy.
    from scipy.special import betaincinv

    if trials == 0:
        return np.nan, np.nan
    tail = (1 - CONFIDENCE) / 2
    failures = trials - successes
    low = betaincinv(successes, failures + 1, tail) if successes else 0.0
    high = betaincinv(successes + 1, failures, 1 - tail) if failures else 1.0
    return float(low), float(high)


# Data sets of one model mostly have the same number of points.
@lru_cache(maxsize=2)
def ginibre_arguments(dim: int, count: int, purpose: str) -> np.ndarray:
    """Return |arg lambda| of `count` matrices with independent standard normal entries, (k,).

    The same arguments give the same matrices; a larger count only appends.
    """
    blocks = []
    for start in range(0, count, NULL_MATRICES_AT_A_TIME):
        stream = random_stream("real Ginibre", purpose, dim, start)
        matrices = stream.standard_normal((NULL_MATRICES_AT_A_TIME, dim, dim))
        blocks.append(absolute_arguments(np.linalg.eigvals(matrices[: count - start])))
    return np.concatenate(blocks)


def absolute_arguments(eigenvalues: np.ndarray) -> np.ndarray:
    """Return |arg lambda| in radians, (k,) float64, of the eigenvalues that are not 0."""
    # In single precision the argument of a negative number would be another pi.
    return np.abs(np.angle(eigenvalues[eigenvalues != 0].astype(np.complex128)))


def distribution_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Return the largest difference of two empirical distribution functions; NaN without data.

    `first` (k,) and `second` (l,) may have ties, as arguments have at 0 and pi.
    """
    if not len(first) or not len(second):
        return np.nan
    first, second = np.sort(first), np.sort(second)
    steps = np.concatenate([first, second])
    below_first = np.searchsorted(first, steps, side="right") / len(first)
    below_second = np.searchsorted(second, steps, side="right") / len(second)
    return float(np.max(np.abs(below_first - below_second)))


def _share_real(arguments: np.ndarray) -> float:
    if not len(arguments):
        return np.nan
    return float(np.mean((arguments == 0) | (arguments == np.pi)))
