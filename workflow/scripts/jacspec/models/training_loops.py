"""Loops over numbers that a training repeats with each step, in machine code.

Each goes over its arrays once, where NumPy would do so several times. Arrays are C-contiguous,
float32 or float64. Sums over rows are taken in order, those within a row in the
order that suits the processor's vectors, which is the same every time.
"""

import math
from collections.abc import Iterable

import numba
import numpy as np

from jacspec.machine_code import in_machine_code

# Moments of a weight whose pixel is almost always black decay through the denormal numbers, below
# 1e-38, where processors are slow: a step of Adam would take five times as long. Below these limits
# they are set to zero, which changes no parameter in any of its digits: a moment's share of a step
# is at most its size / 1e-8, and a gradient of 1e-17 is nothing beside Adam's ε of 1e-8.
_LEAST_MOMENT = 2.0**-80
_LEAST_SQUARED_GRADIENT = 2.0**-56
_LEAST_SECOND_MOMENT = 2.0**-120

# From here on, tanh is ±1 in float32.
_SATURATION = np.float32(9.02)
_CONSTANT_TERM = 7905853580625
_NUMERATOR = tuple(
    np.float32(coefficient / _CONSTANT_TERM)
    for coefficient in (1159525191825, 41247931725, 523783260, 2552550, 4095, 1)
)
_DENOMINATOR = tuple(
    np.float32(coefficient / _CONSTANT_TERM)
    for coefficient in (3794809718700, 252070693875, 5237832600, 41351310, 120120, 91)
)


def _loop(signature: str, types: Iterable[str] = ("float32", "float64"), **options: object):
    """Return the decorator for a loop over arrays of a type T, which is each of `types`."""
    signatures = [signature.replace("T", type_) for type_ in types]
    return in_machine_code(*signatures, error_model="numpy", **options)


@numba.njit(error_model="numpy", fastmath={"contract"})
def _tanh(x):
    """Return tanh of a float32 number, within 4e-7, in a form that compiles to vectors.

    It is Lambert's continued fraction x / (1 + x² / (3 + x² / (5 + …))), cut off after the term 25.
    All coefficients of its two polynomials in x² are positive, so that no digits cancel.
    """
    x = min(max(x, -_SATURATION), _SATURATION)
    u = x * x
    a1, a2, a3, a4, a5, a6 = _NUMERATOR
    b1, b2, b3, b4, b5, b6 = _DENOMINATOR
    one = np.float32(1)
    numerator = (((((a6 * u + a5) * u + a4) * u + a3) * u + a2) * u + a1) * u + one
    denominator = (((((b6 * u + b5) * u + b4) * u + b3) * u + b2) * u + b1) * u + one
    return min(max(x * numerator / denominator, -one), one)


@_loop("(T[:, ::1], T[::1], T[:, ::1])")
def rectify(values, bias, slopes):
    """Add a bias (width,) to `values` (k, width), apply ReLU, and write its `slopes`."""
    zero, one = values.dtype.type(0), values.dtype.type(1)
    rows, columns = values.shape
    for row in range(rows):
        for column in range(columns):
            value = values[row, column] + bias[column]
            # Written so that what is not a number stays so.
            off = value <= zero
            values[row, column] = zero if off else value
            slopes[row, column] = zero if off else one


@_loop("(T[:, ::1], T[::1], T[:, ::1])", types=("float32",), fastmath={"contract"})
def tanh(values, bias, slopes):
    """Add a bias (width,) to float32 `values` (k, width), apply tanh, and write its `slopes`."""
    one = np.float32(1)
    rows, columns = values.shape
    for row in range(rows):
        for column in range(columns):
            value = _tanh(values[row, column] + bias[column])
            values[row, column] = value
            slopes[row, column] = one - value * value


