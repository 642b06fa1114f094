"""Jacobians of any two maps, by automatic differentiation, for the engine of spectra.

Columns of ``D dec(z)`` come by pushing unit vectors forwards, and rows of ``D enc`` by pulling them
back, at x and at y in one batch; both reduced Jacobians are products of the two. That is 3 d passes
a point, and the fastest of the ways to order them (`benchmarks/general.py`).

Without layers there is no bound of the rounding errors. What stands in its place is an estimate,
100 times the difference of two computations whose roundings differ: forwards all the way, and
backwards all the way. It is made for those matrices only that are anywhere near singular.
"""

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.func import vmap

from jacspec.spectra.determinants import UNIT_ROUNDOFF
from jacspec.spectra.differentiation import DifferentiableMap, Directions
from jacspec.spectra.forward_mode import forward_mode_in_threads, reproducible_torch
from jacspec.spectra.passes import PassMemory, memory_of_pass
from jacspec.spectra.protocols import EvaluatedPoints, MatrixBlock

PRECISIONS = ("float64", "float32")

# What the tangents of one block may take, at the widest place of either map. Smaller blocks cost
# more calls of Python, and larger ones leave the cache and are given back to the system.
BLOCK_BYTES = 64 * 2**20
GPU_BLOCK_BYTES = 2 * 2**30

# Enough for small maps, and few enough for several threads to have something to do.
MOST_POINTS = 512

# An error is estimated by the difference of two computations, times this.
DIFFERENCES = 100
# What that is at least, relative to the matrix: the two may agree by chance.
LEAST_ERROR = 1e-16
# A matrix is near singular where its smallest singular value is below as many roundings of the
# product of the norms of its two factors: far above any error that has been seen.
NEAR_SINGULAR_ROUNDINGS = 1e8

Map = Callable[[Tensor], Tensor]


