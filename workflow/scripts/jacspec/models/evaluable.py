"""What is asked of a model, beyond its spectra, that is no network of dense layers."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jacspec.spectra.protocols import JacobianSource


class Evaluable(ABC):
    """An autoencoder of points of any shape."""

    @abstractmethod
    def reconstructions(self, points: np.ndarray) -> np.ndarray:
        """Return what it makes of `points` (n, …), of their shape, float64, not clipped."""

    @abstractmethod
    def jacobian_source(self, precision: str = "float64", device: str = "cpu") -> "JacobianSource":
        """Return its Jacobians for the engine of spectra."""
