"""The numbers that stand for the paper's words where several claims use the same word.

They were chosen from the words, before any result on random sets was looked at. Words that only
one claim uses have their number beside that claim.
"""

from collections.abc import Sequence

from jacspec.claims.verdicts import Verdict

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


def low_dims(latent_dims: Sequence[int]) -> list[int]:
    """Return those of increasing `latent_dims` that the claims call low."""
    return [latent_dim for latent_dim in latent_dims if latent_dim <= LARGEST_LOW_DIM]


def high_dims(latent_dims: Sequence[int]) -> list[int]:
    """Return those of increasing `latent_dims` that the claims call high."""
    return [latent_dim for latent_dim in latent_dims if latent_dim >= SMALLEST_HIGH_DIM]


def enough_dims(latent_dims: Sequence[int]) -> list[Verdict]:
    """Return nothing, or `undetermined` where there are too few to say something of all.

    Added to the verdicts at single latent dimensions, it lets one of them refute a statement on all
    but not a few confirm it.
    """
    return [] if len(latent_dims) >= MINIMUM_DIMS else [Verdict.UNDETERMINED]
