"""The layers that are taken out of an autoencoder."""

import pytest
import torch
from torch import nn

from jacspec.models.autoencoder import Autoencoder, initialized_autoencoder
from jacspec.spectra.layers import network_of

CPU = torch.device("cpu")


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_weights_are_exact_copies_in_order(dtype):
    autoencoder = initialized_autoencoder(3, (7, 5), 1, 11)
    network = network_of(autoencoder, dtype, CPU)
    assert (network.input_dim, network.latent_dim) == (11, 3)
    weights = (*network.encoder.weights, *network.decoder.weights)
    biases = (*network.encoder.biases, *network.decoder.biases)
    for weight, bias, layer in zip(weights, biases, autoencoder.linear_layers(), strict=True):
        assert weight.dtype == bias.dtype == dtype
        assert torch.equal(weight.float(), layer.weight)
        assert torch.equal(bias.float(), layer.bias)


def test_a_later_change_of_the_model_is_no_matter():
    autoencoder = initialized_autoencoder(3, (7, 5), 1, 11)
    network = network_of(autoencoder, torch.float32, CPU)
    before = [tensor.clone() for tensor in (*network.encoder.weights, *network.encoder.biases)]
    with torch.no_grad():
        for parameter in autoencoder.parameters():
            parameter.fill_(7)
    after = (*network.encoder.weights, *network.encoder.biases)
    assert all(torch.equal(*pair) for pair in zip(before, after, strict=True))


@pytest.mark.parametrize("hidden_activation", ["relu", "identity"])
@pytest.mark.parametrize("output_activation", ["tanh", "identity"])
def test_activations_are_recognized(hidden_activation, output_activation):
    autoencoder = Autoencoder(
        3,
        (7, 5),
        11,
        hidden_activation=hidden_activation,
        output_activation=output_activation,
    )
    network = network_of(autoencoder, torch.float64, CPU)
    assert network.encoder.rectified is network.decoder.rectified is (hidden_activation == "relu")
    assert network.tanh_output is (output_activation == "tanh")


@pytest.mark.parametrize(
    ("encoder_out", "decoder_in", "decoder_out"), [(3, 2, 4), (2, 3, 4), (2, 2, 5)]
)
def test_halves_that_do_not_fit_together_are_refused(encoder_out, decoder_in, decoder_out):
    autoencoder = Autoencoder(2, (6,), 4)
    autoencoder.encoder = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, encoder_out))
    autoencoder.decoder = nn.Sequential(
        nn.Linear(decoder_in, 6), nn.ReLU(), nn.Linear(6, decoder_out), nn.Tanh()
    )
    with pytest.raises(ValueError, match="do not fit together"):
        network_of(autoencoder, torch.float64, CPU)
