"""How a training is done, and what is recorded of it."""

from dataclasses import dataclass

from jacspec.errors import JacspecError

OPTIMIZERS = ("adam", "sgd")
LOSSES = ("mean_squared_error", "mean_euclidean_distance")
TRAINING_POINTS = ("training", "all")

# The defaults of `torch.optim.Adam`.
ADAM_DECAYS = (0.9, 0.999)
ADAM_EPSILON = 1e-8


@dataclass(frozen=True)
class TrainingRecipe:
    """How to train; `momentum` matters to ``"sgd"`` only.

    Of a reconstruction y of x, ``mean_squared_error`` is the mean of (y - x)² over points and
    pixels, and ``mean_euclidean_distance`` that of ‖y - x‖ over points ("average Euclidean
    distance" in section II-A of the paper). `training_points` are the ``training`` images of a
    set, or ``all``, the test images included.

    Raises `JacspecError` for a name that does not exist, or numbers out of range.
    """

    epochs: int
    optimizer: str
    learning_rate: float
    batch_size: int
    momentum: float | None = None
    loss: str = "mean_squared_error"
    training_points: str = "training"

    def __post_init__(self) -> None:
        for name, allowed in (
            ("optimizer", OPTIMIZERS),
            ("loss", LOSSES),
            ("training_points", TRAINING_POINTS),
        ):
            found = getattr(self, name)
            if found not in allowed:
                raise JacspecError(f"{name} is {found!r}; write {' or '.join(allowed)}")
        if self.epochs < 1 or self.batch_size < 1 or not self.learning_rate > 0:
            raise JacspecError(f"epochs, batch_size and learning_rate must be positive: {self}")
        if self.optimizer == "sgd" and not 0 <= (self.momentum or 0) < 1:
            raise JacspecError(f"momentum is {self.momentum}; write a number from 0 to below 1")


@dataclass(frozen=True)
class EpochRecord:
    """One pass over the training points; `epoch` counts from 1 to `epochs`.

    The losses are those that the recipe names, means over points. `train_loss` is that of the
    epoch's batches, each before its step; `test_loss` that of the test images with the parameters
    after the epoch. `seconds_left` is an estimate for the epochs to come.
    """

    epoch: int
    epochs: int
    train_loss: float
    test_loss: float
    seconds: float
    seconds_left: float

    def __str__(self) -> str:
        return (
            f"epoch {self.epoch}/{self.epochs}: train loss {self.train_loss:.5f}, "
            f"test loss {self.test_loss:.5f}, {self.seconds:.1f} s, {self.seconds_left:.0f} s left"
        )
