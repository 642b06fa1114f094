"""The autoencoder's architecture, names and initial weights."""

import numpy as np
import pytest
import torch

from jacspec.models.autoencoder import Autoencoder, initialized_autoencoder

NAMES = [
    f"{half}.{number}.{kind}"
    for half in ("encoder", "decoder")
    for number in (0, 2, 4, 6)
    for kind in ("weight", "bias")
]


def test_has_the_papers_layers_under_the_published_names():
    state = Autoencoder(7).state_dict()
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
    autoencoder = initialized_autoencoder(5, seed=2)
    points = torch.rand(200, 784)
    latent = autoencoder.encoder(points)
    assert (latent < 0).any()
    assert isinstance(autoencoder.encoder[-1], torch.nn.Linear)
    assert isinstance(autoencoder.decoder[-1], torch.nn.Tanh)


def test_identity_activations_make_an_affine_map():
    autoencoder = Autoencoder(
        2, (6, 4), input_dim=8, hidden_activation="identity", output_activation="identity"
    ).double()
    product = torch.eye(8, dtype=torch.float64)
    for layer in autoencoder.linear_layers():
        product = layer.weight @ product
    points = torch.rand(5, 8, dtype=torch.float64)
    differences = autoencoder(points) - autoencoder(torch.zeros(1, 8, dtype=torch.float64))
    # Six products with sums of at most 8 terms of order 1.
    torch.testing.assert_close(differences, points @ product.T, rtol=0, atol=6 * 8 * 2**-50)


def test_initial_weights_have_the_distribution_of_torch_nn_linear():
    autoencoder = initialized_autoencoder(20, seed=5)
    torch.manual_seed(5)
    drawn_by_torch = Autoencoder(20)
    for name, value in autoencoder.state_dict().items():
        # The same draws; torch computes the bound as sqrt(3) * sqrt(1/3) / sqrt(fan_in), which may
        # differ from 1 / sqrt(fan_in) by a few roundings in float64 and then one in float32.
        bound = value.abs().max().item()
        expected = drawn_by_torch.state_dict()[name]
        torch.testing.assert_close(value, expected, rtol=0, atol=bound * 2**-22)


def test_initial_weights_depend_on_the_seed_and_on_nothing_else():
    torch.manual_seed(0)
    first = initialized_autoencoder(4, seed=3).state_dict()
    torch.manual_seed(1)
    again = initialized_autoencoder(4, seed=3).state_dict()
    other = initialized_autoencoder(4, seed=4).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in NAMES)
    assert not any(torch.equal(first[name], other[name]) for name in NAMES)


def test_widths_can_be_chosen():
    autoencoder = initialized_autoencoder(2, (10,), seed=0, input_dim=30)
    assert [tuple(layer.weight.shape) for layer in autoencoder.linear_layers()] == [
        (10, 30),
        (2, 10),
        (10, 2),
        (30, 10),
    ]
    assert autoencoder.hidden_widths == (10,)
    assert autoencoder.input_dim == 30


def test_unknown_activation_is_an_error():
    with pytest.raises(KeyError, match="sigmoid"):
        Autoencoder(2, hidden_activation="sigmoid")
