"""Weights that were trained elsewhere, in the place of those that a training would leave."""

import csv
import logging
from collections.abc import Mapping
from importlib import import_module
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from jacspec.atomic import replacing
from jacspec.models.architecture import Architecture
from jacspec.models.foreign_weights import (
    ForeignWeightsError,
    read_foreign_tensors,
    recorded_architecture,
    renamed,
)
from jacspec.models.loading import OWN_AUTOENCODERS
from jacspec.models.weights import write_weights
from jacspec.provenance import sha256_of_file

HISTORY_HEADER = ("epoch", "train_loss", "test_loss", "seconds")

_log = logging.getLogger(__name__)


def import_weights(
    source: Path | str,
    weights_path: Path | str,
    history_path: Path | str,
    *,
    latent_dim: int,
    shape: tuple[int, ...],
    autoencoder: Mapping[str, Any],
    key: str | None = None,
    rename: Mapping[str, str | None] | None = None,
) -> None:
    """Write the weights in `source` as those of a model, and a history without an epoch.

    The model is of points of `shape`; `autoencoder` has the other fields of an `Architecture`, or
    the name of a ``factory``. `key` and `rename` are as `jacspec.models.foreign_weights` takes
    them. The record of the weights says that they were imported, and the SHA-256 of `source`, which
    is only read.

    Raises
    ------
    ForeignWeightsError
        If `source` cannot be read, or has other tensors than the model.
    """
    record = {"imported_from": str(source), "imported_sha256": sha256_of_file(source)}
    tensors = renamed(read_foreign_tensors(source, key), rename or {})
    if "factory" in autoencoder:
        # Its code counts for models of factories only.
        own = import_module(OWN_AUTOENCODERS)
        own.import_state(
            weights_path, tensors, autoencoder["factory"], latent_dim, shape, record, source
        )
    else:
        architecture = Architecture(latent_dim, input_dim=prod(shape), **autoencoder)
        _check_recorded(source, architecture)
        check_parameters(tensors, architecture, source)
        write_weights(weights_path, architecture, tensors, record)
    _write_empty_history(history_path)
    _log.info("imported %s, SHA-256 %s", source, record["imported_sha256"])


def _check_recorded(source: Path | str, architecture: Architecture) -> None:
    """Raise ForeignWeightsError if the file says itself that it is of another architecture."""
    recorded = recorded_architecture(source)
    if recorded is not None and dict(recorded) != architecture.record():
        differences = [
            f"{name} {recorded.get(name)}, not {value}"
            for name, value in architecture.record().items()
            if recorded.get(name) != value
        ]
        raise ForeignWeightsError(
            f"{source} is of a network with {'; '.join(differences)}; write what it has, or name "
            "other weights"
        )


def _write_empty_history(path: Path | str) -> None:
    """Write the history of a training of which nothing is known."""
    with replacing(path) as temporary, temporary.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerow(HISTORY_HEADER)


def check_parameters(
    parameters: Mapping[str, np.ndarray], architecture: Architecture, source: Path | str
) -> None:
    """Raise ForeignWeightsError unless these are finite parameters of the architecture."""
    expected = architecture.parameter_shapes
    missing = [name for name in expected if name not in parameters]
    unexpected = [name for name in parameters if name not in expected]
    widths = _found_widths(parameters)
    if widths is not None and widths != architecture.encoder_widths:
        raise ForeignWeightsError(
            f"{source} has an encoder of widths {_listed(widths)}, where hidden_widths, the latent "
            f"dimension and the points want {_listed(architecture.encoder_widths)}; write "
            f"hidden_widths: {list(widths[1:-1])}, or name other weights"
        )
    if missing or unexpected:
        differences = [
            f"{words} {', '.join(names[:4])}{', …' if len(names) > 4 else ''}"
            for words, names in (("lacks", missing), ("has besides", unexpected))
            if names
        ]
        raise ForeignWeightsError(
            f"{source} {' and '.join(differences)}; map the beginnings of names by rename, for "
            "example {model.enc: encoder}, or write a factory for an autoencoder of other layers"
        )
    for name, shape in expected.items():
        if parameters[name].shape != shape:
            raise ForeignWeightsError(
                f"{source} has {name} of shape {parameters[name].shape}, expected {shape}: the "
                "decoder must have the widths of the encoder in reverse"
            )
        if not np.isfinite(parameters[name]).all():
            raise ForeignWeightsError(
                f"{source} has numbers in {name} that are not finite in float32; name others"
            )


def _found_widths(parameters: Mapping[str, np.ndarray]) -> tuple[int, ...] | None:
    """Return the widths of the encoder's layers, or None if they do not follow one another."""
    widths: list[int] = []
    for number in range(len(parameters)):
        weight = parameters.get(f"encoder.{2 * number}.weight")
        if weight is None:
            break
        if weight.ndim != 2 or (widths and weight.shape[1] != widths[-1]):
            return None
        widths = [*(widths or [weight.shape[1]]), weight.shape[0]]
    return tuple(widths) or None


def _listed(widths: tuple[int, ...]) -> str:
    return "-".join(map(str, widths))
