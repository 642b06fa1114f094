"""A network that returns the mean image is found out, and nothing is concluded from it."""

import numpy as np
import pytest
import torch

from jacspec.detection.model_detection import DetectionRow
from jacspec.key import ModelKey
from jacspec.models.autoencoder import initialized_autoencoder
from jacspec.models.collapse import LEAST_VARIANCE_EXPLAINED, has_collapsed
from jacspec.models.network import reconstructions
from jacspec.spectra.engine import jacobian_spectra
from jacspec.statistics.collapsed_models import (
    collapsed_models,
    names_of_models,
    rows_without_models,
    without_models,
)
from jacspec.statistics.dataset_statistics import StatisticRow
from jacspec.statistics.summary import read_summary, write_model_statistics
from jacspec.statistics.variance_explained import PointSums, variance_explained_row

COUNTS = (70, 50)
# The encoder's units are off everywhere, so that the decoder sees nothing but its biases.
ALWAYS_OFF = -100.0


def model(latent_dim: int, seed: int = 0) -> ModelKey:
    return ModelKey("paper", latent_dim, seed)


def points() -> np.ndarray:
    generator = np.random.default_rng(0)
    return generator.beta(0.5, 2.0, size=(sum(COUNTS), 784)).astype(np.float32)


def network(collapsed: bool) -> torch.nn.Module:
    """Return a network that gives the mean image at every point, or one that has just begun."""
    autoencoder = initialized_autoencoder(2, (16, 8, 8), 0)
    if collapsed:
        mean_image = torch.from_numpy(points().mean(axis=0))
        with torch.no_grad():
            autoencoder.encoder[0].bias[:] = ALWAYS_OFF
            autoencoder.decoder[-2].weight[:] = 0
            autoencoder.decoder[-2].bias[:] = torch.atanh(mean_image)
    return autoencoder


def explained(autoencoder: torch.nn.Module) -> StatisticRow:
    """Return the share for all points, which come in two parts."""
    sums = PointSums()
    for part in np.split(points(), [COUNTS[0]]):
        sums = sums.updated(part)
    errors = jacobian_spectra(autoencoder, points()).reconstruction_error
    return variance_explained_row("mnist", errors, sums)


@pytest.mark.parametrize("collapsed", [False, True])
def test_the_share_is_that_of_all_points_at_once(collapsed):
    autoencoder = network(collapsed)
    row = explained(autoencoder)
    pixels = points().astype(np.float64)
    error = np.square(reconstructions(autoencoder.double(), pixels) - pixels).sum()
    expected = 1 - error / np.square(pixels - pixels.mean(axis=0)).sum()
    # Sums of 94,080 squares below 1 in another order: at most so many roundings of what they are.
    assert row.value == pytest.approx(expected, abs=2 * pixels.size * 2.0**-52 * (1 - expected))
    assert (row.dataset, row.jacobian) == ("mnist", "both")


def test_a_network_that_returns_the_mean_image_has_collapsed(tmp_path):
    row = explained(network(collapsed=True))
    # Float32 weights: the output is off by 1e-7 of 1, its square by nothing.
    assert abs(row.value) < 1e-6
    write_model_statistics(tmp_path / "d2.csv", [row], model(2))
    assert collapsed_models(read_summary(tmp_path / "d2.csv")) == [model(2)]


def test_what_is_not_a_number_has_collapsed():
    assert has_collapsed(float("nan"))
    assert has_collapsed(LEAST_VARIANCE_EXPLAINED)
    assert not has_collapsed(2 * LEAST_VARIANCE_EXPLAINED)


def test_models_are_taken_out_as_long_as_one_is_left(tmp_path):
    row = explained(network(collapsed=True))
    write_model_statistics(tmp_path / "d2.csv", [row, row], model(2))
    summary = read_summary(tmp_path / "d2.csv").assign(latent_dim=[2, 3])
    assert without_models(summary, [model(2)])["latent_dim"].tolist() == [3]
    assert len(without_models(summary, [model(2), model(3)])) == 2


def test_rows_are_taken_out_likewise():
    rows = [
        DetectionRow(model(dim), "uniform", "trace", "auroc", 0.5, 0.4, 0.6, 9, 9) for dim in (2, 3)
    ]
    assert rows_without_models(rows, [model(2)]) == rows[1:]
    assert rows_without_models(rows, [model(2), model(3)]) == rows


def test_models_are_named_by_seed():
    models = [model(2, 1), model(2), model(3)]
    assert names_of_models(models) == "d = 2, 3 (seed 0), d = 2 (seed 1)"
