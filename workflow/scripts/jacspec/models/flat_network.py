"""Forward and backward pass of the autoencoder, written out layer by layer.

Autograd spends more time on book-keeping than on multiplications when a batch is small. Here all
parameters lie in one buffer and all their gradients in another, so that one call of an optimizer
updates everything, and all results go into memory that is allocated once.
"""

from dataclasses import dataclass

import torch

from jacspec.models.autoencoder import Autoencoder

# The in-place forms of the derivatives that autograd uses; torch has no other name for them.
_relu_backward = torch.ops.aten.threshold_backward.grad_input
_tanh_backward = torch.ops.aten.tanh_backward.grad_input


@dataclass(frozen=True, slots=True)
class LayerParameters:
    """One layer's parameters and their gradients, as views of the network's flat buffers.

    `weight` and `weight_gradient` are (outputs, inputs), `bias` and `bias_gradient` (outputs,).
    `rectified` tells whether ReLU follows.
    """

    weight: torch.Tensor
    bias: torch.Tensor
    weight_gradient: torch.Tensor
    bias_gradient: torch.Tensor
    rectified: bool


class FlatNetwork:
    """An autoencoder's parameters in one vector, `parameters`, and their gradients in `gradient`.

    Both hold all weights and then all biases, from input to output. The autoencoder has ReLU
    after its hidden layers and tanh at its output; it is copied, not shared.
    """

    def __init__(
        self,
        autoencoder: Autoencoder,
        *,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> None:
        linear_layers = autoencoder.linear_layers()
        shapes = [tuple(layer.weight.shape) for layer in linear_layers]
        count = sum(outputs * inputs + outputs for outputs, inputs in shapes)
        self.widths = [shapes[0][1], *(outputs for outputs, _ in shapes)]
        self.parameters = torch.zeros(count, dtype=dtype, device=device)
        self.gradient = torch.zeros_like(self.parameters)
        latent = len(shapes) // 2 - 1
        rectified = [number not in (latent, len(shapes) - 1) for number in range(len(shapes))]
        self.layers = [
            LayerParameters(*views)
            for views in zip(
                *_views(self.parameters, shapes),
                *_views(self.gradient, shapes),
                rectified,
                strict=True,
            )
        ]
        for layer, source in zip(self.layers, linear_layers, strict=True):
            layer.weight.copy_(source.weight.detach())
            layer.bias.copy_(source.bias.detach())

    def copy_to(self, autoencoder: Autoencoder) -> None:
        """Write the parameters into an autoencoder of the same shape."""
        with torch.no_grad():
            for layer, target in zip(self.layers, autoencoder.linear_layers(), strict=True):
                target.weight.copy_(layer.weight)
                target.bias.copy_(layer.bias)


def _views(
    buffer: torch.Tensor, shapes: list[tuple[int, int]]
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Return the weights (outputs, inputs) and biases (outputs,) that lie one by one in `buffer`.

    A matrix is stored with its longer side as rows: MKL multiplies by the transpose of one that is
    stored the other way at two thirds of the speed.
    """
    biases = [outputs for outputs, _ in shapes]
    pieces = buffer.split([outputs * inputs for outputs, inputs in shapes] + biases)
    weights = [
        piece.view(inputs, outputs).t() if inputs > outputs else piece.view(outputs, inputs)
        for piece, (outputs, inputs) in zip(pieces, shapes, strict=False)
    ]
    return weights, list(pieces[len(shapes) :])


@dataclass(frozen=True, slots=True)
class _LayerPass:
    """What one layer reads and writes; `gradient` is that of the loss by a = W x + b."""

    parameters: LayerParameters
    weight_transposed: torch.Tensor
    inputs: torch.Tensor
    outputs: torch.Tensor
    gradient: torch.Tensor
    gradient_transposed: torch.Tensor


class BatchPass:
    """The passes of batches of one size; the caller fills `inputs` (batch_size, pixels).

    The order of calls is `forward`, `squared_error`, `backward`. The comments call a layer's inputs
    x, a = W x + b, its outputs h, the reconstruction y, the loss L.
    """

    def __init__(self, network: FlatNetwork, batch_size: int) -> None:
        def empty(width: int) -> torch.Tensor:
            return network.parameters.new_empty(batch_size, width)

        self.inputs = empty(network.widths[0])
        outputs = [empty(width) for width in network.widths[1:]]
        gradients = [empty(width) for width in network.widths[1:]]
        self.reconstructions = outputs[-1]
        self._error = gradients[-1]
        self._flat_error = self._error.view(-1)
        self._squared_error = network.parameters.new_empty(())
        self._ones = network.parameters.new_ones(batch_size)
        self._layers = [
            _LayerPass(parameters, parameters.weight.t(), *tensors, tensors[-1].t())
            for parameters, *tensors in zip(
                network.layers, [self.inputs, *outputs[:-1]], outputs, gradients, strict=True
            )
        ]

    def forward(self) -> None:
        """Compute `reconstructions` (batch_size, pixels) from `inputs`."""
        for layer in self._layers:
            bias = layer.parameters.bias
            torch.addmm(bias, layer.inputs, layer.weight_transposed, out=layer.outputs)
            if layer.parameters.rectified:
                torch.relu_(layer.outputs)
        torch.tanh_(self.reconstructions)

    def squared_error(self) -> torch.Tensor:
        """Return the sum of (y - x)² over batch and pixels, a scalar tensor, after `forward`."""
        torch.sub(self.reconstructions, self.inputs, out=self._error)
        return torch.dot(self._flat_error, self._flat_error, out=self._squared_error)

    def backward(self) -> None:
        """Write the gradient of the mean of (y - x)² into the network, after `squared_error`."""
        # Loss: dL/dy = 2 (y - x) / count. Output: y = tanh(a), so dL/da = dL/dy (1 - y²).
        gradient = self._error.mul_(2 / self._error.numel())
        _tanh_backward(gradient, self.reconstructions, grad_input=gradient)
        following = None
        for layer in reversed(self._layers):
            parameters = layer.parameters
            if following is not None:
                # Next layer: a' = W' h + b', so dL/dh = dL/da' W'. Here: h = relu(a).
                torch.mm(following.gradient, following.parameters.weight, out=layer.gradient)
                if parameters.rectified:
                    _relu_backward(layer.gradient, layer.outputs, 0, grad_input=layer.gradient)
            # a = W x + b, so dL/dW = (dL/da)ᵀ x and dL/db = dL/da, both summed over the batch.
            torch.mm(layer.gradient_transposed, layer.inputs, out=parameters.weight_gradient)
            torch.mv(layer.gradient_transposed, self._ones, out=parameters.bias_gradient)
            following = layer
