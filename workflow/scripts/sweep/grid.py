"""The files of a sweep, and the run of points that each of them holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from jacspec import layout
from sweep.configuration import IMAGE_SETS, IMAGES


@dataclass(frozen=True)
class Grid:
    """The axes of a sweep: latent dimensions, seeds, and data sets cut into shards."""

    latent_dims: tuple[int, ...]
    seeds: tuple[int, ...]
    datasets: tuple[str, ...]
    samples: int
    shard_size: int

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Grid":
        """Take the axes from a checked configuration."""
        return cls(
            latent_dims=tuple(config["latent_dims"]),
            seeds=tuple(config["seeds"]),
            datasets=tuple(config["datasets"]),
            samples=config["samples"],
            shard_size=config["shard_size"],
        )

    def points(self, dataset: str) -> int:
        """Return the number of points of a data set; images are limited in number."""
        return min(self.samples, IMAGES) if dataset in IMAGE_SETS else self.samples

    def shards(self, dataset: str) -> range:
        """Return the numbers of the shards of a data set."""
        return range(ceil(self.points(dataset) / self.shard_size))

    def first_point(self, shard: int | str) -> int:
        """Return the position, in its data set, of the first point of a shard."""
        return int(shard) * self.shard_size

    def shard_points(self, dataset: str, shard: int | str) -> int:
        """Return the number of points of a shard; only the last one may be short."""
        return min(self.shard_size, self.points(dataset) - self.first_point(shard))

    def spectra_of_model(self, latent_dim: int | str, seed: int | str) -> list[str]:
        """Return the spectra shards of one model, data sets and shards in order."""
        return [
            layout.SPECTRA_SHARD.format(
                latent_dim=latent_dim, seed=seed, dataset=dataset, shard=shard
            )
            for dataset in self.datasets
            for shard in self.shards(dataset)
        ]

    def models(self) -> list[tuple[int, int]]:
        """Return latent dimension and seed of every model."""
        return [(latent_dim, seed) for latent_dim in self.latent_dims for seed in self.seeds]

    def statistics(self) -> list[str]:
        """Return the statistics files of all models."""
        return [
            layout.MODEL_STATISTICS.format(latent_dim=latent_dim, seed=seed)
            for latent_dim, seed in self.models()
        ]

    def table_seeds(self) -> dict[str, int]:
        """Return the seed that each table shows: Table I the first one, Table II the second."""
        return {str(number): seed for number, seed in enumerate(self.seeds[:2], start=1)}
