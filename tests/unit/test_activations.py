"""Activations against mpmath and torch: values, slopes, and what is said of their errors."""

import warnings

import exact
import mpmath
import numpy as np
import pytest
import torch
from torch import nn

from jacspec.models.activations import ACTIVATIONS, activation_named, leaky_relu
from jacspec.models.architecture import (
    HIDDEN_ACTIVATIONS,
    LATENT_ACTIVATIONS,
    OUTPUT_ACTIVATIONS,
)
from jacspec.models.network import activation_of_module

ALL = [*ACTIVATIONS.values(), leaky_relu()]
NAMES = [activation.name for activation in ALL]
MODULES = {
    "identity": nn.Identity(),
    "relu": nn.ReLU(),
    "leaky_relu(0.01)": nn.LeakyReLU(),
    "elu": nn.ELU(),
    "selu": nn.SELU(),
    "gelu": nn.GELU(),
    "silu": nn.SiLU(),
    "softplus": nn.Softplus(),
    "tanh": nn.Tanh(),
    "sigmoid": nn.Sigmoid(),
}
every_activation = pytest.mark.parametrize("activation", ALL, ids=NAMES)


def arguments_of(dtype):
    """Return numbers of all sizes and signs, among them those where functions change most."""
    generator = np.random.default_rng(0)
    sizes = 10.0 ** generator.uniform(-6, 1.3, 300) * generator.choice([-1, 1], 300)
    special = [0, -0.0, 1e-30, -1e-30, 20, 20.0001, -20, 80, -80, np.sqrt(2), 2.3994, -1, 1]
    return np.concatenate([generator.uniform(-6, 6, 300), sizes, special]).astype(dtype)


def evaluated(activation, arguments, library):
    """Return values and slopes as arrays, the latter 1 where there are none."""
    copies = arguments.copy() if library == "numpy" else torch.from_numpy(arguments.copy())
    values, slopes = activation.evaluate(copies)
    slopes = np.ones_like(arguments) if slopes is None else np.asarray(slopes)
    return np.asarray(values), slopes


@every_activation
@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_values_and_slopes_are_as_exact_as_they_are_said_to_be(activation, dtype, library):
    unit = np.finfo(dtype).eps / 2
    arguments = arguments_of(dtype)
    tangents = np.random.default_rng(1).uniform(0.5, 1, len(arguments)).astype(dtype)
    with np.errstate(under="ignore"):
        values, slopes = evaluated(activation, arguments, library)
        products = slopes * tangents
    assert values.dtype == slopes.dtype == dtype
    with mpmath.workdps(40):
        for number, argument in enumerate(exact.exact(arguments)):
            value, slope = exact.FUNCTIONS[activation.name](argument)
            size = activation.steepest * abs(argument) + activation.at_zero
            error = abs(exact.mpf(float(values[number])) - value)
            assert error <= activation.value_roundings * unit * size
            tangent = exact.mpf(float(tangents[number]))
            error = abs(exact.mpf(float(products[number])) - slope * tangent)
            assert error <= activation.slope_roundings * unit * tangent


@every_activation
def test_the_largest_slope_and_its_largest_change_are_those_stated(activation):
    """Differences of slopes are averages of the curvature, which a fine grid comes near to."""
    step = 1e-3
    grid = np.arange(-8, 19, step)
    _, slopes = evaluated(activation, grid, "numpy")
    rounding = 1e-12
    steepest = np.abs(slopes).max()
    assert 0.998 * activation.steepest <= steepest <= activation.steepest + rounding
    # Pieces end at 0.
    changes = [
        np.abs(np.diff(slopes[piece])).max() / step for piece in (grid >= 0, grid < -step / 2)
    ]
    curvature = max(changes)
    assert 0.998 * activation.curvature <= curvature <= activation.curvature + rounding / step
    assert activation.piecewise_linear == (activation.curvature == 0)


@every_activation
def test_the_value_at_zero_is_that_stated(activation):
    values, _ = evaluated(activation, np.zeros(1), "numpy")
    assert values[0] == pytest.approx(activation.at_zero, abs=1e-15)


@every_activation
def test_only_relu_is_ever_off(activation):
    _, slopes = evaluated(activation, np.linspace(-5, 5, 1001), "numpy")
    assert activation.can_be_off == (0 in slopes) == (activation.name == "relu")


@pytest.mark.parametrize("name", MODULES)
def test_they_are_the_functions_of_torch(name):
    """Where they have kinks, torch's slope is the one to the left."""
    activation = activation_of_module(MODULES[name])
    assert activation.name == name
    arguments = arguments_of(np.float64)
    arguments = arguments[arguments != 0]
    values, slopes = evaluated(activation, arguments, "numpy")
    tensor = torch.from_numpy(arguments.copy()).requires_grad_()
    expected = MODULES[name](tensor)
    expected.sum().backward()
    np.testing.assert_allclose(values, expected.detach(), rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(slopes, tensor.grad, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize(
    "module",
    [nn.ELU(alpha=2), nn.GELU(approximate="tanh"), nn.Softplus(beta=2), nn.Softplus(threshold=9)],
)
def test_functions_with_other_settings_are_not_taken_for_these(module):
    assert activation_of_module(module) is None


def test_relus_of_any_slope():
    assert activation_of_module(nn.LeakyReLU(0)) is ACTIVATIONS["relu"]
    steep = activation_of_module(nn.LeakyReLU(-3.0))
    assert (steep.steepest, steep.curvature) == (3, 0)
    values, slopes = evaluated(steep, np.array([-2.0, 0.0, 2.0]), "numpy")
    assert np.array_equal(values, [6, 0, 2])
    assert np.array_equal(slopes, [-3, 1, 1])


def test_every_name_of_an_architecture_has_one():
    for name in {*HIDDEN_ACTIVATIONS, *LATENT_ACTIVATIONS, *OUTPUT_ACTIVATIONS}:
        assert activation_named(name).name.startswith(name)
    with pytest.raises(KeyError):
        activation_named("softmax")


@every_activation
def test_numbers_out_of_range_are_no_cause_for_a_warning(activation):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values, slopes = evaluated(activation, np.array([-750.0, 750.0]), "numpy")
    assert np.isfinite(values).all()
    assert np.isfinite(slopes).all()
