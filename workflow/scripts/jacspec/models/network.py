"""The weights and activations of an autoencoder as plain arrays, for evaluation without torch.

To import torch takes longer than to evaluate a few thousand points. On a GPU the arrays are
torch's tensors, of which the same operations are asked by the same names.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from jacspec.models.weights import encoder_widths, read_parameters

if TYPE_CHECKING:
    from torch import Tensor, nn

# `numpy.ndarray` or `torch.Tensor`.
Array: TypeAlias = Any

_BLOCK_POINTS = 1000


@dataclass(frozen=True)
class LinearStack:
    """Linear layers with one activation between each and the next, and none after the last.

    `weights[l]` is (outputs, inputs) and `biases[l]` (outputs,). `rectified` says whether the
    activation is ReLU; otherwise it is the identity.
    """

    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    rectified: bool

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Return what the layers make of `points` (n, inputs): (n, outputs)."""
        values = points
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            if layer and self.rectified:
                values = np.maximum(values, 0)
            values = values @ weight.T + bias
        return values


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

    def on_device(self, device: str) -> "Network":
        """Return the network with torch's tensors on `device` in place of NumPy's arrays."""
        import torch

        def moved(stack: LinearStack) -> LinearStack:
            # The transpose is what has been laid out well, and stays so.
            return LinearStack(
                tuple(torch.tensor(weight.T, device=device).T for weight in stack.weights),
                tuple(torch.tensor(bias, device=device) for bias in stack.biases),
                stack.rectified,
            )

        return Network(moved(self.encoder), moved(self.decoder), self.tanh_output)


def namespace_of(array: Array) -> ModuleType:
    """Return the library whose functions work on `array`: `numpy`, or `torch`."""
    if isinstance(array, np.ndarray):
        return np
    import torch

    return torch


def network_of(autoencoder: "nn.Module | Network", dtype: np.dtype | type) -> Network:
    """Return the layers of `autoencoder`, with weights copied to main memory as `dtype`.

    `autoencoder` is a network itself, or has two `nn.Sequential` attributes, `encoder` and
    `decoder`, of `nn.Linear` with `nn.ReLU` or nothing (`nn.Identity`) between, and possibly
    `nn.Tanh` at the end of the decoder. float32 weights are exact in float64.

    Raises
    ------
    ValueError
        If the modules are others, their shapes do not fit, or a weight is not a finite number.
    """
    if isinstance(autoencoder, Network):
        network = autoencoder
    else:
        encoder, encoder_tanh = _stack_of_modules("encoder", autoencoder.encoder)
        decoder, decoder_tanh = _stack_of_modules("decoder", autoencoder.decoder)
        if encoder_tanh:
            raise ValueError("the encoder ends in Tanh; the latent layer must be linear")
        network = Network(encoder, decoder, decoder_tanh)
    network = Network(
        _converted("encoder", network.encoder, dtype),
        _converted("decoder", network.decoder, dtype),
        network.tanh_output,
    )
    if (network.encoder.weights[-1].shape[0], network.decoder.weights[-1].shape[0]) != (
        network.latent_dim,
        network.input_dim,
    ):
        raise ValueError("encoder and decoder do not fit together")
    return network


def load_network(path: Path | str) -> Network:
    """Return the layers that `save_weights` wrote, float32, for evaluation without torch.

    Raises what `read_parameters` raises.
    """
    parameters = read_parameters(path)

    def stack(half: str) -> LinearStack:
        numbers = range(0, 2 * (len(encoder_widths(parameters)) - 1), 2)
        weights, biases = (
            tuple(parameters[f"{half}.{number}.{kind}"] for number in numbers)
            for kind in ("weight", "bias")
        )
        return LinearStack(weights, biases, rectified=True)

    return Network(stack("encoder"), stack("decoder"), tanh_output=True)


def reconstructions(autoencoder: "nn.Module | Network", pixels: np.ndarray) -> np.ndarray:
    """Return what the autoencoder makes of (k, 784) pixels, (k, 784) float64, not clipped.

    `autoencoder` is as `network_of` takes it.
    """
    network = network_of(autoencoder, np.float64)
    result = np.empty(pixels.shape)
    for start in range(0, len(pixels), _BLOCK_POINTS):
        block = slice(start, start + _BLOCK_POINTS)
        result[block] = network.decoder(network.encoder(pixels[block].astype(np.float64)))
    return np.tanh(result, out=result) if network.tanh_output else result


def _stack_of_modules(name: str, modules: "nn.Sequential") -> tuple[LinearStack, bool]:
    """Return the layers, in float64, and whether tanh follows."""
    from torch import nn

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
    weights = _arrays(module.weight for module in linear)
    biases = _arrays(module.bias for module in linear)
    return LinearStack(weights, biases, rectified), tanh


def _arrays(tensors: Iterable["Tensor"]) -> tuple[np.ndarray, ...]:
    return tuple(tensor.detach().cpu().double().numpy() for tensor in tensors)


def _converted(name: str, stack: LinearStack, dtype: np.dtype | type) -> LinearStack:
    if any(left.shape[0] != right.shape[1] for left, right in pairwise(stack.weights)):
        raise ValueError(f"the layers of the {name} do not fit together")
    if not all(np.isfinite(array).all() for array in (*stack.weights, *stack.biases)):
        raise ValueError(f"the {name} has weights that are not finite numbers")
    # Stored by columns: multiplications by the transpose of a weight are 5 % faster then.
    return LinearStack(
        tuple(np.array(weight.T, dtype, order="C").T for weight in stack.weights),
        tuple(np.array(bias, dtype) for bias in stack.biases),
        stack.rectified,
    )
