"""Sets made from one other set, point by point: near to it, or of its structure.

What is known of a point (label, split, position in the source) stays with it. Geometric changes
are for sets of images; what comes into the picture has the lowest value of the range.
"""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from jacspec.data.blocks import PointBlock
from jacspec.data.source import BLOCK_POINTS, NAME, Range, Shape, Source, number, parameter
from jacspec.data.streams import random_stream


@dataclass(frozen=True, kw_only=True)
class DerivedSource(Source):
    """A set made from the points of another one, `of`, and like it but for what is said."""

    of: Source = parameter(NAME)

    @property
    def shape(self) -> Shape:
        """The shape of a point of the other set."""
        return self.of.shape

    @property
    def image_shape(self) -> Shape | None:
        """The shape of an image of the other set."""
        return self.of.image_shape

    @property
    def count(self) -> int | None:
        """As many points as the other set has."""
        return self.of.count

    @property
    def declared_range(self) -> Range | None:
        """The range of the other set."""
        return self.of.declared_range

    @property
    def value_range(self) -> Range:
        """The range of the other set."""
        return self.of.value_range

    @property
    def is_random(self) -> bool:
        """Whether those of the other set are."""
        return self.of.is_random

    @property
    def compressible(self) -> bool:
        """Whether the points of the other set take few different values."""
        return self.of.compressible

    @property
    def has_split(self) -> bool:
        """Whether the other set has one."""
        return self.of.has_split

    @property
    def row_split(self) -> np.ndarray | None:
        """The split of the other set."""
        return self.of.row_split

    @property
    def label_names(self) -> tuple[str, ...]:
        """The classes of the other set."""
        return self.of.label_names

    def files(self) -> tuple[str, ...]:
        """Return those of the other set."""
        return self.of.files()


class ChangedSource(DerivedSource):
    """A set whose every point is one changed point of the other set."""

    def _blocks(self, sample_seed: int, first: int, count: int) -> Iterator[PointBlock]:
        for block in self.of.blocks(sample_seed, first, count):
            yield replace(block, points=self._changed(block.points).astype(np.float32, copy=False))

    @abstractmethod
    def _changed(self, points: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True, kw_only=True)
class Inverted(ChangedSource):
    """Black becomes white: x is low + high - x, with the range of the values."""

    SOURCE: ClassVar[str] = "inverted"

    @property
    def expected_mean(self) -> float | None:
        """The mean of the other set, mirrored."""
        if self.declared_range is None or self.of.expected_mean is None:
            return None
        return sum(self.declared_range) - self.of.expected_mean

    def _changed(self, points: np.ndarray) -> np.ndarray:
        return np.float32(sum(self.value_range)) - points

    def _default_title(self) -> str:
        return f"{self.of.display_name}, inverted"


