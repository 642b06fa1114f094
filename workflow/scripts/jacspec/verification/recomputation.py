"""One point, recomputed by autograd, and how far a correct computation may lie from that.

Nothing is tuned: every bound follows from the weights and the point. With u the sum of the unit
roundoffs of both computations, a sum of n products in any order is off by ``gamma_n`` times the sum
of their moduli, ``gamma_n = n u / (1 - n u)`` (Higham, Accuracy and Stability of Numerical
Algorithms, 2nd edition, sections 3.1 and 3.5). So, element by element, e standing for errors, and
without products of two of them:

- What a layer adds to the errors of the arguments ``a = W h + b`` of its activation f is
  ``gamma (|W| |h| + |b|)``, and to those of f ``c u (|f| + |a|)``. Libraries and the formulas of
  the slopes round c = 16 times at most. Both reach a later layer by the derivative between them.
- Slopes are off by ``|f''| e_a + c u``.
- A product of weights and slopes that is multiplied out from either end, ``J = A S W T`` with the
  factors to the left and to the right of any layer, is off by the sum over all layers of
  ``|A| (gamma |S| |W| |T| + e_S |W T|)``.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.func import grad, jacrev

from jacspec.verification.network import LinearStack

UNIT_ROUNDOFF = {"float64": 2.0**-53, "float32": 2.0**-24}
EVALUATION_ROUNDINGS = 16
# Activation -> where it has a kink; what else has straight pieces only.
KINKS = {nn.ReLU: 0.0, nn.LeakyReLU: 0.0, nn.Softplus: 20.0}
PIECEWISE_LINEAR = (nn.ReLU, nn.LeakyReLU, nn.Identity)


class Bounded(NamedTuple):
    """A number, and the bound of the difference of another computation of it."""

    value: float
    error: float


@dataclass(frozen=True)
class RecomputedMatrix:
    """A d x d Jacobian, `value`, whose every other computation lies within `error` (Frobenius).

    `trace` and `square_trace` are the sums over the eigenvalues and over their squares.
    """

    value: np.ndarray
    error: float
    trace: Bounded
    square_trace: Bounded
    rank_bound: int


@dataclass(frozen=True)
class RecomputedPoint:
    """Everything that a shard says of one point, with bounds; `z` and `z_error` are (d,).

    `input` is D enc(x) D dec(z), which has the nonzero eigenvalues of the whole Jacobian J at x;
    its sums over eigenvalues are tr J and tr J^2 themselves. `near_kink` tells that rounding may
    decide which piece of an activation counts, so that a deviation proves nothing. On the kink
    itself autograd takes the slope to the left, 0 for ReLU, and the paper that to the right.
    """

    input: RecomputedMatrix
    latent: RecomputedMatrix
    z: np.ndarray
    z_error: np.ndarray
    reconstruction_error: Bounded
    same_pattern: bool
    near_kink: bool


@dataclass(frozen=True)
class Layer:
    """One layer at a point: weights (out, in), slopes (out,) behind them, and what these err by."""

    weight: np.ndarray
    slope: np.ndarray
    slope_error: np.ndarray
    rounding: float


@dataclass(frozen=True)
class Pass:
    """A point on its way through one half: the result and its error, (out,).

    `width` is the smallest number of units in a layer that are not off.
    """

    values: np.ndarray
    error: np.ndarray
    layers: list[Layer]
    width: int
    near_kink: bool


def gamma(roundings: int, unit: float) -> float:
    """Return Higham's gamma_n; infinite where n u >= 1, because nothing is certain there."""
    product = roundings * unit
    return product / (1 - product) if product < 1 else np.inf


def follow(half: nn.Sequential, start: np.ndarray, start_error: np.ndarray, unit: float) -> Pass:
    """Send a point (in,), known to within `start_error`, through Linear and activation in turns."""
    values, layers, width, near_kink = start, [], len(start), False
    # Pairs of a bound of local errors, and the derivative that carries them to the current values.
    sources = [(start_error, np.eye(len(start)))]
    for linear, activation in zip(half[::2], half[1::2], strict=True):
        weight = linear.weight.numpy()
        rounding = gamma(weight.shape[1] + 2, unit)
        local = rounding * (np.abs(weight) @ np.abs(values) + np.abs(linear.bias.numpy()))
        arguments = linear(torch.from_numpy(values))
        sources = [(error, weight @ carrier) for error, carrier in sources]
        sources.append((local, np.eye(len(weight))))
        error = _carried(sources)
        slope, curvature = _derivatives(activation, arguments)
        values, arguments = activation(arguments).numpy(), arguments.numpy()
        evaluation = EVALUATION_ROUNDINGS * unit
        smooth = type(activation) not in PIECEWISE_LINEAR
        layers.append(
            Layer(weight, slope, smooth * (np.abs(curvature) * error + evaluation), rounding)
        )
        sources = [(error, slope[:, None] * carrier) for error, carrier in sources]
        sources.append((evaluation * (np.abs(values) + np.abs(arguments)), np.eye(len(values))))
        if type(activation) in KINKS:
            near_kink |= bool((np.abs(arguments - KINKS[type(activation)]) <= error).any())
        width = min(
            width, np.count_nonzero(slope) if isinstance(activation, nn.ReLU) else len(slope)
        )
    return Pass(values, _carried(sources), layers, width, near_kink)


