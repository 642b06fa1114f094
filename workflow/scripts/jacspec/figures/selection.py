"""The numbers that a figure shows, taken from the summary."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from jacspec.errors import JacspecError

if TYPE_CHECKING:
    import pandas

BOX_PERCENTS = (5, 25, 50, 75, 95)
KEY = ["dataset", "jacobian", "statistic", "seed"]


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
