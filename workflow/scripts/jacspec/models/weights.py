"""The file of an autoencoder's weights: a float32 `state_dict`, which torch reads by itself.

torch itself is imported where a module of it is wanted, not where numbers are.
"""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from jacspec.errors import DamagedFileError
from jacspec.models.architecture import Architecture
from jacspec.models.state_dict import read_state_dict

if TYPE_CHECKING:
    from jacspec.models.autoencoder import Autoencoder


def save_weights(path: Path | str, autoencoder: "Autoencoder") -> None:
    """Write the parameters as float32; the same parameters give the same bytes."""
    import torch

    from jacspec.models.archives import write_archive

    write_archive(
        path,
        {
            name: parameter.detach().to("cpu", torch.float32).contiguous().clone()
            for name, parameter in autoencoder.state_dict().items()
        },
    )


def load_autoencoder(path: Path | str) -> "Autoencoder":
    """Return the autoencoder that `save_weights` wrote; its widths follow from the tensors.

    Raises what `read_parameters` raises.
    """
    import torch

    from jacspec.models.autoencoder import Autoencoder

    parameters = read_parameters(path)
    input_dim, *hidden_widths, latent_dim = encoder_widths(parameters)
    autoencoder = Autoencoder(latent_dim, hidden_widths, input_dim)
    state = {name: torch.from_numpy(values) for name, values in parameters.items()}
    autoencoder.load_state_dict(state)
    return autoencoder.eval().requires_grad_(False)


def read_parameters(path: Path | str) -> dict[str, np.ndarray]:
    """Return the parameters of an autoencoder by name: float32, finite, of shapes that fit.

    Raises
    ------
    DamagedFileError
        If the file is cut off, has a flipped bit, holds code, or does not hold the finite float32
        parameters of an autoencoder whose decoder mirrors its encoder. The message says how to
        make the file again.
    FileNotFoundError
        If there is no file.
    """
    remedy = f"Recompute it with: snakemake --cores 1 --force {path}"
    try:
        state = read_state_dict(path)
    except DamagedFileError as error:
        raise DamagedFileError(f"{error}. {remedy}") from error
    problem = _problem(state)
    if problem:
        raise DamagedFileError(f"{path} does not hold an autoencoder: {problem}. {remedy}")
    return dict(state)


def read_weights(path: Path | str) -> tuple[Architecture, dict[str, np.ndarray]]:
    """Return the architecture and the parameters by name; raises what `read_parameters` raises."""
    parameters = read_parameters(path)
    input_dim, *hidden_widths, latent_dim = encoder_widths(parameters)
    return Architecture(latent_dim, tuple(hidden_widths), input_dim), parameters


def encoder_widths(state: Mapping[str, np.ndarray]) -> list[int]:
    """Return the widths from pixels to latent space, by the encoder's biases in `state`."""
    widths = [state["encoder.0.weight"].shape[-1]]
    while (name := f"encoder.{2 * (len(widths) - 1)}.bias") in state:
        widths.append(len(state[name]))
    return widths


def _problem(state: object) -> str | None:
    """Return what keeps `state` from being an autoencoder's parameters, or None."""
    if not isinstance(state, Mapping) or not all(
        isinstance(values, np.ndarray) for values in state.values()
    ):
        return "it is not a dictionary of tensors"
    if "encoder.0.weight" not in state:
        return "it has no encoder.0.weight"
    if any(values.size == 0 or values.ndim == 0 for values in state.values()):
        return "it has an empty tensor"
    expected = _shapes(encoder_widths(state))
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


def _shapes(widths_to_latent: list[int]) -> dict[str, tuple[int, ...]]:
    """Return the shapes of all parameters by name."""
    shapes: dict[str, tuple[int, ...]] = {}
    for half, widths in (("encoder", widths_to_latent), ("decoder", widths_to_latent[::-1])):
        for layer, (inputs, outputs) in enumerate(pairwise(widths)):
            shapes[f"{half}.{2 * layer}.weight"] = (outputs, inputs)
            shapes[f"{half}.{2 * layer}.bias"] = (outputs,)
    return shapes
