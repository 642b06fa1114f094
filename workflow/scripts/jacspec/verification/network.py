"""The autoencoder of a weights file as a module of torch, rebuilt from the file alone."""

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from jacspec.errors import DamagedFileError


class ScaledTanh(nn.Module):
    """(tanh + 1) / 2."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return an array of the shape of `values`."""
        return (torch.tanh(values) + 1) / 2


ACTIVATIONS = {
    "identity": nn.Identity,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "softplus": nn.Softplus,
    "tanh": nn.Tanh,
    "scaled_tanh": ScaledTanh,
    "sigmoid": nn.Sigmoid,
}


@dataclass(frozen=True)
class LinearStack:
    """Encoder and decoder in float64, Linear and activation in turns, and the file's SHA-256."""

    encoder: nn.Sequential
    decoder: nn.Sequential
    sha256: str


def load_network(path: Path | str) -> LinearStack:
    """Read a weights file; raises DamagedFileError if it holds no network."""
    content = Path(path).read_bytes()
    tensors, record = read_weights(path, content)
    try:
        architecture = record["architecture"]
        halves = [
            _modules(tensors, half, architecture["hidden_activation"], architecture[last])
            for half, last in (("encoder", "latent_activation"), ("decoder", "output_activation"))
        ]
    # What the record or the tensors lack shows in the middle of something.
    except Exception as error:
        raise _damaged(path, error) from error
    return LinearStack(*halves, hashlib.sha256(content).hexdigest())


def read_weights(path: Path | str, content: bytes) -> tuple[dict[str, torch.Tensor], dict]:
    """Return the tensors by name in the `content` of a file, and its record.

    Raises DamagedFileError if it has none of them.
    """
    try:
        tensors = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            (name,) = (name for name in archive.namelist() if name.endswith("/record.json"))
            return tensors, json.loads(archive.read(name))
    # torch.load raises what the damage happens to cause.
    except Exception as error:
        raise _damaged(path, error) from error


def _damaged(path: Path | str, error: Exception) -> DamagedFileError:
    return DamagedFileError(
        f"{path} holds no autoencoder ({error}): delete it and run snakemake again"
    )


def _modules(
    tensors: dict[str, torch.Tensor], half: str, hidden_activation: str, last_activation: str
) -> nn.Sequential:
    numbers = sorted({int(name.split(".")[1]) for name in tensors if name.startswith(f"{half}.")})
    modules: list[nn.Module] = []
    for number in numbers:
        weight, bias = (tensors[f"{half}.{number}.{kind}"].double() for kind in ("weight", "bias"))
        linear = nn.Linear(*weight.T.shape, dtype=torch.float64)
        linear.weight, linear.bias = (
            nn.Parameter(values, requires_grad=False) for values in (weight, bias)
        )
        activation = last_activation if number == numbers[-1] else hidden_activation
        modules += [linear, ACTIVATIONS[activation]()]
    return nn.Sequential(*modules)
