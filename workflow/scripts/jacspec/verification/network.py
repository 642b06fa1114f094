"""The autoencoder of a weights file, rebuilt from its tensors alone, and its autograd Jacobians."""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from jacspec.errors import DamagedFileError

Layer = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class Network:
    """Weights and biases in float64, layer by layer; ReLU between layers, tanh at the very end."""

    encoder: tuple[Layer, ...]
    decoder: tuple[Layer, ...]
    sha256: str


@dataclass(frozen=True)
class PointJacobians:
    """What autograd says of one point x, in float64; p pixels, d latent dimensions.

    `z` (d,) is enc(x) and `y` (p,) is dec(z); `encoder` (d, p) is D enc(x), `decoder` (p, d) is
    D dec(z), `whole` (p, p) is D (dec o enc)(x) and `latent` (d, d) is D (enc o dec)(z).
    """

    z: np.ndarray
    y: np.ndarray
    encoder: np.ndarray
    decoder: np.ndarray
    whole: np.ndarray
    latent: np.ndarray


def load_network(path: Path | str) -> Network:
    """Read a weights file; raises DamagedFileError if it does not hold an encoder and a decoder."""
    content = Path(path).read_bytes()
    try:
        tensors = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        encoder, decoder = _layers(tensors, "encoder"), _layers(tensors, "decoder")
    # torch.load raises what the damage happens to cause.
    except Exception as error:
        raise DamagedFileError(
            f"{path} holds no autoencoder ({error}): delete it and run snakemake again"
        ) from error
    return Network(encoder, decoder, hashlib.sha256(content).hexdigest())


def point_jacobians(network: Network, pixels: np.ndarray) -> PointJacobians:
    """Return values and Jacobians at one point, `pixels` (p,), by reverse-mode autograd.

    Autograd takes the derivative of ReLU at 0 as 0. The paper takes it as 1; a point exactly on a
    kink lies within `jacspec.verification.bounds` of it, and is not decided.
    """
    x = torch.from_numpy(pixels.astype(np.float64))
    z = encode(network, x)

    def through_input_space(point: torch.Tensor) -> torch.Tensor:
        return decode(network, encode(network, point))

    def through_latent_space(point: torch.Tensor) -> torch.Tensor:
        return encode(network, decode(network, point))

    jacobian = torch.func.jacrev
    return PointJacobians(
        z=z.numpy(),
        y=decode(network, z).numpy(),
        encoder=jacobian(lambda point: encode(network, point))(x).numpy(),
        decoder=jacobian(lambda point: decode(network, point))(z).numpy(),
        whole=jacobian(through_input_space)(x).numpy(),
        latent=jacobian(through_latent_space)(z).numpy(),
    )


def encode(network: Network, x: torch.Tensor) -> torch.Tensor:
    """Return the latent representation (d,) of a point (p,)."""
    return _through(network.encoder, x)


def decode(network: Network, z: torch.Tensor) -> torch.Tensor:
    """Return the reconstruction (p,) of a latent point (d,)."""
    return torch.tanh(_through(network.decoder, z))


def _through(layers: tuple[Layer, ...], values: torch.Tensor) -> torch.Tensor:
    *hidden, (last_weight, last_bias) = layers
    for weight, bias in hidden:
        values = torch.relu(weight @ values + bias)
    return last_weight @ values + last_bias


def _layers(tensors: dict[str, torch.Tensor], part: str) -> tuple[Layer, ...]:
    numbers = sorted({int(name.split(".")[1]) for name in tensors if name.startswith(f"{part}.")})
    if not numbers:
        raise ValueError(f"no layer named {part}")
    return tuple(
        (tensors[f"{part}.{number}.weight"].double(), tensors[f"{part}.{number}.bias"].double())
        for number in numbers
    )
