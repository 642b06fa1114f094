"""The files of a sweep, and the run of points that each of them holds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil, inf
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
    # Whether detection looks at singular values.
    singular_values: bool = False

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Grid":
        """Take the axes from a checked configuration."""
        return cls(
            variants=variants_of(config),
            sources=evaluated_sets(config),
            samples=config["samples"],
            shard_size=config["shard_size"],
            singular_values=config["detection"]["singular_values"],
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
        return self._shards_of_model(layout.SPECTRA_SHARD, key)

    def singular_values_of_model(self, key: ModelKey) -> list[str]:
        """Return the shards of singular values of one model, if any are asked for."""
        # Without another data set, there is nothing to detect.
        needed = self.singular_values and len(self.datasets) > 1
        return self._shards_of_model(layout.SINGULAR_VALUES_SHARD, key) if needed else []

    def _shards_of_model(self, pattern: str, key: ModelKey) -> list[str]:
        return [
            key.path(pattern, dataset=dataset, shard=shard)
            for dataset in self.datasets
            for shard in self.shards(dataset)
        ]

    def points_of(self, datasets: Iterable[str], first: float = inf) -> list[str]:
        """Return the points' shards of data sets, those with the `first` points, in order."""
        return [
            layout.DATASET_SHARD.format(dataset=dataset, shard=shard)
            for dataset in datasets
            for shard in self.shards(dataset)
            if self.first_point(shard) < first
        ]

    def table_seeds(self, variant: str) -> dict[str, int]:
        """Return the seed that each table shows: Table I the first one, Table II the second."""
        seeds = self.variants[variant].seeds[:2]
        return {str(number): seed for number, seed in enumerate(seeds, start=1)}
