"""Rounding bounds, signs and known Jacobians with every activation, against exact arithmetic."""

import exact
import mpmath
import numpy as np
import pytest

from jacspec.models.activations import ACTIVATIONS, leaky_relu
from jacspec.models.network import DenseLayer, Network
from jacspec.spectra.dense import DenseSource
from jacspec.spectra.engine import jacobian_spectra

ALL = {activation.name: activation for activation in [*ACTIVATIONS.values(), leaky_relu()]}
IDENTITY = ALL["identity"]
# Hidden, latent and output activation.
TRIPLES = [
    *((hidden, "identity", "tanh") for hidden in ALL),
    *(("relu", latent, "sigmoid") for latent in ALL if latent != "identity"),
    *(("tanh", "identity", output) for output in ALL),
    ("gelu", "silu", "selu"),
    ("softplus", "relu", "scaled_tanh"),
    ("leaky_relu(0.01)", "elu", "gelu"),
]
LATENT_DIM = 3


def layers(widths, activations, generator, gain=1.0, bias=True):
    """Return random dense layers, with weights large enough for activations to be curved."""
    return tuple(
        DenseLayer(
            gain * generator.standard_normal((outputs, inputs)) / np.sqrt(inputs),
            0.5 * generator.standard_normal(outputs) if bias else None,
            ALL[activation],
        )
        for inputs, outputs, activation in zip(widths, widths[1:], activations, strict=False)
    )


def network_of_triple(triple, widths=(10, 7, 6, LATENT_DIM), bias=True, distance=1.0, seed=0):
    """Return a network whose last latent direction differs from the first by about `distance`."""
    hidden, latent, output = triple
    generator = np.random.default_rng(seed)
    between = [hidden] * (len(widths) - 2)
    encoder = layers(widths, [*between, latent], generator, bias=bias)
    decoder = layers(widths[::-1], [*between, output], generator, bias=bias)
    first = decoder[0].weight
    first[:, -1] = first[:, 0] + distance * first[:, -1]
    return Network(encoder, decoder)


def computed_and_exact(network, points, precision="float64"):
    """Yield for each Jacobian of each point its error, coarse and fine bound, and exact matrix."""
    evaluated = DenseSource(network, precision).evaluate(points)
    for number, point in enumerate(points):
        with mpmath.workdps(60):
            expected = exact.jacobians(network, point)
            for name, matrix in expected.items():
                block = getattr(evaluated, name)
                fine = block.finer_error(np.array([number])).item()
                error = (exact.exact(block.matrices[number]) - matrix).astype(np.float64)
                yield np.linalg.norm(error, 2), block.error[number], fine, name, number, matrix


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("triple", TRIPLES, ids="-".join)
def test_no_error_exceeds_its_bound(triple, precision):
    """Errors are those of one computation, bounds hold for all: the worst roundings at once.

    What they are apart is 2e3 to 1e4 here with ReLU, where masks are exact, and up to 7e5 with
    smooth activations, whose slopes inherit errors too, through a product of norms. In float32 the
    weights are those of float32, so that it is rounding alone that is seen.
    """
    network = network_of_triple(triple).converted(np.float32).converted(np.float64)
    points = np.random.default_rng(1).random((3, 10), dtype=np.float32)
    looseness = []
    for error, coarse, fine, *_ in computed_and_exact(network, points, precision):
        assert 0 <= error <= fine <= coarse
        looseness.append(fine / error if error else np.inf)
    assert np.median(looseness) < (1e4 if triple[0] == "relu" and triple[1] == "identity" else 1e6)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("widths", [(4, 2), (3, 3), (5, 4, 2), (2, 5, 3)])
@pytest.mark.parametrize("triple", [("relu", "identity", "tanh"), ("gelu", "relu", "sigmoid")])
def test_bounds_hold_for_one_layer_and_without_biases(triple, widths, bias):
    network = network_of_triple(triple, widths, bias)
    points = np.random.default_rng(2).random((4, widths[0]))
    for error, coarse, fine, *_ in computed_and_exact(network, points):
        assert error <= fine <= coarse < 1e-11


@pytest.mark.parametrize("distance", [1e-4, 1e-9, 1e-12, 1e-13, 1e-14, 1e-15, 1e-16, 0.0])
@pytest.mark.parametrize("hidden", ["gelu", "silu", "elu", "softplus", "tanh", "leaky_relu(0.01)"])
def test_signs_of_nearly_singular_matrices_are_never_wrong(hidden, distance):
    network = network_of_triple((hidden, "identity", "sigmoid"), distance=distance)
    points = np.random.default_rng(3).random((3, 10))
    spectra = jacobian_spectra(network, points)
    for *_, name, number, matrix in computed_and_exact(network, points):
        sign = getattr(spectra, f"sign_{name}")[number]
        with mpmath.workdps(60):
            # At distance 0 the matrix is singular, and a sign would be that of its rounding.
            expected = exact.sign_of_determinant(matrix) if distance else 0
        assert sign in (0, expected)
        if distance >= 1e-4:
            assert sign == expected
        if distance <= 1e-15:
            assert sign == 0
