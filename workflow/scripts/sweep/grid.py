"""The files of a sweep, and the run of points that each of them holds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from jacspec import layout
from jacspec.data.source import Source
from jacspec.key import ModelKey
from sweep.data_sets import evaluated_sets
from sweep.variants import Variant, variants_of


@dataclass(frozen=True)
class Grid:
    """The axes of a sweep: variants with their models, and data sets cut into shards."""

    variants: Mapping[str, Variant]
    sources: Mapping[str, Source]
    samples: int
    shard_size: int

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Grid":
        """Take the axes from a checked configuration."""
        return cls(
            variants=variants_of(config),
            sources=evaluated_sets(config),
            samples=config["samples"],
            shard_size=config["shard_size"],
        )

    @property
    def datasets(self) -> tuple[str, ...]:
        """The names of the data sets that are evaluated, in order."""
        return tuple(self.sources)

    def points(self, dataset: str) -> int:
        """Return the number of points of a data set; not all have as many as asked for."""
        count = self.sources[dataset].count
        return self.samples if count is None else min(self.samples, count)

    def shards(self, dataset: str) -> range:
        """Return the numbers of the shards of a data set."""
        return range(ceil(self.points(dataset) / self.shard_size))

    def first_point(self, shard: int | str) -> int:
        """Return the position, in its data set, of the first point of a shard."""
        return int(shard) * self.shard_size

    def shard_points(self, dataset: str, shard: int | str) -> int:
        """Return the number of points of a shard; only the last one may be short."""
        return min(self.shard_size, self.points(dataset) - self.first_point(shard))

    def models(self, variant: str | None = None) -> list[ModelKey]:
        """Return the keys of all models, or of those of one variant."""
        names = self.variants if variant is None else [variant]
        return [
            ModelKey(name, latent_dim, seed)
            for name in names
            for latent_dim in self.variants[name].latent_dims
            for seed in self.variants[name].seeds
        ]

    def of_models(self, pattern: str, variant: str | None = None) -> list[str]:
        """Return a file of every model, or of every one of a variant."""
        return [key.path(pattern) for key in self.models(variant)]

    def spectra_of_model(self, key: ModelKey) -> list[str]:
        """Return the spectra shards of one model, data sets and shards in order."""
        return [
            key.path(layout.SPECTRA_SHARD, dataset=dataset, shard=shard)
            for dataset in self.datasets
            for shard in self.shards(dataset)
        ]

    def points_of(self, datasets: Iterable[str]) -> list[str]:
        """Return the points' shards of data sets, data sets and shards in order."""
        return [
            layout.DATASET_SHARD.format(dataset=dataset, shard=shard)
            for dataset in datasets
            for shard in self.shards(dataset)
        ]

    def table_seeds(self, variant: str) -> dict[str, int]:
        """Return the seed that each table shows: Table I the first one, Table II the second."""
        seeds = self.variants[variant].seeds[:2]
        return {str(number): seed for number, seed in enumerate(seeds, start=1)}
