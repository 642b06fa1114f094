"""What the engine of spectra needs of an autoencoder: both reduced Jacobians, block by block.

Whatever fulfils `JacobianSource` can be put under the engine: the chain rule of dense layers, on
the CPU or on a GPU, or automatic differentiation of arbitrary maps.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class MatrixBlock:
    """One of the two d x d Jacobians at n points, in main memory.

    Attributes
    ----------
    matrices
        (n, d, d) float64.
    rank_bound
        (n,) integers that the ranks of the exact matrices do not exceed, d at most.
    error
        (n,) float64, the distance of the exact matrices in the 2-norm at most: proven or
        estimated, as the source's `sign_rule` says.
    finer_error
        Function from indices (k,) of points to such distances (k,), not above `error`. It is asked
        about few points, those whose sign a cheap test with `error` leaves open.
    """

    matrices: np.ndarray
    rank_bound: np.ndarray
    error: np.ndarray
    finer_error: Callable[[np.ndarray], np.ndarray]

    def part(self, start: int, stop: int) -> "MatrixBlock":
        """Return the points `start` to `stop - 1`."""
        rows = slice(start, stop)
        return MatrixBlock(
            self.matrices[rows],
            self.rank_bound[rows],
            self.error[rows],
            lambda points: self.finer_error(points + start),
        )


@dataclass(frozen=True)
class EvaluatedPoints:
    """What a source finds at n points x, with z = enc(x) and y = dec(z).

    `input` is ``D enc(x) D dec(z)`` and `latent` is ``D enc(y) D dec(z)``; `latent_points` is z
    (n, d), `reconstruction_error` (n,) the squared Euclidean distance of y to x, and `same_pattern`
    (n,) bool as in `jacspec.spectra.quantities.JacobianSpectra`. Numbers that are not finite are
    not an error here: the engine refuses them, with the points that they belong to.
    """

    input: MatrixBlock
    latent: MatrixBlock
    latent_points: np.ndarray
    reconstruction_error: np.ndarray
    same_pattern: np.ndarray

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.latent_points)

    def part(self, start: int, stop: int) -> "EvaluatedPoints":
        """Return the points `start` to `stop - 1`."""
        rows = slice(start, stop)
        return replace(
            self,
            input=self.input.part(start, stop),
            latent=self.latent.part(start, stop),
            latent_points=self.latent_points[rows],
            reconstruction_error=self.reconstruction_error[rows],
            same_pattern=self.same_pattern[rows],
        )


class JacobianSource(Protocol):
    """Jacobians of one autoencoder, in one precision, on one device.

    Attributes
    ----------
    engine
        What a shard says about where its Jacobians are from: ``"dense"`` or ``"general"``.
    sign_rule
        Whether `MatrixBlock.error` is proven, ``"bound"``, or the difference of two computations
        that round differently, ``"two_routes"``.
    precision
        ``"float64"`` or ``"float32"``, that of the Jacobians.
    point_shape
        The shape of one point.
    latent_dim
        The number d of latent values.
    block_points
        The number of points that are evaluated together. The results for one block do not depend
        on any other.
    side_by_side
        Whether several threads may evaluate at once. Otherwise only the thread that submits points
        does, ahead of those that compute the eigenvalues.
    """

    engine: str
    sign_rule: str
    precision: str
    point_shape: tuple[int, ...]
    latent_dim: int
    block_points: int
    side_by_side: bool

    def evaluate(self, points: np.ndarray) -> EvaluatedPoints:
        """Return what is known at `points` (n, *point_shape), up to `block_points` of them."""
        ...
