"""The Jacobians of a model of either kind."""

from pathlib import Path

from jacspec.models.evaluable import Evaluable
from jacspec.models.loading import load_model
from jacspec.models.network import Network
from jacspec.spectra.dense import dense_source
from jacspec.spectra.protocols import JacobianSource


def source_of_model(
    model: Network | Evaluable, precision: str = "float64", device: str = "cpu"
) -> JacobianSource:
    """Return the Jacobians of a model, computed on `device`."""
    if isinstance(model, Evaluable):
        return model.jacobian_source(precision, device)
    return dense_source(model, precision, device)


def source_of_weights(
    path: Path | str, precision: str, device: str, *, factory: str | None = None
) -> JacobianSource:
    """Return the Jacobians of the model of a file; see `jacspec.models.loading.load_model`."""
    return source_of_model(load_model(path, factory), precision, device)
