"""Autoencoders that a factory builds: their files of weights, and what the sweep asks of them."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from jacspec.autoencoders.checks import CHECKED_POINTS, checked_shapes
from jacspec.autoencoders.factories import Factory
from jacspec.autoencoders.maps import find_maps
from jacspec.autoencoders.sources import source_of_maps
from jacspec.data.streams import random_stream
from jacspec.errors import AutoencoderError, DamagedFileError
from jacspec.models.evaluable import Evaluable
from jacspec.models.state_dict import read_archive, write_archive
from jacspec.spectra.forward_mode import reproducible_torch
from jacspec.spectra.protocols import JacobianSource

_BLOCK_POINTS = 500


class OwnAutoencoder(Evaluable):
    """A module of the user's for points of one `shape`, with `latent_dim` latent values.

    `name` is what messages call it. Raises AutoencoderError if it is none of these.
    """

    def __init__(
        self, module: nn.Module, latent_dim: int, shape: tuple[int, ...], name: str
    ) -> None:
        self.module, self.shape = module, tuple(shape)
        self._maps = find_maps(module)
        # Random points, and the same for all data sets, since the checks choose the engine.
        stream = random_stream("points that own autoencoders are checked at", *self.shape)
        self._examples = stream.random((CHECKED_POINTS, *self.shape))
        found = checked_shapes(self._maps, torch.from_numpy(self._examples))
        if math.prod(found.latent) != latent_dim:
            raise AutoencoderError(
                f"{name} has {math.prod(found.latent)} latent values, not {latent_dim}; have it "
                "use its argument latent_dim"
            )

    def reconstructions(self, points: np.ndarray) -> np.ndarray:
        """Return what it makes of `points` (n, …), of their shape, float64, not clipped."""
        result = np.empty(points.shape)
        with reproducible_torch():
            for start in range(0, len(points), _BLOCK_POINTS):
                block = points[start : start + _BLOCK_POINTS].astype(np.float64)
                values = torch.from_numpy(block.reshape(-1, *self.shape))
                decoded = self._maps.decode(self._maps.encode(values))
                result[start : start + _BLOCK_POINTS] = decoded.numpy().reshape(block.shape)
        return result

    def jacobian_source(self, precision: str = "float64", device: str = "cpu") -> JacobianSource:
        """Return its Jacobians: by its dense layers, if it has no others."""
        return source_of_maps(self.module, self._examples, precision=precision, device=device)


def write_own_weights(
    path: Path | str,
    module: nn.Module,
    factory: Factory,
    latent_dim: int,
    shape: tuple[int, ...],
    training: Mapping[str, Any],
) -> None:
    """Write the state_dict of a module, buffers included, and how to build it again."""
    tensors = {name: values.detach().cpu().numpy() for name, values in module.state_dict().items()}
    record = {"factory": _record(factory, latent_dim, shape), "training": dict(training)}
    write_archive(path, tensors, record)


def import_state(
    path: Path | str,
    tensors: Mapping[str, np.ndarray],
    factory: str,
    latent_dim: int,
    shape: tuple[int, ...],
    training: Mapping[str, Any],
    source: Path | str,
) -> None:
    """Write tensors from the file `source` as the weights of what a factory builds.

    Raises DamagedFileError unless they are all that its module has, and AutoencoderError if it
    fails.
    """
    built = Factory.of(factory)
    module = built.build(latent_dim, shape)
    load_state(module, tensors, source)
    OwnAutoencoder(module, latent_dim, shape, factory)
    write_own_weights(path, module, built, latent_dim, shape, training)


def load_own_autoencoder(path: Path | str, factory: str) -> OwnAutoencoder:
    """Return the autoencoder of a file of weights, built again by its factory.

    Raises
    ------
    DamagedFileError
        If the file is damaged, or of another kind of model, or does not fit the factory's module.
    AutoencoderError
        If the factory fails.
    """
    archive = read_archive(path)
    built = Factory.of(factory)
    try:
        recorded = archive.record["factory"]
        latent_dim, shape = int(recorded["latent_dim"]), tuple(recorded["shape"])
    # A record that somebody else wrote can be anything.
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFileError(
            f"{path} has no record of a factory, so that it is not of {factory}; delete it to have "
            "it made again"
        ) from error
    module = built.build(latent_dim, shape)
    load_state(module, archive.content, path)
    return OwnAutoencoder(module, latent_dim, shape, factory)


def load_state(module: nn.Module, tensors: Mapping[str, np.ndarray], path: Path | str) -> None:
    """Load the tensors of a file into a module; raises DamagedFileError unless they are all its."""
    try:
        state = {name: torch.from_numpy(np.array(values)) for name, values in tensors.items()}
        module.load_state_dict(state)
    except (AttributeError, RuntimeError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise DamagedFileError(f"{path} does not fit the factory's module: {reason}") from error
    strange = [name for name, values in state.items() if not torch.isfinite(values.double()).all()]
    if strange:
        raise DamagedFileError(f"{path} has numbers in {strange[0]} that are not finite")


def _record(factory: Factory, latent_dim: int, shape: tuple[int, ...]) -> dict[str, Any]:
    return {"function": str(factory), "latent_dim": latent_dim, "shape": list(shape)}
