"""What distinguishes the variants of a sweep: those of their settings that differ."""

from collections.abc import Mapping
from typing import Any


def flat_settings(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings as one mapping, with keys such as ``training.batch_size``."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            flat |= flat_settings(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def differing_settings(
    settings: Mapping[str, Mapping[str, Any]],
) -> dict[str, dict[str, str]]:
    """Return, for each key that not all variants agree in, the value of each variant in words.

    `settings` are nested settings by variant. A key that a variant does not have, or has as None,
    is an empty text.
    """
    flat = {variant: flat_settings(own) for variant, own in settings.items()}
    keys = dict.fromkeys(key for own in flat.values() for key in own)
    values = {
        key: {variant: in_words(own.get(key)) for variant, own in flat.items()} for key in keys
    }
    return {key: own for key, own in values.items() if len(set(own.values())) > 1}


def in_words(value: object) -> str:
    """Return a setting as people write it: ``0.001``, ``128, 64, 32``, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(map(in_words, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
