"""Weights that other programs have saved, read as NumPy arrays without executing code of theirs.

Read are files of `torch.save`, in the zip format and in the one before, of Lightning, and
safetensors. Where a file of torch holds anything but tensors and plain values, it is refused.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jacspec.errors import DamagedFileError, JacspecError
from jacspec.models.state_dict import read_archive

# Where Lightning, and many scripts for training, keep the weights beside all else.
CUSTOMARY_KEYS = ("state_dict", "model_state_dict")

_SAFETENSORS_TYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "|i1",
    "U8": "|u1",
    "BOOL": "|b1",
}
# A safetensors file begins with the length of its header, in bytes.
_LENGTH_BYTES = 8


class ForeignWeightsError(JacspecError):
    """Weights from elsewhere are not those of the model that they are to be."""


def read_foreign_tensors(path: Path | str, key: str | None = None) -> dict[str, np.ndarray]:
    """Return the tensors of a file by name; those in floating point are float32.

    `key` names the part of a checkpoint that the weights are; without it that is the whole file, or
    what it has under one of `CUSTOMARY_KEYS`.

    Raises
    ------
    ForeignWeightsError
        If the file is none of the known ones, calls code, or has no weights under the key.
    FileNotFoundError
        If there is no file.
    """
    content = _safetensors(path) if _is_safetensors(path) else _content_by_torch(path)
    tensors = _part(content, key, path)
    strange = [name for name, values in tensors.items() if not isinstance(values, np.ndarray)]
    if not tensors or strange:
        found = f"{strange[0]!r} is no tensor" if strange else "it is empty"
        parts = [name for name, part in content.items() if isinstance(part, Mapping)]
        raise ForeignWeightsError(
            f"{path} holds no state_dict ({found}); save module.state_dict(), or write weights_key "
            f"as the part that is one{' of ' + ', '.join(map(str, parts)) if parts else ''}"
        )
    return {name: _float32(values) for name, values in tensors.items()}


def recorded_architecture(path: Path | str) -> Mapping[str, Any] | None:
    """Return the record of the architecture, if `jacspec.models.weights` has written the file."""
    try:
        record = read_archive(path).record
    except DamagedFileError:
        return None
    return record.get("architecture") if isinstance(record, Mapping) else None


def renamed(
    tensors: Mapping[str, np.ndarray], rename: Mapping[str, str | None]
) -> dict[str, np.ndarray]:
    """Return tensors with the beginnings of their names replaced, the longest that fits.

    `rename` maps beginnings, up to a dot or the end of a name, to others. What is mapped to None is
    left out. Raises ForeignWeightsError if two tensors get one name.
    """
    result: dict[str, np.ndarray] = {}
    for name, values in tensors.items():
        new = _new_name(name, rename)
        if new in result:
            raise ForeignWeightsError(f"rename makes two tensors {new}; map one of them elsewhere")
        if new is not None:
            result[new] = values
    return result


def _new_name(name: str, rename: Mapping[str, str | None]) -> str | None:
    fitting = [old for old in map(str, rename) if f"{name}.".startswith(f"{old}.")]
    if not fitting:
        return name
    old = max(fitting, key=len)
    new = {str(key): value for key, value in rename.items()}[old]
    return None if new is None else (new + name[len(old) :]).lstrip(".")


def _part(content: Any, key: str | None, path: Path | str) -> Mapping[str, Any]:
    if not isinstance(content, Mapping):
        raise ForeignWeightsError(
            f"{path} holds a {type(content).__name__}, not a state_dict; save module.state_dict()"
        )
    keys = [key] if key is not None else [name for name in CUSTOMARY_KEYS if name in content]
    if not keys:
        return content
    part = content.get(keys[0])
    if not isinstance(part, Mapping):
        raise ForeignWeightsError(
            f"{path} has no state_dict under {keys[0]}; write weights_key as one of "
            f"{', '.join(map(str, content))}"
        )
    return part


def _content_by_torch(path: Path | str) -> Any:
    """Return what `torch.save` saved, with arrays in place of tensors."""
    import torch

    try:
        return _as_arrays(torch.load(path, map_location="cpu", weights_only=True))
    except MemoryError:
        raise
    # Damage makes a reader fail in any way.
    except Exception as error:
        reason = " ".join(str(error).partition("WeightsUnpickler error:")[2].split()[:12])
        reason = reason or str(error).strip().partition("\n")[0][:100] or type(error).__name__
        raise ForeignWeightsError(
            f"{path} cannot be read without executing code, or is damaged ({reason}); save "
            "module.state_dict() by torch.save or safetensors, and name that file"
        ) from error


def _as_arrays(value: Any) -> Any:
    import torch

    if isinstance(value, torch.Tensor):
        # NumPy has no bfloat16.
        value = value.detach()
        return (value.float() if value.is_floating_point() else value).numpy()
    if isinstance(value, Mapping):
        return {name: _as_arrays(part) for name, part in value.items()}
    return value


def _is_safetensors(path: Path | str) -> bool:
    with Path(path).open("rb") as file:
        return file.read(_LENGTH_BYTES + 1)[_LENGTH_BYTES:] == b"{"


def _safetensors(path: Path | str) -> dict[str, np.ndarray]:
    """Return the tensors: a file has the length of its header, the header in JSON, and numbers."""
    content = Path(path).read_bytes()
    try:
        start = _LENGTH_BYTES + int.from_bytes(content[:_LENGTH_BYTES], "little")
        header = json.loads(content[_LENGTH_BYTES:start])
        header.pop("__metadata__", None)
        return {name: _safetensor(content[start:], entry) for name, entry in header.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ForeignWeightsError(
            f"{path} is a damaged safetensors file ({error}); save it again"
        ) from error


def _safetensor(numbers: bytes, entry: Mapping[str, Any]) -> np.ndarray:
    first, end = entry["data_offsets"]
    values = np.frombuffer(numbers[first:end], _SAFETENSORS_TYPES[entry["dtype"]])
    if entry["dtype"] == "BF16":
        # The upper half of a float32.
        values = (values.astype("<u4") << 16).view("<f4")
    return values.reshape(entry["shape"])


def _float32(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32) if values.dtype.kind == "f" else values
