"""The layers of an autoencoder as plain arrays, for evaluation without torch.

To import torch takes longer than to evaluate a few thousand points. On a GPU the arrays are
torch's tensors, of which the same operations are asked by the same names.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from jacspec.models.activations import (
    ACTIVATIONS,
    Activation,
    Array,
    activation_named,
    leaky_relu,
    namespace_of,
)
from jacspec.models.architecture import Architecture
from jacspec.models.evaluable import Evaluable
from jacspec.models.weights import read_weights

if TYPE_CHECKING:
    from torch import nn

_BLOCK_POINTS = 1000


@dataclass(frozen=True)
class DenseLayer:
    """``activation(weight h + bias)``: `weight` is (outputs, inputs), `bias` (outputs,) or None."""

    weight: Array
    bias: Array | None
    activation: Activation

    def arguments(self, points: Array, out: Array | None = None) -> Array:
        """Return ``weight h + bias`` (n, outputs) for `points` h (n, inputs), in `out` if given."""
        arguments = namespace_of(points).matmul(points, self.weight.T, out=out)
        if self.bias is not None:
            arguments += self.bias
        return arguments

    def mapped(self, function: Callable[[Array], Array]) -> "DenseLayer":
        """Return the layer with `function` of its arrays in their place."""
        # The transpose is what is laid out by rows: multiplications by it are 5 % faster then.
        bias = None if self.bias is None else function(self.bias)
        return replace(self, weight=function(self.weight.T).T, bias=bias)


Layers = tuple[DenseLayer, ...]


@dataclass(frozen=True)
class Network:
    """An autoencoder: one layer or more of `encoder`, and of `decoder`.

    Raises ValueError if the layers do not fit together, or have numbers that are not finite.
    """

    encoder: Layers
    decoder: Layers

    def __post_init__(self) -> None:
        for name, layers in (("encoder", self.encoder), ("decoder", self.decoder)):
            if any(
                left.weight.shape[0] != right.weight.shape[1] for left, right in pairwise(layers)
            ):
                raise ValueError(f"the layers of the {name} do not fit together")
        latent_dim, outputs = (half[-1].weight.shape[0] for half in (self.encoder, self.decoder))
        if (latent_dim, outputs) != (self.latent_dim, self.input_dim):
            raise ValueError("encoder and decoder do not fit together")

    @property
    def layers(self) -> Layers:
        """All layers, from the input to the output."""
        return self.encoder + self.decoder

    @property
    def input_dim(self) -> int:
        """The number of values of a point."""
        return self.encoder[0].weight.shape[1]

    @property
    def latent_dim(self) -> int:
        """The dimension d of the latent space."""
        return self.decoder[0].weight.shape[1]

    @property
    def smallest_width(self) -> int:
        """The smallest number of values between any two layers, before and behind them all."""
        return min(self.input_dim, *(layer.weight.shape[0] for layer in self.layers))

    def encode(self, points: Array) -> Array:
        """Return the latent representations (n, d) of `points` (n, input_dim)."""
        return _through(self.encoder, points)

    def decode(self, latent_points: Array) -> Array:
        """Return the reconstructions (n, input_dim) of `latent_points` (n, d)."""
        return _through(self.decoder, latent_points)

    def converted(self, dtype: np.dtype | type) -> "Network":
        """Return the network with copies of its numbers as `dtype`."""
        return self._mapped(lambda array: np.array(array, dtype, order="C"))

    def on_device(self, device: str) -> "Network":
        """Return the network with torch's tensors on `device` in place of NumPy's arrays."""
        import torch

        return self._mapped(lambda array: torch.tensor(array, device=device))

    def _mapped(self, function: Callable[[Array], Array]) -> "Network":
        halves = (self.encoder, self.decoder)
        return Network(*(tuple(layer.mapped(function) for layer in half) for half in halves))


def network_of(autoencoder: "nn.Module | Network", dtype: np.dtype | type) -> Network:
    """Return the layers of `autoencoder`, with weights copied to main memory as `dtype`.

    `autoencoder` is a network itself, or has two `nn.Sequential` attributes, `encoder` and
    `decoder`, of `nn.Linear`, each with an activation of `jacspec.models.activations` behind it or
    none. float32 weights are exact in float64.

    Raises
    ------
    ValueError
        If the modules are others, their shapes do not fit, or a weight is not a finite number.
    """
    network = autoencoder
    if not isinstance(network, Network):
        halves = ("encoder", "decoder")
        network = Network(*(_layers_of(half, getattr(autoencoder, half)) for half in halves))
    for name, layers in (("encoder", network.encoder), ("decoder", network.decoder)):
        arrays = [array for layer in layers for array in (layer.weight, layer.bias)]
        if not all(np.isfinite(array).all() for array in arrays if array is not None):
            raise ValueError(f"the {name} has weights that are not finite numbers")
    return network.converted(dtype)


def load_network(path: Path | str) -> Network:
    """Return the layers of a file of weights, float32, for evaluation without torch.

    Raises what `jacspec.models.weights.read_weights` raises.
    """
    return network_of_parameters(*read_weights(path))


def network_of_parameters(architecture: Architecture, parameters: dict[str, np.ndarray]) -> Network:
    """Return the network of an architecture with `parameters` by the names of a state_dict."""
    hidden = [architecture.hidden_activation] * len(architecture.hidden_widths)

    def half(name: str, last: str) -> Layers:
        return tuple(
            DenseLayer(
                parameters[f"{name}.{2 * number}.weight"],
                parameters[f"{name}.{2 * number}.bias"],
                activation_named(activation),
            )
            for number, activation in enumerate([*hidden, last])
        )

    return Network(
        half("encoder", architecture.latent_activation),
        half("decoder", architecture.output_activation),
    )


def reconstructions(
    autoencoder: "nn.Module | Network | Evaluable", pixels: np.ndarray
) -> np.ndarray:
    """Return what the autoencoder makes of points (k, *shape), of that shape, float64, not clipped.

    `autoencoder` is as `network_of` takes it, or does so by itself.
    """
    if isinstance(autoencoder, Evaluable):
        return autoencoder.reconstructions(pixels)
    network = network_of(autoencoder, np.float64)
    result = np.empty(pixels.shape)
    for start in range(0, len(pixels), _BLOCK_POINTS):
        block = slice(start, start + _BLOCK_POINTS)
        flat = pixels[block].reshape(len(pixels[block]), -1).astype(np.float64)
        result[block] = network.decode(network.encode(flat)).reshape(result[block].shape)
    return result


def _through(layers: Layers, points: Array) -> Array:
    for layer in layers:
        points, _ = layer.activation.evaluate(layer.arguments(points))
    return points


def _layers_of(name: str, modules: "nn.Sequential") -> Layers:
    """Return the layers of modules, in float64."""
    from torch import nn

    layers: list[DenseLayer] = []
    for module in _flattened(modules):
        activation = activation_of_module(module)
        # Hooks and subclasses may change the weights before they are used.
        if type(module) is nn.Linear and not module._forward_pre_hooks:
            arrays = (
                None if tensor is None else tensor.detach().cpu().double().numpy()
                for tensor in (module.weight, module.bias)
            )
            layers.append(DenseLayer(*arrays, ACTIVATIONS["identity"]))
        elif layers and activation and layers[-1].activation is ACTIVATIONS["identity"]:
            layers[-1] = replace(layers[-1], activation=activation)
        else:
            layers.clear()
            break
    if not layers:
        found = ", ".join(type(module).__name__ for module in _flattened(modules))
        raise ValueError(
            f"the {name} is ({found}); it must be one or more Linear, each with at most one "
            f"activation behind it, of {', '.join([*ACTIVATIONS, 'leaky_relu'])}"
        )
    return tuple(layers)


def _flattened(modules: "nn.Sequential") -> Iterator["nn.Module"]:
    from torch import nn

    for module in modules:
        if type(module) is nn.Sequential:
            yield from _flattened(module)
        else:
            yield module


def activation_of_module(module: "nn.Module") -> Activation | None:
    """Return the activation that `module` is, or None."""
    from torch import nn

    from jacspec.models.autoencoder import ScaledTanh

    settings = {
        nn.ELU: {"alpha": 1},
        nn.GELU: {"approximate": "none"},
        nn.Softplus: {"beta": 1, "threshold": 20},
    }
    if any(getattr(module, key) != value for key, value in settings.get(type(module), {}).items()):
        return None
    if type(module) is nn.LeakyReLU:
        return leaky_relu(module.negative_slope)
    names = {
        nn.Identity: "identity",
        nn.ReLU: "relu",
        nn.ELU: "elu",
        nn.SELU: "selu",
        nn.GELU: "gelu",
        nn.SiLU: "silu",
        nn.Softplus: "softplus",
        nn.Tanh: "tanh",
        nn.Sigmoid: "sigmoid",
        ScaledTanh: "scaled_tanh",
    }
    name = names.get(type(module))
    return ACTIVATIONS[name] if name else None
