"""The training stage, from images to files."""

import csv
import logging
import re

import numpy as np
import pytest
import torch

from jacspec.errors import TrainingDivergedError
from jacspec.models.architecture import Architecture
from jacspec.models.recipe import TrainingRecipe
from jacspec.models.state_dict import read_archive
from jacspec.models.training import train, train_model
from jacspec.models.training_course import TrainingInterrupted
from jacspec.models.weights import load_autoencoder

ADAM = TrainingRecipe(epochs=2, optimizer="adam", learning_rate=1e-3, batch_size=32)
ARCHITECTURE = Architecture(3, (16, 8))
IMAGES = np.random.default_rng(0).random((250, 28, 28), dtype=np.float32)


def stop_after(steps):
    """Return a `stop_requested` that says so once, after `steps` steps."""
    countdown = iter([*[False] * (steps - 1), True])
    return lambda: next(countdown, False)


def train_stage(folder, **changes):
    arguments = {
        "training_images": IMAGES[:200],
        "test_images": IMAGES[200:],
        "recipe": ADAM,
        "architecture": ARCHITECTURE,
        "seed": 0,
        "checkpoint_path": folder / ".checkpoint.pt",
        "code_digest": "abc",
        **changes,
    }
    train_model(folder / "weights.pt", folder / "training.csv", **arguments)


def test_stage_writes_weights_and_history_and_leaves_no_checkpoint(tmp_path):
    train_stage(tmp_path, checkpoint_seconds=0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["training.csv", "weights.pt"]
    autoencoder = load_autoencoder(tmp_path / "weights.pt")
    assert autoencoder.architecture == ARCHITECTURE
    with (tmp_path / "training.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["epoch", "train_loss", "test_loss", "seconds"]
    assert [row["epoch"] for row in rows] == ["1", "2"]
    points = torch.from_numpy(IMAGES[200:].reshape(50, 784))
    loss = torch.nn.functional.mse_loss(autoencoder(points), points).item()
    # Float32 forward passes of 6 layers with sums of at most 784 terms, 6 * 784 * 2^-24 = 3e-4 if
    # every rounding went the same way.
    assert float(rows[1]["test_loss"]) == pytest.approx(loss, rel=3e-4)


def test_stage_that_was_stopped_ends_in_the_same_bytes(tmp_path):
    undisturbed, stopped = tmp_path / "undisturbed", tmp_path / "stopped"
    train_stage(undisturbed)
    with pytest.raises(TrainingInterrupted):
        train_stage(stopped, stop_requested=stop_after(9))
    assert [path.name for path in stopped.iterdir()] == [".checkpoint.pt"]
    reported = []
    train_stage(stopped, report=reported.append)
    assert [record.epoch for record in reported] == [2]
    weights = [(folder / "weights.pt").read_bytes() for folder in (undisturbed, stopped)]
    assert weights[0] == weights[1]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"recipe": TrainingRecipe(2, "adam", 2e-3, 32)}, "learning_rate was 0.001, is 0.002"),
        ({"code_digest": "def"}, "code_digest was abc, is def"),
        ({"seed": 1}, "seed was 0, is 1"),
        ({"architecture": Architecture(4, (16, 8))}, "latent_dim was 3, is 4"),
        ({"architecture": Architecture(3, (16,))}, r"hidden_widths was \[16, 8\], is \[16\]"),
        (
            {"architecture": Architecture(3, (16, 8), latent_activation="relu")},
            "latent_activation was identity, is relu",
        ),
        ({"training_images": IMAGES[1:201]}, "images_sha256 was"),
        (
            {"recipe": TrainingRecipe(2, "adam", 1e-3, 32, training_points="all")},
            "training_points was training, is all",
        ),
    ],
)
def test_stage_refuses_the_checkpoint_of_another_training(tmp_path, caplog, changes, reason):
    with pytest.raises(TrainingInterrupted):
        train_stage(tmp_path, stop_requested=stop_after(9))
    reported = []
    with caplog.at_level(logging.WARNING, logger="jacspec.models.checkpoints"):
        train_stage(tmp_path, report=reported.append, **changes)
    assert [record.epoch for record in reported] == [1, 2]
    # Of the noise that stands for MNIST here, nothing can be learned: that is warned of too.
    message, _ = caplog.messages
    assert re.search(reason, message)


def test_stage_that_diverges_leaves_no_result(tmp_path):
    with pytest.raises(TrainingDivergedError):
        train_stage(tmp_path, recipe=TrainingRecipe(1, "sgd", 1e38, 32))
    assert not (tmp_path / "weights.pt").exists()
    assert not (tmp_path / "training.csv").exists()


def test_all_points_are_the_training_and_the_test_images(tmp_path):
    recipe = TrainingRecipe(2, "adam", 1e-3, 32, training_points="all")
    train_stage(tmp_path, recipe=recipe)
    points = IMAGES.reshape(250, 784)
    expected = train(recipe, ARCHITECTURE, points, points[200:], seed=0)
    archive = read_archive(tmp_path / "weights.pt")
    for name, values in expected.parameters.items():
        assert np.array_equal(archive.content[name], values)


def test_the_weights_tell_how_they_were_made(tmp_path):
    train_stage(tmp_path)
    record = read_archive(tmp_path / "weights.pt").record
    assert record["architecture"] == ARCHITECTURE.record()
    training = record["training"]
    assert len(training.pop("images_sha256")) == 64
    assert training == {**vars(ADAM), "seed": 0}


@pytest.mark.parametrize(("learning_rate", "useless"), [(1e-2, False), (1e-9, True)])
def test_a_network_no_better_than_the_mean_image_is_warned_of(caplog, learning_rate, useless):
    """Multiples of one image are easily told apart from their mean."""
    generator = np.random.default_rng(0)
    points = generator.random((200, 1), np.float32) * generator.random(20, np.float32)
    recipe = TrainingRecipe(epochs=30, optimizer="adam", learning_rate=learning_rate, batch_size=20)
    with caplog.at_level(logging.WARNING):
        train(recipe, Architecture(2, (16, 8), 20), points, points[:50], seed=0)
    assert ("no better than the mean image" in caplog.text) == useless
