"""Training of one autoencoder, from MNIST to weights, through kills and restarts."""

import csv
import hashlib
import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from jacspec.atomic import replacing
from jacspec.data.mnist import TEST, TRAINING, ImageSet, pixels_of_images, read_mnist
from jacspec.errors import JacspecError
from jacspec.models.autoencoder import Autoencoder, initialized_autoencoder
from jacspec.models.checkpoints import CheckpointFile
from jacspec.models.collapse import has_collapsed, variance_explained
from jacspec.models.recipe import EpochRecord, TrainingRecipe
from jacspec.models.training_run import TrainingRun
from jacspec.models.weights import save_weights
from jacspec.provenance import library_versions

_log = logging.getLogger(__name__)


class TrainingInterrupted(JacspecError):  # noqa: N818 - not an error: it was asked for
    """Training stopped because it was asked to; its state is in the checkpoint."""


@dataclass(frozen=True)
class TrainingResult:
    """A trained autoencoder on the CPU, and one record for each epoch."""

    autoencoder: Autoencoder
    history: tuple[EpochRecord, ...]


def train_model(
    weights_path: Path | str,
    history_path: Path | str,
    *,
    mnist_folder: Path | str,
    recipe: TrainingRecipe,
    latent_dim: int,
    hidden_widths: Sequence[int],
    seed: int,
    device: str = "cpu",
    checkpoint_path: Path | str,
    checkpoint_seconds: float = 60,
    code_digest: str,
    report: Callable[[EpochRecord], None] | None = None,
    stop_requested: Callable[[], bool] | None = None,
) -> None:
    """Train on MNIST's 60,000 training images and write the weights, and the history as CSV.

    An unfinished training that left a checkpoint is gone on with, if all that it depends on is the
    same; the result is then what it would have been undisturbed. The checkpoint is removed at the
    end.

    Raises
    ------
    DamagedFileError
        If a file of MNIST in `mnist_folder` is not the original.
    TrainingDivergedError, TrainingInterrupted
        As `train` does.
    """
    images = read_mnist(mnist_folder)
    fingerprint = {
        **asdict(recipe),
        "latent_dim": latent_dim,
        "hidden_widths": list(hidden_widths),
        "seed": seed,
        "device": device,
        "code_digest": code_digest,
        "images_sha256": hashlib.sha256(images.images).hexdigest(),
        **library_versions(),
    }
    checkpoint = CheckpointFile(Path(checkpoint_path), checkpoint_seconds, fingerprint)
    result = train(
        recipe,
        _points(images, TRAINING),
        _points(images, TEST),
        latent_dim=latent_dim,
        hidden_widths=hidden_widths,
        seed=seed,
        device=device,
        checkpoint=checkpoint,
        report=report,
        stop_requested=stop_requested,
    )
    save_weights(weights_path, result.autoencoder)
    _write_history(history_path, result.history)
    checkpoint.remove()


def train(
    recipe: TrainingRecipe,
    training_points: torch.Tensor,
    test_points: torch.Tensor,
    *,
    latent_dim: int,
    hidden_widths: Sequence[int],
    seed: int,
    device: str = "cpu",
    checkpoint: CheckpointFile | None = None,
    report: Callable[[EpochRecord], None] | None = None,
    stop_requested: Callable[[], bool] | None = None,
) -> TrainingResult:
    """Return an autoencoder trained to reproduce `training_points`, (n, pixels) float32 in [0, 1].

    `test_points` is (m, pixels). With float64 points all arithmetic is in float64; the result is
    float32 in any case.

    The result depends on the recipe, the points, the widths, the seed, the kind of device and the
    libraries, and on nothing else: one thread is used however many there are, and a training that
    goes on from `checkpoint` gives the same bits as an undisturbed one. `report` is called after
    each epoch, `stop_requested` after each step. A warning is logged if the network, in the end, is
    no better than one that returns the mean image whatever it is given: its Jacobians say nothing.

    Raises
    ------
    TrainingDivergedError
        If a loss or a parameter is not finite at the end of an epoch.
    TrainingInterrupted
        If `stop_requested` returned True; the state is then in `checkpoint`.
    """
    autoencoder = initialized_autoencoder(
        latent_dim, hidden_widths, seed, input_dim=training_points.shape[1]
    )
    with _reproducible_arithmetic(), torch.inference_mode():
        training = TrainingRun(recipe, autoencoder, training_points, test_points, seed, device)
        state = checkpoint.load() if checkpoint else None
        if state:
            training.restore(state)
        after_step = _interruption(training, checkpoint, stop_requested)
        while len(training.history) < recipe.epochs:
            record = training.finish_epoch(after_step)
            if report:
                report(record)
        training.network.copy_to(autoencoder)
    _warn_if_collapsed(training.history[-1].test_loss, training_points, test_points)
    return TrainingResult(autoencoder.eval(), tuple(training.history))


def _warn_if_collapsed(
    test_loss: float, training_points: torch.Tensor, test_points: torch.Tensor
) -> None:
    mean_image_loss = (test_points - training_points.mean(dim=0)).square().mean().item()
    if has_collapsed(variance_explained(test_loss, mean_image_loss)):
        _log.warning(
            "this network is no better than the mean image: its test loss is %.5f, that of the "
            "mean image %.5f. It has collapsed, or hardly begun: take another seed, a smaller "
            "training: learning_rate, or more training: epochs",
            test_loss,
            mean_image_loss,
        )


@contextmanager
def _reproducible_arithmetic() -> Iterator[None]:
    """Compute on one thread, in full float32, with denormal numbers as zero.

    The moments of a weight whose pixel is almost always black decay through the denormal numbers,
    below 1e-38, where the processor is slow: a step of Adam on MNIST takes five times as long.
    """
    threads = torch.get_num_threads()
    precision = torch.get_float32_matmul_precision()
    torch.set_num_threads(1)
    torch.set_float32_matmul_precision("highest")
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.set_float32_matmul_precision(precision)
        torch.set_flush_denormal(False)


def _interruption(
    training: TrainingRun,
    checkpoint: CheckpointFile | None,
    stop_requested: Callable[[], bool] | None,
) -> Callable[[], None]:
    """Return what to do after each step: save the state when it is time, stop when asked to."""
    seconds = checkpoint.seconds if checkpoint else math.inf
    due = time.monotonic() + seconds

    def after_step() -> None:
        nonlocal due
        stopping = stop_requested is not None and stop_requested()
        if stopping or time.monotonic() >= due:
            if checkpoint:
                checkpoint.save(training.state())
            due = time.monotonic() + seconds
        if stopping:
            kept = f"its state is in {checkpoint.path}" if checkpoint else "its state is lost"
            raise TrainingInterrupted(f"training was asked to stop; {kept}")

    return after_step


def _points(images: ImageSet, split: int) -> torch.Tensor:
    return torch.from_numpy(pixels_of_images(images.images[images.split == split]))


def _write_history(path: Path | str, history: Sequence[EpochRecord]) -> None:
    with replacing(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["epoch", "train_loss", "test_loss", "seconds"])
        for record in history:
            seconds = f"{record.seconds:.3f}"
            writer.writerow([record.epoch, record.train_loss, record.test_loss, seconds])
