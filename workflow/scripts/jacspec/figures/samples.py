"""Pictures of a few points side by side: images, or curves of the values of vectors."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from jacspec.spectra.runs import PointsRun

# Of the picture of a point that is no image.
CURVE_SIDE = 84


@dataclass(frozen=True)
class Sample:
    """Some points (k, *shape), and how they are drawn.

    `image_shape` is (rows, columns) or (1 or 3, rows, columns), None for points that are no images;
    `value_range` has the values that are black and white.
    """

    points: np.ndarray
    image_shape: tuple[int, ...] | None
    value_range: tuple[float, float] = (0.0, 1.0)


def first_points(run: PointsRun, count: int) -> Sample:
    """Return the first points of a data set, at most `count`."""
    return Sample(run.read(0, count), run.image_shape, run.value_range or (0.0, 1.0))


def strip(sample: Sample, *, gap: int = 0) -> np.ndarray:
    """Return points side by side, (rows, columns) or, in colour, (rows, columns, 3) uint8.

    Values are clipped to the range and rounded to 256 levels. Between two points are `gap` columns
    of white.
    """
    low, high = sample.value_range
    shares = np.clip((sample.points - low) / (high - low), 0, 1).reshape(len(sample.points), -1)
    if sample.image_shape is None:
        tiles = np.stack([_curve(values) for values in shares])
    else:
        tiles = _images(np.rint(255 * shares).astype(np.uint8), sample.image_shape)
    white = ((0, 0), (0, 0), (0, gap), *[(0, 0)] * (tiles.ndim - 3))
    padded = np.pad(tiles, white, constant_values=255)
    return np.hstack(padded)[:, : len(tiles) * padded.shape[2] - gap]


def _images(levels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return grey images (k, rows, columns), or those in colour (k, rows, columns, 3)."""
    if len(shape) == 3 and shape[0] == 3:
        return levels.reshape(-1, *shape).transpose(0, 2, 3, 1)
    return levels.reshape(-1, *shape[-2:])


def _curve(shares: np.ndarray) -> np.ndarray:
    """Return a picture of `shares` of the range (n,) from left to right, white on black."""
    picture = Image.new("L", (CURVE_SIDE, CURVE_SIDE))
    columns = np.linspace(0, CURVE_SIDE - 1, len(shares))
    rows = (1 - shares) * (CURVE_SIDE - 1)
    ImageDraw.Draw(picture).line(list(zip(columns, rows, strict=True)), fill=255)
    return np.asarray(picture)
