"""A trial: several autoencoders of one shape, trained by one CUDA graph.

What a training takes on a GPU is mostly the launch of some sixty small kernels. With the weights of
all models in one tensor, each kernel does the work of all of them.
"""

from collections.abc import Callable

import torch

from jacspec.models.architecture import Architecture
from jacspec.models.initial_weights import initial_parameters
from jacspec.models.recipe import ADAM_DECAYS, ADAM_EPSILON


class ManyModels:
    """`models` autoencoders with ReLU hidden and tanh output layers, seeds 0 to models - 1.

    Each has batches of `batch_size` of the `points` (n, pixels) that are drawn for it, on their
    device; there is a graph on a GPU only.
    """

    def __init__(
        self, architecture: Architecture, models: int, points: torch.Tensor, batch_size: int
    ) -> None:
        parameters = [initial_parameters(architecture, seed) for seed in range(models)]
        stacked = [
            torch.stack([torch.from_numpy(values[name]) for values in parameters]).to(points.device)
            for name in parameters[0]
        ]
        self._weights = [weight.mT.contiguous() for weight in stacked[::2]]
        self._biases = [bias[:, None].contiguous() for bias in stacked[1::2]]
        self._parameters = [*self._weights, *self._biases]
        self._gradients = [torch.zeros_like(values) for values in self._parameters]
        self._moments = [
            [torch.zeros_like(values) for values in self._parameters] for _ in range(2)
        ]
        self._steps = [torch.zeros((), device=points.device) for _ in self._parameters]
        self._points = points
        self._indices = torch.zeros(models * batch_size, dtype=torch.int64, device=points.device)
        self._shape = (models, batch_size)
        self._generator = torch.Generator(points.device).manual_seed(0)
        self._latent_layer = len(architecture.encoder_widths) - 2
        self._replay = self._graph() if points.is_cuda else self._step

    def steps(self, count: int) -> None:
        """Make `count` steps of all models."""
        for _ in range(count):
            self._indices.random_(0, len(self._points), generator=self._generator)
            self._replay()

    @torch.inference_mode()
    def _graph(self) -> Callable[[], None]:
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                self._step()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._step()
        return graph.replay

    def _step(self) -> None:
        inputs = self._points[self._indices].unflatten(0, self._shape)
        values = [inputs]
        last = len(self._weights) - 1
        for layer, (weight, bias) in enumerate(zip(self._weights, self._biases, strict=True)):
            value = torch.baddbmm(bias, values[-1], weight)
            if layer == last:
                value = value.tanh_()
            elif layer != self._latent_layer:
                value = value.relu_()
            values.append(value)
        gradient = (values[-1] - inputs) * (2 / inputs[0].numel())
        gradient *= 1 - values[-1].square()
        for layer in range(last, -1, -1):
            torch.bmm(values[layer].mT, gradient, out=self._gradients[layer])
            torch.sum(gradient, 1, keepdim=True, out=self._gradients[last + 1 + layer])
            if layer:
                gradient = torch.bmm(gradient, self._weights[layer].mT)
                if layer - 1 != self._latent_layer:
                    gradient *= values[layer] > 0
        torch._foreach_add_(self._steps, 1)
        torch._fused_adam_(
            self._parameters,
            self._gradients,
            *self._moments,
            [],
            self._steps,
            lr=1e-3,
            beta1=ADAM_DECAYS[0],
            beta2=ADAM_DECAYS[1],
            eps=ADAM_EPSILON,
            weight_decay=0.0,
            amsgrad=False,
            maximize=False,
        )
