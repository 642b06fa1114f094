"""How long jobs take on one core, as measured (benchmarks/results.md), and what to ask for.

A cluster counts in whole minutes, and Snakemake adds up those of the steps that share a job. Most
steps take seconds. So a training asks for the start of its job too, the spectra for the minutes
that are full at their end and were not at their beginning, and the reduction for the rest.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, prod

from jacspec.data.source import Source
from sweep.grid import Grid
from sweep.variants import Variant

# For cores that are slower than the one that was measured.
MARGIN = 1.5
# SLURM and Snakemake, twice, and a file system that has not seen the libraries yet. Seconds.
START = 60.0
# Snakemake once more, for each further step. Seconds.
STEP = 3.0
MEASURED_WIDTHS = (128, 64, 32)
MEASURED_PIXELS = 784
# The pass of the singular values, in passes of the spectra.
SINGULAR_VALUES = 1.3
# Nobody knows what a factory builds; every attempt is given more time than the one before.
FACTORY_SIZE = 20.0


@dataclass(frozen=True)
class ModelJob:
    """The minutes that the steps of a job ask for in which all of one model is computed."""

    grid: Grid
    variant: Variant
    latent_dim: int

    def training(self) -> int:
        """Return the minutes of the training, and of what comes before any step."""
        return _whole_minutes(START + self._training_seconds())

    def spectra(self, dataset: str, shard: int) -> int:
        """Return the minutes of the spectra of one shard, which may be 0 in a job of several."""
        begin, end = self._spectra_end(dataset, shard - 1), self._spectra_end(dataset, shard)
        return floor(end / 60) - floor(begin / 60)

    def spectra_alone(self, dataset: str, shard: int) -> int:
        """Return the minutes of the spectra of one shard in a job of their own."""
        points = self.grid.shard_points(dataset, shard)
        return _whole_minutes(START + self._spectra_seconds(points, steps=1))

    def singular_values(self, dataset: str, shard: int) -> int:
        """Return the minutes of the singular values of one shard, behind all spectra."""
        begin, end = (self._singular_values_end(dataset, number) for number in (shard - 1, shard))
        return floor(end / 60) - floor(begin / 60)

    def singular_values_alone(self, dataset: str, shard: int) -> int:
        """Return the minutes of the singular values of one shard in a job of their own."""
        seconds = self._spectra_seconds(self.grid.shard_points(dataset, shard), steps=1)
        return _whole_minutes(START + SINGULAR_VALUES * seconds)

    def reduction(self) -> int:
        """Return the minutes of the reduction, and of what is before it of another minute."""
        last = self.grid.datasets[-1]
        before = (
            self._singular_values_end(last)
            if self.grid.singular_values
            else self._spectra_end(last)
        )
        return ceil((before + self._reduction_seconds()) / 60) - floor(before / 60)

    def reduction_alone(self) -> int:
        """Return the minutes of the reduction in a job without a training."""
        return self.reduction() + _whole_minutes(START)

    def _training_seconds(self) -> float:
        training = self.variant.training
        steps = training["epochs"] * ceil(self._training_set.count / training["batch_size"])
        step = (2.6e-4 + 2.1e-5 * training["batch_size"]) * self._relative_size()
        return MARGIN * (steps * step + 3)  # 3 for the import of torch

    def _spectra_end(self, dataset: str, shard: int | None = None) -> float:
        """Return when the spectra of a shard, or of all of a data set, end: in their order."""
        grid = self.grid
        earlier = grid.datasets[: grid.datasets.index(dataset)]
        shards = len(grid.shards(dataset)) if shard is None else shard + 1
        points = min(shards * grid.shard_size, grid.points(dataset))
        return self._spectra_seconds(
            sum(map(grid.points, earlier)) + points,
            steps=sum(len(grid.shards(name)) for name in earlier) + shards,
        )

    def _singular_values_end(self, dataset: str, shard: int | None = None) -> float:
        """Return when the singular values of a shard, or of all of a data set, end."""
        before = self._spectra_end(self.grid.datasets[-1])
        return before + SINGULAR_VALUES * self._spectra_end(dataset, shard)

    def _spectra_seconds(self, points: int, steps: int) -> float:
        point = (1e-4 + 1.5e-5 * self.latent_dim) * self._relative_size()
        return MARGIN * points * point + STEP * steps

    def _reduction_seconds(self) -> float:
        points = sum(map(self.grid.points, self.grid.datasets))
        return MARGIN * (2 + 2.0e-4 * points) + STEP

    def _relative_size(self) -> float:
        """Return how many times as large an encoder is as that which was measured, 1 at least."""
        if self.variant.factory:
            return FACTORY_SIZE
        widths = self.variant.autoencoder["hidden_widths"]
        pixels = prod(self._training_set.shape)
        return max(1.0, _weights(pixels, *widths) / _weights(MEASURED_PIXELS, *MEASURED_WIDTHS))

    @property
    def _training_set(self) -> Source:
        return self.grid.sources[self.variant.training_set]


def _whole_minutes(seconds: float) -> int:
    return ceil(seconds / 60)


def _weights(*widths: int) -> int:
    return sum(prod(pair) for pair in pairwise(widths))
