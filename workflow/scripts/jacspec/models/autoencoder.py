"""The paper's autoencoder (section II-A and appendix A)."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

PAPER_HIDDEN_WIDTHS = (128, 64, 32)
PIXELS = 784
_ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "identity": nn.Identity}


class Autoencoder(nn.Module):
    """A fully connected encoder and its mirror image, 784-128-64-32-d-32-64-128-784 in the paper.

    Every hidden layer ends in ReLU, the latent layer is linear, the output layer ends in tanh.
    ``"identity"`` in place of either activation makes networks whose Jacobians are known exactly.
    The layers are `encoder` and `decoder`, so that parameters are called ``encoder.0.weight``,
    ``encoder.0.bias``, ``encoder.2.weight``, … (even numbers; odd ones are activations).
    """

    def __init__(
        self,
        latent_dim: int,
        hidden_widths: Sequence[int] = PAPER_HIDDEN_WIDTHS,
        input_dim: int = PIXELS,
        *,
        hidden_activation: str = "relu",
        output_activation: str = "tanh",
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.hidden_widths = tuple(hidden_widths)
        self.input_dim = input_dim
        encoder_widths = (input_dim, *self.hidden_widths, latent_dim)
        self.encoder = nn.Sequential(*_layers(encoder_widths, hidden_activation))
        self.decoder = nn.Sequential(
            *_layers(encoder_widths[::-1], hidden_activation), _ACTIVATIONS[output_activation]()
        )

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        """Return the reconstructions (n, input_dim) of `points` (n, input_dim)."""
        return self.decoder(self.encoder(points))

    def linear_layers(self) -> list[nn.Linear]:
        """Return the affine layers from input to output, encoder and decoder."""
        return [layer for layer in self.modules() if isinstance(layer, nn.Linear)]


def initialized_autoencoder(
    latent_dim: int,
    hidden_widths: Sequence[int] = PAPER_HIDDEN_WIDTHS,
    seed: int = 0,
    input_dim: int = PIXELS,
) -> Autoencoder:
    """Return an autoencoder with random parameters that depend on nothing but the arguments.

    Weights and biases are uniform on ±1/sqrt(fan_in), the distribution of `torch.nn.Linear`, drawn
    layer by layer, weight before bias, from one generator seeded with `seed`.
    """
    autoencoder = Autoencoder(latent_dim, hidden_widths, input_dim)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for layer in autoencoder.linear_layers():
            bound = 1 / math.sqrt(layer.in_features)
            layer.weight.uniform_(-bound, bound, generator=generator)
            layer.bias.uniform_(-bound, bound, generator=generator)
    return autoencoder


def _layers(widths: Sequence[int], hidden_activation: str) -> list[nn.Module]:
    """Return affine maps between `widths`, with an activation between each two of them."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs), _ACTIVATIONS[hidden_activation]()]
    return layers[:-1]