def product_error(layers: list[Layer]) -> np.ndarray:
    """Bound (out, in) the error of the product of the weights and slopes of `layers`."""
    right, rights, products = None, [], []
    for layer in layers:
        rights.append(right)
        products.append(_product(layer.weight, right))
        right = layer.slope[:, None] * products[-1]
    left, error = None, np.zeros_like(products[-1])
    for layer, before, product in zip(layers[::-1], rights[::-1], products[::-1], strict=True):
        scaled = layer.slope[:, None] * layer.weight
        error += layer.rounding * _product(_absolute(left), np.abs(scaled), _absolute(before))
        if layer.slope_error.any():
            error += _product(_absolute(left), layer.slope_error[:, None] * np.abs(product))
        left = _product(left, scaled)
    return error


def _product(*factors: np.ndarray | None) -> np.ndarray:
    """Return a product of matrices; None stands for an identity, which would be the largest."""
    matrices = [factor for factor in factors if factor is not None]
    return np.linalg.multi_dot(matrices) if len(matrices) > 1 else matrices[0]


def _absolute(matrix: np.ndarray | None) -> np.ndarray | None:
    return None if matrix is None else np.abs(matrix)


def recompute(network: LinearStack, point: np.ndarray, precision: str) -> RecomputedPoint:
    """Recompute `point` in float64, with bounds for a shard made in `precision`."""
    unit = UNIT_ROUNDOFF[precision] + UNIT_ROUNDOFF["float64"]
    encode, decode = network.encoder, network.decoder
    x = point.reshape(-1).astype(np.float64)
    at_x = follow(encode, x, np.zeros_like(x), unit)
    at_z = follow(decode, at_x.values, at_x.error, unit)
    at_y = follow(encode, at_z.values, at_z.error, unit)
    x_tensor, z_tensor = torch.from_numpy(x), torch.from_numpy(at_x.values)
    whole = jacrev(lambda values: decode(encode(values)))(x_tensor).numpy()
    latent = jacrev(lambda values: encode(decode(values)))(z_tensor).numpy()
    reduced = (jacrev(encode)(x_tensor) @ jacrev(decode)(z_tensor)).numpy()
    whole_error = product_error(at_x.layers + at_z.layers)
    reduced_error, latent_error = (
        product_error(at_z.layers + passed.layers) for passed in (at_x, at_y)
    )
    linear = all(type(activation) in PIECEWISE_LINEAR for activation in encode[1::2])
    return RecomputedPoint(
        input=_matrix(reduced, reduced_error, whole, whole_error, min(at_x.width, at_z.width)),
        latent=_matrix(latent, latent_error, latent, latent_error, min(at_y.width, at_z.width)),
        z=at_x.values,
        z_error=at_x.error,
        reconstruction_error=_squared_norm(at_z.values - x, at_z.error, unit),
        same_pattern=linear
        and all(
            np.array_equal(layer.slope, other.slope)
            for layer, other in zip(at_x.layers, at_y.layers, strict=True)
        ),
        near_kink=at_x.near_kink or at_z.near_kink or at_y.near_kink,
    )


def _carried(sources: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    return sum(np.abs(carrier) @ error for error, carrier in sources)


def _derivatives(activation: nn.Module, arguments: torch.Tensor) -> list[np.ndarray]:
    """Return the first and second derivative of an activation, by autograd."""

    def slopes(values: torch.Tensor) -> torch.Tensor:
        return grad(lambda inner: activation(inner).sum())(values)

    curvatures = grad(lambda values: slopes(values).sum())
    return [derivative(arguments).numpy() for derivative in (slopes, curvatures)]


def _matrix(
    value: np.ndarray,
    error: np.ndarray,
    summed: np.ndarray,
    summed_error: np.ndarray,
    rank_bound: int,
) -> RecomputedMatrix:
    """Take the sums over eigenvalues from `summed`, which has those of `value` and zeros."""
    square_error = summed_error * (2 * np.abs(summed.T) + summed_error.T)
    return RecomputedMatrix(
        value=value,
        error=float(np.linalg.norm(error)),
        trace=Bounded(float(np.trace(summed)), float(np.trace(summed_error))),
        square_trace=Bounded(float(np.sum(summed * summed.T)), float(np.sum(square_error))),
        rank_bound=rank_bound,
    )


def _squared_norm(values: np.ndarray, error: np.ndarray, unit: float) -> Bounded:
    norm = float(values @ values)
    rounding = gamma(len(values) + 2, unit) * norm
    return Bounded(norm, float(error @ (2 * np.abs(values) + error)) + rounding)
