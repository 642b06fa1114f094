"""The numbers that stand for the paper's words where several claims use the same word.

They were chosen from the words, before any result on random sets was looked at. Words that only
one claim uses have their number beside that claim.
"""

from collections.abc import Sequence
from dataclasses import dataclass

# "Low": the paper shows tables only; at 2 to 4 it sees digits. "High": "by latent dimension 12".
LARGEST_LOW_DIM = 4
SMALLEST_HIGH_DIM = 12

# "Every", "all": one in twenty may differ, since a network is a random draw. "Most" and "many".
NEARLY_ALL = 0.95
MOST = 0.75
HALF = 0.5

# Fewer say nothing about a trend, about high dimensions, about data sets in general.
MINIMUM_DIMS = 5
MINIMUM_HIGH_DIMS = 3
MINIMUM_LOW_DIMS = 2
MINIMUM_SETS = 3

# The authors find spectra to be those of trained networks only from here on (arXiv:2201.11813).
MINIMUM_EPOCHS = 100


@dataclass(frozen=True)
class Statement:
    """One of the statements that a claim is made of.

    It is of single networks, which must be of `minimum_dims` different latent dimensions to speak
    for others; or, `of_curves`, of all networks of a seed together. What is said of a network
    `between_seeds` is by comparison with those of other seeds and the same latent dimension.
    """

    name: str
    minimum_dims: int = MINIMUM_DIMS
    of_curves: bool = False
    between_seeds: bool = False

    @classmethod
    def of_curve(cls, name: str) -> "Statement":
        """Return a statement about the networks of a seed together."""
        return cls(name, minimum_dims=1, of_curves=True)


def low_dims(latent_dims: Sequence[int]) -> list[int]:
    """Return those of increasing `latent_dims` that the claims call low."""
    return [latent_dim for latent_dim in latent_dims if latent_dim <= LARGEST_LOW_DIM]


def high_dims(latent_dims: Sequence[int]) -> list[int]:
    """Return those of increasing `latent_dims` that the claims call high."""
    return [latent_dim for latent_dim in latent_dims if latent_dim >= SMALLEST_HIGH_DIM]


def too_short(epochs: int | None) -> bool:
    """Return whether `epochs` of training, None if nobody knows, are too few to judge a network."""
    return epochs is not None and epochs < MINIMUM_EPOCHS
