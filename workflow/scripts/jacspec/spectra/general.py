"""Jacobians of any two maps, by automatic differentiation, for the engine of spectra.

Columns of ``D dec(z)`` come by forward mode and rows of ``D enc`` by reverse mode, at x and at y in
one batch; both reduced Jacobians are products of the two. That is 3 d passes a point, as few as
there can be, and the fastest of the ways to order them (`benchmarks/general.py`).

Without layers there is no bound of the rounding errors. What stands in its place is an estimate,
100 times the difference of two computations whose roundings differ: all of it in forward mode, and
all of it in reverse mode. It is made for those matrices only that are anywhere near singular.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.func import vmap

from jacspec.spectra.differentiation import DifferentiableMap, Directions
from jacspec.spectra.forward_mode import evaluation_in_threads
from jacspec.spectra.passes import memory_of_pass
from jacspec.spectra.protocols import EvaluatedPoints, MatrixBlock

PRECISIONS = ("float64", "float32")

# What the tangents of one block may take, at the widest place of either map. Larger blocks are
# slower: they leave the processor's cache, and the C library gives their memory back.
BLOCK_BYTES = 32 * 2**20
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

    In float32 the Jacobians, and so the eigenvalues, are off by some 1e-6 of the product of the
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
        self.latent_dim = int(np.prod(latent_shape))
        self.side_by_side = device == "cpu"
        self._latent_shape = tuple(latent_shape)
        self._dtype, self._device = getattr(torch, precision), device
        with evaluation_in_threads():
            self._encode, self._decode = (
                DifferentiableMap(function, shape, self._dtype, device)
                for function, shape in (
                    (encode, self.point_shape),
                    (decode, self._latent_shape),
                )
            )
        budget = block_bytes or (BLOCK_BYTES if device == "cpu" else GPU_BLOCK_BYTES)
        per_tangent, per_point = self._memory()
        all_tangents = self.latent_dim * per_tangent
        self.block_points = min(MOST_POINTS, max(1, budget // (all_tangents + per_point)))
        self._chunk = min(self.latent_dim, max(1, (budget - per_point) // per_tangent))

    def _memory(self) -> tuple[int, int]:
        """Return what a point takes, in bytes: for each of its tangents, and for itself."""
        point, latent_point = (
            torch.zeros(1, *shape, dtype=self._dtype, device=self._device)
            for shape in (self.point_shape, self._latent_shape)
        )
        with evaluation_in_threads():
            encoder = memory_of_pass(self._encode, point)
            decoder = memory_of_pass(self._decode, latent_point)
        # The encoder is differentiated at x and at y. A column and two rows are kept.
        per_tangent = max(2 * encoder.widest, decoder.widest) + 3 * point.nbytes
        return per_tangent, 2 * encoder.total + decoder.total

    def evaluate(self, points: np.ndarray) -> EvaluatedPoints:
        """Return both Jacobians at `points` (n, *point_shape)."""
        x = torch.from_numpy(np.array(points, self.precision, order="C")).to(self._device)
        with evaluation_in_threads():
            z = self._encode(x)
            y = self._decode(z)
            columns = self._columns(z)
            rows = self._rows(torch.cat([x, y]))
            # (n, D, d), and (n, d, D) at x and at y; each is a view.
            columns = columns.flatten(2).permute(1, 2, 0)
            rows = rows.flatten(2).unflatten(1, (2, len(x))).permute(1, 2, 0, 3)
            columns_norm = _norm(columns)
            blocks = [
                MatrixBlock(
                    matrices=torch.bmm(rows_there, columns).double().cpu().numpy(),
                    rank_bound=self._rank_bound(len(x)),
                    error=self._far_above_errors * _norm(rows_there) * columns_norm,
                    finer_error=partial(self._estimated_error, where, z),
                )
                for where, rows_there in zip((x, y), rows, strict=True)
            ]
            squared_error = (y - x).flatten(1).double().square().sum(dim=1)
        return EvaluatedPoints(
            *blocks,
            latent_points=z.flatten(1).cpu().numpy(),
            reconstruction_error=squared_error.cpu().numpy(),
            # Units that switch are not known here.
            same_pattern=np.zeros(len(x), dtype=bool),
        )

    @property
    def _far_above_errors(self) -> float:
        return NEAR_SINGULAR_ROUNDINGS * torch.finfo(self._dtype).eps / 2

    def _rank_bound(self, count: int) -> np.ndarray:
        rank = min(self.latent_dim, int(np.prod(self.point_shape)))
        return np.full(count, rank, dtype=np.int16)

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

    def _estimated_error(self, points: Tensor, z: Tensor, chosen: np.ndarray) -> np.ndarray:
        """Return estimates (k,) of the error of ``D enc(points) D dec(z)`` at the `chosen` (k,)."""
        indices = torch.from_numpy(chosen).to(self._device)
        points, z = points[indices], z[indices]
        with evaluation_in_threads():
            forward = self._in_chunks(self._encode.pushed(points), self._columns(z))
            reverse = self._in_chunks(self._decode.pulled(z), self._rows(points))
        forward = forward.flatten(2).permute(1, 2, 0).double().cpu().numpy()
        reverse = reverse.flatten(2).permute(1, 0, 2).double().cpu().numpy()
        difference = np.linalg.norm(forward - reverse, ord=2, axis=(1, 2))
        return np.maximum(
            DIFFERENCES * difference, LEAST_ERROR * np.linalg.norm(forward, ord=2, axis=(1, 2))
        )


def _norm(matrices: Tensor) -> np.ndarray:
    """Return the Frobenius norms (n,) float64."""
    return torch.linalg.vector_norm(matrices, dim=(1, 2), dtype=torch.float64).cpu().numpy()
