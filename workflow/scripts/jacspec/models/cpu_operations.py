"""What a step of training is made of on the CPU: NumPy's products, and loops in machine code.

OpenBLAS, from which NumPy has its products, uses AVX-512 on AMD's processors, which MKL does not.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from threadpoolctl import threadpool_limits

from jacspec.models import training_loops
from jacspec.models.activations import activation_named
from jacspec.models.recipe import ADAM_DECAYS, ADAM_EPSILON

_CACHE_LINE_BYTES = 64


class CpuOperations:
    """The operations of `jacspec.models.flat_network` on NumPy's arrays of one `dtype`."""

    matmul = staticmethod(np.matmul)
    multiply = staticmethod(training_loops.multiply)

    def __init__(self, dtype: np.dtype | type = np.float32) -> None:
        self.dtype = np.dtype(dtype)

    @contextmanager
    def reproducible(self) -> Iterator[None]:
        """Compute on one thread: sums over several would depend on their number."""
        with threadpool_limits(1):
            yield

    def zeros(self, *shape: int, dtype: np.dtype | type | None = None) -> np.ndarray:
        """Return zeros in memory that begins at a cache line, as vectors are best read."""
        dtype = np.dtype(dtype or self.dtype)
        size = math.prod(shape) * dtype.itemsize
        memory = np.zeros(size + _CACHE_LINE_BYTES, np.uint8)
        start = -memory.ctypes.data % _CACHE_LINE_BYTES
        return memory[start : start + size].view(dtype).reshape(shape)

    def from_numpy(self, values: np.ndarray) -> np.ndarray:
        """Return the array that this class computes with."""
        return np.asarray(values, order="C")

    def to_numpy(self, values: np.ndarray) -> np.ndarray:
        """Return an array of NumPy."""
        return values

    def take(self, points: np.ndarray, indices: np.ndarray, rows: np.ndarray) -> None:
        """Copy the rows of `points` (n, pixels) with `indices` (k,) to `rows` (k, pixels)."""
        # In any other mode NumPy copies to a buffer first.
        np.take(points, indices, axis=0, out=rows, mode="clip")

    def activation(self, name: str) -> Callable[[np.ndarray, np.ndarray, np.ndarray], None]:
        """Return a function of values (k, width), a bias (width,) and slopes (k, width).

        It adds the bias to the values, applies the activation, and writes its slopes.
        """
        if name == "relu":
            return training_loops.rectify
        if self.dtype == np.float32 and name in ("tanh", "scaled_tanh"):
            return getattr(training_loops, name)

        evaluate = activation_named(name).evaluate

        def activate(values: np.ndarray, bias: np.ndarray, slopes: np.ndarray) -> None:
            np.add(values, bias, out=values)
            values[:], slope = evaluate(values)
            slopes[:] = 1 if slope is None else slope

        return activate

    def loss(self, name: str) -> Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], None]:
        """Return a function of y, x and a gradient, (k, pixels), and a total (1,) float64.

        It writes the gradient of the batch's mean loss by y, and adds each point's loss to the
        total.
        """
        if name == "mean_squared_error":
            return training_loops.squared_error
        return training_loops.euclidean_distance

    def adam(self, parameters: np.ndarray, gradient: np.ndarray, learning_rate: float) -> "Adam":
        """Return Adam for vectors (n,)."""
        return Adam(self, parameters, gradient, learning_rate)

    def sgd(
        self, parameters: np.ndarray, gradient: np.ndarray, learning_rate: float, momentum: float
    ) -> "SGD":
        """Return stochastic gradient descent for vectors (n,)."""
        return SGD(self, parameters, gradient, learning_rate, momentum)

    def repeatable(
        self, step: Callable[[], None], _changed: list[np.ndarray]
    ) -> Callable[[], None]:
        """Return the quickest way to repeat `step`, which changes some arrays."""
        return step


class Adam:
    """Adam with the defaults of `torch.optim.Adam`; `state` is what it remembers between steps."""

    def __init__(
        self,
        operations: CpuOperations,
        parameters: np.ndarray,
        gradient: np.ndarray,
        learning_rate: float,
    ) -> None:
        self.state = {
            "step": np.zeros(1),
            "first_moment": operations.zeros(parameters.size),
            "second_moment": operations.zeros(parameters.size),
        }
        self._parameters, self._gradient = parameters, gradient
        self._learning_rate = learning_rate

    def update(self) -> None:
        """Change the parameters by one step along the gradient."""
        step, first, second = self.state.values()
        step += 1
        first_decay, second_decay = ADAM_DECAYS
        training_loops.adam_step(
            self._parameters,
            self._gradient,
            first,
            second,
            second_decay,
            1 - first_decay,
            1 - second_decay,
            self._learning_rate / (1 - first_decay ** step[0]),
            1 / math.sqrt(1 - second_decay ** step[0]),
            ADAM_EPSILON,
        )


class SGD:
    """Stochastic gradient descent with momentum, as `torch.optim.SGD` without dampening."""

    def __init__(
        self,
        operations: CpuOperations,
        parameters: np.ndarray,
        gradient: np.ndarray,
        learning_rate: float,
        momentum: float,
    ) -> None:
        self.state = {"velocity": operations.zeros(parameters.size)}
        self._parameters, self._gradient = parameters, gradient
        self._constants = (learning_rate, momentum)

    def update(self) -> None:
        """Change the parameters by one step along the gradient."""
        velocity = self.state["velocity"]
        training_loops.momentum_step(self._parameters, self._gradient, velocity, *self._constants)
