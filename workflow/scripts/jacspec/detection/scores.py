"""Scores of a point, from what its shards hold: higher means more out of distribution.

What a score takes from a sample, it takes from the points that the model was trained on.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from jacspec.detection.singular_values import COLUMNS, LOG_VOLUMES

SHARD_COLUMNS = (
    "eigenvalues_input",
    "eigenvalues_latent",
    "logabsdet_input",
    "trace_input",
    "reconstruction_error",
    "latent",
)
TITLES = {
    "reconstruction_error": "reconstruction error",
    "latent_distance": "Mahalanobis distance of z",
    "latent_neighbours": "distance of z to its 10th neighbour",
    "log_determinant": "|ln|det J_I|| / d",
    "trace": "|tr J_I / d − 1|",
    "spectra_difference": "‖λ(J_I) − λ(J_L)‖",
    "largest_eigenvalue": "largest |λ(J_I)|",
    "log_volume_encoder": "|ln vol D enc − median|",
    "log_volume_decoder": "|ln vol D dec − median|",
    "smallest_singular_value_encoder": "|ln σ_min(D enc) − median|",
    "smallest_singular_value_decoder": "|ln σ_min(D dec) − median|",
    "latent_distance_and_error": "Mahalanobis distance + error",
    "error_and_geometry": "error + geometry",
}
GEOMETRY = ("log_determinant", "trace", "spectra_difference", "largest_eigenvalue")

# The distance to the tenth nearest of 2,000 training points: as a share, that of the 300th or so of
# 60,000, at a thirtieth of the cost.
NEIGHBOURS = 10
REFERENCES = 2000
# Points whose distances to all references are in memory at once.
_BLOCK = 1000
# In standard deviations of the training points, where the logarithms of 0 and of infinity are.
LARGEST_DEVIATION = 5.0


@dataclass(frozen=True)
class LatentDistribution:
    """Where the latent representations of training points lie.

    `mean` is (d,), `precision`, their inverse covariance, (d, d), and `references` some of them,
    (m, d) float64.
    """

    mean: np.ndarray
    precision: np.ndarray
    references: np.ndarray

    @classmethod
    def of(cls, latent: np.ndarray) -> "LatentDistribution":
        """Take all from `latent` (n, d); the references are the first ones.

        The inverse is a pseudo-inverse: directions in which no training point differs from another,
        as behind dead units, do not count.
        """
        latent = latent.astype(np.float64)
        covariance = np.atleast_2d(np.cov(latent, rowvar=False))
        precision = np.linalg.pinv(covariance, hermitian=True)
        return cls(latent.mean(axis=0), precision, latent[:REFERENCES])

    def distance(self, latent: np.ndarray) -> np.ndarray:
        """Return the Mahalanobis distances (n,) of `latent` (n, d)."""
        centred = latent.astype(np.float64) - self.mean
        squared = np.einsum("ni,ij,nj->n", centred, self.precision, centred)
        return np.sqrt(np.maximum(squared, 0))

    def neighbour_distance(self, latent: np.ndarray) -> np.ndarray:
        """Return the distances (n,) of `latent` (n, d) to their tenth nearest reference.

        They are rounded to float32, so that they do not depend on how the points are cut into
        blocks.
        """
        place = min(NEIGHBOURS, len(self.references)) - 1
        lengths = np.sum(self.references**2, axis=1)
        result = np.empty(len(latent))
        for start in range(0, len(latent), _BLOCK):
            block = latent[start : start + _BLOCK].astype(np.float64)
            # Without the square of the point itself, which all its distances have in common.
            relative = lengths - 2 * block @ self.references.T
            nearest = np.partition(relative, place, axis=1)[:, place]
            result[start : start + _BLOCK] = nearest + np.sum(block**2, axis=1)
        return np.sqrt(np.maximum(result, 0)).astype(np.float32).astype(np.float64)


def spectral_scores(columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the scores of n points that need nothing of the training set, by name, (n,) float64.

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
    }


def latent_scores(latent: np.ndarray, training: LatentDistribution) -> dict[str, np.ndarray]:
    """Return the scores of `latent` representations (n, d), by name, (n,) float64."""
    return {
        "latent_distance": training.distance(latent),
        "latent_neighbours": training.neighbour_distance(latent),
    }


@dataclass(frozen=True)
class TypicalGeometry:
    """The medians of ln volume and ln smallest singular value of both derivatives.

    They are those of training points that are not singular, or 0 where all are. Unlike that of J_I,
    the scale of either derivative is arbitrary, since the decoder can undo what the encoder does;
    and nothing says which way it goes out of distribution. So a score is the distance from what is
    typical, in logarithms.
    """

    medians: Mapping[str, float]

    @classmethod
    def of(cls, training: Mapping[str, np.ndarray]) -> "TypicalGeometry":
        """Take them from the columns of `jacspec.detection.singular_values`, (n,) each."""
        regular = {name: values[np.isfinite(values)] for name, values in _in_logs(training).items()}
        return cls(
            {name: float(np.median(own)) if len(own) else 0.0 for name, own in regular.items()}
        )

    def scores(self, columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the scores (n,) by name; that of a singular point is infinite, as elsewhere."""
        return {
            name: np.abs(values - self.medians[name]) for name, values in _in_logs(columns).items()
        }


