"""Activation functions with exact slopes, and what is known of their rounding errors.

Where a function has a kink, its slope there is the one to the right, as the paper has it for ReLU.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np

# `numpy.ndarray` or `torch.Tensor`.
Array: TypeAlias = Any

# What `torch.nn.SELU` uses.
_SELU_SCALE = 1.0507009873554804934193349852946
_SELU_ALPHA = 1.6732632423543772848170429916717
# Above it, `torch.nn.Softplus` is the identity: a step of 2e-9, a kink like any other.
_SOFTPLUS_THRESHOLD = 20


@dataclass(frozen=True)
class Activation:
    """A function that is applied to each number by itself.

    `evaluate` takes an array of arguments, which it may overwrite, and returns values and slopes,
    or None in place of slopes that are all 1. With u the unit roundoff of the array's type, and
    away from underflow, the values are off by ``value_roundings u (steepest |a| + |f(0)|)`` at
    most, a being the argument, and ``slope t``, for a tangent t, by ``slope_roundings u |t|``.

    Attributes
    ----------
    steepest
        The largest modulus of the slope.
    curvature
        How fast the slope changes between kinks at most: 0 for what is piecewise linear.
    at_zero
        The value at 0.
    can_be_off
        Whether the slope is exactly 0 on an interval, and 1 elsewhere.
    """

    name: str
    evaluate: Callable[[Array], tuple[Array, Array | None]]
    steepest: float = 1.0
    curvature: float = 0.0
    at_zero: float = 0.0
    value_roundings: int = 0
    slope_roundings: int = 0
    can_be_off: bool = False

    @property
    def piecewise_linear(self) -> bool:
        """Whether the function consists of straight lines."""
        return self.curvature == 0


def namespace_of(array: Array) -> ModuleType:
    """Return the library whose functions work on `array`: `numpy`, or `torch`."""
    if isinstance(array, np.ndarray):
        return np
    import torch

    return torch


def _special_functions_of(array: Array) -> ModuleType:
    """Return `scipy.special` or `torch.special`, which have the same names."""
    if isinstance(array, np.ndarray):
        import scipy.special

        return scipy.special
    import torch

    return torch.special


def _identity(arguments: Array) -> tuple[Array, None]:
    return arguments, None


def _relu(arguments: Array) -> tuple[Array, Array]:
    library = namespace_of(arguments)
    # Written as a number at once: converting a mask later is several times slower.
    slopes = library.greater_equal(arguments, 0, out=library.empty_like(arguments))
    return library.clip(arguments, 0, None, out=arguments), slopes


def _elu(arguments: Array) -> tuple[Array, Array]:
    library = namespace_of(arguments)
    below = library.clip(arguments, None, 0)
    right = arguments >= 0
    return library.where(right, arguments, library.expm1(below)), library.exp(below)


def _selu(arguments: Array) -> tuple[Array, Array]:
    library = namespace_of(arguments)
    right = arguments >= 0
    values, slopes = _elu(arguments)
    values *= _SELU_SCALE
    slopes *= _SELU_SCALE
    return (
        library.where(right, values, _SELU_ALPHA * values),
        library.where(right, slopes, _SELU_ALPHA * slopes),
    )


def _gelu(arguments: Array) -> tuple[Array, Array]:
    library = namespace_of(arguments)
    below = _special_functions_of(arguments).ndtr(arguments)
    density = library.exp(arguments * arguments / -2) / math.sqrt(2 * math.pi)
    return arguments * below, below + arguments * density


def _silu(arguments: Array) -> tuple[Array, Array]:
    special = _special_functions_of(arguments)
    gate = special.expit(arguments)
    values = arguments * gate
    return values, gate + values * special.expit(-arguments)


def _softplus(arguments: Array) -> tuple[Array, Array]:
    library = namespace_of(arguments)
    linear = arguments > _SOFTPLUS_THRESHOLD
    below = library.clip(arguments, None, _SOFTPLUS_THRESHOLD)
    values = library.where(linear, arguments, library.log1p(library.exp(below)))
    slopes = _special_functions_of(arguments).expit(arguments)
    slopes[linear] = 1
    return values, slopes


def _tanh(arguments: Array) -> tuple[Array, Array]:
    library = namespace_of(arguments)
    values = library.tanh(arguments, out=arguments)
    slopes = values * values
    library.negative(slopes, out=slopes)
    slopes += 1
    return values, slopes


def _scaled_tanh(arguments: Array) -> tuple[Array, Array]:
    values, slopes = _tanh(arguments)
    values += 1
    values /= 2
    slopes /= 2
    return values, slopes


def _sigmoid(arguments: Array) -> tuple[Array, Array]:
    special = _special_functions_of(arguments)
    values = special.expit(arguments)
    return values, values * special.expit(-arguments)


@cache
def leaky_relu(negative_slope: float = 0.01) -> Activation:
    """Return the function that is the identity for a >= 0 and `negative_slope` times a below."""
    if negative_slope == 0:
        return ACTIVATIONS["relu"]

    def evaluate(arguments: Array) -> tuple[Array, Array]:
        library = namespace_of(arguments)
        slopes = library.ones_like(arguments)
        slopes[arguments < 0] = negative_slope
        return arguments * slopes, slopes

    return Activation(
        f"leaky_relu({negative_slope:g})",
        evaluate,
        steepest=max(1.0, abs(negative_slope)),
        # In float32 the slope itself is rounded.
        value_roundings=2,
        slope_roundings=math.ceil(2 * abs(negative_slope)),
    )


# The largest slope of tanh' = 1 - tanh^2, and of that of the sigmoid function, s (1 - s).
_TANH_CURVATURE = 4 / (3 * math.sqrt(3))
_SIGMOID_CURVATURE = 1 / (6 * math.sqrt(3))

# The functions of the libraries are taken to be off by 2 units in the last place at most, 4 u (as
# much as NumPy's own tests allow; CUDA documents 1 for tanh and exp), those of special functions by
# twice as much, and every operation rounds once. With t = tanh a, for example, the square of t
# doubles its relative error, and squaring, subtracting and multiplying with the tangent add a
# rounding each: slopes of tanh are off by 2 * 4 + 3.
ACTIVATIONS = {
    activation.name: activation
    for activation in (
        Activation("identity", _identity),
        Activation("relu", _relu, can_be_off=True),
        Activation("elu", _elu, curvature=1.0, value_roundings=4, slope_roundings=5),
        Activation(
            "selu",
            _selu,
            steepest=_SELU_SCALE * _SELU_ALPHA,
            curvature=_SELU_SCALE * _SELU_ALPHA,
            value_roundings=8,
            slope_roundings=16,
        ),
        # The form with erf; that with tanh is another function.
        Activation(
            "gelu",
            _gelu,
            # At sqrt 2; 2 / sqrt(2 pi), at 0.
            steepest=1.1289042,
            curvature=0.7978846,
            value_roundings=9,
            slope_roundings=16,
        ),
        Activation(
            "silu",
            _silu,
            # At 2.3994; 1 / 2, at 0.
            steepest=1.0998394,
            curvature=0.5,
            value_roundings=9,
            slope_roundings=16,
        ),
        Activation(
            "softplus",
            _softplus,
            curvature=0.25,
            at_zero=math.log(2),
            value_roundings=9,
            slope_roundings=9,
        ),
        Activation("tanh", _tanh, curvature=_TANH_CURVATURE, value_roundings=4, slope_roundings=11),
        Activation(
            "scaled_tanh",
            _scaled_tanh,
            steepest=0.5,
            curvature=_TANH_CURVATURE / 2,
            at_zero=0.5,
            value_roundings=6,
            slope_roundings=6,
        ),
        Activation(
            "sigmoid",
            _sigmoid,
            steepest=0.25,
            curvature=_SIGMOID_CURVATURE,
            at_zero=0.5,
            value_roundings=8,
            slope_roundings=5,
        ),
    )
}


def activation_named(name: str) -> Activation:
    """Return the activation of an architecture: an entry of `ACTIVATIONS`, or ``leaky_relu``.

    Raises KeyError for any other name.
    """
    return leaky_relu() if name == "leaky_relu" else ACTIVATIONS[name]
