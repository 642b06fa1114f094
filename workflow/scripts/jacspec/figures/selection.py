"""The numbers that a figure shows, taken from the summary."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from jacspec.errors import JacspecError
from jacspec.figures.panels import Axis

if TYPE_CHECKING:
    import pandas

BOX_PERCENTS = (5, 25, 50, 75, 95)
KEY = ["dataset", "jacobian", "statistic", "seed"]
# The ends of an interval by latent dimension and seed.
Ends = Mapping[tuple[int, int], tuple[float, float]]


@dataclass(frozen=True)
class Selection:
    """The summary, ready to look up how a statistic depends on the latent dimension.

    `values` maps data set, Jacobian, statistic and seed to a value for every latent dimension.
    """

    seeds: tuple[int, ...]
    latent_dims: tuple[int, ...]
    values: Mapping[tuple[str, str, str, int], Mapping[int, float]]

    @classmethod
    def of(cls, summary: "pandas.DataFrame") -> "Selection":
        """Take the numbers from a summary, whatever the order of its rows."""
        values: dict[tuple, dict[int, float]] = {}
        columns = (summary[name].tolist() for name in [*KEY, "latent_dim", "value"])
        for *key, latent_dim, value in zip(*columns, strict=True):
            values.setdefault(tuple(key), {})[latent_dim] = value
        return cls(
            seeds=tuple(sorted({key[-1] for key in values})),
            latent_dims=tuple(sorted({dim for by_dim in values.values() for dim in by_dim})),
            values=values,
        )

    @property
    def axis(self) -> Axis:
        """The axis of the latent dimensions."""
        return Axis.of_latent_dims(self.latent_dims)

    def series(
        self, dataset: str, jacobian: str, statistic: str, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return latent dimensions (k,), increasing, and the values (k,) of a statistic there.

        Raises JacspecError if the summary has no such statistic.
        """
        try:
            by_latent_dim = self.values[dataset, jacobian, statistic, seed]
        except KeyError:
            raise JacspecError(
                f"the summary has no {statistic} ({jacobian}) of data set {dataset}, seed {seed}: "
                "make it again from the statistics of this version"
            ) from None
        latent_dims = sorted(by_latent_dim)
        return np.array(latent_dims), np.array([by_latent_dim[dim] for dim in latent_dims])

    def box_quantiles(
        self, dataset: str, jacobian: str, quantity: str, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return latent dimensions (k,) and the 5, 25, 50, 75 and 95 % quantiles there, (k, 5)."""
        columns = [
            self.series(dataset, jacobian, f"{quantity}_q{percent:02d}", seed)
            for percent in BOX_PERCENTS
        ]
        return columns[0][0], np.stack([values for _, values in columns], axis=1)

    def over_seeds(
        self, dataset: str, jacobian: str, statistic: str, ends: Ends | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return latent dimensions (k,), mean over seeds (k,), and the ends (k,) of their band.

        The band goes from the least to the greatest value, or end of an interval of `ends`. Values
        that are NaN are left out; where there is no other, so is the mean. Raises JacspecError if
        the summary has no such statistic of any seed.
        """
        seeds = [seed for seed in self.seeds if (dataset, jacobian, statistic, seed) in self.values]
        found: dict[int, list[tuple[float, float, float]]] = {}
        for seed in seeds or self.seeds:
            for dim, value in zip(*self.series(dataset, jacobian, statistic, seed), strict=True):
                low, high = (ends or {}).get((int(dim), seed), (value, value))
                triples = found.setdefault(int(dim), [])
                if not np.isnan(value):
                    triples.append((value, low, high))
        latent_dims = sorted(found)
        columns = [
            np.array(found[dim] or [(np.nan, np.nan, np.nan)]).reshape(-1, 3).T
            for dim in latent_dims
        ]
        mean, low, high = (
            np.array([reduce(own[place]) for own in columns])
            for place, reduce in enumerate((np.mean, np.min, np.max))
        )
        return np.array(latent_dims), mean, low, high

    def has(self, dataset: str, jacobian: str, statistic: str) -> bool:
        """Return whether there is such a statistic, of any seed."""
        return any((dataset, jacobian, statistic, seed) in self.values for seed in self.seeds)
