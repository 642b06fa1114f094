"""The scores that need no other point than the one and the training points, for tests."""

import numpy as np

from jacspec.detection.scores import (
    LatentDistribution,
    latent_scores,
    spectral_scores,
)


def single_scores(
    columns: dict[str, np.ndarray], training: LatentDistribution
) -> dict[str, np.ndarray]:
    return spectral_scores(columns) | latent_scores(columns["latent"], training)
