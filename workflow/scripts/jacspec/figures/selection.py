"""The numbers that a figure shows, taken from the summary."""

from typing import TYPE_CHECKING

import numpy as np

from jacspec.errors import JacspecError

if TYPE_CHECKING:
    import pandas

BOX_PERCENTS = (5, 25, 50, 75, 95)


def seeds_of(summary: "pandas.DataFrame") -> list[int]:
    """Return the seeds in the summary, in order."""
    return sorted({int(seed) for seed in summary["seed"]})


def latent_dims_of(summary: "pandas.DataFrame") -> list[int]:
    """Return the latent dimensions in the summary, in order."""
    return sorted({int(latent_dim) for latent_dim in summary["latent_dim"]})


def series(
    summary: "pandas.DataFrame", *, dataset: str, jacobian: str, statistic: str, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return latent dimensions (k,), increasing, and the values (k,) of a statistic there.

    Raises JacspecError if the summary has no such statistic.
    """
    rows = summary[
        (summary["dataset"] == dataset)
        & (summary["jacobian"] == jacobian)
        & (summary["statistic"] == statistic)
        & (summary["seed"] == seed)
    ].sort_values("latent_dim")
    if rows.empty:
        raise JacspecError(
            f"the summary has no {statistic} ({jacobian}) of data set {dataset}, seed {seed}: "
            "make it again from the statistics of this version"
        )
    return rows["latent_dim"].to_numpy(), rows["value"].to_numpy(dtype=np.float64)


def box_quantiles(
    summary: "pandas.DataFrame", *, dataset: str, jacobian: str, quantity: str, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return latent dimensions (k,) and the 5, 25, 50, 75 and 95 % quantiles there, (k, 5)."""
    columns = [
        series(
            summary,
            dataset=dataset,
            jacobian=jacobian,
            statistic=f"{quantity}_q{percent:02d}",
            seed=seed,
        )
        for percent in BOX_PERCENTS
    ]
    return columns[0][0], np.stack([values for _, values in columns], axis=1)
