"""Derivatives of a map along given directions, forwards and backwards, at many points at once."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.func import jvp, vjp, vmap

Directions = Callable[[Tensor], Tensor]


class DifferentiableMap:
    """A map of rows (n, *shape) with its derivatives, within `evaluation_in_threads`.

    Forward mode is tried at zeros of the `shape` and `dtype` of a point, on `device`. Where torch
    has none for an operation, reverse mode of reverse mode takes its place, which finds the same
    numbers in more time.
    """

    def __init__(
        self,
        function: Callable[[Tensor], Tensor],
        shape: tuple[int, ...],
        dtype: torch.dtype,
        device: str,
    ) -> None:
        self._function = function
        # Two rows, because some operations fail at several only.
        points = torch.zeros(2, *shape, dtype=dtype, device=device)
        try:
            vmap(self._pushed_forwards(points))(torch.ones(2, *points.shape).to(points))
        # A map can fail here in any way; if not for forward mode, it will again.
        except Exception:
            self._pushed = self._pushed_by_reverse_mode
        else:
            self._pushed = self._pushed_forwards

    def __call__(self, points: Tensor) -> Tensor:
        """Return the values at `points`, which stay as they are if the map works in place."""
        # Derivatives of some operations want rows one behind the other.
        return self._function(points.clone(memory_format=torch.contiguous_format))

    def pushed(self, points: Tensor) -> Directions:
        """Return the function from directions t at `points` to D t."""
        return self._pushed(points)

    def pulled(self, points: Tensor) -> Directions:
        """Return the function from directions c behind `points` to D^T c."""
        _, pull = vjp(self, points)
        return lambda direction: pull(direction)[0]

    def _pushed_forwards(self, points: Tensor) -> Directions:
        return lambda direction: jvp(self, (points,), (direction,))[1]

    def _pushed_by_reverse_mode(self, points: Tensor) -> Directions:
        """Return the transpose of D^T, which is linear in c wherever it is differentiated."""
        values, pull = vjp(self, points)
        _, push = vjp(lambda direction: pull(direction)[0], torch.zeros_like(values))
        return lambda direction: push(direction)[0]
