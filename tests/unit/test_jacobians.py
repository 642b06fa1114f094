"""Both Jacobians against closed forms, autograd and difference quotients."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.autograd.functional import jacobian
from torch.nn.utils import weight_norm

from jacspec.models.activations import ACTIVATIONS
from jacspec.models.architecture import Architecture
from jacspec.models.autoencoder import Autoencoder, initialized_autoencoder
from jacspec.models.network import network_of
from jacspec.spectra.jacobians import JacobianChain, forward_pass, points_of_block
from jacspec.spectra.rounding import RoundingBound

UNIT_ROUNDOFF = 2.0**-53
PIXELS = 12
SHAPES = [(1, (4,)), (3, (9, 7, 6)), (5, (8, 8, 8, 8)), (2, (3, 10))]


pytestmark = pytest.mark.usefixtures("one_thread")


def points(count, pixels=PIXELS, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, pixels, generator=generator, dtype=torch.float64)


def autoencoder_of(latent_dim, hidden_widths, pixels=PIXELS, gain=2.0, **activations):
    """Return a random autoencoder, with weights large enough for tanh to be curved."""
    autoencoder = Autoencoder(Architecture(latent_dim, hidden_widths, pixels, **activations))
    random = initialized_autoencoder(latent_dim, hidden_widths, 0, pixels).state_dict()
    autoencoder.load_state_dict({name: gain * values for name, values in random.items()})
    return autoencoder.double()


def jacobians_of(autoencoder, inputs, group_points=None, library="numpy"):
    """Return what the chain rule finds, and how far another computation may be from it (n,).

    They are tensors, whatever the library that the chain rule uses.

    Both are off by the errors of the slopes of tanh, which `RoundingBound` covers for each. A
    product of matrices, in whatever order it is multiplied out, is off by ``g_K |W_L| ... |W_1|``
    at most, element by element, with K the sum of all inner dimensions (Higham, section 3.5).
    """
    network = network_of(autoencoder, np.float64)
    if library == "numpy":
        jacobians = JacobianChain(network, len(inputs), group_points)(inputs.numpy())
    else:
        jacobians = JacobianChain(network.on_device("cpu"), len(inputs), group_points)(inputs)
        jacobians = jacobians.in_main_memory()
    weights = [layer.weight for layer in network.layers]
    terms = sum(weight.shape[1] for weight in weights)
    norms = math.prod(np.linalg.norm(np.abs(weight), 2) for weight in weights)
    other_order = 1.01 * terms * UNIT_ROUNDOFF * norms
    bounds = 2 * RoundingBound(network).coarse(jacobians) + other_order
    return jacobians.mapped(torch.as_tensor), torch.from_numpy(bounds)


def derivative(function, inputs):
    """Return the Jacobians (n, outputs, inputs) of `function` by autograd, in reverse mode."""
    return torch.stack([jacobian(function, point) for point in inputs])


def assert_near(matrices, expected, bounds):
    errors = torch.linalg.matrix_norm(matrices.double() - expected, 2)
    assert bool((errors <= bounds).all()), (errors / bounds).max()


@pytest.mark.parametrize(("latent_dim", "hidden_widths"), SHAPES)
def test_linear_autoencoder_has_the_product_of_its_weights(latent_dim, hidden_widths):
    activations = {"hidden_activation": "identity", "output_activation": "identity"}
    autoencoder = autoencoder_of(latent_dim, hidden_widths, **activations)
    jacobians, bounds = jacobians_of(autoencoder, points(6))
    product = torch.eye(latent_dim, dtype=torch.float64)
    for layer in [*autoencoder.decoder, *autoencoder.encoder]:
        if isinstance(layer, nn.Linear):
            product = layer.weight.detach() @ product
    assert_near(jacobians.input, product.expand(6, -1, -1), bounds)
    assert torch.equal(jacobians.input, jacobians.latent)


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("output_activation", ["tanh", "identity"])
@pytest.mark.parametrize("hidden_activation", ["relu", "identity"])
@pytest.mark.parametrize(("latent_dim", "hidden_widths"), SHAPES)
def test_agrees_with_autograd(
    latent_dim, hidden_widths, hidden_activation, output_activation, library
):
    autoencoder = autoencoder_of(
        latent_dim,
        hidden_widths,
        hidden_activation=hidden_activation,
        output_activation=output_activation,
    )
    inputs = points(20)
    jacobians, bounds = jacobians_of(autoencoder, inputs, library=library)
    latent_points = autoencoder.encoder(inputs).detach()
    of_encoder = derivative(autoencoder.encoder, inputs)
    of_decoder = derivative(autoencoder.decoder, latent_points)
    of_both = derivative(lambda z: autoencoder.encoder(autoencoder.decoder(z)), latent_points)
    assert_near(jacobians.input, of_encoder @ of_decoder, bounds)
    assert_near(jacobians.latent, of_both, bounds)


def test_agrees_with_autograd_for_the_architecture_of_the_paper():
    autoencoder = initialized_autoencoder(20, seed=3).double()
    inputs = points(2, 784)
    jacobians, bounds = jacobians_of(autoencoder, inputs)
    latent_points = autoencoder.encoder(inputs).detach()
    of_encoder = derivative(autoencoder.encoder, inputs)
    of_decoder = derivative(autoencoder.decoder, latent_points)
    of_both = derivative(lambda z: autoencoder.encoder(autoencoder.decoder(z)), latent_points)
    assert_near(jacobians.input, of_encoder @ of_decoder, bounds)
    assert_near(jacobians.latent, of_both, bounds)


def test_agrees_with_central_differences():
    """Needs no derivative of anything.

    On one linear piece, z + t e_j reaches the pixels' tanh as a + t p, and leaves the encoder as
    G tanh(a + t p) + c. |tanh'''| <= 2, so that the quotient with step h is off by at most
    h^2 / 6 * 2 |G| |p|^3; rounding adds k u (|G| 1 + |c|) / h for the k operations of a sum.
    """
    latent_dim, step = 3, 1e-5
    autoencoder = autoencoder_of(latent_dim, (9, 7, 6))
    network = network_of(autoencoder, np.float64).on_device("cpu")
    *hidden, last = network.decoder
    before_tanh = (*hidden, replace(last, activation=ACTIVATIONS["identity"]))
    inputs = points(40)
    jacobians, bounds = jacobians_of(autoencoder, inputs)
    compared = 0
    for point in range(len(inputs)):
        z = jacobians.latent_points[point]
        for j in range(latent_dim):
            h = step * torch.eye(latent_dim, dtype=torch.float64)[j]
            at_z, ahead, behind = (
                forward_pass(before_tanh, shifted[None]) for shifted in (z, z + h, z - h)
            )
            encoded = [
                forward_pass(network.encoder, passed.output.tanh())
                for passed in (at_z, ahead, behind)
            ]
            if not all(
                torch.equal(slope, other)
                for passes in ((at_z, ahead, behind), encoded)
                for passed in passes[1:]
                for slope, other in zip(passes[0].slopes[:-1], passed.slopes[:-1], strict=True)
            ):
                continue
            p = (ahead.output - behind.output)[0] / (2 * step)
            encoder = jacobian(autoencoder.encoder, at_z.output[0].tanh()).abs()
            truncation = step**2 / 3 * encoder @ p.abs() ** 3
            # 50 exceeds the terms of any element of the result, weights and biases together.
            size = torch.ones(PIXELS, dtype=torch.float64)
            for layer in network.encoder:
                size = layer.weight.abs() @ size + layer.bias.abs()
            # Errors made before tanh arrive here as those of its argument.
            before = torch.linalg.vector_norm(at_z.output.abs() + 1) * torch.linalg.norm(encoder)
            rounding = 50 * UNIT_ROUNDOFF * (size + before) / step
            quotient = (encoded[1].output - encoded[2].output)[0] / (2 * step)
            error = (quotient - jacobians.latent[point, :, j]).abs()
            assert bool((error <= truncation + rounding + bounds[point]).all())
            compared += 1
    assert compared > 100


def test_the_derivative_of_relu_at_zero_is_one():
    autoencoder = Autoencoder(Architecture(1, (1,), 1, output_activation="identity")).double()
    parameters = {name: torch.ones_like(v) for name, v in autoencoder.state_dict().items()}
    # The unit of the encoder computes x - 1, which is 0 at x = 1.
    parameters["encoder.0.bias"] = -parameters["encoder.0.bias"]
    autoencoder.load_state_dict(parameters)
    jacobians, _ = jacobians_of(autoencoder, torch.ones(1, 1, dtype=torch.float64))
    assert jacobians.input.item() == 1.0


def test_reports_slopes_latent_points_and_reconstruction_errors():
    autoencoder = autoencoder_of(3, (9, 7, 6))
    inputs = points(15)
    jacobians, _ = jacobians_of(autoencoder, inputs)
    latent_points = autoencoder.encoder(inputs).detach()
    # The same sums of the same numbers, in another order at most.
    torch.testing.assert_close(jacobians.latent_points, latent_points, rtol=1e-13, atol=1e-13)
    reconstruction = autoencoder(inputs).detach()
    torch.testing.assert_close(
        jacobians.reconstruction_error,
        (reconstruction - inputs).square().sum(dim=1),
        rtol=1e-12,
        atol=0,
    )
    decoding = forward_pass(
        network_of(autoencoder, np.float64).on_device("cpu").decoder, latent_points
    )
    for slopes, stack, start in (
        (jacobians.encoder_slopes, autoencoder.encoder, inputs),
        (decoding.slopes, autoencoder.decoder, latent_points),
        (jacobians.reencoder_slopes, autoencoder.encoder, reconstruction),
    ):
        values = start
        active = []
        for layer in stack:
            values = layer(values)
            if isinstance(layer, nn.ReLU):
                active.append((values > 0).double())
        assert all(torch.equal(*pair) for pair in zip(slopes[:-1], active, strict=True))


def test_does_not_depend_on_how_many_points_have_their_tangents_together():
    autoencoder = autoencoder_of(3, (9, 7, 6))
    inputs = points(23)
    together, bounds = jacobians_of(autoencoder, inputs)
    for group_points in (1, 4, 22):
        apart, _ = jacobians_of(autoencoder, inputs, group_points)
        assert_near(apart.input, together.input, bounds)
        assert_near(apart.latent, together.latent, bounds)


def test_a_chain_remembers_nothing_of_the_block_before():
    autoencoder = autoencoder_of(4, (9, 7, 6))
    inputs = points(20).numpy()
    chain = JacobianChain(network_of(autoencoder, np.float64), 20)
    first = chain(inputs)
    matrices = first.input.copy(), first.latent.copy()
    chain(points(7, seed=1).numpy())
    assert np.array_equal(first.input, matrices[0])
    assert np.array_equal(first.latent, matrices[1])
    again = chain(inputs)
    assert np.array_equal(again.input, matrices[0])
    assert np.array_equal(again.latent, matrices[1])


@pytest.mark.parametrize("latent_dim", [1, 2, 3, 7, 20, 64, 600, 5000])
def test_a_block_is_a_moderate_number_of_points(latent_dim):
    count = points_of_block(latent_dim)
    assert 1 <= count <= 256
    assert count * latent_dim <= 256 * latent_dim


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        ([nn.Linear(4, 3), nn.Softmax(dim=1), nn.Linear(3, 2)], "Softmax"),
        ([nn.Linear(4, 3), nn.ReLU(), nn.Tanh(), nn.Linear(3, 2)], "at most one activation"),
        ([nn.ReLU(), nn.Linear(4, 2)], "must be one or more Linear"),
        ([nn.Linear(4, 3), nn.GELU(approximate="tanh"), nn.Linear(3, 2)], "GELU"),
        ([nn.Linear(4, 3), nn.Softplus(beta=2), nn.Linear(3, 2)], "Softplus"),
        ([weight_norm(nn.Linear(4, 3)), nn.Linear(3, 2)], "must be"),
        ([nn.Linear(4, 3), nn.ReLU(), nn.Linear(5, 2)], "do not fit"),
    ],
)
def test_refuses_networks_that_it_cannot_differentiate(modules, message):
    autoencoder = Autoencoder(Architecture(2, (3,), 4))
    autoencoder.encoder = nn.Sequential(*modules)
    with pytest.raises(ValueError, match=message):
        network_of(autoencoder, np.float64)


def test_refuses_weights_that_are_not_numbers():
    autoencoder = Autoencoder(Architecture(2, (3,), 4))
    with torch.no_grad():
        autoencoder.decoder[0].weight[0, 0] = np.nan
    with pytest.raises(ValueError, match="decoder has weights that are not finite"):
        network_of(autoencoder, np.float64)
