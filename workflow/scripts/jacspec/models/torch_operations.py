"""What a step of training is made of on a GPU, with torch; the names are those of CpuOperations.

Beside the CPU's, this is a second copy of the loops over numbers, not of the passes.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from jacspec.models.activations import activation_named
from jacspec.models.recipe import ADAM_DECAYS, ADAM_EPSILON


class TorchOperations:
    """The operations of `jacspec.models.flat_network` on tensors of one type on one device."""

    matmul = staticmethod(torch.matmul)

    def __init__(self, dtype: np.dtype | type = np.float32, device: str = "cuda") -> None:
        self.dtype = torch.from_numpy(np.empty(0, dtype)).dtype
        self.device = torch.device(device)

    @contextmanager
    def reproducible(self) -> Iterator[None]:
        """Compute in full float32, without a record for autograd."""
        precision = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("highest")
        try:
            with torch.inference_mode():
                yield
        finally:
            torch.set_float32_matmul_precision(precision)

    def zeros(self, *shape: int, dtype: np.dtype | type | None = None) -> torch.Tensor:
        """Return zeros on the device."""
        if dtype is None:
            return torch.zeros(shape, dtype=self.dtype, device=self.device)
        return torch.from_numpy(np.zeros(shape, dtype)).to(self.device)

    def from_numpy(self, values: np.ndarray) -> torch.Tensor:
        """Return a tensor on the device."""
        return torch.from_numpy(np.asarray(values, order="C")).to(self.device)

    def to_numpy(self, values: torch.Tensor) -> np.ndarray:
        """Return an array of NumPy."""
        return values.cpu().numpy()

    def take(self, points: torch.Tensor, indices: torch.Tensor, rows: torch.Tensor) -> None:
        """Copy the rows of `points` (n, pixels) with `indices` (k,) to `rows` (k, pixels)."""
        torch.index_select(points, 0, indices, out=rows)

    def activation(self, name: str) -> Callable[[torch.Tensor, torch.Tensor, torch.Tensor], None]:
        """Return a function of values (k, width), a bias (width,) and slopes (k, width)."""
        evaluate = activation_named(name).evaluate

        def activate(values: torch.Tensor, bias: torch.Tensor, slopes: torch.Tensor) -> None:
            values.add_(bias)
            activated, slope = evaluate(values)
            values.copy_(activated)
            slopes[:] = 1 if slope is None else slope

        return activate

    def loss(
        self, name: str
    ) -> Callable[[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor], None]:
        """Return a function of y, x and a gradient, (k, pixels), and a total (1,) float64."""
        return _squared_error if name == "mean_squared_error" else _euclidean_distance

    def multiply(
        self, gradient: torch.Tensor, slopes: torch.Tensor, column_sums: torch.Tensor
    ) -> None:
        """Multiply `gradient` (k, width) by `slopes`, and write its `column_sums` (width,)."""
        gradient.mul_(slopes)
        torch.sum(gradient, 0, out=column_sums)

    def adam(
        self, parameters: torch.Tensor, gradient: torch.Tensor, learning_rate: float
    ) -> "Adam":
        """Return Adam for vectors (n,)."""
        return Adam(parameters, gradient, learning_rate)

    def sgd(
        self,
        parameters: torch.Tensor,
        gradient: torch.Tensor,
        learning_rate: float,
        momentum: float,
    ) -> "SGD":
        """Return stochastic gradient descent for vectors (n,)."""
        return SGD(parameters, gradient, learning_rate, momentum)

    def repeatable(
        self, step: Callable[[], None], changed: list[torch.Tensor]
    ) -> Callable[[], None]:
        """Return `step` as a CUDA graph, with the tensors `changed` as they are.

        At these sizes its 60 launches would take longer than its arithmetic.
        """
        if self.device.type != "cuda":
            return step
        before = [tensor.clone() for tensor in changed]
        # Libraries set themselves up in the first calls, which must not be part of a graph, and
        # torch wants those calls on another stream than the default one.
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                step()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            step()
        for tensor, value in zip(changed, before, strict=True):
            tensor.copy_(value)
        return CapturedStep(graph, step)


@dataclass(frozen=True)
class CapturedStep:
    """A step as a CUDA graph, and the step itself.

    A graph knows addresses only: what is there is given to others when nobody holds it any more.
    """

    graph: torch.cuda.CUDAGraph
    step: Callable[[], None]

    def __call__(self) -> None:
        """Make the step."""
        self.graph.replay()


class Adam:
    """Adam with the defaults of `torch.optim.Adam`; `state` is what it remembers between steps.

    `torch.optim` reaches the same kernel through 20 to 40 µs of Python.
    """

    def __init__(
        self, parameters: torch.Tensor, gradient: torch.Tensor, learning_rate: float
    ) -> None:
        self.state = {
            "step": torch.zeros((), dtype=torch.float32, device=parameters.device),
            "first_moment": torch.zeros_like(parameters),
            "second_moment": torch.zeros_like(parameters),
        }
        step, first, second = self.state.values()
        self._tensors = ([parameters], [gradient], [first], [second], [], [step])
        self._constants = {
            "lr": learning_rate,
            "beta1": ADAM_DECAYS[0],
            "beta2": ADAM_DECAYS[1],
            "eps": ADAM_EPSILON,
            "weight_decay": 0.0,
            "amsgrad": False,
            "maximize": False,
        }

    def update(self) -> None:
        """Change the parameters by one step along the gradient."""
        self.state["step"].add_(1)
        torch._fused_adam_(*self._tensors, **self._constants)


class SGD:
    """Stochastic gradient descent with momentum, as `torch.optim.SGD` without dampening."""

    def __init__(
        self,
        parameters: torch.Tensor,
        gradient: torch.Tensor,
        learning_rate: float,
        momentum: float,
    ) -> None:
        # The kernel refuses a velocity that would never be used.
        self.state = {"velocity": torch.zeros_like(parameters)} if momentum else {}
        self._tensors = ([parameters], [gradient], list(self.state.values()))
        self._constants = {
            "lr": learning_rate,
            "momentum": momentum,
            "dampening": 0.0,
            "weight_decay": 0.0,
            "nesterov": False,
            "maximize": False,
            "is_first_step": False,
        }

    def update(self) -> None:
        """Change the parameters by one step along the gradient."""
        torch._fused_sgd_(*self._tensors, **self._constants)


def _squared_error(
    outputs: torch.Tensor, inputs: torch.Tensor, gradient: torch.Tensor, total: torch.Tensor
) -> None:
    torch.sub(outputs, inputs, out=gradient)
    total.add_(gradient.square().sum(dtype=total.dtype) / gradient.shape[1])
    gradient.mul_(2 / gradient.numel())


def _euclidean_distance(
    outputs: torch.Tensor, inputs: torch.Tensor, gradient: torch.Tensor, total: torch.Tensor
) -> None:
    torch.sub(outputs, inputs, out=gradient)
    distances = torch.linalg.vector_norm(gradient, dim=1, keepdim=True)
    total.add_(distances.sum(dtype=total.dtype))
    # Where the distance is 0, so is the gradient, which is divided by 1 instead.
    gradient.div_(torch.where(distances == 0, 1, distances).mul_(len(gradient)))
