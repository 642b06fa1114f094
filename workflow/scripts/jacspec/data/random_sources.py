"""Random points: every value is drawn independently from one distribution.

The paper's distributions are on [0, 1]; where the range of values is another, what they give is
stretched to it. Points are drawn in blocks, each from a stream of its own and always whole.
"""

import dataclasses
import math
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from jacspec.data.blocks import PointBlock
from jacspec.data.source import (
    BLOCK_POINTS,
    RANGE,
    SHAPE,
    Range,
    Shape,
    Source,
    number,
    parameter,
    runs,
)
from jacspec.data.streams import random_stream
from jacspec.data.truncation import SMALLEST_MASS, mass_on_unit_interval


@dataclass(frozen=True, kw_only=True)
class RandomSource(Source):
    """Independent values; `shape` and `range` are those of the training set unless given.

    `like` is the training set, where its range has to be looked up in its points.
    """

    # The family in words.
    TITLE: ClassVar[str]

    shape: Shape = parameter(SHAPE, default=(784,))
    range: Range | None = parameter(RANGE, default=(0.0, 1.0))
    image_shape: Shape | None = None
    like: Source | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.range is not None and not self.range[0] < self.range[1]:
            raise self.fault(f"found range {list(self.range)}; write the lower bound first")

    @property
    def is_random(self) -> bool:
        """They are."""
        return True

    @property
    def declared_range(self) -> Range | None:
        """The range given, or that of the training set."""
        return self.like.declared_range if self.range is None else self.range

    @property
    def value_range(self) -> Range:
        """The range given, or that of the training set."""
        return self.like.value_range if self.range is None else self.range

    def files(self) -> tuple[str, ...]:
        """Return those of the training set, if its range has to be looked up."""
        return () if self.range is not None else self.like.files()

    def _blocks(self, sample_seed: int, first: int, count: int) -> Iterator[PointBlock]:
        return (
            PointBlock(self._whole_block(sample_seed, block)[rows])
            for block, rows in runs(first, count)
        )

    def _whole_block(self, sample_seed: int, block: int) -> np.ndarray:
        stream = random_stream("points", self.name, sample_seed, block)
        return self._stretched(self._draw(stream, (BLOCK_POINTS, *self.shape))).astype(np.float32)

    def _stretched(self, values: Any) -> Any:
        """Map [0, 1], where the distribution is, to the range of values."""
        low, high = self.value_range
        return values if (low, high) == (0, 1) else low + (high - low) * values

    @abstractmethod
    def _draw(self, stream: np.random.Generator, shape: Shape) -> np.ndarray: ...

    @property
    @abstractmethod
    def _drawn_mean(self) -> float: ...

    @property
    def expected_mean(self) -> float | None:
        """The expectation of a value, if the range is known without a look at points."""
        return None if self.declared_range is None else self._stretched(self._drawn_mean)

    def _default_title(self) -> str:
        common = {field.name for field in dataclasses.fields(RandomSource)}
        own = [field.name for field in dataclasses.fields(self) if field.name not in common]
        return f"{self.TITLE}({', '.join(f'{getattr(self, name):g}' for name in own)})"