class ChangedImages(ChangedSource):
    """A set of images that are changed as images."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.image_shape is None:
            raise self.fault(
                f"found of {self.of.name}, whose points are no images (their shape is "
                f"{list(self.shape)}); write a set of images"
            )

    def _changed(self, points: np.ndarray) -> np.ndarray:
        images = points.reshape(-1, *self.image_shape)
        return self._changed_images(images).reshape(points.shape)

    @abstractmethod
    def _changed_images(self, images: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True, kw_only=True)
class Rotated(ChangedImages):
    """Images turned about their middle by `degrees`, counter-clockwise, by linear interpolation."""

    SOURCE: ClassVar[str] = "rotated"

    degrees: float = number(minimum=-360, maximum=360)

    def _changed_images(self, images: np.ndarray) -> np.ndarray:
        from scipy import ndimage

        # SciPy turns from the first axis to the second, which is counter-clockwise for axes of
        # rows and columns.
        return ndimage.rotate(
            images, self.degrees, axes=(-1, -2), reshape=False, order=1, cval=self.value_range[0]
        )

    def _default_title(self) -> str:
        return f"{self.of.display_name}, rotated by {self.degrees:g}°"


@dataclass(frozen=True, kw_only=True)
class Shifted(ChangedImages):
    """Images moved by whole pixels: `rows` downwards and `columns` to the right."""

    SOURCE: ClassVar[str] = "shifted"

    rows: int = parameter({"type": "integer", "minimum": -10_000, "maximum": 10_000}, default=0)
    columns: int = parameter({"type": "integer", "minimum": -10_000, "maximum": 10_000}, default=0)

    def _changed_images(self, images: np.ndarray) -> np.ndarray:
        moved = np.full_like(images, self.value_range[0])
        height, width = images.shape[-2:]
        to_rows, from_rows = _overlap(self.rows, height)
        to_columns, from_columns = _overlap(self.columns, width)
        moved[..., to_rows, to_columns] = images[..., from_rows, from_columns]
        return moved

    def _default_title(self) -> str:
        return f"{self.of.display_name}, shifted by ({self.rows}, {self.columns})"


def _overlap(shift: int, size: int) -> tuple[slice, slice]:
    """Return where the part that stays in the picture goes to, and where it comes from."""
    shift = max(-size, min(shift, size))
    return slice(max(shift, 0), size + min(shift, 0)), slice(max(-shift, 0), size - max(shift, 0))


@dataclass(frozen=True, kw_only=True)
class Blurred(ChangedImages):
    """Images averaged by a Gaussian whose standard deviation is `pixels`, edges continued."""

    SOURCE: ClassVar[str] = "blurred"

    pixels: float = number(exclusiveMinimum=0, maximum=1000)

    def _changed_images(self, images: np.ndarray) -> np.ndarray:
        from scipy import ndimage

        return ndimage.gaussian_filter(images, self.pixels, axes=(-2, -1), mode="nearest")

    @property
    def compressible(self) -> bool:
        """Averages take many values."""
        return False

    def _default_title(self) -> str:
        return f"{self.of.display_name}, blurred (σ = {self.pixels:g})"


@dataclass(frozen=True, kw_only=True)
class Noisy(DerivedSource):
    """Normal noise added, of `level` times the range of the values, and cut off at its ends."""

    SOURCE: ClassVar[str] = "noisy"

    level: float = number(exclusiveMinimum=0, maximum=1000)

    @property
    def compressible(self) -> bool:
        """Noise takes many values."""
        return False

    def _blocks(self, sample_seed: int, first: int, count: int) -> Iterator[PointBlock]:
        low, high = self.value_range
        for block in self.of.blocks(sample_seed, first, count):
            number_of_block, start = divmod(first, BLOCK_POINTS)
            first += len(block)
            stream = random_stream("noise", self.name, sample_seed, number_of_block)
            # Always a whole block, so that a point does not depend on where the run starts.
            noise = stream.standard_normal((BLOCK_POINTS, *self.shape), np.float32)
            noise = noise[start : start + len(block)] * np.float32(self.level * (high - low))
            yield replace(block, points=np.clip(block.points + noise, low, high, dtype=np.float32))

    def _default_title(self) -> str:
        return f"{self.of.display_name}, noise {self.level:g}"


@dataclass(frozen=True, kw_only=True)
class Interpolated(DerivedSource):
    """(1 - weight) x + weight y for pairs of points of one set: x and the one evaluated after it.

    A pair is for training if both points are.
    """

    SOURCE: ClassVar[str] = "interpolated"

    weight: float = number(minimum=0, maximum=1, default=0.5)

    @property
    def count(self) -> int | None:
        """One point fewer than the other set: its last one has no successor."""
        return None if self.of.count is None else self.of.count - 1

    @property
    def has_split(self) -> bool:
        """Pairs have no position in the source."""
        return False

    @property
    def row_split(self) -> None:
        """Pairs have no position in the source."""
        return

    @property
    def compressible(self) -> bool:
        """Whether the points are those of the other set."""
        return self.weight in (0, 1) and self.of.compressible

    def _blocks(self, sample_seed: int, first: int, count: int) -> Iterator[PointBlock]:
        left = self.of.blocks(sample_seed, first, count)
        right = _regrouped(self.of.blocks(sample_seed, first + 1, count), first)
        for x, y in zip(left, right, strict=True):
            split = None if x.split is None else np.maximum(x.split, y.split)
            yield PointBlock(weighted(x.points, y.points, self.weight), split=split)

    def _default_title(self) -> str:
        return f"{self.of.display_name}, interpolated at {self.weight:g}"


def _regrouped(blocks: Iterator[PointBlock], first: int) -> Iterator[PointBlock]:
    """Cut points that start at `first` + 1 where those that start at `first` are cut."""
    waiting: PointBlock | None = None
    for block in blocks:
        waiting = block if waiting is None else _joined(waiting, block)
        size = BLOCK_POINTS - first % BLOCK_POINTS
        while waiting is not None and len(waiting) >= size:
            yield waiting[:size]
            first += size
            waiting = waiting[size:] if len(waiting) > size else None
            size = BLOCK_POINTS
    if waiting is not None:
        yield waiting


def _joined(left: PointBlock, right: PointBlock) -> PointBlock:
    others = right.columns()
    return PointBlock(
        **{name: np.concatenate([own, others[name]]) for name, own in left.columns().items()}
    )


def weighted(x: np.ndarray, y: np.ndarray, weight: float) -> np.ndarray:
    """Return (1 - weight) x + weight y in float32, exactly x or y at the ends."""
    return np.float32(1 - weight) * x + np.float32(weight) * y


@dataclass(frozen=True, kw_only=True)
class Mixture(Source):
    """(1 - weight) x + weight y for point after point of two sets: the straight way between them.

    What is known of a point is what is known of x.
    """

    SOURCE: ClassVar[str] = "mixture"

    of: tuple[Source, Source] = parameter(
        {"type": "array", "minItems": 2, "maxItems": 2, "items": NAME}
    )
    weight: float = number(minimum=0, maximum=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        x, y = self.of
        if x.shape != y.shape:
            raise self.fault(
                f"found of {x.name} and {y.name}, whose points have shapes {list(x.shape)} and "
                f"{list(y.shape)}; write two sets of one shape"
            )

    @property
    def shape(self) -> Shape:
        """The shape of both sets."""
        return self.of[0].shape

    @property
    def image_shape(self) -> Shape | None:
        """The shape of an image of either set."""
        return self.of[0].image_shape or self.of[1].image_shape

    @property
    def count(self) -> int | None:
        """As many points as the smaller set has."""
        return min((part.count for part in self.of if part.count is not None), default=None)

    @property
    def declared_range(self) -> Range | None:
        """The smallest range that holds both."""
        return _hull([part.declared_range for part in self.of])

    @property
    def value_range(self) -> Range:
        """The smallest range that holds both."""
        return _hull([part.value_range for part in self.of])

    @property
    def is_random(self) -> bool:
        """Whether those of both sets are."""
        return all(part.is_random for part in self.of)

    @property
    def expected_mean(self) -> float | None:
        """The weighted mean."""
        x, y = (part.expected_mean for part in self.of)
        return None if x is None or y is None else (1 - self.weight) * x + self.weight * y

    @property
    def has_split(self) -> bool:
        """Whether the first set has one, and all its points are used."""
        return self.of[0].has_split and self.count == self.of[0].count

    @property
    def row_split(self) -> np.ndarray | None:
        """The split of the first set, if all its points are used."""
        return self.of[0].row_split if self.has_split else None

    @property
    def label_names(self) -> tuple[str, ...]:
        """The classes of the first set."""
        return self.of[0].label_names

    def files(self) -> tuple[str, ...]:
        """Return those of both sets."""
        return tuple(dict.fromkeys(path for part in self.of for path in part.files()))

    def _blocks(self, sample_seed: int, first: int, count: int) -> Iterator[PointBlock]:
        parts = (part.blocks(sample_seed, first, count) for part in self.of)
        for x, y in zip(*parts, strict=True):
            yield replace(x, points=weighted(x.points, y.points, self.weight))

    def _default_title(self) -> str:
        x, y = (part.display_name for part in self.of)
        return f"{1 - self.weight:g} {x} + {self.weight:g} {y}"


def _hull(ranges: list[Any]) -> Range | None:
    if None in ranges:
        return None
    return min(low for low, _ in ranges), max(high for _, high in ranges)
