"""The autoencoder as a module of torch (section II-A and appendix A of the paper)."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import nn

from jacspec.models.architecture import PAPER_HIDDEN_WIDTHS, Architecture
from jacspec.models.initial_weights import initial_parameters


class ScaledTanh(nn.Module):
    """(tanh + 1) / 2, the hyperbolic tangent with values from 0 to 1."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return an array of the shape of `values`."""
        return (torch.tanh(values) + 1) / 2


ACTIVATION_MODULES: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "softplus": nn.Softplus,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "identity": nn.Identity,
    "scaled_tanh": ScaledTanh,
}


class Autoencoder(nn.Module):
    """A fully connected encoder and its mirror image, 784-128-64-32-d-32-64-128-784 in the paper.

    The layers are `encoder` and `decoder`, so that parameters are called ``encoder.0.weight``,
    ``encoder.0.bias``, ``encoder.2.weight``, … (even numbers; odd ones are activations).
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.latent_dim = architecture.latent_dim
        self.input_dim = architecture.input_dim
        hidden = ACTIVATION_MODULES[architecture.hidden_activation]
        latent = ACTIVATION_MODULES[architecture.latent_activation]
        output = ACTIVATION_MODULES[architecture.output_activation]
        widths = architecture.encoder_widths
        self.encoder = nn.Sequential(*_layers(widths, hidden))
        if latent is not nn.Identity:
            self.encoder.append(latent())
        self.decoder = nn.Sequential(*_layers(widths[::-1], hidden), output())

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        """Return the reconstructions (n, input_dim) of `points` (n, input_dim)."""
        return self.decoder(self.encoder(points))

    def linear_layers(self) -> list[nn.Linear]:
        """Return the affine layers from input to output, encoder and decoder."""
        return [layer for layer in self.modules() if isinstance(layer, nn.Linear)]


def autoencoder_of(architecture: Architecture, parameters: Mapping[str, np.ndarray]) -> Autoencoder:
    """Return the module with copies of `parameters`, by the names of its state_dict."""
    autoencoder = Autoencoder(architecture)
    state = {name: torch.from_numpy(np.array(values)) for name, values in parameters.items()}
    autoencoder.load_state_dict(state)
    return autoencoder


def initialized_autoencoder(
    latent_dim: int,
    hidden_widths: Sequence[int] = PAPER_HIDDEN_WIDTHS,
    seed: int = 0,
    input_dim: int = 784,
    **activations: str,
) -> Autoencoder:
    """Return the module that a training with `seed` begins with; `activations` by their places."""
    architecture = Architecture(latent_dim, tuple(hidden_widths), input_dim, **activations)
    return autoencoder_of(architecture, initial_parameters(architecture, seed))


def _layers(widths: Sequence[int], hidden: type[nn.Module]) -> list[nn.Module]:
    """Return affine maps between `widths`, with an activation between each two of them."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs), hidden()]
    return layers[:-1]
