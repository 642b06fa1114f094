"""Derivatives of a map along given directions, forwards and backwards, at many points at once."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.func import jvp, vjp, vmap

from jacspec.spectra.forward_mode import forward_mode_in_threads, reproducible_torch

Directions = Callable[[Tensor], Tensor]


class DifferentiableMap:
    """A map of rows (n, *shape) with its derivatives, within `reproducible_torch`.

    Directions are pushed through it by forward mode, where `forward_mode` says so, or by reverse
    mode of reverse mode, which finds the same numbers. Which one is the faster depends on the
    operations; convolutions have no batched form of the second, everything else that has been
    measured was faster with it. Where torch lacks one of them for an operation, the other takes its
    place; both are tried at zeros of the `shape` and `dtype` of a point, on `device`.
    """

    def __init__(
        self,
        function: Callable[[Tensor], Tensor],
        shape: tuple[int, ...],
        dtype: torch.dtype,
        device: str,
        *,
        convolves: bool,
    ) -> None:
        self._function = function
        self.forward_mode = convolves
        # Two rows, because some operations fail at several only.
        points = torch.zeros(2, *shape, dtype=dtype, device=device)
        try:
            self._try_at(points)
        # The user's code can fail here in any way; if it is not for the mode, it will again.
        except Exception:
            self.forward_mode = not convolves
            self._try_at(points)

    def _try_at(self, points: Tensor) -> None:
        with reproducible_torch(), forward_mode_in_threads(self.forward_mode):
            vmap(self.pushed(points))(torch.ones(2, *points.shape).to(points))

    def __call__(self, points: Tensor) -> Tensor:
        """Return the values at `points`, which stay as they are if the map works in place."""
        # Derivatives of some operations want rows one behind the other.
        return self._function(points.clone(memory_format=torch.contiguous_format))

    def pushed(self, points: Tensor) -> Directions:
        """Return the function from directions t at `points` to D t."""
        if self.forward_mode:
            return lambda direction: jvp(self, (points,), (direction,))[1]
        values, pull = vjp(self, points)
        # The transpose of D^T, which is linear in c, so that any c will do.
        _, push = vjp(lambda direction: pull(direction)[0], torch.zeros_like(values))
        return lambda direction: push(direction)[0]

    def pulled(self, points: Tensor) -> Directions:
        """Return the function from directions c behind `points` to D^T c."""
        _, pull = vjp(self, points)
        return lambda direction: pull(direction)[0]
