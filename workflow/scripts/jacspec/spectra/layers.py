"""The weights and activations of an autoencoder, as the chain rule needs them."""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class LinearStack:
    """Linear layers with one activation between each and the next, and none after the last.

    `weights[l]` is (outputs, inputs) and `biases[l]` (outputs,). `rectified` says whether the
    activation is ReLU; otherwise it is the identity.
    """

    weights: tuple[Tensor, ...]
    biases: tuple[Tensor, ...]
    rectified: bool


@dataclass(frozen=True)
class Network:
    """An autoencoder: `encoder`, `decoder`, and whether tanh follows the decoder."""

    encoder: LinearStack
    decoder: LinearStack
    tanh_output: bool

    @property
    def input_dim(self) -> int:
        """The number of pixels."""
        return self.encoder.weights[0].shape[1]

    @property
    def latent_dim(self) -> int:
        """The dimension d of the latent space."""
        return self.decoder.weights[0].shape[1]


def network_of(autoencoder: nn.Module, dtype: torch.dtype, device: torch.device) -> Network:
    """Return the layers of `autoencoder`, with weights copied to `dtype` and `device`.

    `autoencoder` has two `nn.Sequential` attributes, `encoder` and `decoder`, of `nn.Linear` with
    `nn.ReLU` or nothing (`nn.Identity`) between, and possibly `nn.Tanh` at the end of the decoder.
    float32 weights are exact in float64.

    Raises
    ------
    ValueError
        If the modules are others, their shapes do not fit, or a weight is not a finite number.
    """
    encoder, encoder_tanh = _stack_of("encoder", autoencoder.encoder, dtype, device)
    decoder, decoder_tanh = _stack_of("decoder", autoencoder.decoder, dtype, device)
    if encoder_tanh:
        raise ValueError("the encoder ends in Tanh; the latent layer must be linear")
    network = Network(encoder, decoder, decoder_tanh)
    if (encoder.weights[-1].shape[0], decoder.weights[-1].shape[0]) != (
        network.latent_dim,
        network.input_dim,
    ):
        raise ValueError("encoder and decoder do not fit together")
    return network


def _stack_of(
    name: str, modules: nn.Sequential, dtype: torch.dtype, device: torch.device
) -> tuple[LinearStack, bool]:
    kinds = [type(module) for module in modules if not isinstance(module, nn.Identity)]
    linear = [module for module in modules if isinstance(module, nn.Linear)]
    tanh = kinds[-1:] == [nn.Tanh]
    if tanh:
        kinds.pop()
    rectified = nn.ReLU in kinds
    separator = [nn.ReLU] if rectified else []
    expected = [nn.Linear, *[*separator, nn.Linear] * (len(linear) - 1)]
    if len(linear) < 2 or kinds != expected:
        found = ", ".join(type(module).__name__ for module in modules)
        raise ValueError(
            f"the {name} is ({found}); it must be two or more Linear with ReLU, or with nothing, "
            "between them all, and only the decoder may end in Tanh"
        )
    if any(module.bias is None for module in linear):
        raise ValueError(f"the {name} has a Linear without bias")
    # Stored by columns: multiplications by the transpose of a weight are 5 % faster then.
    weights = tuple(
        module.weight.detach().to(device, dtype).T.clone(memory_format=torch.contiguous_format).T
        for module in linear
    )
    biases = tuple(module.bias.detach().to(device, dtype, copy=True) for module in linear)
    if any(left.shape[0] != right.shape[1] for left, right in pairwise(weights)):
        raise ValueError(f"the layers of the {name} do not fit together")
    if not all(bool(torch.isfinite(tensor).all()) for tensor in (*weights, *biases)):
        raise ValueError(f"the {name} has weights that are not finite numbers")
    return LinearStack(weights, biases, rectified), tanh
