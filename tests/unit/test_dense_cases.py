"""Dense networks whose Jacobians are known, and what their rank bounds and patterns say."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from jacspec.models.activations import ACTIVATIONS, leaky_relu
from jacspec.models.network import DenseLayer, Network
from jacspec.spectra.dense import DenseSourceOnDevice
from jacspec.spectra.engine import SpectraEngine, jacobian_spectra

IDENTITY, RELU, TANH, SIGMOID = (
    ACTIVATIONS[name] for name in ("identity", "relu", "tanh", "sigmoid")
)


def single_units(hidden, output):
    """Return 1-1-1 and 1-1-1 with weights 1 and biases 0."""
    layers = [
        DenseLayer(np.ones((1, 1)), np.zeros(1), activation)
        for activation in (hidden, IDENTITY, hidden, output)
    ]
    return Network(tuple(layers[:2]), tuple(layers[2:]))


def random_network(widths, hidden, latent, output, seed=0):
    generator = np.random.default_rng(seed)

    def half(widths, last):
        return tuple(
            DenseLayer(
                generator.standard_normal((outputs, inputs)) / math.sqrt(inputs),
                generator.standard_normal(outputs) / 2,
                last if number == len(widths) - 2 else hidden,
            )
            for number, (inputs, outputs) in enumerate(pairwise(widths))
        )

    return Network(half(widths, latent), half(widths[::-1], output))


@pytest.mark.parametrize(
    ("hidden", "output", "point", "expected"),
    [
        (RELU, IDENTITY, 1.0, 1.0),
        (RELU, SIGMOID, 1.0, 0.19661),
        (TANH, IDENTITY, 1.0, 0.24687),
        (leaky_relu(0.01), IDENTITY, -1.0, 1e-4),
        # On the kink itself, the slope counts that is to its right.
        (RELU, IDENTITY, 0.0, 1.0),
    ],
)
def test_single_units_multiply_their_slopes(hidden, output, point, expected):
    spectra = jacobian_spectra(single_units(hidden, output), np.array([[point]]))
    assert spectra.eigenvalues_input.item() == pytest.approx(expected, abs=5e-6)
    assert spectra.trace_input.item() == pytest.approx(expected, abs=5e-6)
    assert spectra.sign_input.item() == spectra.sign_latent.item() == 1
    assert spectra.rank_bound_input.item() == 1


def test_more_latent_values_than_inputs_leave_exact_zeros():
    network = random_network((1, 4, 2), IDENTITY, IDENTITY, IDENTITY)
    spectra = jacobian_spectra(network, np.random.default_rng(0).random((5, 1)))
    for name in ("input", "latent"):
        assert (getattr(spectra, f"rank_bound_{name}") == 1).all()
        assert (getattr(spectra, f"logabsdet_{name}") == -np.inf).all()
        assert not getattr(spectra, f"sign_{name}").any()
        eigenvalues = getattr(spectra, f"eigenvalues_{name}")
        assert (eigenvalues[:, 0] != 0).all()
        assert (eigenvalues[:, 1] == 0).all()


@pytest.mark.parametrize(
    ("widths", "rank"), [((9, 5, 1), 1), ((9, 3, 4), 3), ((4, 9, 4), 4), ((4, 4), 4), ((6, 2), 2)]
)
@pytest.mark.parametrize("hidden", [TANH, IDENTITY])
def test_no_rank_exceeds_any_width(widths, rank, hidden):
    network = random_network(widths, hidden, IDENTITY, SIGMOID)
    spectra = jacobian_spectra(network, np.random.default_rng(0).random((5, widths[0])))
    assert (spectra.rank_bound_input == rank).all()
    assert (np.count_nonzero(spectra.eigenvalues_latent, axis=1) == rank).all()


def test_sigmoid_is_tanh_of_other_units():
    """sigmoid(a) = (1 + tanh(a / 2)) / 2: x is replaced by 2 x - 1, which changes no spectrum."""
    network = random_network((12, 7, 4), ACTIVATIONS["gelu"], IDENTITY, SIGMOID)
    first, *others = network.encoder
    *hidden, last = network.decoder
    scaled = Network(
        (
            replace(first, weight=first.weight / 2, bias=first.bias + first.weight.sum(1) / 2),
            *others,
        ),
        (*hidden, DenseLayer(last.weight / 2, last.bias / 2, TANH)),
    )
    points = np.random.default_rng(0).random((20, 12))
    spectra, expected = jacobian_spectra(scaled, 2 * points - 1), jacobian_spectra(network, points)
    np.testing.assert_allclose(spectra.logabsdet_input, expected.logabsdet_input, rtol=1e-11)
    np.testing.assert_allclose(spectra.trace_latent, expected.trace_latent, rtol=1e-11)
    np.testing.assert_allclose(4 * expected.reconstruction_error, spectra.reconstruction_error)
    assert np.array_equal(spectra.sign_input, expected.sign_input)


@pytest.mark.parametrize("place", ["latent", "output"])
def test_relus_at_the_end_of_either_half_are_counted_too(place):
    activations = {"latent": IDENTITY, "output": IDENTITY, place: RELU}
    network = random_network((6, 6, 5), TANH, **activations)
    half = network.encoder if place == "latent" else network.decoder
    # Three units off whatever comes in.
    half[-1].bias[:3] = -1e6
    half[-1].bias[3:] = 3
    spectra = jacobian_spectra(network, np.random.default_rng(0).random((5, 6)))
    width = {"latent": 5, "output": 6}[place]
    assert (spectra.rank_bound_input == width - 3).all()
    assert (spectra.rank_bound_latent == width - 3).all()
    assert (spectra.logabsdet_input == -np.inf).all()
    assert (np.count_nonzero(spectra.eigenvalues_input, axis=1) == width - 3).all()


def test_a_slope_that_underflows_is_no_unit_that_is_off():
    network = random_network((6, 5, 3), SIGMOID, IDENTITY, IDENTITY)
    network.encoder[0].bias[:] = -1e6
    spectra = jacobian_spectra(network, np.random.default_rng(0).random((5, 6)))
    assert (spectra.rank_bound_input == 3).all()
    # Singular numerically, and not known to be more.
    assert not spectra.sign_input.any()


@pytest.mark.parametrize(
    ("hidden", "latent", "ever"),
    [
        (RELU, IDENTITY, True),
        (leaky_relu(), RELU, True),
        (IDENTITY, IDENTITY, True),
        (TANH, IDENTITY, False),
        (RELU, ACTIVATIONS["gelu"], False),
    ],
)
def test_patterns_agree_where_the_encoder_is_the_same_linear_map(hidden, latent, ever):
    network = random_network((8, 5, 3), hidden, latent, SIGMOID)
    spectra = jacobian_spectra(network, np.random.default_rng(0).random((300, 8)))
    same = spectra.same_pattern
    assert same.any() == ever
    if ever:
        assert np.array_equal(spectra.trace_input[same], spectra.trace_latent[same])
        if hidden is not IDENTITY:
            differ = spectra.trace_input != spectra.trace_latent
            assert (differ[~same]).any()


@pytest.mark.parametrize("name", [*ACTIVATIONS, "leaky_relu"])
def test_torch_computes_the_same_in_large_blocks(name, monkeypatch):
    """The way through a GPU, with the tensors in main memory."""
    monkeypatch.setattr("jacspec.spectra.dense.GPU_ROWS", 2048)
    activation = leaky_relu() if name == "leaky_relu" else ACTIVATIONS[name]
    network = random_network((9, 7, 4), activation, RELU, activation)
    points = np.random.default_rng(0).random((900, 9))
    expected = jacobian_spectra(network, points)
    with SpectraEngine(DenseSourceOnDevice(network, device="cpu"), threads=2) as engine:
        spectra = engine.submit(points).result()
    # Each error is some units of 1e-16 of a norm of order 1.
    np.testing.assert_allclose(spectra.trace_latent, expected.trace_latent, atol=1e-12)
    np.testing.assert_allclose(spectra.latent, expected.latent, rtol=1e-6)
    np.testing.assert_array_equal(spectra.rank_bound_input, expected.rank_bound_input)
    np.testing.assert_array_equal(spectra.same_pattern, expected.same_pattern)
