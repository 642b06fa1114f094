"""The hand-written passes against autograd, on the CPU and as they are on a GPU."""

import numpy as np
import pytest
import torch

from jacspec.models.architecture import (
    HIDDEN_ACTIVATIONS,
    LATENT_ACTIVATIONS,
    OUTPUT_ACTIVATIONS,
    Architecture,
)
from jacspec.models.autoencoder import autoencoder_of
from jacspec.models.cpu_operations import CpuOperations
from jacspec.models.flat_network import BatchPass, FlatNetwork
from jacspec.models.initial_weights import initial_parameters
from jacspec.models.torch_operations import TorchOperations

PIXELS = 20
OPERATIONS = {"cpu": CpuOperations(np.float64), "gpu": TorchOperations(np.float64, "cpu")}
every_library = pytest.mark.parametrize("library", ["cpu", "gpu"])


def torch_loss(loss, outputs, inputs):
    if loss == "mean_squared_error":
        return torch.nn.functional.mse_loss(outputs, inputs)
    return (outputs - inputs).norm(dim=1).mean()


def check_gradient(architecture, library, batch_size=5, loss="mean_squared_error"):
    """Compare loss and gradient with those of autograd, in float64."""
    parameters = initial_parameters(architecture, 3)
    autoencoder = autoencoder_of(architecture, parameters).double()
    points = np.random.default_rng(4).random((batch_size, architecture.input_dim))
    expected_loss = torch_loss(
        loss, autoencoder(torch.from_numpy(points)), torch.from_numpy(points)
    )
    expected_loss.backward()

    operations = OPERATIONS[library]
    network = FlatNetwork(architecture, parameters, operations)
    batch = BatchPass(network, loss, batch_size)
    total = operations.zeros(1, dtype=np.float64)
    batch.inputs[:] = operations.from_numpy(points)
    batch.forward()
    batch.add_loss(total)
    batch.backward()

    # Both are chains of at most 2 * 8 products with sums of at most 32 terms, all below 1 in
    # magnitude: relative errors below 16 * 32 * 2^-53 = 6e-14 of the largest entry.
    assert float(total[0]) / batch_size == pytest.approx(expected_loss.item(), rel=1e-13)
    for layer, expected in zip(network.layers, autoencoder.linear_layers(), strict=True):
        for actual, wanted in (
            (operations.to_numpy(layer.weight_gradient).T, expected.weight.grad.numpy()),
            (operations.to_numpy(layer.bias_gradient), expected.bias.grad.numpy()),
        ):
            tolerance = 6e-14 * np.abs(wanted).max()
            np.testing.assert_allclose(actual, wanted, rtol=0, atol=tolerance)


@every_library
@pytest.mark.parametrize("loss", ["mean_squared_error", "mean_euclidean_distance"])
@pytest.mark.parametrize("batch_size", [1, 5, 32])
@pytest.mark.parametrize(
    ("latent_dim", "hidden_widths"), [(4, (12, 9, 7)), (9, (6,)), (1, (30, 3)), (25, ())]
)
def test_hand_written_gradient_is_autograds(latent_dim, hidden_widths, batch_size, loss, library):
    check_gradient(Architecture(latent_dim, hidden_widths, PIXELS), library, batch_size, loss)


@every_library
@pytest.mark.parametrize(
    "activations",
    [
        *({"hidden_activation": name} for name in HIDDEN_ACTIVATIONS),
        *({"latent_activation": name} for name in LATENT_ACTIVATIONS),
        *({"output_activation": name} for name in OUTPUT_ACTIVATIONS),
    ],
    ids=lambda activations: "-".join(*activations.items()),
)
def test_gradient_is_autograds_with_every_activation(activations, library):
    check_gradient(Architecture(4, (12, 9), PIXELS, **activations), library)


@pytest.mark.parametrize("output_activation", OUTPUT_ACTIVATIONS)
def test_float32_passes_are_those_of_float64_within_rounding(output_activation):
    """The loops for float32 are others than for float64 where that is quicker."""
    architecture = Architecture(4, (12, 9), PIXELS, output_activation=output_activation)
    gradients = []
    for dtype in (np.float32, np.float64):
        network = FlatNetwork(
            architecture, initial_parameters(architecture, 3), CpuOperations(dtype)
        )
        batch = BatchPass(network, "mean_squared_error", 5)
        batch.inputs[:] = np.random.default_rng(4).random((5, PIXELS), dtype=np.float32)
        batch.forward()
        batch.add_loss(np.zeros(1))
        batch.backward()
        gradients.append(network.gradient)
    single, double = gradients
    # Chains of 12 products with sums of at most 20 terms, and 4e-7 for tanh.
    tolerance = (12 * 20 * 2**-24 + 4e-7) * np.abs(double).max()
    np.testing.assert_allclose(single, double, rtol=0, atol=tolerance)
    assert not np.array_equal(single, double)


@every_library
def test_parameters_are_copied_in_and_out(library):
    architecture = Architecture(4, (12, 9), PIXELS)
    source = initial_parameters(architecture, 0)
    network = FlatNetwork(architecture, source, OPERATIONS[library])
    state = network.state_dict()
    assert list(state) == list(source)
    assert all(np.array_equal(state[name], values) for name, values in source.items())
    assert len(network.parameters) == sum(values.size for values in source.values())
    network.parameters[:] = 0
    assert all(values.any() for values in (*source.values(), *state.values()))