@dataclass(frozen=True)
class Standard:
    """Mean and standard deviation of a score on training points."""

    mean: float
    deviation: float

    @classmethod
    def of(cls, values: np.ndarray) -> "Standard":
        """Take both from the finite ones of `values` (n,)."""
        finite = values[np.isfinite(values)]
        # The mean of equal numbers can be off in the last bit, and so the deviation.
        if not len(finite) or finite.min() == finite.max():
            return cls(0.0, 0.0)
        return cls(float(finite.mean()), float(finite.std()))

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Return values (n,) in standard deviations from the mean, within `LARGEST_DEVIATION`.

        A score in which training points do not differ says nothing: it is 0.
        """
        if self.deviation == 0:
            return np.zeros(len(values))
        standard = (values - self.mean) / self.deviation
        return np.clip(standard, -LARGEST_DEVIATION, LARGEST_DEVIATION)


@dataclass(frozen=True)
class Combinations:
    """Scores that combine others, by what those are on training points.

    `latent_distance_and_error` is the sum of both, each in units of its standard deviation: the
    proposal of Denouden et al. (2018), whose two weights are here those that need no other set.
    `error_and_geometry` adds the logarithm of the reconstruction error to the mean of those of the
    scores in `GEOMETRY`, standardized all of them: error and geometry count the same.
    """

    deviations: Mapping[str, float]
    logarithms: Mapping[str, Standard]

    @classmethod
    def of(cls, training: Mapping[str, np.ndarray]) -> "Combinations":
        """Take all from the single scores of training points, (n,) each."""
        return cls(
            {
                name: Standard.of(training[name]).deviation
                for name in ("latent_distance", "reconstruction_error")
            },
            {
                name: Standard.of(_logarithm(training[name]))
                for name in ("reconstruction_error", *GEOMETRY)
            },
        )

    def scores(self, single: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the scores (n,) by name, from the single scores of n points."""
        standard = {
            name: standardize(_logarithm(single[name]))
            for name, standardize in self.logarithms.items()
        }
        geometry = np.mean([standard[name] for name in GEOMETRY], axis=0)
        return {
            "latent_distance_and_error": sum(
                single[name] / (deviation or 1.0) for name, deviation in self.deviations.items()
            ),
            "error_and_geometry": standard["reconstruction_error"] + geometry,
        }


def _in_logs(columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {
        name: columns[name] if name in LOG_VOLUMES else _logarithm(columns[name])
        for name in COLUMNS
    }


def _logarithm(values: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.log(values)
