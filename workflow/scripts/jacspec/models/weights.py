"""The file of an autoencoder's weights: a float32 `state_dict`, which torch reads by itself.

Beside the tensors it has a record, in JSON: the architecture, which the tensors do not tell, and
what the weights were trained on and how. torch is imported where a module of it is wanted, not
where numbers are.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jacspec.errors import DamagedFileError, JacspecError
from jacspec.models.architecture import Architecture
from jacspec.models.state_dict import read_archive, write_archive

if TYPE_CHECKING:
    from jacspec.models.autoencoder import Autoencoder


def write_weights(
    path: Path | str,
    architecture: Architecture,
    parameters: Mapping[str, np.ndarray],
    training: Mapping[str, Any] | None = None,
) -> None:
    """Write `parameters` as float32, by their names in a state_dict; the same give the same bytes.

    `training` is what is to be recorded of it, as JSON can hold it.
    """
    record = {"architecture": architecture.record(), "training": dict(training or {})}
    tensors = {
        name: np.asarray(parameters[name], np.float32) for name in architecture.parameter_shapes
    }
    write_archive(path, tensors, record)


def read_weights(path: Path | str) -> tuple[Architecture, dict[str, np.ndarray]]:
    """Return the architecture and its parameters by name: float32, finite, of shapes that fit.

    Raises
    ------
    DamagedFileError
        If the file is cut off, has a flipped bit, holds code, has no record of its architecture, or
        does not hold the finite float32 parameters of that architecture.
    FileNotFoundError
        If there is no file.
    """
    archive = read_archive(path)
    if archive.record is None:
        raise DamagedFileError(
            f"{path} has no record of its architecture, without which its activations are unknown; "
            "only files of this version of jacspec have one"
        )
    try:
        architecture = Architecture.from_record(archive.record["architecture"])
    # A record that somebody else wrote can be anything.
    except (JacspecError, KeyError, TypeError, ValueError) as error:
        raise DamagedFileError(f"{path} has no readable record: {error}") from error
    problem = _problem(archive.content, architecture.parameter_shapes)
    if problem:
        raise DamagedFileError(f"{path} does not hold the autoencoder of its record: {problem}")
    return architecture, dict(archive.content)


def save_weights(path: Path | str, autoencoder: "Autoencoder") -> None:
    """Write the parameters of a module as `write_weights` does."""
    state = autoencoder.state_dict()
    parameters = {name: values.detach().cpu().numpy() for name, values in state.items()}
    write_weights(path, autoencoder.architecture, parameters)


def load_autoencoder(path: Path | str) -> "Autoencoder":
    """Return the module whose weights are in a file; raises what `read_weights` raises."""
    from jacspec.models.autoencoder import autoencoder_of

    return autoencoder_of(*read_weights(path)).eval().requires_grad_(False)


def _problem(state: object, expected: Mapping[str, tuple[int, ...]]) -> str | None:
    """Return what keeps `state` from being parameters of the shapes `expected`, or None."""
    if not isinstance(state, Mapping) or not all(
        isinstance(values, np.ndarray) for values in state.values()
    ):
        return "it is not a dictionary of tensors"
    if set(state) != set(expected):
        names = ", ".join(sorted(set(state) ^ set(expected), key=str))
        return f"names are missing or unexpected: {names}"
    for name, values in state.items():
        if values.shape != expected[name]:
            return f"{name} has shape {values.shape}, not {expected[name]}"
        if values.dtype != np.float32:
            return f"{name} is {values.dtype}, not float32"
        if not np.isfinite(values).all():
            return f"{name} has values that are not finite"
    return None
