"""Both Jacobians of some points as matrices, which shards do not hold, and their spectra."""

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from jacspec.models.evaluable import Evaluable
from jacspec.models.network import Network, network_of
from jacspec.spectra.eigenvalues import ordered_eigenvalues
from jacspec.spectra.sources import source_of_model

if TYPE_CHECKING:
    from torch import nn

UNIT_ROUNDOFF = 2.0**-53


@dataclass(frozen=True)
class JacobianSample:
    """Jacobians of n points in latent coordinates, float64.

    `input` and `latent` are (n, d, d); `rounding` (n,) bounds the 2-norm of the error of either;
    `latent_points` (n, d) are the z = enc(x).
    """

    input: np.ndarray
    latent: np.ndarray
    rounding: np.ndarray
    latent_points: np.ndarray


@dataclass(frozen=True)
class SpectrumSample:
    """Eigenvalues of n matrices, and how exact they are.

    `matrices` is (n, d, d) and `eigenvalues` (n, d) complex128 with decreasing moduli. `condition`
    (n,) is that of the eigenvectors, infinite for a defective matrix; `backward_error` (n,) bounds
    the distance to a matrix that has exactly the computed eigenvalues: d^2 u |A| for LAPACK's xGEEV
    (LAPACK Users' Guide, section 4.8, with more than any p(d) that is seen in practice).
    """

    matrices: np.ndarray
    eigenvalues: np.ndarray
    condition: np.ndarray
    backward_error: np.ndarray

    def at(self, rows: np.ndarray) -> "SpectrumSample":
        """Return the matrices of the given rows (k,), repeated as `rows` repeats them."""
        return SpectrumSample(*(getattr(self, field.name)[rows] for field in fields(self)))


class JacobianSampler:
    """Computes both Jacobians of one model, in float64 on the CPU."""

    def __init__(self, model: "nn.Module | Network | Evaluable") -> None:
        """Take a model that is evaluable, or a network as `network_of` does."""
        self._source = source_of_model(
            model if isinstance(model, Evaluable) else network_of(model, np.float64)
        )

    def __call__(self, points: np.ndarray) -> JacobianSample:
        """Return the Jacobians at `points` (n, …), of as many values as the model takes."""
        points = points.reshape(len(points), *self._source.point_shape)
        size = self._source.block_points
        starts = range(0, len(points), size)
        blocks = [self._source.evaluate(points[start : start + size]) for start in starts]
        parts = zip(
            *(
                (
                    block.input.matrices,
                    block.latent.matrices,
                    block.input.error,
                    block.latent_points,
                )
                for block in blocks
            ),
            strict=True,
        )
        return JacobianSample(*map(np.concatenate, parts))


def spectrum_sample(matrices: np.ndarray) -> SpectrumSample:
    """Return the spectra of real `matrices` (n, d, d)."""
    count, dim, _ = matrices.shape
    _, vectors = np.linalg.eig(matrices)
    return SpectrumSample(
        matrices,
        ordered_eigenvalues(matrices, np.full(count, dim)),
        np.linalg.cond(vectors),
        dim**2 * UNIT_ROUNDOFF * np.linalg.norm(matrices, axis=(1, 2)),
    )
