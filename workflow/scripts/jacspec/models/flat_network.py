"""Forward and backward pass of a dense autoencoder, written out layer by layer.

Autograd spends more time on book-keeping than on multiplications when a batch is small. Here all
parameters lie in one buffer and all their gradients in another, so that one call of an optimizer
updates everything, and all results go into memory that is allocated once.

The passes are the same for NumPy's arrays on the CPU and torch's tensors on a GPU; what differs is
in `CpuOperations` and `TorchOperations`, of which either is an `Operations` here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from jacspec.models.activations import Array
from jacspec.models.architecture import Architecture

if TYPE_CHECKING:
    from jacspec.models.cpu_operations import CpuOperations
    from jacspec.models.torch_operations import TorchOperations

Operations: TypeAlias = "CpuOperations | TorchOperations"


@dataclass(frozen=True, slots=True)
class LayerParameters:
    """One layer's parameters and their gradients, as views of the network's flat buffers.

    `weight` and `weight_gradient` are (inputs, outputs), `bias` and `bias_gradient` (outputs,).
    """

    weight: Array
    bias: Array
    weight_gradient: Array
    bias_gradient: Array


class FlatNetwork:
    """An autoencoder's parameters in one vector, `parameters`, and their gradients in `gradient`.

    Both hold all weights and then all biases, from input to output. A weight is stored by inputs,
    the transpose of what a state_dict has: OpenBLAS multiplies activations by it as it lies there.
    """

    def __init__(
        self,
        architecture: Architecture,
        parameters: Mapping[str, np.ndarray],
        operations: Operations,
    ) -> None:
        self.architecture = architecture
        self.operations = operations
        widths = architecture.encoder_widths
        self.widths = [*widths, *widths[-2::-1]]
        count = sum((inputs + 1) * outputs for inputs, outputs in pairwise(self.widths))
        self.parameters = operations.zeros(count)
        self.gradient = operations.zeros(count)
        self.layers = [
            LayerParameters(*views)
            for views in zip(
                *_views(self.parameters, self.widths),
                *_views(self.gradient, self.widths),
                strict=True,
            )
        ]
        for layer, (weight, bias) in zip(self.layers, self._names(), strict=True):
            layer.weight[...] = operations.from_numpy(parameters[weight].T)
            layer.bias[...] = operations.from_numpy(parameters[bias])

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return copies of the parameters by name, float32; a weight is (outputs, inputs)."""
        state = {}
        for layer, (weight, bias) in zip(self.layers, self._names(), strict=True):
            state[weight] = np.array(
                self.operations.to_numpy(layer.weight).T, np.float32, order="C"
            )
            state[bias] = np.array(self.operations.to_numpy(layer.bias), np.float32)
        return state

    def _names(self) -> list[tuple[str, str]]:
        """Return the names of each layer's weight and bias."""
        names = list(self.architecture.parameter_shapes)
        return list(zip(names[::2], names[1::2], strict=True))


def _views(buffer: Array, widths: list[int]) -> tuple[list[Array], list[Array]]:
    """Return the weights (inputs, outputs) and biases (outputs,) one by one in `buffer`."""
    weights, biases, start = [], [], 0
    for inputs, outputs in pairwise(widths):
        end = start + inputs * outputs
        weights.append(buffer[start:end].reshape(inputs, outputs))
        start = end
    for outputs in widths[1:]:
        biases.append(buffer[start : start + outputs])
        start += outputs
    return weights, biases


@dataclass(frozen=True, slots=True)
class _LayerPass:
    """What one layer reads and writes, each (batch_size, width), with a = x W + b.

    `slopes` are the derivatives of the activation, `gradient` is that of the loss by a.
    """

    parameters: LayerParameters
    activate: Any
    inputs: Array
    inputs_transposed: Array
    weight_transposed: Array
    outputs: Array
    slopes: Array
    gradient: Array


class BatchPass:
    """The passes of batches of one size; the caller fills `inputs` (batch_size, pixels).

    The order of calls is `forward`, `add_loss`, `backward`. The comments call a layer's inputs x,
    a = x W + b, its outputs h, the reconstruction y, the loss L.
    """

    def __init__(self, network: FlatNetwork, loss: str, batch_size: int) -> None:
        operations = network.operations
        self._operations = operations
        self._loss = operations.loss(loss)
        self.inputs = operations.zeros(batch_size, network.widths[0])
        self._layers: list[_LayerPass] = []
        inputs = self.inputs
        for parameters, name in zip(
            network.layers, network.architecture.layer_activations, strict=True
        ):
            outputs, slopes, gradient = (
                operations.zeros(batch_size, len(parameters.bias)) for _ in range(3)
            )
            self._layers.append(
                _LayerPass(
                    parameters,
                    operations.activation(name),
                    inputs,
                    inputs.T,
                    parameters.weight.T,
                    outputs,
                    slopes,
                    gradient,
                )
            )
            inputs = outputs
        self.reconstructions = inputs

    def forward(self) -> None:
        """Compute `reconstructions` (batch_size, pixels) from `inputs`."""
        matmul = self._operations.matmul
        for layer in self._layers:
            matmul(layer.inputs, layer.parameters.weight, out=layer.outputs)
            layer.activate(layer.outputs, layer.parameters.bias, layer.slopes)

    def add_loss(self, total: Array) -> None:
        """Add the loss of each point to `total` (1,) float64, and keep its gradient."""
        self._loss(self.reconstructions, self.inputs, self._layers[-1].gradient, total)

    def backward(self) -> None:
        """Write the gradient of the batch's mean loss into the network, after `add_loss`."""
        matmul, multiply = self._operations.matmul, self._operations.multiply
        following = None
        for layer in reversed(self._layers):
            parameters = layer.parameters
            if following is not None:
                # Next layer: a' = h W' + b', so dL/dh = dL/da' W'ᵀ.
                matmul(following.gradient, following.weight_transposed, out=layer.gradient)
            # h = activation(a), so dL/da = dL/dh · slope, and dL/db is its sum over the batch.
            multiply(layer.gradient, layer.slopes, parameters.bias_gradient)
            # a = x W + b, so dL/dW = xᵀ dL/da.
            matmul(layer.inputs_transposed, layer.gradient, out=parameters.weight_gradient)
            following = layer
