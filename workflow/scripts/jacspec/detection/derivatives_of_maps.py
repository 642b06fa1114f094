"""Singular values of D enc(x) and D dec(z) for what a factory builds, by automatic differentiation.

Of such maps nothing is known that bounds the rank below d, so that a derivative counts as singular
only where rounding leaves no other answer.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.func import vmap

from jacspec.autoencoders.maps import find_maps
from jacspec.autoencoders.own import OwnAutoencoder
from jacspec.detection.singular_values import columns_of
from jacspec.spectra.differentiation import DifferentiableMap, Directions
from jacspec.spectra.forward_mode import forward_mode_in_threads, reproducible_torch
from jacspec.spectra.passes import memory_of_pass


class MapsSingularValues:
    """`jacspec.detection.singular_values.SingularValues` of any two maps."""

    def __init__(self, autoencoder: OwnAutoencoder) -> None:
        self.point_shape = autoencoder.shape
        self.block_points = autoencoder.jacobian_source().block_points
        maps = find_maps(autoencoder.module)
        point = torch.zeros(1, *self.point_shape, dtype=torch.float64)
        with reproducible_torch():
            self._latent_shape = tuple(maps.encode(point).shape[1:])
        self._encode = _differentiable(maps.encode, self.point_shape)
        self._decode = _differentiable(maps.decode, self._latent_shape)

    def __call__(self, points: np.ndarray) -> dict[str, np.ndarray]:
        """Return the columns at `points` (n, *point_shape), (n,) float64 each."""
        x = torch.from_numpy(points.astype(np.float64))
        with reproducible_torch(), forward_mode_in_threads(self._decode.forward_mode):
            z = self._encode(x)
            rows = self._along_units(self._encode.pulled(x), len(x))
            columns = self._along_units(self._decode.pushed(z), len(x))
        pixels = math.prod(self.point_shape)
        rank_bound = min(pixels, math.prod(self._latent_shape))
        return columns_of(rows, columns, pixels=pixels, rank_bounds=(rank_bound, rank_bound))

    def _along_units(self, function: Directions, count: int) -> np.ndarray:
        """Return (n, pixels, d), `function` of the unit vectors of the latent space."""
        latent_dim = math.prod(self._latent_shape)
        units = torch.eye(latent_dim, dtype=torch.float64).unflatten(1, self._latent_shape)
        along = vmap(function)(units[:, None].expand(-1, count, *self._latent_shape))
        return along.flatten(2).permute(1, 2, 0).numpy()


def _differentiable(
    function: Callable[[Tensor], Tensor], shape: tuple[int, ...]
) -> DifferentiableMap:
    point = torch.zeros(1, *shape, dtype=torch.float64)
    with reproducible_torch():
        convolves = memory_of_pass(function, point).convolves
    return DifferentiableMap(function, shape, torch.float64, "cpu", convolves=convolves)
