"""How far two correct computations of the same Jacobian can lie apart, because of rounding.

Nothing is tuned: every bound follows from the weights and the point. With u the sum of the unit
roundoffs of both computations, gamma_n = n u / (1 - n u) bounds the relative error of a sum of
products in which each term meets n roundings, in whatever order they are added (Higham, Accuracy
and Stability of Numerical Algorithms, 2nd edition, sections 3.1 and 3.5). Products of two such
errors, of the order of u^2, are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

UNIT_ROUNDOFF = {"float64": 2.0**-53, "float32": 2.0**-24}

# Vectorized tanh of all platforms is good to a few units in the last place.
TANH_ROUNDINGS = 8


@dataclass(frozen=True)
class AffineMap:
    """`weight` (out, in) and `bias` (out,); `rectified` tells whether a ReLU follows."""

    weight: np.ndarray
    bias: np.ndarray
    rectified: bool


@dataclass(frozen=True)
class Layer:
    """What a pass found at one affine map: its `output` (out,) before any ReLU.

    `error` (out,) bounds the difference of two computations of `output`; `active` (out,) bool is
    what the ReLU lets through, everything where there is none.
    """

    output: np.ndarray
    error: np.ndarray
    active: np.ndarray


def gamma(roundings: int, unit: float) -> float:
    """Return Higham's gamma_n; infinite where n u >= 1, because nothing is certain there."""
    product = roundings * unit
    return product / (1 - product) if product < 1 else np.inf


def follow(
    maps: Sequence[AffineMap], start: np.ndarray, start_error: np.ndarray, unit: float
) -> list[Layer]:
    """Pass `start` (m,), known to within `start_error` (m,), through `maps`.

    Between kinks the network is affine, so that the rounding errors of one layer reach a later one
    through the product of the matrices between them, signs included.
    """
    layers = []
    values = start
    # Pairs of a bound of local errors, and the matrix that carries them to the current values.
    sources = [(start_error, np.eye(len(start)))]
    for affine in maps:
        weight = affine.weight
        roundings = gamma(weight.shape[1] + 1, unit)
        local = roundings * (np.abs(weight) @ np.abs(values) + np.abs(affine.bias))
        values = weight @ values + affine.bias
        sources = [(error, weight @ carrier) for error, carrier in sources]
        sources.append((local, np.eye(len(values))))
        error = sum(np.abs(carrier) @ error for error, carrier in sources)
        active = values > 0 if affine.rectified else np.ones(len(values), dtype=bool)
        layers.append(Layer(values, error, active))
        values = np.where(active, values, 0)
        sources = [(error, carrier * active[:, None]) for error, carrier in sources]
    return layers


def near_kink(maps: Sequence[AffineMap], layers: Sequence[Layer]) -> bool:
    """Return whether rounding may decide if a unit is active: two computations may disagree."""
    return any(
        affine.rectified and bool(np.any(np.abs(layer.output) <= layer.error))
        for affine, layer in zip(maps, layers, strict=True)
    )


def reconstruction(before_tanh: Layer, unit: float) -> tuple[np.ndarray, np.ndarray]:
    """Return y = tanh of the decoder's output, (p,), and the bound (p,) of its error.

    The derivative of tanh changes by less than the argument does (|tanh''| < 0.77), so that
    1 - y^2 + error bounds it wherever the argument may be.
    """
    y = np.tanh(before_tanh.output)
    steepest = np.minimum(1 - y * y + before_tanh.error, 1)
    return y, steepest * before_tanh.error + TANH_ROUNDINGS * unit * np.abs(y)


def slope_error(y: np.ndarray, y_error: np.ndarray, unit: float) -> np.ndarray:
    """Return the bound (p,) for the slope 1 - y^2: that of y, and a rounding of each operation."""
    slope = 1 - y * y
    return (2 * np.abs(y) + y_error) * y_error + unit * (y * y + slope)


def jacobian(maps: Sequence[AffineMap], layers: Sequence[Layer]) -> np.ndarray:
    """Return W_L D_{L-1} W_{L-1} ... D_1 W_1, (out, in), D being what each layer lets through."""
    return _product([affine.weight for affine in maps], layers)


def absolute_jacobian(maps: Sequence[AffineMap], layers: Sequence[Layer]) -> np.ndarray:
    """Return the same product of absolute values: what rounding errors are relative to."""
    return _product([np.abs(affine.weight) for affine in maps], layers)


def product_roundings(maps: Sequence[AffineMap]) -> int:
    """Return how many roundings a term of the product of all `maps` and the slope meets at most.

    A matrix product with n terms a sum adds n of them, the slope one.
    """
    return sum(affine.weight.shape[1] for affine in maps) + 1


def _product(weights: Sequence[np.ndarray], layers: Sequence[Layer]) -> np.ndarray:
    product = weights[0]
    for weight, layer in zip(weights[1:], layers, strict=False):
        product = weight @ (product * layer.active[:, None])
    return product
