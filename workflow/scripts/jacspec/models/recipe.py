"""How a training is done, and what is recorded of it."""

from dataclasses import dataclass

from jacspec.errors import JacspecError


@dataclass(frozen=True)
class TrainingRecipe:
    """How to train; `momentum` matters to ``"sgd"`` only.

    Raises `JacspecError` for an optimizer or loss that does not exist, or numbers out of range.
    """

    epochs: int
    optimizer: str
    learning_rate: float
    batch_size: int
    momentum: float | None = None
    loss: str = "mean_squared_error"

    def __post_init__(self) -> None:
        if self.optimizer not in ("adam", "sgd"):
            raise JacspecError(f"optimizer is {self.optimizer!r}; write adam or sgd")
        if self.loss != "mean_squared_error":
            raise JacspecError(f"loss is {self.loss!r}; write mean_squared_error")
        if self.epochs < 1 or self.batch_size < 1 or not self.learning_rate > 0:
            raise JacspecError(f"epochs, batch_size and learning_rate must be positive: {self}")
        if self.optimizer == "sgd" and not 0 <= (self.momentum or 0) < 1:
            raise JacspecError(f"momentum is {self.momentum}; write a number from 0 to below 1")


@dataclass(frozen=True)
class EpochRecord:
    """One pass over the training points; `epoch` counts from 1 to `epochs`.

    `train_loss` is the mean over the epoch's batches, each before its step; `test_loss` that of the
    parameters after the epoch. `seconds_left` is an estimate for the epochs to come.
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
