"""What a map does to its points, as a chain of operations."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, fx, nn

# Stands among the arguments of an operation for the values that come from the operation before.
VALUES = object()


class NotDenseError(Exception):
    """A map is no stack of dense layers; the message says why."""


@dataclass(frozen=True)
class Operation:
    """One step of a map: `target` is a module, a function, or the name of a tensor's method.

    `arguments` and `options` are what it is called with; all but `VALUES` are the same for every
    point. `shape` (n, …) is that of the values before, `result_shape` that behind.
    """

    target: Any
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    shape: torch.Size
    result_shape: torch.Size


def operations_of(map_: nn.Module, points: Tensor) -> list[Operation]:
    """Return what `map_` does to `points` (n, *shape), step by step.

    Raises
    ------
    NotDenseError
        If it cannot be traced, or is no chain: some step has several inputs that vary.
    """
    try:
        values = _Values(fx.GraphModule(map_, fx.Tracer().trace(map_)))
        with torch.no_grad():
            values.run(points.clone())
    # It is the user's code: what it does with a stand-in for points can fail in any way.
    except Exception as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise NotDenseError(f"it cannot be traced ({reason})") from error
    chain = _chain(values.of)
    modules = dict(values.module.named_modules())
    return [_operation(before, node, values.of, modules) for before, node in pairwise(chain)]


class _Values(fx.Interpreter):
    """Runs a trace and keeps the value of every node, in `of`."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module, garbage_collect_values=False)
        self.of: dict[fx.Node, Any] = {}

    def run_node(self, node: fx.Node) -> Any:
        self.of[node] = super().run_node(node)
        return self.of[node]


def _chain(value_of: dict[fx.Node, Any]) -> list[fx.Node]:
    """Return the nodes from the input to the output that the points' values pass."""
    (placeholder,) = (node for node in value_of if node.op == "placeholder")
    varying = {placeholder}
    for node, value in value_of.items():
        # Shapes, too, follow from the input, but not from its values.
        if isinstance(value, Tensor) and varying.intersection(node.all_input_nodes):
            varying.add(node)
    (output,) = (node for node in value_of if node.op == "output")
    chain = [output]
    while chain[-1] is not placeholder:
        before = varying.intersection(chain[-1].all_input_nodes)
        if len(before) != 1:
            raise NotDenseError(f"{chain[-1].name} has {len(before)} inputs that vary")
        chain += before
    return chain[:0:-1]


def _operation(
    before: fx.Node, node: fx.Node, value_of: dict[fx.Node, Any], modules: dict[str, nn.Module]
) -> Operation:
    def given(argument: Any) -> Any:
        return fx.node.map_arg(argument, lambda n: VALUES if n is before else value_of[n])

    return Operation(
        modules[node.target] if node.op == "call_module" else node.target,
        tuple(given(argument) for argument in node.args),
        {name: given(option) for name, option in node.kwargs.items()},
        value_of[before].shape,
        value_of[node].shape,
    )
