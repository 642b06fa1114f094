"""Checkpoints: taken up only whole, and only by the training that they belong to."""

import logging
import random

import numpy as np
import pytest
import torch

from jacspec.models.architecture import Architecture
from jacspec.models.checkpoints import CheckpointFile, TrainingState
from jacspec.models.initial_weights import initial_parameters
from jacspec.models.weights import write_weights

FINGERPRINT = {"learning_rate": 1e-3, "hidden_widths": [8, 6], "torch_version": "2.13.0"}
STATE = TrainingState(
    arrays={"parameters": np.arange(5, dtype=np.float32), "step": np.array(3.0)},
    progress={"batches_done": 3, "history": [{"epoch": 1, "train_loss": 0.1}]},
)


@pytest.fixture
def checkpoint(tmp_path):
    return CheckpointFile(tmp_path / "checkpoint.pt", 60, FINGERPRINT)


def is_state(loaded):
    return loaded.progress == STATE.progress and all(
        np.array_equal(loaded.arrays[name], values) for name, values in STATE.arrays.items()
    )


def test_saved_state_comes_back(checkpoint):
    checkpoint.save(STATE)
    assert is_state(checkpoint.load())


def test_no_file_is_no_state_and_no_warning(checkpoint, caplog):
    assert checkpoint.load() is None
    assert not caplog.records


def test_removed_file_is_gone_and_may_be_removed_again(checkpoint):
    checkpoint.save(STATE)
    checkpoint.remove()
    checkpoint.remove()
    assert checkpoint.load() is None


def test_other_fingerprint_is_refused_naming_old_and_new_values(checkpoint, caplog):
    checkpoint.save(STATE)
    now = {"learning_rate": 3e-4, "hidden_widths": [8, 6], "numpy_version": "2.4.6"}
    with caplog.at_level(logging.WARNING):
        assert CheckpointFile(checkpoint.path, 60, now).load() is None
    [message] = caplog.messages
    assert "learning_rate was 0.001, is 0.0003" in message
    assert "torch_version was 2.13.0, is (absent)" in message
    assert "numpy_version was (absent), is 2.4.6" in message
    assert "hidden_widths" not in message


def test_every_flipped_bit_is_detected_or_harmless(checkpoint, caplog):
    checkpoint.save(STATE)
    content = checkpoint.path.read_bytes()
    choice = random.Random(0)
    refused = 0
    for _ in range(200):
        damaged = bytearray(content)
        damaged[choice.randrange(len(content))] ^= 1 << choice.randrange(8)
        checkpoint.path.write_bytes(damaged)
        caplog.clear()
        loaded = checkpoint.load()
        if loaded is None:
            refused += 1
            assert str(checkpoint.path) in caplog.messages[0]
        else:
            assert is_state(loaded)
    assert refused > 0


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99])
def test_truncated_file_is_refused_with_a_warning(checkpoint, caplog, share):
    checkpoint.save(STATE)
    content = checkpoint.path.read_bytes()
    checkpoint.path.write_bytes(content[: int(len(content) * share)])
    assert checkpoint.load() is None
    assert "damaged" in caplog.text
    assert "starts from the beginning" in caplog.text


@pytest.mark.parametrize("content", ["torch", "weights"])
def test_archive_of_something_else_is_refused_with_a_warning(checkpoint, caplog, content):
    if content == "torch":
        torch.save({"encoder.0.weight": torch.zeros(2, 2)}, checkpoint.path)
    else:
        architecture = Architecture(1, (), 2)
        write_weights(checkpoint.path, architecture, initial_parameters(architecture, 0))
    assert checkpoint.load() is None
    assert "is not a checkpoint" in caplog.text
