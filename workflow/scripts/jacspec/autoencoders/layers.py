"""The dense layers that a map consists of, if it does, multiplied out from its operations."""

import operator
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from jacspec.autoencoders.trace import VALUES, NotDenseError, Operation, operations_of
from jacspec.models.activations import ACTIVATIONS, Activation
from jacspec.models.network import DenseLayer, activation_of_module

_IDENTITY = ACTIVATIONS["identity"]

# In evaluation mode.
_MODULES_THAT_ONLY_RESHAPE = (
    nn.Identity,
    nn.Flatten,
    nn.Unflatten,
    nn.Dropout,
    nn.AlphaDropout,
    nn.FeatureAlphaDropout,
)
_CALLS_THAT_ONLY_RESHAPE = (
    torch.flatten,
    torch.reshape,
    torch.squeeze,
    torch.unsqueeze,
    "contiguous",
    "flatten",
    "reshape",
    "squeeze",
    "unflatten",
    "unsqueeze",
    "view",
)
# Functions by the module that does the same, given what else the function is given.
_MODULE_OF_CALL = {
    functional.relu: nn.ReLU,
    torch.relu: nn.ReLU,
    "relu": nn.ReLU,
    functional.leaky_relu: nn.LeakyReLU,
    functional.elu: nn.ELU,
    functional.selu: nn.SELU,
    torch.selu: nn.SELU,
    functional.gelu: nn.GELU,
    functional.silu: nn.SiLU,
    functional.softplus: nn.Softplus,
    functional.tanh: nn.Tanh,
    torch.tanh: nn.Tanh,
    "tanh": nn.Tanh,
    functional.sigmoid: nn.Sigmoid,
    torch.sigmoid: nn.Sigmoid,
    "sigmoid": nn.Sigmoid,
}
_PRODUCTS = (operator.matmul, torch.matmul, torch.mm, "matmul", "mm")
_SUMS = (operator.add, operator.iadd, torch.add, "add")
_DIFFERENCES = (operator.sub, operator.isub, torch.sub, "sub")
_MULTIPLES = (operator.mul, operator.imul, torch.mul, "mul")
_QUOTIENTS = (operator.truediv, operator.itruediv, torch.div, "div")


def dense_layers(map_: nn.Module, points: Tensor) -> tuple[DenseLayer, ...]:
    """Return the layers of `map_`, a module in evaluation mode, as float64.

    `points` (n, *shape) are some that it takes. Linear maps, scalings and shifts that follow one
    another become one layer; an activation may stand behind each.

    Raises
    ------
    NotDenseError
        If it does anything else.
    """
    layers = _Layers()
    for operation in operations_of(map_, points):
        if operation.shape[0] != operation.result_shape[0]:
            raise NotDenseError("it changes the first axis")
        if not _take(operation, layers):
            target = operation.target
            name = getattr(target, "__name__", None) or getattr(target, "_get_name", str)()
            raise NotDenseError(f"{name} is no part of dense layers")
    return layers.finished()


class _Layers:
    """Layers that operations are added to, one after the other."""

    def __init__(self) -> None:
        self._layers: list[DenseLayer] = []
        # Scale and shift of the values that go into the next layer.
        self._scaling: tuple[np.ndarray, np.ndarray] | None = None

    def finished(self) -> tuple[DenseLayer, ...]:
        """Return the layers; raises NotDenseError if they end in a scaling, or are none."""
        if self._scaling is not None or not self._layers:
            raise NotDenseError("it does not end in Linear and an activation")
        return tuple(self._layers)

    def multiply(self, weight: np.ndarray, bias: np.ndarray | None) -> None:
        """Add ``W h + b``, with W (outputs, inputs)."""
        if self._scaling is not None:
            scale, shift = self._scaling
            shifted = weight @ shift
            weight, bias = weight * scale, shifted if bias is None else bias + shifted
            self._scaling = None
        self._layers.append(DenseLayer(weight, bias, _IDENTITY))

    def scale(self, scale: np.ndarray, shift: np.ndarray) -> None:
        """Add ``scale * h + shift``, elementwise."""
        if self._scaling is not None:
            before = self._scaling
            self._scaling = scale * before[0], scale * before[1] + shift
        elif self._layers and self._layers[-1].activation is _IDENTITY:
            last = self._layers[-1]
            bias = shift if last.bias is None else scale * last.bias + shift
            self._layers[-1] = replace(last, weight=scale[:, None] * last.weight, bias=bias)
        else:
            self._scaling = scale, shift

    def activate(self, activation: Activation) -> None:
        """Add an activation; raises NotDenseError where no layer is before it."""
        if activation is _IDENTITY:
            return
        if not self._layers or self._scaling or self._layers[-1].activation is not _IDENTITY:
            raise NotDenseError(f"{activation.name} does not follow a Linear")
        self._layers[-1] = replace(self._layers[-1], activation=activation)


