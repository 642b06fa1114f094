"""MNIST and Fashion-MNIST as sources of points."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from jacspec.data import mnist
from jacspec.data.blocks import PointBlock
from jacspec.data.source import (
    SHAPE,
    Range,
    Shape,
    Source,
    evaluation_order,
    image_shape_of,
    parameter,
    runs,
)


@dataclass(frozen=True, kw_only=True)
class PublishedImages(Source):
    """A published set of 70,000 grey images of 28 by 28, in one random order.

    `shape` may be any of 784 values, as [1, 28, 28] for a convolutional network; `folder` has the
    raw files. A raw file that is missing or damaged raises DamagedFileError when images are read.
    """

    COLLECTION: ClassVar[mnist.ImageCollection]

    shape: Shape = parameter(SHAPE, default=(784,))
    folder: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if math.prod(self.shape) != 784:
            raise self.fault(
                f"found shape {list(self.shape)}; write one of 784 values, such as [1, 28, 28]"
            )

    @property
    def image_shape(self) -> Shape:
        """28 by 28, with one channel if the shape says so."""
        return image_shape_of(self.shape) or (28, 28)

    @property
    def count(self) -> int:
        """The number of images, training and test together."""
        return mnist.IMAGES

    @property
    def declared_range(self) -> Range:
        """Black to white."""
        return 0.0, 1.0

    @property
    def compressible(self) -> bool:
        """There are 256 levels, and much black."""
        return True

    @property
    def has_split(self) -> bool:
        """There is one."""
        return True

    @property
    def row_split(self) -> np.ndarray:
        """The images for training come first."""
        return self._images.split

    def files(self) -> tuple[str, ...]:
        """Return the four raw files."""
        return tuple(f"{self._folder}/{name}" for name in self.COLLECTION.sha256)

    def _blocks(self, sample_seed: int, first: int, count: int) -> Iterator[PointBlock]:
        order = evaluation_order(sample_seed, self.count)[first : first + count]
        position = 0
        for _, run in runs(first, count):
            rows = order[position : position + run.stop - run.start]
            position += len(rows)
            yield PointBlock(
                points=mnist.pixels_of_images(self._images.images[rows]).reshape(-1, *self.shape),
                label=self._images.labels[rows].astype(np.int64),
                split=self._images.split[rows],
                source_index=rows,
            )

    @property
    def _folder(self) -> str:
        return self.folder or f"resources/{self.COLLECTION.name}"

    @cached_property
    def _images(self) -> mnist.ImageSet:
        return mnist.read_images(self.COLLECTION, self._folder)

    def _default_title(self) -> str:
        return self.COLLECTION.title


@dataclass(frozen=True, kw_only=True)
class Mnist(PublishedImages):
    """The images that the paper trains on."""

    SOURCE: ClassVar[str] = "mnist"
    COLLECTION: ClassVar[mnist.ImageCollection] = mnist.MNIST


@dataclass(frozen=True, kw_only=True)
class FashionMnist(PublishedImages):
    """Images of clothes, in the same format."""

    SOURCE: ClassVar[str] = "fashion_mnist"
    COLLECTION: ClassVar[mnist.ImageCollection] = mnist.FASHION_MNIST
