"""Variants: what the models of a sweep differ by, beyond latent dimension and seed.

The blocks `OVERLAID` of a configuration are the defaults; a variant replaces single keys of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# How a variant's weights are found that were trained elsewhere.
IMPORT = ("weights", "weights_key", "rename")

# Blocks are overlaid key by key, all else is replaced.
OVERLAID = ("training_set", "autoencoder", "training", "latent_dims", "seeds")


@dataclass(frozen=True)
class Variant:
    """How some models are built and trained, and which there are of them.

    `imported` has the keys `IMPORT`, where weights were trained elsewhere, and else is None.
    """

    name: str
    training_set: str
    autoencoder: Mapping[str, Any]
    training: Mapping[str, Any]
    latent_dims: tuple[int, ...]
    seeds: tuple[int, ...]
    imported: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, name: str, config: Mapping[str, Any]) -> "Variant":
        """Return the variant that a checked configuration has by that name."""
        own = config["variants"][name] or {}
        overlaid = overlaid_config(config, own)
        values = {key: overlaid[key] for key in OVERLAID}
        values["latent_dims"] = tuple(values["latent_dims"])
        values["seeds"] = tuple(values["seeds"])
        layers = dict(values["autoencoder"])
        factory = layers.pop("factory", None)
        # It decides on the layers.
        values["autoencoder"] = {"factory": factory} if factory else layers
        imported = {key: own.get(key) for key in IMPORT} if "weights" in own else None
        return cls(name, **values, imported=imported)

    @property
    def factory(self) -> str | None:
        """What builds its autoencoders, as ``my_models.py:build``; None for dense layers."""
        return self.autoencoder.get("factory")

    @property
    def factory_file(self) -> str | None:
        """The Python file of the factory."""
        return self.factory.rpartition(":")[0] if self.factory else None

    @property
    def epochs(self) -> int | None:
        """For how many epochs its models are trained; None if that was elsewhere."""
        return self.training["epochs"] if self.imported is None else None

    def weights_file(self, latent_dim: int | str, seed: int | str) -> str:
        """Return the user's file that the weights of a model are imported from."""
        return self.imported["weights"].format(latent_dim=int(latent_dim), seed=int(seed))

    @property
    def momentum(self) -> float | None:
        """The momentum, None for optimizers that have none: it is no parameter of theirs."""
        return self.training["momentum"] if self.training["optimizer"] == "sgd" else None

    def same_models(self, other: "Variant") -> bool:
        """Return whether the models of two variants are built and trained alike."""
        return self._recipe() == other._recipe()

    def _recipe(self) -> tuple:
        training = {**self.training, "momentum": self.momentum} if self.imported is None else {}
        return self.training_set, dict(self.autoencoder), training, self.imported


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
