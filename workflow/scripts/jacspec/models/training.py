"""Training of one autoencoder, from images to weights, through kills and restarts."""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from jacspec.models.architecture import Architecture
from jacspec.models.checkpoints import CheckpointFile
from jacspec.models.flat_network import FlatNetwork, Operations
from jacspec.models.initial_weights import initial_parameters
from jacspec.models.recipe import EpochRecord, TrainingRecipe
from jacspec.models.training_course import finish_epochs, warn_if_collapsed, write_history
from jacspec.models.training_run import TrainingRun
from jacspec.models.weights import write_weights
from jacspec.numba_settings import use_our_numba_settings
from jacspec.provenance import library_versions


@dataclass(frozen=True)
class TrainingResult:
    """The parameters of a trained autoencoder, float32 by name, and one record for each epoch."""

    parameters: dict[str, np.ndarray]
    history: tuple[EpochRecord, ...]


def train_model(
    weights_path: Path | str,
    history_path: Path | str,
    *,
    training_images: np.ndarray,
    test_images: np.ndarray,
    recipe: TrainingRecipe,
    architecture: Architecture,
    seed: int,
    device: str = "cpu",
    checkpoint_path: Path | str,
    checkpoint_seconds: float = 60,
    code_digest: str,
    report: Callable[[EpochRecord], None] | None = None,
    stop_requested: Callable[[], bool] | None = None,
) -> None:
    """Train on images and write the weights, and the history as CSV.

    `training_images` and `test_images` are float32, one image of any shape a row. If the recipe
    says so, the test images are trained on, too.

    The history has columns epoch, train_loss, test_loss and seconds. Both losses are those that
    the recipe names, so that they can be compared between recipes with the same loss only; see
    `EpochRecord`.

    A training resumes from a checkpoint that an interrupted one left, if all that it depends on is
    the same; the result is then what it would have been undisturbed. The checkpoint is removed at
    the end.

    Raises what `train` raises.
    """
    training_points, test_points = (
        images.reshape(len(images), -1) for images in (training_images, test_images)
    )
    if recipe.training_points == "all":
        training_points = np.concatenate([training_points, test_points])
    training = {
        **asdict(recipe),
        "seed": seed,
        "images_sha256": hashlib.sha256(np.ascontiguousarray(training_points)).hexdigest(),
    }
    fingerprint = {
        **training,
        **architecture.record(),
        "device": device,
        "code_digest": code_digest,
        **library_versions("numpy", "numba", "torch"),
    }
    checkpoint = CheckpointFile(Path(checkpoint_path), checkpoint_seconds, fingerprint)
    result = train(
        recipe,
        architecture,
        training_points,
        test_points,
        seed=seed,
        device=device,
        checkpoint=checkpoint,
        report=report,
        stop_requested=stop_requested,
    )
    write_weights(weights_path, architecture, result.parameters, training)
    write_history(history_path, result.history)
    checkpoint.remove()


def train(
    recipe: TrainingRecipe,
    architecture: Architecture,
    training_points: np.ndarray,
    test_points: np.ndarray,
    *,
    seed: int,
    device: str = "cpu",
    checkpoint: CheckpointFile | None = None,
    report: Callable[[EpochRecord], None] | None = None,
    stop_requested: Callable[[], bool] | None = None,
) -> TrainingResult:
    """Return an autoencoder trained to reproduce `training_points`, (n, pixels) float32 in [0, 1].

    `test_points` is (m, pixels). With float64 points all arithmetic is in float64; the result is
    float32 in any case.

    The result depends on the recipe, the architecture, the points, the seed, the kind of device
    and of processor and the libraries, and on nothing else: one thread is used however many there
    are, and a training that goes on from `checkpoint` gives the same bits as an undisturbed one.
    `report` is called after each epoch, `stop_requested` after each step. A warning is logged if
    the network, in the end, is no better than one that returns the mean image whatever it is given:
    its Jacobians say nothing.

    Raises
    ------
    TrainingDivergedError
        If a loss or a parameter is not finite at the end of an epoch.
    TrainingInterrupted
        If `stop_requested` returned True; the state is then in `checkpoint`.
    """
    operations = _operations(device, training_points.dtype)
    with operations.reproducible(), np.errstate(over="ignore", invalid="ignore"):
        parameters = initial_parameters(architecture, seed)
        network = FlatNetwork(architecture, parameters, operations)
        training = TrainingRun(recipe, network, training_points, test_points, seed)
        finish_epochs(training, checkpoint, report, stop_requested)
        error = training.test_loss("mean_squared_error")
        parameters = network.state_dict()
    warn_if_collapsed(error, training_points, test_points)
    return TrainingResult(parameters, tuple(training.history))


def _operations(device: str, dtype: np.dtype) -> Operations:
    # Each here and not above: numba takes a second to import, torch several.
    if device == "cpu":
        use_our_numba_settings()
        from jacspec.models.cpu_operations import CpuOperations

        return CpuOperations(dtype)
    from jacspec.models.torch_operations import TorchOperations

    return TorchOperations(dtype, device)
