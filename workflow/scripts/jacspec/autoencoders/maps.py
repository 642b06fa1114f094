"""The two maps of an autoencoder, found by their customary names and copied for evaluation."""

import copy
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from jacspec.autoencoders.outputs import chosen_output
from jacspec.errors import AutoencoderError

# Method, then attribute: where both are there, the attribute may be a part of what the method does.
MAP_NAMES = {"encode": ("encode", "encoder"), "decode": ("decode", "decoder")}

_log = logging.getLogger(__name__)


class AutoencoderMap(nn.Module):
    """One of the two maps, as a module whose only output is the one that is meant.

    `owner` is the module that the map belongs to, and `method` its name there, or None where the
    module itself is the map. Without an owner the map is a plain `function`.
    """

    def __init__(
        self,
        name: str,
        choice: str | int | None,
        *,
        owner: nn.Module | None = None,
        method: str | None = None,
        function: Callable[[Tensor], Any] | None = None,
    ) -> None:
        super().__init__()
        self.name, self.choice = name, choice
        self.owner, self.method, self.function = owner, method, function

    def forward(self, values: Tensor) -> Tensor:
        """Return the output that is meant, for `values` (n, *shape)."""
        if self.function is not None:
            returned = self.function(values)
        elif self.method is not None:
            returned = getattr(self.owner, self.method)(values)
        else:
            returned = self.owner(values)
        return chosen_output(returned, self.choice, self.name)


@dataclass(frozen=True)
class Maps:
    """Both maps, and the whole autoencoder as a function, if that is known."""

    encode: AutoencoderMap
    decode: AutoencoderMap
    whole: nn.Module | None


class Copies:
    """Copies of modules for evaluation: in evaluation mode, of one type of numbers, on one device.

    Parts that several modules share are shared by their copies. The originals stay as they are.
    """

    def __init__(self, dtype: torch.dtype, device: str) -> None:
        self._dtype, self._device = dtype, device
        self._memo: dict[int, Any] = {}

    def of(self, module: nn.Module) -> nn.Module:
        """Return the copy of `module`; raises AutoencoderError if it cannot be copied."""
        if id(module) not in self._memo:
            _log_training_mode(module)
        for part in module.modules():
            self._convert_plain_tensors(part)
        try:
            duplicate = copy.deepcopy(module, self._memo)
        except Exception as error:
            raise AutoencoderError(
                f"the {type(module).__name__} cannot be copied for evaluation "
                f"({_first_line(error)}); give its two maps as functions, "
                "jacobian_spectra(encode=f, decode=g, points=points)"
            ) from error
        return duplicate.eval().requires_grad_(False).to(self._device, self._dtype)

    def _convert_plain_tensors(self, part: nn.Module) -> None:
        """Copy the tensors that are neither parameters nor buffers, which `to` leaves alone.

        Those that torch.nn.utils.weight_norm has are results of a computation, which a deep copy
        refuses.
        """
        for value in vars(part).values():
            if isinstance(value, Tensor) and id(value) not in self._memo:
                dtype = self._dtype if value.is_floating_point() else value.dtype
                self._memo[id(value)] = value.detach().to(self._device, dtype, copy=True)


def find_maps(
    autoencoder: nn.Module | None,
    *,
    encode: Callable[[Tensor], Any] | None = None,
    decode: Callable[[Tensor], Any] | None = None,
    encode_output: str | int | None = None,
    decode_output: str | int | None = None,
    dtype: torch.dtype = torch.float64,
    device: str = "cpu",
) -> Maps:
    """Return copies of the two maps for evaluation, with numbers of `dtype` on `device`.

    Raises
    ------
    AutoencoderError
        If neither both functions nor a module with both maps is given, or there is no copying it.
    """
    if (autoencoder is None) == (encode is None and decode is None):
        raise AutoencoderError(
            "the autoencoder must be given either as one module or as two functions; write "
            "jacobian_spectra(autoencoder, points) or "
            "jacobian_spectra(encode=f, decode=g, points=points)"
        )
    copies = Copies(dtype, device)
    choices = {"encode": encode_output, "decode": decode_output}
    if autoencoder is None:
        found = {
            name: _map_of_function(name, function, choices[name], copies)
            for name, function in (("encode", encode), ("decode", decode))
        }
        return Maps(found["encode"], found["decode"], None)
    if not isinstance(autoencoder, nn.Module):
        raise AutoencoderError(
            f"the autoencoder is a {type(autoencoder).__name__}, allowed: a torch.nn.Module; give "
            "others by jacobian_spectra(encode=f, decode=g, points=points)"
        )
    return maps_of(copies.of(_uncompiled(autoencoder)), **choices)


def maps_of(
    module: nn.Module, encode: str | int | None = None, decode: str | int | None = None
) -> Maps:
    """Return the maps of `module` itself, with the outputs that are chosen; see `find_maps`."""
    choices = {"encode": encode, "decode": decode}
    found = {name: _map_of_module(name, module, choices[name]) for name in MAP_NAMES}
    return Maps(found["encode"], found["decode"], module)


def _map_of_function(
    name: str, function: Any, choice: str | int | None, copies: Copies
) -> AutoencoderMap:
    if not callable(function):
        raise AutoencoderError(
            f"{name} is a {type(function).__name__}, allowed: a function or a module; write "
            "jacobian_spectra(encode=f, decode=g, points=points)"
        )
    if isinstance(function, nn.Module):
        return AutoencoderMap(name, choice, owner=copies.of(_uncompiled(function)))
    owner, method = getattr(function, "__self__", None), getattr(function, "__name__", None)
    if isinstance(owner, nn.Module) and hasattr(owner, str(method)):
        return AutoencoderMap(name, choice, owner=copies.of(owner), method=method)
    return AutoencoderMap(name, choice, function=function)


def _map_of_module(name: str, whole: nn.Module, choice: str | int | None) -> AutoencoderMap:
    for attribute in MAP_NAMES[name]:
        value = getattr(whole, attribute, None)
        if isinstance(value, nn.Module):
            return AutoencoderMap(name, choice, owner=value)
        if callable(value):
            return AutoencoderMap(name, choice, owner=whole, method=attribute)
    method, part = MAP_NAMES[name]
    parts = ", ".join(child for child, _ in whole.named_children()) or "no parts"
    raise AutoencoderError(
        f"the {type(whole).__name__} has neither a method {method} nor a part {part} (it has "
        f"{parts}); write jacobian_spectra(encode=f, decode=g, points=points)"
    )


def _uncompiled(module: nn.Module) -> nn.Module:
    """Return the module that `torch.compile` was given, or `module` itself."""
    return getattr(module, "_orig_mod", module)


def _log_training_mode(module: nn.Module) -> None:
    """Say that a copy is in evaluation mode where the original is not, and what that changes."""
    training = [part for part in module.modules() if part.training]
    if training:
        kinds = sorted(
            {type(part).__name__ for part in training if _depends_on_mode(type(part).__name__)}
        )
        _log.info(
            "the %s is in training mode and is evaluated in evaluation mode%s; it stays as it is",
            type(module).__name__,
            f", in which {', '.join(kinds)} work otherwise" if kinds else "",
        )


def _depends_on_mode(kind: str) -> bool:
    return "Dropout" in kind or "BatchNorm" in kind or "InstanceNorm" in kind


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
