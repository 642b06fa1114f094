"""The file of an autoencoder's weights: a float32 `state_dict` that torch alone can read."""

from collections.abc import Mapping
from pathlib import Path

import torch

from jacspec.errors import DamagedFileError
from jacspec.models.archives import read_archive, write_archive
from jacspec.models.autoencoder import Autoencoder


def save_weights(path: Path | str, autoencoder: Autoencoder) -> None:
    """Write the parameters as float32; the same parameters give the same bytes."""
    write_archive(
        path,
        {
            name: parameter.detach().to("cpu", torch.float32).contiguous().clone()
            for name, parameter in autoencoder.state_dict().items()
        },
    )


def load_autoencoder(path: Path | str) -> Autoencoder:
    """Return the autoencoder that `save_weights` wrote; its widths follow from the tensors.

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
        state = read_archive(path)
    except DamagedFileError as error:
        raise DamagedFileError(f"{error}. {remedy}") from error
    problem = _problem(state)
    if problem:
        raise DamagedFileError(f"{path} does not hold an autoencoder: {problem}. {remedy}")
    autoencoder = _autoencoder_of_shape(state)
    autoencoder.load_state_dict(state)
    return autoencoder.eval().requires_grad_(False)


def _problem(state: object) -> str | None:
    """Return what keeps `state` from being an autoencoder's parameters, or None."""
    if not isinstance(state, Mapping) or not all(
        isinstance(tensor, torch.Tensor) for tensor in state.values()
    ):
        return "it is not a dictionary of tensors"
    if "encoder.0.weight" not in state:
        return "it has no encoder.0.weight"
    if any(tensor.ndim == 0 or 0 in tensor.shape for tensor in state.values()):
        return "it has an empty tensor"
    expected = _autoencoder_of_shape(state).state_dict()
    if set(state) != set(expected):
        names = ", ".join(sorted(set(state) ^ set(expected), key=str))
        return f"names are missing or unexpected: {names}"
    for name, tensor in state.items():
        if tensor.shape != expected[name].shape:
            return f"{name} has shape {tuple(tensor.shape)}, not {tuple(expected[name].shape)}"
        if tensor.dtype != torch.float32:
            return f"{name} is {tensor.dtype}, not torch.float32"
        if not torch.isfinite(tensor).all():
            return f"{name} has values that are not finite"
    return None


def _autoencoder_of_shape(state: Mapping[str, torch.Tensor]) -> Autoencoder:
    """Return an autoencoder with the widths of the encoder's biases in `state`."""
    biases: list[torch.Tensor] = []
    while (name := f"encoder.{2 * len(biases)}.bias") in state:
        biases.append(state[name])
    *hidden_widths, latent_dim = [len(bias) for bias in biases] or [1]
    input_dim = state["encoder.0.weight"].shape[-1]
    return Autoencoder(latent_dim, hidden_widths, input_dim)
