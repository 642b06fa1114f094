"""A training that can be left and taken up again between any two steps."""

import math
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import torch

from jacspec.data.streams import random_stream
from jacspec.errors import TrainingDivergedError
from jacspec.models.autoencoder import Autoencoder
from jacspec.models.flat_network import BatchPass, FlatNetwork
from jacspec.models.optimizers import SGD, Adam, Optimizer
from jacspec.models.recipe import EpochRecord, TrainingRecipe
from jacspec.models.training_step import training_step

_TEST_BATCH = 500


class TrainingRun:
    """A training between two steps: all that changes is in `state`."""

    def __init__(
        self,
        recipe: TrainingRecipe,
        autoencoder: Autoencoder,
        training_points: torch.Tensor,
        test_points: torch.Tensor,
        seed: int,
        device: str,
    ) -> None:
        self.recipe = recipe
        self.seed = seed
        self.history: list[EpochRecord] = []
        self.network = FlatNetwork(autoencoder, dtype=training_points.dtype, device=device)
        self._optimizer = _optimizer(recipe, self.network)
        self._squared_error = torch.zeros((), dtype=torch.float64, device=device)
        self._batches_done = 0
        self._seconds_before = 0.0
        self._started = time.monotonic()
        self._points = training_points.to(device)
        self._test_points = test_points.to(device)
        sizes = {min(recipe.batch_size, len(self._points)), len(self._points) % recipe.batch_size}
        self._steps = {
            size: training_step(
                self.network, self._optimizer, self._points, self._squared_error, size
            )
            for size in sizes - {0}
        }

    def state(self) -> dict[str, Any]:
        """Return all that changes, nested tensors and numbers; the next step may change them."""
        return {
            "parameters": self.network.parameters.cpu(),
            "optimizer": {name: value.cpu() for name, value in self._optimizer.state.items()},
            "squared_error": self._squared_error.cpu(),
            "batches_done": self._batches_done,
            "seconds": self._seconds(),
            "history": [asdict(record) for record in self.history],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a `state` of an earlier process."""
        self.network.parameters.copy_(state["parameters"])
        for name, value in self._optimizer.state.items():
            value.copy_(state["optimizer"][name])
        self._squared_error.copy_(state["squared_error"])
        self._batches_done = state["batches_done"]
        self._seconds_before = state["seconds"]
        self.history = [EpochRecord(**record) for record in state["history"]]

    def finish_epoch(self, after_step: Callable[[], None]) -> EpochRecord:
        """Train to the end of the epoch, calling `after_step` after each step, and record it."""
        self._started = time.monotonic()
        order = epoch_order(self.seed, len(self.history), len(self._points))
        batches = order.to(self._points.device).split(self.recipe.batch_size)
        for indices in batches[self._batches_done :]:
            self._steps[len(indices)](indices)
            self._batches_done += 1
            after_step()
        record = self._record()
        self.history.append(record)
        self._squared_error.zero_()
        self._batches_done = 0
        self._seconds_before = 0.0
        return record

    def _record(self) -> EpochRecord:
        train_loss = self._squared_error.item() / self._points.numel()
        test_loss = mean_squared_error(self.network, self._test_points)
        epoch, epochs = len(self.history) + 1, self.recipe.epochs
        if not (
            math.isfinite(train_loss)
            and math.isfinite(test_loss)
            and torch.isfinite(self.network.parameters).all()
        ):
            raise TrainingDivergedError(
                f"training diverged in epoch {epoch} of {epochs}: train loss {train_loss}, test "
                f"loss {test_loss}, with {self.recipe.optimizer} at learning rate "
                f"{self.recipe.learning_rate:g}. Set the config key training: learning_rate to a "
                f"smaller number, for example {self.recipe.learning_rate / 10:g}"
            )
        seconds = self._seconds()
        mean_seconds = (sum(past.seconds for past in self.history) + seconds) / epoch
        seconds_left = mean_seconds * (epochs - epoch)
        return EpochRecord(epoch, epochs, train_loss, test_loss, seconds, seconds_left)

    def _seconds(self) -> float:
        """Return the time spent on this epoch, earlier processes included."""
        return self._seconds_before + time.monotonic() - self._started


def epoch_order(seed: int, epoch: int, count: int) -> torch.Tensor:
    """Return the order of the training points in an epoch from 0: a permutation, (count,) int64.

    It depends on the arguments alone, so that a checkpoint needs no generator's state.
    """
    return torch.from_numpy(random_stream("training order", seed, epoch).permutation(count))


def mean_squared_error(network: FlatNetwork, points: torch.Tensor) -> float:
    """Return the mean of (y - x)² over `points`, (n, pixels), and pixels."""
    passes: dict[int, BatchPass] = {}
    total = torch.zeros((), dtype=torch.float64, device=points.device)
    for batch_points in points.split(_TEST_BATCH):
        size = len(batch_points)
        if size not in passes:
            passes[size] = BatchPass(network, size)
        batch = passes[size]
        batch.inputs.copy_(batch_points)
        batch.forward()
        total.add_(batch.squared_error())
    return total.item() / points.numel()


def _optimizer(recipe: TrainingRecipe, network: FlatNetwork) -> Optimizer:
    if recipe.optimizer == "adam":
        return Adam(network.parameters, network.gradient, recipe.learning_rate)
    return SGD(network.parameters, network.gradient, recipe.learning_rate, recipe.momentum or 0.0)
