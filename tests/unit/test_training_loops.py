"""The loops in machine code against NumPy in float64."""

import math

import numpy as np
import pytest

from jacspec.models import training_loops

ROUNDOFF = {np.dtype(np.float32): 2.0**-24, np.dtype(np.float64): 2.0**-53}
types = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def random_numbers(*shape, dtype, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def every_float32_argument():
    """Return arguments of tanh of all sizes, of both signs, and the ends of the line."""
    positive = np.concatenate([np.geomspace(1e-37, 1e-2, 5000), np.linspace(1e-2, 12, 200_000)])
    ends = [0.0, 9.02, 88.0, 1e38, math.inf]
    positive = np.concatenate([positive, ends]).astype(np.float32)
    return np.concatenate([positive, -positive])[None]


@pytest.mark.parametrize(
    ("loop", "slope", "scale", "offset"),
    [(training_loops.tanh, 1, 1, 0), (training_loops.scaled_tanh, 0.5, 0.5, 0.5)],
)
def test_tanh_is_that_of_the_mathematics(loop, slope, scale, offset):
    values = every_float32_argument()
    exact = np.tanh(values.astype(np.float64))
    slopes = np.empty_like(values)
    loop(values, np.zeros(values.size, np.float32), slopes)
    # What is promised for tanh, and one more rounding for what is made of it.
    np.testing.assert_allclose(values, scale * exact + offset, rtol=2**-24, atol=scale * 4e-7)
    # The slope is 1 - y², which turns an error of y into twice as much, and is rounded.
    np.testing.assert_allclose(slopes, slope * (1 - exact**2), rtol=0, atol=slope * (8e-7 + 2**-24))
    assert slopes.min() >= 0


def test_small_arguments_of_tanh_keep_their_digits():
    values = np.geomspace(1e-37, 1e-2, 5000, dtype=np.float32)[None]
    exact = np.tanh(values.astype(np.float64))
    training_loops.tanh(values, np.zeros(values.size, np.float32), np.empty_like(values))
    # A sum of two terms, a product and a quotient; the other terms are below 1e-8.
    np.testing.assert_allclose(values, exact, rtol=5 * 2**-24)


@pytest.mark.parametrize("loop", [training_loops.tanh, training_loops.rectify])
def test_what_is_not_a_number_stays_so(loop):
    values = np.array([[1.0, math.nan, 2.0, math.nan]], np.float32)
    loop(values, np.zeros(4, np.float32), np.empty_like(values))
    assert np.isnan(values).tolist() == [[False, True, False, True]]


@types
def test_relu_and_its_slope(dtype):
    values, bias = random_numbers(7, 13, dtype=dtype), random_numbers(13, dtype=dtype, seed=1)
    values[3], bias[2] = 0, 0
    sums, slopes = values + bias, np.empty_like(values)
    training_loops.rectify(values, bias, slopes)
    assert np.array_equal(values, np.maximum(sums, 0))
    assert np.array_equal(slopes, sums > 0)


@types
def test_products_and_their_sums(dtype):
    gradient, slopes = (random_numbers(50, 13, dtype=dtype, seed=seed) for seed in (0, 1))
    expected, sums = gradient * slopes, np.full(13, 9, dtype)
    training_loops.multiply(gradient, slopes, sums)
    assert np.array_equal(gradient, expected)
    exact = expected.astype(np.float64).sum(axis=0)
    # Each of 50 partial sums is rounded, and none exceeds the sum of the moduli.
    bound = 50 * ROUNDOFF[np.dtype(dtype)] * np.abs(expected).sum(axis=0, dtype=np.float64)
    assert (np.abs(sums - exact) <= bound).all()


@types
@pytest.mark.parametrize("loss", ["squared_error", "euclidean_distance"])
def test_losses_and_their_gradients(dtype, loss):
    outputs, inputs = (random_numbers(6, 784, dtype=dtype, seed=seed) for seed in (0, 1))
    gradient, total = np.empty_like(outputs), np.array([3.0])
    getattr(training_loops, loss)(outputs, inputs, gradient, total)
    # The differences are exact to one rounding, which is that of the loop.
    errors = (outputs - inputs).astype(np.float64)
    if loss == "squared_error":
        losses, expected = np.square(errors).mean(axis=1), 2 * errors / errors.size
    else:
        losses = np.linalg.norm(errors, axis=1)
        expected = errors / (len(errors) * losses[:, None])
    # 784 terms of one sign, each partial sum rounded once, and a handful of roundings more.
    relative = 790 * ROUNDOFF[np.dtype(dtype)]
    assert total[0] == pytest.approx(3 + losses.sum(), rel=relative)
    np.testing.assert_allclose(gradient, expected, rtol=relative)


@types
def test_the_distance_has_no_gradient_where_it_is_zero(dtype):
    outputs = random_numbers(3, 5, dtype=dtype)
    inputs = outputs.copy()
    inputs[1] += 1
    gradient, total = np.full_like(outputs, 7), np.zeros(1)
    training_loops.euclidean_distance(outputs, inputs, gradient, total)
    assert not gradient[[0, 2]].any()
    assert (gradient[1] < 0).all()


@types
def test_moments_never_become_denormal(dtype):
    """Gradients of a pixel that is no longer seen: 0, after one that was not."""
    parameters, gradient, first, second = (np.zeros(4, dtype) for _ in range(4))
    velocity = np.zeros(4, dtype)
    gradient[:] = [1.0, 1e-6, 1e-17, 0.0]
    smallest = np.finfo(np.float32).tiny
    for step in range(100_000):
        training_loops.adam_step(
            parameters, gradient, first, second, 0.999, 0.1, 0.001, 1e-3, 1.0, 1e-8
        )
        training_loops.momentum_step(parameters, gradient, velocity, 0.1, 0.9)
        gradient[:] = 0
        if step % 100 == 0:
            for moment in (first, second, velocity):
                assert all(value == 0 or abs(value) >= smallest for value in moment)
    assert not first.any()
    assert not second.any()
    assert not velocity.any()
