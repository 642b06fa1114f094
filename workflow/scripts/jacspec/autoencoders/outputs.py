"""Which of several outputs of a map is meant."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from jacspec.errors import AutoencoderError

# What customary names stand for, the first that is there: the mean comes before what may be
# sampled from it.
CUSTOMARY_NAMES = {
    "encode": ("mu", "mean", "loc", "embedding", "latent", "latents", "z", "code"),
    "decode": (
        "reconstruction",
        "reconstructions",
        "recon",
        "recon_x",
        "x_recon",
        "x_hat",
        "output",
        "sample",
    ),
}


def chosen_output(returned: Any, choice: str | int | None, map_name: str) -> Any:
    """Return the output of a map that is meant, from all that it `returned`.

    `choice` is a name or an index, or None where there is one output only or one with a customary
    name. `map_name` is ``"encode"`` or ``"decode"``.

    Raises
    ------
    AutoencoderError
        If there is no such output, or several and no choice.
    """
    named = _named_outputs(returned)
    if named is None and not isinstance(returned, Sequence):
        return _attribute(returned, choice, map_name)
    outputs = dict(enumerate(returned)) if named is None else named
    if choice is None:
        choice = _evident(outputs, map_name)
    if choice in outputs:
        return outputs[choice]
    if isinstance(choice, int) and -len(outputs) <= choice < len(outputs):
        return list(outputs.values())[choice]
    problem = "which is meant?" if choice is None else f"none of them is {choice!r}"
    raise AutoencoderError(
        f"{map_name} returns {_listed(outputs)}: {problem}; choose one with {map_name}_output=…, "
        "by its name or its index"
    )


def _evident(outputs: Mapping, map_name: str) -> str | int | None:
    """Return the key of the only output, or of the first with a customary name, or None."""
    customary = [name for name in CUSTOMARY_NAMES[map_name] if name in outputs]
    candidates = customary or list(outputs)
    return candidates[0] if customary or len(candidates) == 1 else None


def _named_outputs(returned: Any) -> dict[str, Any] | None:
    """Return outputs by name, without those that are None, or None where they have no names."""
    if isinstance(returned, Mapping):
        named = dict(returned)
    elif isinstance(returned, tuple) and hasattr(returned, "_fields"):
        named = returned._asdict()
    elif is_dataclass(returned):
        named = {field.name: getattr(returned, field.name) for field in fields(returned)}
    else:
        return None
    return {name: output for name, output in named.items() if output is not None}


def _attribute(returned: Any, choice: str | int | None, map_name: str) -> Any:
    """Return an attribute by name, as distributions have them, or all where there is no choice."""
    if choice is None:
        return returned
    if isinstance(choice, str) and not hasattr(returned, "detach") and hasattr(returned, choice):
        return getattr(returned, choice)
    raise AutoencoderError(
        f"{map_name} returns one {type(returned).__name__}, which {map_name}_output={choice!r} is "
        f"no part of; leave {map_name}_output out"
    )


def _listed(outputs: Mapping) -> str:
    described = [
        f"{name!r} {tuple(getattr(output, 'shape', ())) or type(output).__name__}"
        for name, output in outputs.items()
    ]
    return f"{len(outputs)} outputs ({', '.join(described)})"