@dataclass(frozen=True, kw_only=True)
class TruncatedNormal(RandomSource):
    """A normal distribution conditioned on [0, 1]; the parameters are those before that."""

    SOURCE: ClassVar[str] = "truncated_normal"
    TITLE: ClassVar[str] = "Truncated normal"

    mean: float = number(minimum=-10, maximum=11)
    standard_deviation: float = number(minimum=0.001, maximum=1000)

    def __post_init__(self) -> None:
        super().__post_init__()
        mass = mass_on_unit_interval(self.mean, self.standard_deviation)
        if mass < SMALLEST_MASS:
            raise self.fault(
                f"found mean {self.mean} and standard_deviation {self.standard_deviation}, which "
                f"leave {mass:.0e} of the normal in [0, 1]; write some that leave {SMALLEST_MASS:g}"
            )

    @property
    def _drawn_mean(self) -> float:
        low, high = (
            (end - self.mean) / self.standard_deviation / math.sqrt(2) for end in (0.0, 1.0)
        )
        mass = (math.erf(high) - math.erf(low)) / 2
        density = (math.exp(-low * low) - math.exp(-high * high)) / math.sqrt(2 * math.pi)
        return self.mean + self.standard_deviation * density / mass

    def _draw(self, stream: np.random.Generator, shape: Shape) -> np.ndarray:
        from scipy.special import ndtr, ndtri

        below, up_to_one = ndtr((np.array([0.0, 1.0]) - self.mean) / self.standard_deviation)
        quantiles = below + (up_to_one - below) * stream.random(shape)
        values = self.mean + self.standard_deviation * ndtri(quantiles)
        # ndtri(ndtr(x)) is x up to rounding, so that the ends of the interval can be overstepped.
        return np.clip(values, 0.0, 1.0, out=values)

    def _default_title(self) -> str:
        is_papers = (self.mean, self.standard_deviation) == (0.5, 1)
        return self.TITLE if is_papers else super()._default_title()


@dataclass(frozen=True, kw_only=True)
class Uniform(RandomSource):
    """A uniform distribution on a part of [0, 1]."""

    SOURCE: ClassVar[str] = "uniform"
    TITLE: ClassVar[str] = "Uniform"

    low: float = number(minimum=0, maximum=1)
    high: float = number(minimum=0, maximum=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low >= self.high:
            raise self.fault(f"found low {self.low} and high {self.high}; write low below high")

    @property
    def _drawn_mean(self) -> float:
        return (self.low + self.high) / 2

    def _draw(self, stream: np.random.Generator, shape: Shape) -> np.ndarray:
        return stream.uniform(self.low, self.high, shape)

    def _default_title(self) -> str:
        return self.TITLE if (self.low, self.high) == (0, 1) else super()._default_title()


@dataclass(frozen=True, kw_only=True)
class Bernoulli(RandomSource):
    """1 with a probability, else 0."""

    SOURCE: ClassVar[str] = "bernoulli"
    TITLE: ClassVar[str] = "Bernoulli"

    probability: float = number(minimum=0, maximum=1)

    @property
    def compressible(self) -> bool:
        """There are two values."""
        return True

    @property
    def _drawn_mean(self) -> float:
        return self.probability

    def _draw(self, stream: np.random.Generator, shape: Shape) -> np.ndarray:
        return stream.random(shape) < self.probability


@dataclass(frozen=True, kw_only=True)
class Beta(RandomSource):
    """A beta distribution."""

    SOURCE: ClassVar[str] = "beta"
    TITLE: ClassVar[str] = "Beta"

    alpha: float = number(minimum=0.001, maximum=1_000_000)
    beta: float = number(minimum=0.001, maximum=1_000_000)

    @property
    def _drawn_mean(self) -> float:
        return self.alpha / (self.alpha + self.beta)

    def _draw(self, stream: np.random.Generator, shape: Shape) -> np.ndarray:
        return stream.beta(self.alpha, self.beta, shape)


@dataclass(frozen=True, kw_only=True)
class Normal(RandomSource):
    """A normal distribution, not truncated and not stretched: in the units of the data."""

    SOURCE: ClassVar[str] = "normal"
    TITLE: ClassVar[str] = "Normal"

    mean: float = number(minimum=-1e30, maximum=1e30)
    standard_deviation: float = number(exclusiveMinimum=0, maximum=1e30)

    @property
    def _drawn_mean(self) -> float:
        return self.mean

    def _stretched(self, values: Any) -> Any:
        return values

    def _draw(self, stream: np.random.Generator, shape: Shape) -> np.ndarray:
        return stream.normal(self.mean, self.standard_deviation, shape)