def _take(operation: Operation, layers: _Layers) -> bool:
    """Add an operation to the layers; return whether it is one of those that they can have."""
    if isinstance(operation.target, nn.Module):
        return _take_module(operation.target, operation, layers)
    if operation.target in _MODULE_OF_CALL:
        options = {key: value for key, value in operation.options.items() if key != "inplace"}
        module = _MODULE_OF_CALL[operation.target](*operation.arguments[1:], **options)
        return _take_module(module, operation, layers)
    if operation.target is functional.linear:
        _multiply(layers, operation, *_weight_and_bias(*operation.arguments, **operation.options))
    elif operation.target in _PRODUCTS and operation.arguments[0] is VALUES:
        _multiply(layers, operation, operation.arguments[1].T, None)
    elif scaling := _scaling(operation):
        layers.scale(*scaling)
    else:
        return operation.target in _CALLS_THAT_ONLY_RESHAPE
    return True


def _take_module(module: nn.Module, operation: Operation, layers: _Layers) -> bool:
    if isinstance(module, nn.Linear):
        _multiply(layers, operation, module.weight, module.bias)
    elif isinstance(module, nn.BatchNorm1d) and module.track_running_stats:
        if len(operation.shape) != 2:
            return False
        layers.scale(*_scaling_of_batch_norm(module))
    elif activation := activation_of_module(module):
        layers.activate(activation)
    else:
        return isinstance(module, _MODULES_THAT_ONLY_RESHAPE)
    return True


def _weight_and_bias(
    _: Any, weight: Tensor, bias: Tensor | None = None
) -> tuple[Tensor, Tensor | None]:
    """Return the arguments of `torch.nn.functional.linear`, by the names that they have there."""
    return weight, bias


def _multiply(layers: _Layers, operation: Operation, weight: Tensor, bias: Tensor | None) -> None:
    inputs = operation.shape[1:].numel()
    if weight.ndim != 2 or weight.shape[1] != inputs:
        raise NotDenseError(f"a Linear of {weight.shape[-1]} inputs works on parts of {inputs}")
    layers.multiply(_array(weight), None if bias is None else _array(bias))


def _scaling_of_batch_norm(module: nn.BatchNorm1d) -> tuple[np.ndarray, np.ndarray]:
    scale = 1 / np.sqrt(_array(module.running_var) + module.eps)
    if module.affine:
        scale = scale * _array(module.weight)
    shift = -_array(module.running_mean) * scale
    return scale, shift + _array(module.bias) if module.affine else shift


def _scaling(operation: Operation) -> tuple[np.ndarray, np.ndarray] | None:
    """Return scale and shift (width,) of an operation with constants, or None if it is another."""
    target, arguments = operation.target, operation.arguments
    device = next((each.device for each in arguments if isinstance(each, Tensor)), None)
    ones = torch.ones(operation.shape, dtype=torch.float64, device=device)
    zeros = torch.zeros_like(ones)
    applied = partial(_applied, operation)
    if target in _SUMS and not operation.options:
        scale, shift = ones, applied(zeros)
    elif target in _DIFFERENCES and not operation.options:
        scale, shift = ones if arguments[0] is VALUES else -ones, applied(zeros)
    elif target in _MULTIPLES or (target in _QUOTIENTS and arguments[0] is VALUES):
        scale, shift = applied(ones), zeros
    else:
        return None
    return tuple(_array(values[0].flatten()) for values in (scale, shift))


def _applied(operation: Operation, values: Tensor) -> Tensor:
    """Return what the operation makes of other `values` (n, …)."""
    call: Callable = operation.target
    if isinstance(call, str):
        call = getattr(torch, call)
    arguments = (values.clone() if each is VALUES else each for each in operation.arguments)
    return call(*arguments, **operation.options)


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().double().numpy()
