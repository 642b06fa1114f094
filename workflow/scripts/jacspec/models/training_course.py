"""What any training does around its steps: resume, save, stop when asked, judge and report."""

import csv
import logging
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from jacspec.atomic import replacing
from jacspec.errors import JacspecError
from jacspec.models.checkpoints import CheckpointFile
from jacspec.models.collapse import has_collapsed, variance_explained
from jacspec.models.recipe import EpochRecord
from jacspec.models.training_run import TrainingRun

_log = logging.getLogger(__name__)


class TrainingInterrupted(JacspecError):  # noqa: N818 - not an error: it was asked for
    """Training stopped because it was asked to; its state is in the checkpoint."""


def finish_epochs(
    training: TrainingRun,
    checkpoint: CheckpointFile | None,
    report: Callable[[EpochRecord], None] | None,
    stop_requested: Callable[[], bool] | None,
) -> None:
    """Train all epochs that are left, from where `checkpoint`, if it holds a state, has got to.

    `report` is called after each epoch, `stop_requested` after each step. Raises
    TrainingInterrupted when that returns True, and TrainingDivergedError.
    """
    state = checkpoint.load() if checkpoint else None
    if state:
        training.restore(state)
    after_step = _interruption(training, checkpoint, stop_requested)
    while len(training.history) < training.recipe.epochs:
        record = training.finish_epoch(after_step)
        if report:
            report(record)


def warn_if_collapsed(
    test_error: float, training_points: np.ndarray, test_points: np.ndarray
) -> None:
    """Log a warning if `test_error`, a mean squared error, is no better than the mean image's.

    The points are (n, ...) and (m, ...), as they were trained on and tested with.
    """
    mean_image = training_points.mean(axis=0)
    mean_image_error = float(np.square(test_points - mean_image).mean())
    if has_collapsed(variance_explained(test_error, mean_image_error)):
        _log.warning(
            "this network is no better than the mean image: its mean squared error on test images "
            "is %.5f, that of the mean image %.5f. It has collapsed, or hardly begun: take another "
            "seed, a smaller training: learning_rate, or more training: epochs",
            test_error,
            mean_image_error,
        )


def write_history(path: Path | str, history: Sequence[EpochRecord]) -> None:
    """Write one row per epoch as CSV; see `jacspec.models.training.train_model`."""
    with replacing(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["epoch", "train_loss", "test_loss", "seconds"])
        for record in history:
            seconds = f"{record.seconds:.3f}"
            writer.writerow([record.epoch, record.train_loss, record.test_loss, seconds])


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