class GeneralSource:
    """Jacobians of two maps by automatic differentiation, with an estimate of rounding errors.

    It fulfils `jacspec.spectra.protocols.JacobianSource`. `encode` maps (n, *point_shape) to
    (n, *latent_shape) and `decode` maps back, row by row; they are of the type of numbers
    `precision`, on `device`, and several threads call them at once. One block's tangents take
    `block_bytes` at most, unless one tangent of one point takes more.

    In float32 the Jacobians, and so the eigenvalues, are off by some 1e-7 of the product of the
    norms of ``D enc`` and ``D dec``, and signs are determined for fewer points.

    Raises ValueError for a `precision` that is neither ``"float64"`` nor ``"float32"``.
    """

    engine = "general"
    sign_rule = "two_routes"

    def __init__(
        self,
        encode: Map,
        decode: Map,
        point_shape: tuple[int, ...],
        latent_shape: tuple[int, ...],
        *,
        precision: str = "float64",
        device: str = "cpu",
        block_bytes: int | None = None,
    ) -> None:
        if precision not in PRECISIONS:
            raise ValueError(f"precision is {precision!r}, allowed: {', '.join(PRECISIONS)}")
        self.precision, self.point_shape = precision, tuple(point_shape)
        self.latent_dim = math.prod(latent_shape)
        self.side_by_side = device == "cpu"
        self._latent_shape = tuple(latent_shape)
        self._dtype, self._device = getattr(torch, precision), device
        encoder, decoder = (
            self._memory(function, shape)
            for function, shape in ((encode, self.point_shape), (decode, self._latent_shape))
        )
        self._encode, self._decode = (
            DifferentiableMap(function, shape, self._dtype, device, convolves=memory.convolves)
            for function, shape, memory in (
                (encode, self.point_shape, encoder),
                (decode, self._latent_shape, decoder),
            )
        )
        # The encoder is differentiated at x and at y. A column and two rows are kept.
        number = torch.finfo(self._dtype).bits // 8
        per_tangent = max(2 * encoder.widest, decoder.widest) + 3 * number * math.prod(point_shape)
        per_point = 2 * encoder.total + decoder.total
        budget = block_bytes or (BLOCK_BYTES if device == "cpu" else GPU_BLOCK_BYTES)
        fitting = budget // (self.latent_dim * per_tangent + per_point)
        self.block_points = min(MOST_POINTS, max(1, fitting))
        self._chunk = min(self.latent_dim, max(1, (budget - per_point) // per_tangent))

    def _memory(self, function: Map, shape: tuple[int, ...]) -> PassMemory:
        with reproducible_torch():
            point = torch.zeros(1, *shape, dtype=self._dtype, device=self._device)
            return memory_of_pass(function, point)

    def evaluate(self, points: np.ndarray) -> EvaluatedPoints:
        """Return both Jacobians at `points` (n, *point_shape)."""
        x = torch.from_numpy(np.array(points, self.precision, order="C")).to(self._device)
        with reproducible_torch(), forward_mode_in_threads(self._decode.forward_mode):
            z = self._encode(x)
            y = self._decode(z)
            columns = self._columns(z)
            rows = self._rows(torch.cat([x, y]))
            # (d, n, D), and (d, 2, n, D) for x and y.
            columns, rows = columns.flatten(2), rows.flatten(2).unflatten(1, (2, len(x)))
            blocks = [
                self._block(where, z, rows_there, columns)
                for where, rows_there in zip((x, y), rows.unbind(1), strict=True)
            ]
            squared_error = (y - x).flatten(1).double().square().sum(dim=1)
        return EvaluatedPoints(
            *blocks,
            latent_points=z.flatten(1).cpu().numpy(),
            reconstruction_error=squared_error.cpu().numpy(),
            # Units that switch are not known here.
            same_pattern=np.zeros(len(x), dtype=bool),
        )

    def _block(self, points: Tensor, z: Tensor, rows: Tensor, columns: Tensor) -> MatrixBlock:
        """Return ``D enc(points) D dec(z)``, the product of `rows` and `columns` (d, n, D)."""
        # Of views: nothing is copied.
        product = torch.bmm(rows.permute(1, 0, 2), columns.permute(1, 2, 0))
        matrices = product.double().cpu().numpy()
        far_above_errors = NEAR_SINGULAR_ROUNDINGS * torch.finfo(self._dtype).eps / 2
        rank = min(self.latent_dim, math.prod(self.point_shape))
        return MatrixBlock(
            matrices,
            rank_bound=np.full(len(points), rank, dtype=np.int16),
            error=far_above_errors * _norm(rows) * _norm(columns),
            finer_error=partial(self._estimated_errors, points, z, matrices),
        )

    def _estimated_errors(
        self, points: Tensor, z: Tensor, matrices: np.ndarray, chosen: np.ndarray
    ) -> np.ndarray:
        """Return estimates (k,) of the error of the `chosen` (k,) of `matrices`.

        Those that are singular up to the rounding of a singular value have no sign, whatever the
        error is: theirs is as large as the matrix.
        """
        singular_values = np.linalg.svd(matrices[chosen], compute_uv=False)
        errors = singular_values[:, 0].copy()
        open_ = singular_values[:, -1] > self.latent_dim**2 * UNIT_ROUNDOFF * errors
        if open_.any():
            difference = self._difference_of_two_routes(points, z, chosen[open_])
            errors[open_] = np.maximum(DIFFERENCES * difference, LEAST_ERROR * errors[open_])
        return errors

    def _units(self, count: int) -> Tensor:
        """Return the d unit vectors of the latent space for `count` points, (d, n, *latent)."""
        units = torch.eye(self.latent_dim, dtype=self._dtype, device=self._device)
        units = units.unflatten(1, self._latent_shape)[:, None]
        return units.expand(-1, count, *self._latent_shape)

    def _in_chunks(self, function: Directions, tangents: Tensor) -> Tensor:
        """Return `function` of the tangents (d, n, …), for as many at once as memory allows."""
        parts = [vmap(function)(chunk) for chunk in tangents.split(self._chunk)]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _columns(self, z: Tensor) -> Tensor:
        """Return the columns (d, n, *point_shape) of ``D dec(z)``."""
        return self._in_chunks(self._decode.pushed(z), self._units(len(z)))

    def _rows(self, points: Tensor) -> Tensor:
        """Return the rows (d, n, *point_shape) of ``D enc`` at `points`."""
        return self._in_chunks(self._encode.pulled(points), self._units(len(points)))

    def _difference_of_two_routes(
        self, points: Tensor, z: Tensor, chosen: np.ndarray
    ) -> np.ndarray:
        """Return the 2-norms (k,) by which forwards and backwards differ, at the `chosen` (k,)."""
        indices = torch.from_numpy(chosen).to(self._device)
        points, z = points[indices], z[indices]
        forward_mode = self._encode.forward_mode or self._decode.forward_mode
        with reproducible_torch(), forward_mode_in_threads(forward_mode):
            forward = self._in_chunks(self._encode.pushed(points), self._columns(z))
            reverse = self._in_chunks(self._decode.pulled(z), self._rows(points))
        forward = forward.flatten(2).permute(1, 2, 0).double().cpu().numpy()
        reverse = reverse.flatten(2).permute(1, 0, 2).double().cpu().numpy()
        return np.linalg.norm(forward - reverse, ord=2, axis=(1, 2))


def _norm(vectors: Tensor) -> np.ndarray:
    """Return the norm (n,) float64 of all numbers of each point in (d, n, D)."""
    # Along what is contiguous first, which is several times faster than both at once.
    norms = torch.linalg.vector_norm(vectors, dim=2).double()
    return torch.linalg.vector_norm(norms, dim=0).cpu().numpy()
