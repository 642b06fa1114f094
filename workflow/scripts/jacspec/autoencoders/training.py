"""Training of an autoencoder that a factory builds, differentiated by autograd.

Batches, optimizers, losses, records, checkpoints and interruptions are those of the networks of
dense layers.
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from jacspec.autoencoders.factories import Factory
from jacspec.autoencoders.maps import maps_of
from jacspec.autoencoders.own import OwnAutoencoder, write_own_weights
from jacspec.data.streams import random_stream
from jacspec.errors import AutoencoderError
from jacspec.models.checkpoints import CheckpointFile
from jacspec.models.recipe import EpochRecord, TrainingRecipe
from jacspec.models.torch_operations import TorchOperations
from jacspec.models.training_course import finish_epochs, warn_if_collapsed, write_history
from jacspec.models.training_run import TrainingRun
from jacspec.provenance import library_versions

_TEST_BATCH = 500


class OwnNetwork:
    """A module whose parameters lie in one vector, `parameters`, and their gradients in another.

    Both are (n,) float32 on `device`; those that require no gradient have no place there. `buffers`
    are what else a step may change, by name.
    """

    def __init__(self, module: nn.Module, device: str) -> None:
        self.module = module.to(device)
        maps = maps_of(self.module)
        self._encode, self._decode = maps.encode, maps.decode
        trained = [values for values in module.parameters() if values.requires_grad]
        if not trained:
            raise AutoencoderError("the autoencoder has no parameters to train; give it some")
        self.parameters = torch.cat([values.detach().flatten() for values in trained])
        self.gradient = torch.zeros_like(self.parameters)
        ends = np.cumsum([0, *(values.numel() for values in trained)])
        for values, (start, end) in zip(trained, pairwise(ends), strict=True):
            values.data = self.parameters[start:end].view_as(values)
            values.grad = self.gradient[start:end].view_as(values)
        self.buffers: Mapping[str, Tensor] = {
            f"buffer.{name}": values for name, values in module.named_buffers()
        }

    def losses(self, loss: str, points: Tensor) -> Tensor:
        """Return the loss of each of `points` (k, *shape), (k,), as `TrainingRecipe` names it."""
        error = (self._decode(self._encode(points)) - points).flatten(1)
        if loss == "mean_squared_error":
            return error.square().mean(dim=1)
        return torch.linalg.vector_norm(error, dim=1)


class OwnTrainingRun(TrainingRun):
    """A training of an `OwnNetwork` between two steps: all that changes is in `state`.

    All but the steps is inherited. torch's generator is seeded anew for each step, so that what a
    module draws, for dropout, depends on the step alone.
    """

    def __init__(
        self,
        recipe: TrainingRecipe,
        network: OwnNetwork,
        training_points: np.ndarray,
        test_points: np.ndarray,
        seed: int,
    ) -> None:
        # Not by `super`, which makes the steps of dense layers.
        operations = TorchOperations(np.float32, network.parameters.device.type)
        vectors = network.parameters, network.gradient
        self.recipe, self.seed, self.network = recipe, seed, network
        self.history: list[EpochRecord] = []
        self._operations = operations
        self._optimizer = (
            operations.adam(*vectors, recipe.learning_rate)
            if recipe.optimizer == "adam"
            else operations.sgd(*vectors, recipe.learning_rate, recipe.momentum or 0.0)
        )
        self._loss_total = operations.zeros(1, dtype=np.float64)
        self._batches_done = 0
        self._seconds_before = 0.0
        self._started = time.monotonic()
        self._points = operations.from_numpy(training_points)
        self._test_points = operations.from_numpy(test_points)
        self._steps = dict.fromkeys(range(1, recipe.batch_size + 1), self._step)

    def test_loss(self, loss: str) -> float:
        """Return the mean of a loss over the test points, in evaluation mode."""
        self.network.module.eval()
        with torch.no_grad():
            total = sum(
                self.network.losses(loss, points).double().sum()
                for points in self._test_points.split(_TEST_BATCH)
            )
        return float(total) / len(self._test_points)

    def _step(self, indices: Tensor) -> None:
        place = (self.seed, len(self.history), self._batches_done)
        stream = random_stream("what a step of training draws", *place)
        torch.manual_seed(int(stream.integers(2**63)))
        self.network.module.train()
        self.network.gradient.zero_()
        losses = self.network.losses(self.recipe.loss, self._points[indices])
        self._loss_total += losses.detach().double().sum()
        losses.mean().backward()
        self._optimizer.update()

    def _arrays(self) -> Mapping[str, Tensor]:
        return {**super()._arrays(), **self.network.buffers}


def train_own_autoencoder(
    weights_path: Path | str,
    history_path: Path | str,
    *,
    factory: Factory,
    latent_dim: int,
    training_images: np.ndarray,
    test_images: np.ndarray,
    recipe: TrainingRecipe,
    seed: int,
    device: str = "cpu",
    checkpoint_path: Path | str,
    checkpoint_seconds: float = 60,
    code_digest: str,
    report: Callable[[EpochRecord], None] | None = None,
    stop_requested: Callable[[], bool] | None = None,
) -> None:
    """Train what a factory builds, and write its weights and history.

    All arguments but `factory` and `latent_dim`, the files, and what is raised besides are as in
    `jacspec.models.training.train_model`; images keep their shape. The result depends on the
    recipe, the factory, the images, the seed, the kind of device and the libraries; one thread is
    used, and a training that goes on from its checkpoint gives the same bits.

    Raises
    ------
    AutoencoderError
        If the factory fails, or its module cannot be evaluated or has nothing to train.
    """
    if recipe.training_points == "all":
        training_images = np.concatenate([training_images, test_images])
    shape = training_images.shape[1:]
    training = {
        **asdict(recipe),
        "seed": seed,
        "images_sha256": hashlib.sha256(np.ascontiguousarray(training_images)).hexdigest(),
    }
    fingerprint = {
        **training,
        "factory": str(factory),
        "latent_dim": latent_dim,
        "shape": list(shape),
        "device": device,
        "code_digest": code_digest,
        **library_versions("numpy", "torch"),
    }
    checkpoint = CheckpointFile(Path(checkpoint_path), checkpoint_seconds, fingerprint)
    with _reproducible():
        module = factory.build(latent_dim, shape, seed)
        OwnAutoencoder(module, latent_dim, shape, str(factory))
        network = OwnNetwork(module, device)
        run = OwnTrainingRun(recipe, network, training_images, test_images, seed)
        finish_epochs(run, checkpoint, report, stop_requested)
        error = run.test_loss("mean_squared_error")
    warn_if_collapsed(error, training_images, test_images)
    write_own_weights(weights_path, module, factory, latent_dim, shape, training)
    write_history(history_path, run.history)
    checkpoint.remove()


@contextmanager
def _reproducible() -> Iterator[None]:
    """Compute on one thread, in full float32, by operations that give the same bits every time.

    Where torch has none such on a GPU, it warns, and bits may differ.
    """
    # Without it, cuBLAS has no such operations.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    threads, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
    deterministic = torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(1)
    torch.set_float32_matmul_precision("highest")
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with torch.random.fork_rng():
            yield
    finally:
        torch.set_num_threads(threads)
        torch.set_float32_matmul_precision(precision)
        torch.use_deterministic_algorithms(deterministic)
