"""All that the claims need of one model, from what its reduction has gathered."""

from collections.abc import Mapping

import numpy as np

from jacspec.claims.bootstrap import Draws
from jacspec.claims.evidence import ModelEvidence, Quantity
from jacspec.claims.reconstruction_evidence import (
    TrainingReconstructions,
    character_draws,
    likeness_draws,
    pixel_mean_draws,
)
from jacspec.claims.spectral_evidence import (
    DatasetSpectra,
    argument_distance,
    class_draws,
    spectral_draws,
)
from jacspec.data.blocks import TEST, PointBlock
from jacspec.key import ModelKey
from jacspec.models.evaluable import Evaluable
from jacspec.models.network import Network, reconstructions


def training_set_draws(training: DatasetSpectra, label: np.ndarray | None) -> dict[Quantity, Draws]:
    """Return the statistics of the spectra of the training set, by class if `label` (n,) is known.

    The labels are those of the first points.
    """
    draws = spectral_draws(training)
    return draws if label is None else draws | class_draws(training, label)


def random_set_draws(spectra: DatasetSpectra, training: DatasetSpectra) -> dict[Quantity, Draws]:
    """Return the statistics of the spectra of a set of random pixels beside the training set."""
    distance = Quantity(spectra.dataset, "input", "abs_arg_distance")
    return spectral_draws(spectra) | {distance: argument_distance(spectra, training)}


def model_evidence(
    key: ModelKey,
    model: Network | Evaluable,
    draws: Mapping[Quantity, Draws],
    training_set: str,
    training_points: PointBlock,
    random_sets: Mapping[str, np.ndarray],
) -> ModelEvidence:
    """Return the statistics of one model on its training set and on all sets of random pixels.

    `draws` are those of the spectra, `training_points` the first points of the training set, and
    `random_sets` maps other data sets to their first points (n, *shape). Other sets of images are
    none of them: the claims are about pixels drawn at random.
    """
    training_pixels = _flat(training_points.points)
    pixels = {dataset: _flat(points) for dataset, points in random_sets.items()}
    draws = dict(draws)
    for dataset, own in {training_set: training_pixels, **pixels}.items():
        draws |= pixel_mean_draws(dataset, own)
    pixel_means = {
        dataset: float(draws[Quantity(dataset, "both", "pixel_mean")][0]) for dataset in pixels
    }
    split = training_points.split
    training_images = TrainingReconstructions(
        training_set,
        reconstructions(model, training_pixels),
        training_points.label,
        np.zeros(len(training_points), bool) if split is None else split == TEST,
    )
    images = {dataset: reconstructions(model, own) for dataset, own in pixels.items()}
    draws |= likeness_draws(training_images, images)
    group_draws, characters = character_draws(training_images, images, pixel_means)
    return ModelEvidence(key, draws | group_draws, characters)


def _flat(points: np.ndarray) -> np.ndarray:
    return points.reshape(len(points), -1)
