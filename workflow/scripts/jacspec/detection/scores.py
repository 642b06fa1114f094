"""Scores of a point, from what a spectra shard holds: higher means more out of distribution."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

SHARD_COLUMNS = (
    "eigenvalues_input",
    "eigenvalues_latent",
    "logabsdet_input",
    "trace_input",
    "reconstruction_error",
    "latent",
)


@dataclass(frozen=True)
class LatentDistribution:
    """Mean (d,) and inverse covariance (d, d) of the latent representations of training points."""

    mean: np.ndarray
    precision: np.ndarray

    @classmethod
    def of(cls, latent: np.ndarray) -> "LatentDistribution":
        """Take both from `latent` (n, d).

        The inverse is a pseudo-inverse: directions in which no training point differs from another,
        as behind dead units, do not count.
        """
        latent = latent.astype(np.float64)
        covariance = np.atleast_2d(np.cov(latent, rowvar=False))
        return cls(latent.mean(axis=0), np.linalg.pinv(covariance, hermitian=True))

    def distance(self, latent: np.ndarray) -> np.ndarray:
        """Return the Mahalanobis distances (n,) of `latent` (n, d)."""
        centred = latent.astype(np.float64) - self.mean
        squared = np.einsum("ni,ij,nj->n", centred, self.precision, centred)
        return np.sqrt(np.maximum(squared, 0))


def detection_scores(
    columns: Mapping[str, np.ndarray], training: LatentDistribution
) -> dict[str, np.ndarray]:
    """Return the scores of n points by name, each (n,) float64.

    `columns` are the `SHARD_COLUMNS` of the points. On the data manifold an ideal autoencoder is a
    projection, whose d eigenvalues are 1: then the logarithm of the determinant and the trace are
    off by nothing. A singular point has the logarithm -inf, and so the score +inf: nothing is
    farther from a projection onto d dimensions.
    """
    eigenvalues = columns["eigenvalues_input"].astype(np.complex128)
    latent_dim = eigenvalues.shape[1]
    difference = eigenvalues - columns["eigenvalues_latent"]
    return {
        "reconstruction_error": columns["reconstruction_error"].astype(np.float64),
        "log_determinant": np.abs(columns["logabsdet_input"]) / latent_dim,
        "trace": np.abs(columns["trace_input"] / latent_dim - 1),
        "spectra_difference": np.linalg.norm(difference, axis=1),
        "largest_eigenvalue": np.abs(eigenvalues).max(axis=1),
        "latent_distance": training.distance(columns["latent"]),
    }