@_loop("(T[:, ::1], T[::1], T[:, ::1])", types=("float32",), fastmath={"contract"})
def scaled_tanh(values, bias, slopes):
    """Do what `tanh` does for (tanh + 1) / 2."""
    one, half = np.float32(1), np.float32(0.5)
    rows, columns = values.shape
    for row in range(rows):
        for column in range(columns):
            value = _tanh(values[row, column] + bias[column])
            values[row, column] = half * (value + one)
            slopes[row, column] = half * (one - value * value)


@_loop("(T[:, ::1], T[:, ::1], T[::1])")
def multiply(gradient, slopes, column_sums):
    """Multiply `gradient` (k, width) by `slopes`, and write its `column_sums` (width,)."""
    rows, columns = gradient.shape
    column_sums[:] = 0
    for row in range(rows):
        for column in range(columns):
            value = gradient[row, column] * slopes[row, column]
            gradient[row, column] = value
            column_sums[column] += value


@_loop("(T[:, ::1], T[:, ::1], T[:, ::1], float64[::1])", fastmath={"reassoc", "contract"})
def squared_error(outputs, inputs, gradient, total):
    """Write the gradient of the mean of (y - x)² by y, all (k, pixels).

    The mean over pixels is added to `total` (1,) for each point.
    """
    rows, columns = outputs.shape
    scale = outputs.dtype.type(2.0 / (rows * columns))
    for row in range(rows):
        squares = outputs.dtype.type(0)
        for column in range(columns):
            error = outputs[row, column] - inputs[row, column]
            gradient[row, column] = scale * error
            squares += error * error
        total[0] += squares / columns


@_loop("(T[:, ::1], T[:, ::1], T[:, ::1], float64[::1])", fastmath={"reassoc", "contract"})
def euclidean_distance(outputs, inputs, gradient, total):
    """Write the gradient of the mean over points of ‖y - x‖ by y, (k, pixels), which is 0 at y = x.

    The distance of each point is added to `total` (1,).
    """
    rows, columns = outputs.shape
    for row in range(rows):
        squares = outputs.dtype.type(0)
        for column in range(columns):
            error = outputs[row, column] - inputs[row, column]
            gradient[row, column] = error
            squares += error * error
        distance = math.sqrt(squares)
        total[0] += distance
        scale = outputs.dtype.type(1.0 / (rows * distance) if distance != 0 else 0.0)
        for column in range(columns):
            gradient[row, column] *= scale


@_loop("(T[::1], T[::1], T[::1], T[::1], T, T, T, T, T, T)")
def adam_step(
    parameters, gradient, first, second, decay, share, square_share, step_size, correction, epsilon
):
    """Make one step of Adam (Kingma & Ba 2015); all arrays are (n,).

    The first moment becomes m + `share` (g - m), the second `decay` v + `square_share` g², and the
    parameters are moved by `step_size` m / (`correction` sqrt(v) + `epsilon`).
    """
    number = parameters.dtype.type
    zero, least_gradient = number(0), number(_LEAST_SQUARED_GRADIENT)
    least_first, least_second = number(_LEAST_MOMENT), number(_LEAST_SECOND_MOMENT)
    for index in range(parameters.size):
        slope = gradient[index]
        squared = zero if abs(slope) < least_gradient else slope * slope
        m = first[index] + share * (slope - first[index])
        v = decay * second[index] + square_share * squared
        m = zero if abs(m) < least_first else m
        v = zero if v < least_second else v
        first[index] = m
        second[index] = v
        parameters[index] -= step_size * m / (correction * np.sqrt(v) + epsilon)


@_loop("(T[::1], T[::1], T[::1], T, T)")
def momentum_step(parameters, gradient, velocity, learning_rate, momentum):
    """Make the velocity `momentum` v + g, and move by -`learning_rate` v; all arrays are (n,)."""
    zero, least = parameters.dtype.type(0), parameters.dtype.type(_LEAST_MOMENT)
    for index in range(parameters.size):
        v = momentum * velocity[index] + gradient[index]
        v = zero if abs(v) < least else v
        velocity[index] = v
        parameters[index] -= learning_rate * v
