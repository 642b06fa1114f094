"""A training that can be left and taken up again between any two steps."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict

import numpy as np

from jacspec.data.streams import random_stream
from jacspec.errors import TrainingDivergedError
from jacspec.models.checkpoints import TrainingState
from jacspec.models.flat_network import Array, BatchPass, FlatNetwork
from jacspec.models.recipe import EpochRecord, TrainingRecipe
from jacspec.models.training_step import Optimizer, training_step

_TEST_BATCH = 500


class TrainingRun:
    """A training between two steps: all that changes is in `state`.

    `training_points` is (n, pixels) and `test_points` (m, pixels), arrays of NumPy.
    """

    def __init__(
        self,
        recipe: TrainingRecipe,
        network: FlatNetwork,
        training_points: np.ndarray,
        test_points: np.ndarray,
        seed: int,
    ) -> None:
        self.recipe = recipe
        self.seed = seed
        self.network = network
        self.history: list[EpochRecord] = []
        self._operations = network.operations
        self._optimizer = _optimizer(recipe, network)
        self._loss_total = self._operations.zeros(1, dtype=np.float64)
        self._batches_done = 0
        self._seconds_before = 0.0
        self._started = time.monotonic()
        self._points = self._operations.from_numpy(training_points)
        self._test_points = self._operations.from_numpy(test_points)
        batch_size = min(recipe.batch_size, len(training_points))
        self._steps = {
            size: training_step(
                network, self._optimizer, recipe.loss, self._points, self._loss_total, size
            )
            for size in {batch_size, len(training_points) % batch_size} - {0}
        }

    def state(self) -> TrainingState:
        """Return all that changes; the next step may change the arrays."""
        arrays = {name: self._operations.to_numpy(array) for name, array in self._arrays().items()}
        progress = {
            "batches_done": self._batches_done,
            "seconds": self._seconds(),
            "history": [asdict(record) for record in self.history],
        }
        return TrainingState(arrays, progress)

    def restore(self, state: TrainingState) -> None:
        """Go on from a `state` of an earlier process."""
        for name, array in self._arrays().items():
            array[...] = self._operations.from_numpy(state.arrays[name])
        self._batches_done = state.progress["batches_done"]
        self._seconds_before = state.progress["seconds"]
        self.history = [EpochRecord(**record) for record in state.progress["history"]]

    def finish_epoch(self, after_step: Callable[[], None]) -> EpochRecord:
        """Train to the end of the epoch, calling `after_step` after each step, and record it."""
        self._started = time.monotonic()
        order = epoch_order(self.seed, len(self.history), len(self._points))
        indices = self._operations.from_numpy(order)
        size = self.recipe.batch_size
        for start in range(self._batches_done * size, len(order), size):
            batch = indices[start : start + size]
            self._steps[len(batch)](batch)
            self._batches_done += 1
            after_step()
        record = self._record()
        self.history.append(record)
        self._loss_total[...] = 0
        self._batches_done = 0
        self._seconds_before = 0.0
        return record

    def test_loss(self, loss: str) -> float:
        """Return the mean of a loss over the test points, with the parameters as they are."""
        return mean_loss(self.network, loss, self._test_points)

    def _arrays(self) -> Mapping[str, Array]:
        return {
            "parameters": self.network.parameters,
            "loss_total": self._loss_total,
            **self._optimizer.state,
        }

    def _record(self) -> EpochRecord:
        train_loss = float(self._loss_total[0]) / len(self._points)
        test_loss = self.test_loss(self.recipe.loss)
        epoch, epochs = len(self.history) + 1, self.recipe.epochs
        if not (
            math.isfinite(train_loss)
            and math.isfinite(test_loss)
            and np.isfinite(self._operations.to_numpy(self.network.parameters)).all()
        ):
            raise TrainingDivergedError(
                f"training diverged in epoch {epoch} of {epochs}: train loss {train_loss}, test "
                f"loss {test_loss}, with {self.recipe.optimizer} at learning rate "
                f"{self.recipe.learning_rate:g}; write a smaller training: learning_rate, for "
                f"example {self.recipe.learning_rate / 10:g}"
            )
        seconds = self._seconds()
        mean_seconds = (sum(past.seconds for past in self.history) + seconds) / epoch
        seconds_left = mean_seconds * (epochs - epoch)
        return EpochRecord(epoch, epochs, train_loss, test_loss, seconds, seconds_left)

    def _seconds(self) -> float:
        """Return the time spent on this epoch, earlier processes included."""
        return self._seconds_before + time.monotonic() - self._started


def epoch_order(seed: int, epoch: int, count: int) -> np.ndarray:
    """Return the order of the training points in an epoch from 0: a permutation, (count,) int64.

    It depends on the arguments alone, so that a checkpoint needs no generator's state.
    """
    return random_stream("training order", seed, epoch).permutation(count)


def mean_loss(network: FlatNetwork, loss: str, points: Array) -> float:
    """Return the mean of a loss over `points` (n, pixels), an array of the network's operations."""
    total = network.operations.zeros(1, dtype=np.float64)
    passes: dict[int, BatchPass] = {}
    for start in range(0, len(points), _TEST_BATCH):
        batch_points = points[start : start + _TEST_BATCH]
        size = len(batch_points)
        if size not in passes:
            passes[size] = BatchPass(network, loss, size)
        batch = passes[size]
        batch.inputs[...] = batch_points
        batch.forward()
        batch.add_loss(total)
    return float(total[0]) / len(points)


def _optimizer(recipe: TrainingRecipe, network: FlatNetwork) -> Optimizer:
    vectors = network.parameters, network.gradient
    if recipe.optimizer == "adam":
        return network.operations.adam(*vectors, recipe.learning_rate)
    return network.operations.sgd(*vectors, recipe.learning_rate, recipe.momentum or 0.0)
