"""The layers that are taken out of an autoencoder."""

import numpy as np
import pytest
import torch
from torch import nn

from jacspec.models.architecture import Architecture
from jacspec.models.autoencoder import Autoencoder, initialized_autoencoder
from jacspec.models.network import load_network, network_of, reconstructions
from jacspec.models.weights import save_weights


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_weights_are_exact_copies_in_order(dtype):
    autoencoder = initialized_autoencoder(3, (7, 5), 1, 11)
    network = network_of(autoencoder, dtype)
    assert (network.input_dim, network.latent_dim) == (11, 3)
    for found, layer in zip(network.layers, autoencoder.linear_layers(), strict=True):
        assert found.weight.dtype == found.bias.dtype == dtype
        assert np.array_equal(found.weight, layer.weight.detach())
        assert np.array_equal(found.bias, layer.bias.detach())


def test_a_later_change_of_the_model_is_no_matter():
    autoencoder = initialized_autoencoder(3, (7, 5), 1, 11)
    network = network_of(autoencoder, np.float32)
    before = [array.copy() for layer in network.layers for array in (layer.weight, layer.bias)]
    with torch.no_grad():
        for parameter in autoencoder.parameters():
            parameter.fill_(7)
    after = [array for layer in network.layers for array in (layer.weight, layer.bias)]
    assert all(np.array_equal(*pair) for pair in zip(before, after, strict=True))


@pytest.mark.parametrize("hidden_activation", ["relu", "identity"])
@pytest.mark.parametrize("output_activation", ["tanh", "identity"])
def test_activations_are_recognized(hidden_activation, output_activation):
    autoencoder = Autoencoder(
        Architecture(
            3, (7, 5), 11, hidden_activation=hidden_activation, output_activation=output_activation
        )
    )
    network = network_of(autoencoder, np.float64)
    names = [layer.activation.name for layer in network.layers]
    hidden = [hidden_activation] * 2
    assert names == [*hidden, "identity", *hidden, output_activation]


@pytest.mark.parametrize(
    ("encoder_out", "decoder_in", "decoder_out"), [(3, 2, 4), (2, 3, 4), (2, 2, 5)]
)
def test_halves_that_do_not_fit_together_are_refused(encoder_out, decoder_in, decoder_out):
    autoencoder = Autoencoder(Architecture(2, (6,), 4))
    autoencoder.encoder = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, encoder_out))
    autoencoder.decoder = nn.Sequential(
        nn.Linear(decoder_in, 6), nn.ReLU(), nn.Linear(6, decoder_out), nn.Tanh()
    )
    with pytest.raises(ValueError, match="do not fit together"):
        network_of(autoencoder, np.float64)


def test_a_network_from_a_file_is_that_of_the_model(tmp_path):
    autoencoder = initialized_autoencoder(3, (7, 5), 1, 11)
    save_weights(tmp_path / "weights.pt", autoencoder)
    expected = network_of(autoencoder, np.float64)
    found = network_of(load_network(tmp_path / "weights.pt"), np.float64)
    for layer, other in zip(found.layers, expected.layers, strict=True):
        assert layer.activation is other.activation
        assert np.array_equal(layer.weight, other.weight)
        assert np.array_equal(layer.bias, other.bias)


def test_on_a_device_it_is_the_same_network_of_tensors():
    network = network_of(initialized_autoencoder(3, (7, 5), 1, 11), np.float64)
    moved = network.on_device("cpu")
    for layer, other in zip(network.layers, moved.layers, strict=True):
        assert other.weight.dtype == torch.float64
        assert np.array_equal(layer.weight, other.weight)
        assert np.array_equal(layer.bias, other.bias)
        assert other.weight.T.is_contiguous()


@pytest.mark.parametrize("output_activation", ["tanh", "identity"])
def test_reconstructions_are_those_of_the_model(output_activation):
    autoencoder = Autoencoder(
        Architecture(3, (7, 5), 11, output_activation=output_activation)
    ).double()
    pixels = np.random.default_rng(0).random((2345, 11))
    expected = autoencoder(torch.from_numpy(pixels)).detach()
    # Values of order 1, and sums of ten products.
    np.testing.assert_allclose(reconstructions(autoencoder, pixels), expected, atol=1e-14, rtol=0)
