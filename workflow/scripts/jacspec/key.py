"""What a model of a sweep is known by: one key for paths, logs and the first columns of tables."""

import re
from dataclasses import dataclass
from typing import ClassVar

_NAME = re.compile(r"d(?P<latent_dim>\d+)_seed(?P<seed>\d+)")


@dataclass(frozen=True, order=True)
class ModelKey:
    """One autoencoder: its variant (how it was built and trained), latent dimension and seed.

    Keys sort by variant, then latent dimension, then seed.
    """

    variant: str
    latent_dim: int
    seed: int

    # The first columns of every table that has rows of models.
    COLUMNS: ClassVar[tuple[str, ...]] = ("variant", "latent_dim", "seed")
    # The name of a model within its variant, as a pattern of Snakemake.
    PATTERN: ClassVar[str] = "d{latent_dim}_seed{seed}"

    @classmethod
    def of(cls, values: object) -> "ModelKey":
        """Take a key from anything with these attributes, of any type: wildcards, a named tuple."""
        return cls(str(values.variant), int(values.latent_dim), int(values.seed))

    @classmethod
    def parse(cls, variant: str, name: str) -> "ModelKey":
        """Return the key whose `name` is ``d8_seed0``; raises ValueError for another text."""
        found = _NAME.fullmatch(name)
        if found is None:
            raise ValueError(f"{name!r} is not the name of a model such as d8_seed0")
        return cls(variant, int(found["latent_dim"]), int(found["seed"]))

    @property
    def name(self) -> str:
        """The name within the variant: ``d8_seed0``."""
        return self.PATTERN.format(latent_dim=self.latent_dim, seed=self.seed)

    def __str__(self) -> str:
        """Return the key in words, for messages: ``paper, d = 8, seed 0``."""
        return f"{self.variant}, d = {self.latent_dim}, seed {self.seed}"

    def fields(self) -> dict[str, str | int]:
        """Return the values by the names of `COLUMNS`."""
        return {"variant": self.variant, "latent_dim": self.latent_dim, "seed": self.seed}

    def path(self, pattern: str, **others: object) -> str:
        """Fill a pattern of `jacspec.layout` with the key and `others`."""
        return pattern.format(**self.fields(), **others)
