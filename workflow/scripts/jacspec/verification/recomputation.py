"""One point, recomputed: its matrices, and how far a correct computation may lie from them."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from jacspec.verification import bounds
from jacspec.verification.network import Network, point_jacobians


class Bounded(NamedTuple):
    """A number, and the bound of the difference of another computation of it."""

    value: float
    error: float


@dataclass(frozen=True)
class RecomputedMatrix:
    """A d x d Jacobian, `value` (d, d), and what follows from it.

    `error` bounds the Frobenius norm of the difference of another computation; `trace` and
    `square_trace` are the sums over the eigenvalues and over their squares; `rank_bound` is d or
    the number of active units of the narrowest hidden layer.
    """

    value: np.ndarray
    error: float
    trace: Bounded
    square_trace: Bounded
    rank_bound: int


@dataclass(frozen=True)
class RecomputedPoint:
    """Everything that a shard says of one point, with bounds; `z` and `z_error` are (d,).

    `input` is D enc(x) D dec(z), which has the nonzero eigenvalues of the whole p x p Jacobian J
    at x; its sums over eigenvalues are tr J and tr J^2 themselves. `near_kink` tells that rounding
    may decide which units are active, so that a deviation proves nothing.
    """

    input: RecomputedMatrix
    latent: RecomputedMatrix
    z: np.ndarray
    z_error: np.ndarray
    reconstruction_error: Bounded
    same_pattern: bool
    near_kink: bool


def recompute(network: Network, pixels: np.ndarray, precision: str) -> RecomputedPoint:
    """Recompute the point `pixels` (p,) in float64, with bounds for a shard made in `precision`."""
    unit = bounds.UNIT_ROUNDOFF[precision] + bounds.UNIT_ROUNDOFF["float64"]
    encoder, decoder = _affine_maps(network.encoder), _affine_maps(network.decoder)
    x = pixels.astype(np.float64)
    jacobians = point_jacobians(network, x)

    maps = [*encoder, *decoder]
    through = bounds.follow(maps, x, np.zeros_like(x), unit)
    at_x, at_z = through[: len(encoder)], through[len(encoder) :]
    y, y_error = bounds.reconstruction(at_z[-1], unit)
    at_y = bounds.follow(encoder, y, y_error, unit)

    # Errors of a product are relative to the product of absolute values; that of the slopes, one
    # of its factors, is carried by the true ones.
    relative = bounds.gamma(bounds.product_roundings(maps), unit)
    rounded_decoder = relative * (1 - y * y)[:, None] * bounds.absolute_jacobian(decoder, at_z)
    sloped = bounds.slope_error(y, y_error, unit)[:, None]
    sloped_decoder = sloped * np.abs(bounds.jacobian(decoder, at_z))

    def factors(at: list[bounds.Layer]) -> tuple[np.ndarray, np.ndarray]:
        return bounds.absolute_jacobian(encoder, at), np.abs(bounds.jacobian(encoder, at))

    absolute_x, signed_x = factors(at_x)
    absolute_y, signed_y = factors(at_y)
    latent_error = absolute_y @ rounded_decoder + signed_y @ sloped_decoder
    return RecomputedPoint(
        input=_matrix(
            jacobians.encoder @ jacobians.decoder,
            absolute_x @ rounded_decoder + signed_x @ sloped_decoder,
            jacobians.whole,
            rounded_decoder @ absolute_x + sloped_decoder @ signed_x,
            min(_narrowest(at_x), _narrowest(at_z)),
        ),
        latent=_matrix(
            jacobians.latent,
            latent_error,
            jacobians.latent,
            latent_error,
            min(_narrowest(at_y), _narrowest(at_z)),
        ),
        z=jacobians.z,
        z_error=at_x[-1].error,
        reconstruction_error=_squared_distance(jacobians.y - x, y_error, unit),
        same_pattern=all(
            np.array_equal(first.active, second.active)
            for first, second in zip(at_x, at_y, strict=True)
        ),
        near_kink=bounds.near_kink(maps, through) or bounds.near_kink(encoder, at_y),
    )


def _matrix(
    value: np.ndarray,
    error: np.ndarray,
    summed: np.ndarray,
    summed_error: np.ndarray,
    rank_bound: int,
) -> RecomputedMatrix:
    """Take the sums over eigenvalues from `summed`, which has those of `value` and zeros."""
    return RecomputedMatrix(
        value=value,
        error=float(np.linalg.norm(error)),
        trace=Bounded(float(np.trace(summed)), float(np.trace(summed_error))),
        square_trace=Bounded(
            float(np.sum(summed * summed.T)),
            float(np.sum(summed_error * (2 * np.abs(summed.T) + summed_error.T))),
        ),
        rank_bound=min(rank_bound, len(value)),
    )


def _squared_distance(distance: np.ndarray, error: np.ndarray, unit: float) -> Bounded:
    value = float(distance @ distance)
    roundings = bounds.gamma(len(distance) + 2, unit)
    return Bounded(value, float(error @ (2 * np.abs(distance) + error)) + roundings * value)


def _affine_maps(layers: tuple) -> list[bounds.AffineMap]:
    last = len(layers) - 1
    return [
        bounds.AffineMap(weight.numpy(), bias.numpy(), rectified=number < last)
        for number, (weight, bias) in enumerate(layers)
    ]


def _narrowest(layers: list[bounds.Layer]) -> int:
    return min(int(np.count_nonzero(layer.active)) for layer in layers)
