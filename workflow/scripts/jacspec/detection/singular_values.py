"""Volume and smallest singular value of D enc(x) and D dec(z): their geometry without eigenvalues.

The volume of a derivative is the product of its d singular values. They are those of the triangle
of its QR factors, and with u for the unit roundoff each is off by a few u of the largest one. The
Gram matrix, which is d x d and takes half the time, has their squares: an error of u in the largest
square is one of sqrt(u), 1e-8, in a small singular value, and below that nothing is left of it.

The encoder's derivative needs no pixels. With the first weights W = L Q, where L is a triangle and
the rows of Q are orthonormal, which is found once, D enc(x) = M W has the singular values of M L.
"""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol

import numpy as np
from threadpoolctl import threadpool_limits

from jacspec.models.evaluable import Evaluable
from jacspec.models.loading import load_model
from jacspec.models.network import Layers, Network
from jacspec.spectra.jacobians import (
    ForwardPass,
    forward_pass,
    points_of_block,
    points_of_group,
)

LOG_VOLUMES = ("log_volume_encoder", "log_volume_decoder")
SMALLEST = ("smallest_singular_value_encoder", "smallest_singular_value_decoder")
COLUMNS = (*LOG_VOLUMES, *SMALLEST)

OF_FACTORIES = "jacspec.detection.derivatives_of_maps"


class SingularValues(Protocol):
    """The singular values of both derivatives of one model, in float64.

    `point_shape` is that of a point, and `block_points` the number of points that come together:
    the results for one block do not depend on any other.
    """

    point_shape: tuple[int, ...]
    block_points: int

    def __call__(self, points: np.ndarray) -> dict[str, np.ndarray]:
        """Return the `COLUMNS` at `points` (n, *point_shape), (n,) float64 each.

        Where a derivative is singular, because of its rank bound or within rounding, its volume is
        0, with the logarithm -inf, and so is its smallest singular value.
        """
        ...


class NetworkSingularValues:
    """`SingularValues` of a network of dense layers, whose active units bound the rank."""

    def __init__(self, network: Network) -> None:
        self._network = network.converted(np.float64)
        self.point_shape = (network.input_dim,)
        self.block_points = points_of_block(network.latent_dim)
        with threadpool_limits(1, user_api="blas"):
            self._without_pixels = np.linalg.qr(self._network.encoder[0].weight.T, mode="r").T

    def __call__(self, points: np.ndarray) -> dict[str, np.ndarray]:
        """Return the `COLUMNS` at `points` (n, input_dim)."""
        size = points_of_group(self._network.latent_dim)
        with threadpool_limits(1, user_api="blas"):
            groups = [
                self._of_group(points[start : start + size].astype(np.float64))
                for start in range(0, len(points), size)
            ]
        return {name: np.concatenate([group[name] for group in groups]) for name in COLUMNS}

    def _of_group(self, points: np.ndarray) -> dict[str, np.ndarray]:
        encoding = forward_pass(self._network.encoder, points)
        decoding = forward_pass(self._network.decoder, encoding.output)
        return columns_of(
            self._encoder_columns(encoding),
            self._decoder_columns(decoding),
            pixels=self._network.input_dim,
            rank_bounds=(
                _rank_bound(self._network.encoder, encoding),
                _rank_bound(self._network.decoder, decoding),
            ),
        )

    def _encoder_columns(self, encoding: ForwardPass) -> np.ndarray:
        """Return a matrix (n, r, d) with the singular values of the transpose of D enc."""
        *weights, last = [self._without_pixels, *(one.weight for one in self._network.encoder[1:])]
        *slopes, last_slopes = encoding.slopes
        rows = np.broadcast_to(last, (len(encoding.output), *last.shape))
        if last_slopes is not None:
            rows = rows * last_slopes[:, :, None]
        for weight, slope in zip(reversed(weights), reversed(slopes), strict=True):
            scaled = rows if slope is None else rows * slope[:, None]
            rows = _all_rows_times(scaled, weight)
        return rows.mT

    def _decoder_columns(self, decoding: ForwardPass) -> np.ndarray:
        """Return D dec (n, pixels, d)."""
        layers = self._network.decoder
        first = layers[0].weight.T
        rows = np.broadcast_to(first, (len(decoding.output), *first.shape))
        for number, slope in enumerate(decoding.slopes):
            if number:
                rows = _all_rows_times(rows, layers[number].weight.T)
            if slope is not None:
                rows = rows * slope[:, None]
        return rows.mT


def singular_values_of_weights(path: Path, factory: str | None) -> SingularValues:
    """Return those of the model in a file of weights.

    Raises what `jacspec.models.loading.load_model` raises.
    """
    model = load_model(path, factory)
    if isinstance(model, Evaluable):
        # A statement would make that module's code count for networks of dense layers, too.
        return import_module(OF_FACTORIES).MapsSingularValues(model)
    return NetworkSingularValues(model)


def columns_of(
    encoder: np.ndarray,
    decoder: np.ndarray,
    *,
    pixels: int,
    rank_bounds: Sequence[np.ndarray | int],
) -> dict[str, np.ndarray]:
    """Return the `COLUMNS` (n,) of both derivatives at n points, from matrices (n, …, d).

    Each has the singular values of a derivative between d and `pixels` values, whose exact rank is
    not above `rank_bounds`, (n,) or one for all.
    """
    found = [
        _volume_and_smallest(matrices, pixels, bound)
        for matrices, bound in zip((encoder, decoder), rank_bounds, strict=True)
    ]
    volumes, smallest = zip(*found, strict=True)
    return dict(zip(COLUMNS, (*volumes, *smallest), strict=True))


def _volume_and_smallest(
    matrices: np.ndarray, pixels: int, rank_bound: np.ndarray | int
) -> tuple[np.ndarray, np.ndarray]:
    latent_dim = matrices.shape[-1]
    values = np.linalg.svd(np.linalg.qr(matrices, mode="r"), compute_uv=False)
    largest, smallest = values[:, 0], values[:, -1]
    # What LAPACK's users take for rounding: see `numpy.linalg.matrix_rank`.
    rounding = max(pixels, latent_dim) * np.finfo(np.float64).eps * largest
    singular = (rank_bound < latent_dim) | (smallest <= rounding)
    logarithms = np.log(np.where(singular[:, None], 1.0, values)).sum(axis=1)
    return np.where(singular, -np.inf, logarithms), np.where(singular, 0.0, smallest)


def _all_rows_times(rows: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return (n, d, outputs): one multiplication for the rows (n, d, inputs) of all points."""
    points, latent_dim, inputs = rows.shape
    return (rows.reshape(points * latent_dim, inputs) @ weight).reshape(points, latent_dim, -1)


def _rank_bound(layers: Layers, passed: ForwardPass) -> np.ndarray:
    """Return (n,) the smallest number of units in a layer, of those that are not off."""
    widths = [layers[0].weight.shape[1], *(len(layer.weight) for layer in layers)]
    active = [
        slope.sum(axis=1)
        for layer, slope in zip(layers, passed.slopes, strict=True)
        if layer.activation.can_be_off
    ]
    return np.min([np.full(len(passed.output), min(widths)), *active], axis=0)
