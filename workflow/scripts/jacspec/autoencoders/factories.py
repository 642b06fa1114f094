"""Functions of the user's that build autoencoders."""

import importlib.util
import logging
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn

from jacspec.errors import AutoencoderError

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Factory:
    """The function named `function` of a Python file, ``build(latent_dim, shape)``."""

    path: str
    function: str

    @classmethod
    def of(cls, text: str) -> "Factory":
        """Take it from a text such as ``my_models.py:build``."""
        path, _, function = text.rpartition(":")
        return cls(path, function)

    def __str__(self) -> str:
        return f"{self.path}:{self.function}"

    def build(self, latent_dim: int, shape: tuple[int, ...], seed: int = 0) -> nn.Module:
        """Return the autoencoder of points of `shape` that a training with `seed` begins with.

        torch's generators are seeded with `seed` meanwhile, and put back afterwards: what else a
        factory is random by is not controlled.

        Raises
        ------
        AutoencoderError
            If the file cannot be imported, or the function is not there, fails, or returns anything
            but a module whose parameters are float32.
        """
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            module = self._called(latent_dim, tuple(shape))
        if not isinstance(module, nn.Module):
            raise AutoencoderError(
                f"{self} returns a {type(module).__name__}; return a torch.nn.Module with encode "
                "and decode, or encoder and decoder"
            )
        types = {values.dtype for values in module.state_dict().values()} & {
            *(torch.float64, torch.float16, torch.bfloat16, torch.complex64, torch.complex128)
        }
        if types:
            raise AutoencoderError(f"{self} has parameters of {types.pop()}; use torch.float32")
        return module

    def _called(self, latent_dim: int, shape: tuple[int, ...]) -> Any:
        try:
            return getattr(self._module(), self.function)(latent_dim, shape)
        # It is the user's code: anything can go wrong there.
        except Exception as error:
            reason = str(error).strip().partition("\n")[0]
            _log.exception("%s failed", self)
            raise AutoencoderError(
                f"{self}({latent_dim}, {shape}) fails with {type(error).__name__}: {reason}; mend "
                "it, and note that it finds no other modules of its folder"
            ) from error

    def _module(self) -> ModuleType:
        name = f"factory_{Path(self.path).stem}"
        specification = importlib.util.spec_from_file_location(name, self.path)
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
        return module
