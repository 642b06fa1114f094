"""The autoencoder's architecture, names and initial weights."""

import hashlib

import numpy as np
import pytest
import torch
from scipy.stats import kstest

from jacspec.models.architecture import Architecture
from jacspec.models.autoencoder import Autoencoder, autoencoder_of, initialized_autoencoder
from jacspec.models.initial_weights import initial_parameters

NAMES = [
    f"{half}.{number}.{kind}"
    for half in ("encoder", "decoder")
    for number in (0, 2, 4, 6)
    for kind in ("weight", "bias")
]


def test_has_the_papers_layers_under_the_published_names():
    state = Autoencoder(Architecture(7)).state_dict()
    assert list(state) == NAMES
    widths = [784, 128, 64, 32, 7, 32, 64, 128, 784]
    weights = [tuple(state[name].shape) for name in NAMES if name.endswith("weight")]
    assert weights == list(zip(widths[1:], widths, strict=False))


def test_forward_is_the_composition_of_the_papers_appendix():
    autoencoder = initialized_autoencoder(3, (9, 6, 5), seed=1, input_dim=12).double()
    state = {name: value.numpy() for name, value in autoencoder.state_dict().items()}
    points = np.random.default_rng(0).random((4, 12))

    def affine(half, number, values):
        name = f"{half}.{number}"
        return values @ state[f"{name}.weight"].T + state[f"{name}.bias"]

    values = points
    for half in ("encoder", "decoder"):
        for number in (0, 2, 4):
            values = np.maximum(affine(half, number, values), 0)
        values = affine(half, 6, values)
    expected = np.tanh(values)
    # Eight layers with sums of at most 12 terms of order 1 in float64: 8 * 12 * 2^-53 = 1e-14, and
    # weights below 1/sqrt(fan_in) do not amplify; 1e-13 leaves a factor of ten.
    actual = autoencoder(torch.from_numpy(points)).detach().numpy()
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-13)


def test_latent_layer_is_linear_and_output_is_tanh():
    autoencoder = initialized_autoencoder(20, seed=2)
    points = torch.rand(200, 784)
    latent = autoencoder.encoder(points)
    assert (latent < 0).any()
    assert isinstance(autoencoder.encoder[-1], torch.nn.Linear)
    assert isinstance(autoencoder.decoder[-1], torch.nn.Tanh)


def test_identity_activations_make_an_affine_map():
    architecture = Architecture(
        2, (6, 4), 8, hidden_activation="identity", output_activation="identity"
    )
    autoencoder = Autoencoder(architecture).double()
    product = torch.eye(8, dtype=torch.float64)
    for layer in autoencoder.linear_layers():
        product = layer.weight @ product
    points = torch.rand(5, 8, dtype=torch.float64)
    differences = autoencoder(points) - autoencoder(torch.zeros(1, 8, dtype=torch.float64))
    # Six products with sums of at most 8 terms of order 1.
    torch.testing.assert_close(differences, points @ product.T, rtol=0, atol=6 * 8 * 2**-50)


@pytest.mark.parametrize("name", NAMES)
def test_initial_weights_have_the_distribution_of_torch_nn_linear(name):
    torch.manual_seed(5)
    values = initial_parameters(Architecture(20), 5)[name].ravel()
    drawn_by_torch = Autoencoder(Architecture(20)).state_dict()[name].numpy().ravel()
    # Two samples of one distribution: of the 16 parameters, one in 600 draws gives a p below 1e-4.
    assert kstest(values, drawn_by_torch).pvalue > 1e-4
    fan_in = initial_parameters(Architecture(20), 5)[name.replace("bias", "weight")].shape[1]
    assert np.abs(values).max() <= np.float32(1 / np.sqrt(fan_in))


def test_initial_weights_depend_on_the_seed_and_the_widths_and_on_nothing_else():
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 - what must not matter
    first = initial_parameters(Architecture(4), 3)
    again = initial_parameters(Architecture(4, hidden_activation="elu"), 3)
    others = (initial_parameters(Architecture(4), 4), initial_parameters(Architecture(5), 3))
    for name in NAMES:
        assert np.array_equal(first[name], again[name])
        for other in others:
            assert not np.isin(first[name], other[name]).all()


def test_initial_weights_are_the_same_on_every_machine():
    parameters = initial_parameters(Architecture(2, (3,), 4), 0)
    digest = hashlib.sha256(b"".join(values.tobytes() for values in parameters.values()))
    assert digest.hexdigest().startswith("5b29e52c5c043783")


def test_widths_can_be_chosen():
    autoencoder = initialized_autoencoder(2, (10,), seed=0, input_dim=30)
    assert [tuple(layer.weight.shape) for layer in autoencoder.linear_layers()] == [
        (10, 30),
        (2, 10),
        (10, 2),
        (30, 10),
    ]
    assert autoencoder.architecture == Architecture(2, (10,), 30)


@pytest.mark.parametrize(("output", "low", "high"), [("scaled_tanh", 0, 1), ("sigmoid", 0, 1)])
def test_outputs_may_be_confined_to_the_unit_interval(output, low, high):
    architecture = Architecture(2, (6,), 8, output_activation=output)
    autoencoder = autoencoder_of(architecture, initial_parameters(architecture, 0))
    outputs = autoencoder(100 * torch.randn(50, 8, generator=torch.Generator().manual_seed(0)))
    assert low <= outputs.min() < 0.1
    assert 0.9 < outputs.max() <= high


def test_a_rectified_latent_layer_has_no_negative_values():
    autoencoder = initialized_autoencoder(5, (9,), 0, 12, latent_activation="relu")
    latent = autoencoder.encoder(torch.rand(50, 12, generator=torch.Generator().manual_seed(0)))
    assert latent.min() == 0
    assert isinstance(autoencoder.encoder[-1], torch.nn.ReLU)
