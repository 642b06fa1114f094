"""How much memory a pass of one point through a map takes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


@dataclass(frozen=True)
class PassMemory:
    """Bytes that one point needs: `widest` in one operation at most, `total` for all results.

    `convolves` is whether there is a convolution among the operations.
    """

    widest: int
    total: int
    convolves: bool


def memory_of_pass(function: Callable[[Tensor], Tensor], point: Tensor) -> PassMemory:
    """Return what the operations of `function` take at `point` (1, *shape)."""
    with torch.no_grad(), _Operations() as operations:
        function(point)
    widest = max(operations.widest, point.nbytes)
    return PassMemory(widest, operations.total, operations.convolves)


class _Operations(TorchDispatchMode):
    """Notes what the results of operations take, and what convolutions need beside them."""

    def __init__(self) -> None:
        super().__init__()
        self.widest = self.total = 0
        self.convolves = False

    def __torch_dispatch__(
        self, operation: Any, _types: Any, arguments: tuple = (), options: dict | None = None
    ) -> Any:
        result = operation(*arguments, **(options or {}))
        there = {tensor.untyped_storage().data_ptr() for tensor in _tensors((arguments, options))}
        size = sum(
            tensor.nbytes
            for tensor in _tensors(result)
            # Views, of weights too, take nothing.
            if tensor.untyped_storage().data_ptr() not in there
        )
        patches = 0
        if operation is torch.ops.aten.convolution.default:
            self.convolves = True
            patches = _bytes_of_patches(result, *arguments)
        # What goes in is as large as the result of the operation before.
        self.widest = max(self.widest, 2 * size + patches)
        self.total += size
        return result


def _tensors(nested: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(nested) if isinstance(leaf, Tensor)]


def _bytes_of_patches(
    output: Tensor,
    images: Tensor,
    weight: Tensor,
    _bias: Tensor | None,
    _stride: list[int],
    _padding: list[int],
    _dilation: list[int],
    transposed: bool,
    _output_padding: list[int],
    groups: int,
) -> int:
    """Return what the patches take that a convolution copies to be one matrix multiplication."""
    places = (images if transposed else output)[0, 0].numel()
    return weight[0].numel() * groups * places * output.element_size()
