"""Random pixels: the paper's out-of-distribution data sets.

Every pixel of a data set is drawn independently from one distribution on [0, 1]. Points are drawn
in blocks of `BLOCK_POINTS`, each from a stream of its own, and always a whole block, so that point
i is the same however many points are asked for and wherever the run of points starts.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from jacspec.data.streams import random_stream
from jacspec.data.truncation import SMALLEST_MASS, mass_on_unit_interval

PIXELS = 784
# The block is part of the definition of a data set: another size gives other points.
BLOCK_POINTS = 1000

FAMILIES: dict[str, tuple[str, ...]] = {
    "truncated_normal": ("mean", "standard_deviation"),
    "uniform": ("low", "high"),
    "bernoulli": ("probability",),
    "beta": ("alpha", "beta"),
}


@dataclass(frozen=True)
class PixelDistribution:
    """A data set of random pixels: its name, and the distribution of every pixel.

    Families and parameters (`FAMILIES`): ``truncated_normal(mean, standard_deviation)``, a normal
    distribution conditioned on [0, 1] whose parameters are those before the truncation;
    ``uniform(low, high)``; ``bernoulli(probability)`` of a pixel being 1; ``beta(alpha, beta)``.
    The name takes part in the random key: two names give unrelated points.

    Raises
    ------
    ValueError
        If the family is unknown, or a parameter is missing, unknown or out of its range.
    """

    name: str
    family: str
    parameters: Mapping[str, float]

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise ValueError(
                f"data set {self.name!r}: family is {self.family!r}, allowed: {', '.join(FAMILIES)}"
            )
        expected = FAMILIES[self.family]
        if set(self.parameters) != set(expected):
            raise ValueError(
                f"data set {self.name!r}: parameters of {self.family} are "
                f"{sorted(self.parameters)}, allowed: exactly {', '.join(expected)}"
            )
        for parameter, value in self.parameters.items():
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if not (is_number and math.isfinite(value)):
                raise ValueError(
                    f"data set {self.name!r}: {parameter} is {value!r}, allowed: a finite number"
                )
        allowed = _violated_range(self.family, self.parameters)
        if allowed:
            found = ", ".join(f"{name} = {self.parameters[name]!r}" for name in expected)
            raise ValueError(f"data set {self.name!r}: {found}, allowed: {allowed}")


def sample_points(
    distribution: PixelDistribution, sample_seed: int, first: int, count: int
) -> np.ndarray:
    """Return points `first` to `first + count - 1` of a data set, (count, 784) float32 in [0, 1].

    A point depends on the distribution, `sample_seed` and its position alone.

    Raises
    ------
    ValueError
        If `first` or `count` is negative.
    """
    blocks = point_blocks(distribution, sample_seed, first, count)
    points = np.empty((count, PIXELS), dtype=np.float32)
    filled = 0
    for block in blocks:
        points[filled : filled + len(block)] = block
        filled += len(block)
    return points


def point_blocks(
    distribution: PixelDistribution, sample_seed: int, first: int, count: int
) -> Iterator[np.ndarray]:
    """Return an iterator over the points of `sample_points`, at most `BLOCK_POINTS` at a time.

    Each array is (n, 784) float32; every block but the first and the last is whole.

    Raises
    ------
    ValueError
        If `first` or `count` is negative.
    """
    if first < 0 or count < 0:
        raise ValueError(f"first is {first} and count is {count}, allowed: 0 or more")
    stop = first + count
    return (
        _whole_block(distribution, sample_seed, block)[
            max(first - block * BLOCK_POINTS, 0) : stop - block * BLOCK_POINTS
        ]
        for block in range(first // BLOCK_POINTS, math.ceil(stop / BLOCK_POINTS))
    )


def _whole_block(distribution: PixelDistribution, sample_seed: int, block: int) -> np.ndarray:
    stream = random_stream("points", distribution.name, sample_seed, block)
    pixels = _SAMPLERS[distribution.family](stream, **distribution.parameters)
    return pixels.astype(np.float32)


def _truncated_normal(
    stream: np.random.Generator, mean: float, standard_deviation: float
) -> np.ndarray:
    from scipy.special import ndtr, ndtri

    below, up_to_one = ndtr((np.array([0.0, 1.0]) - mean) / standard_deviation)
    quantiles = below + (up_to_one - below) * stream.random((BLOCK_POINTS, PIXELS))
    pixels = mean + standard_deviation * ndtri(quantiles)
    # ndtri(ndtr(x)) is x up to rounding, so that the ends of the interval can be overstepped.
    return np.clip(pixels, 0.0, 1.0, out=pixels)


def _uniform(stream: np.random.Generator, low: float, high: float) -> np.ndarray:
    return stream.uniform(low, high, (BLOCK_POINTS, PIXELS))


def _bernoulli(stream: np.random.Generator, probability: float) -> np.ndarray:
    return stream.random((BLOCK_POINTS, PIXELS)) < probability


def _beta(stream: np.random.Generator, alpha: float, beta: float) -> np.ndarray:
    return stream.beta(alpha, beta, (BLOCK_POINTS, PIXELS))


_SAMPLERS: dict[str, Callable[..., np.ndarray]] = {
    "truncated_normal": _truncated_normal,
    "uniform": _uniform,
    "bernoulli": _bernoulli,
    "beta": _beta,
}


def _violated_range(family: str, parameters: Mapping[str, float]) -> str | None:
    """Return the range that the parameters of a family leave, None if they are all in range."""
    match family, parameters:
        case "truncated_normal", {"mean": mean, "standard_deviation": standard_deviation}:
            if not standard_deviation > 0:
                return "standard_deviation > 0"
            if mass_on_unit_interval(mean, standard_deviation) < SMALLEST_MASS:
                return f"a normal with a mass of {SMALLEST_MASS} or more on [0, 1]"
        case "uniform", {"low": low, "high": high} if not 0 <= low < high <= 1:
            return "0 <= low < high <= 1"
        case "bernoulli", {"probability": probability} if not 0 <= probability <= 1:
            return "0 <= probability <= 1"
        case "beta", {"alpha": alpha, "beta": beta} if not (alpha > 0 and beta > 0):
            return "alpha > 0 and beta > 0"
    return None
