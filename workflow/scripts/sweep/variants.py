"""Variants: what the models of a sweep differ by, beyond latent dimension and seed.

The blocks `OVERLAID` of a configuration are the defaults; a variant replaces single keys of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Blocks are overlaid key by key, all else is replaced.
OVERLAID = ("training_set", "autoencoder", "training", "latent_dims", "seeds")


@dataclass(frozen=True)
class Variant:
    """How some models are built and trained, and which there are of them."""

    name: str
    training_set: str
    autoencoder: Mapping[str, Any]
    training: Mapping[str, Any]
    latent_dims: tuple[int, ...]
    seeds: tuple[int, ...]

    @classmethod
    def of(cls, name: str, config: Mapping[str, Any]) -> "Variant":
        """Return the variant that a checked configuration has by that name."""
        overlaid = overlaid_config(config, config["variants"][name] or {})
        values = {key: overlaid[key] for key in OVERLAID}
        values["latent_dims"] = tuple(values["latent_dims"])
        values["seeds"] = tuple(values["seeds"])
        return cls(name, **values)

    @property
    def momentum(self) -> float | None:
        """The momentum, None for optimizers that have none: it is no parameter of theirs."""
        return self.training["momentum"] if self.training["optimizer"] == "sgd" else None

    def same_models(self, other: "Variant") -> bool:
        """Return whether the models of two variants are built and trained alike."""
        return self._recipe() == other._recipe()

    def _recipe(self) -> tuple:
        training = {**self.training, "momentum": self.momentum}
        return self.training_set, dict(self.autoencoder), training


def overlaid_config(config: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration with the keys of a variant in place of its own."""
    overlaid = dict(config)
    for key, value in overlay.items():
        is_block = isinstance(value, Mapping) and isinstance(config.get(key), Mapping)
        overlaid[key] = {**config[key], **value} if is_block else value
    return overlaid


def variants_of(config: Mapping[str, Any]) -> dict[str, Variant]:
    """Return all variants of a checked configuration by name, those without own keys first.

    Snakemake puts what an overlay adds before what was there.
    """
    names = sorted(config["variants"], key=lambda name: bool(config["variants"][name]))
    return {name: Variant.of(name, config) for name in names}
