"""Orientation: how many points have a determinant that is below 0, among those of known sign."""

import math
from dataclasses import dataclass

import numpy as np


def is_determined(sign: np.ndarray) -> np.ndarray:
    """Return where `sign` (n,), +1, -1 or 0, is known, (n,) bool."""
    return sign != 0


def is_reversed(sign: np.ndarray) -> np.ndarray:
    """Return where `sign` (n,), +1, -1 or 0, is that of a reversed orientation, (n,) bool."""
    return sign == -1


@dataclass(frozen=True)
class Orientation:
    """Numbers of points: all, those whose sign is determined, and those reversed among them."""

    points: int = 0
    determined: int = 0
    reversed: int = 0

    def updated(self, sign: np.ndarray) -> "Orientation":
        """Return the numbers with n points added, of `sign` (n,): +1, -1 or 0 for undetermined."""
        return Orientation(
            self.points + len(sign),
            self.determined + int(np.count_nonzero(is_determined(sign))),
            self.reversed + int(np.count_nonzero(is_reversed(sign))),
        )

    @property
    def share_reversed(self) -> float:
        """The share of determined points that are reversed; NaN where none is determined."""
        return self.reversed / self.determined if self.determined else math.nan

    @property
    def share_undetermined(self) -> float:
        """The share of points that are undetermined; NaN without points."""
        return (self.points - self.determined) / self.points if self.points else math.nan
