"""Blocks of docs/results.md that show a statistic of J_I by group of sets: dark, middle, bright."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd
from published import (
    STUDY,
    SWEEP,
    differing_only_in,
    grouped,
    groups,
    percent,
    study_record,
    told_shares_reversed,
)

from jacspec.claims.orientation_claims import LARGEST_UNDETERMINED_SHARE
from jacspec.claims.training_set_claims import SIGNIFICANT_SHARE_OF_ZEROS
from jacspec.markdown import markdown_table

NONE = "–"
# Behind a number that is not of every network, or is made lower by dead units.
DOUBTFUL = "*"


@dataclass(frozen=True)
class Shown:
    """A statistic of J_I: where it is from, how it looks, and what makes it doubtful.

    That is another statistic, in any network and set, beyond `limit`.
    """

    of: Callable[[Path], pd.DataFrame]
    look: Callable[[float], str]
    doubt: str
    limit: float


REVERSED = Shown(
    told_shares_reversed,
    lambda share: f"{100 * share:.0f}",
    "share_undetermined",
    LARGEST_UNDETERMINED_SHARE,
)
MEAN = Shown(
    partial(grouped, "mean_abs"), "{:.2f}".format, "share_zero", SIGNIFICANT_SHARE_OF_ZEROS
)


def orientation() -> str:
    """Return the shares of points at which J_I reverses orientation, by variant and d."""
    return _by_variant(REVERSED)


def means() -> str:
    """Return the mean |λ| of J_I, by variant and d."""
    return _by_variant(MEAN)


def training_time() -> str:
    """Return the shares reversed against the length of training, at each d."""
    epochs = differing_only_in("epochs")
    ordered = sorted(epochs, key=epochs.__getitem__)
    return _by_latent_dim(REVERSED, {name: str(epochs[name]) for name in ordered}, "epochs")


def sweep_orientation() -> str:
    """Return the shares of points at which J_I reverses orientation in the paper's sweep, by d."""
    return _by_group(REVERSED)


def sweep_means() -> str:
    """Return the mean |λ| of J_I in the paper's sweep, by d."""
    return _by_group(MEAN)


def _by_variant(shown: Shown) -> str:
    names = {name: f"`{name}`" for name in study_record()["variants"]}
    return _by_latent_dim(shown, names, "variant")


def _by_latent_dim(shown: Shown, names: Mapping[str, str], named: str) -> str:
    """Return a row for each variant in `names`, a column for each d, and in a cell all groups.

    A number is a mean over sets and seeds; `named` is what the names are.
    """
    values, doubts = _values_and_doubts(shown, STUDY)
    dims = sorted(doubts.index.unique("latent_dim"))
    body = [
        [name, *(_cell(shown, values, doubts, (variant, dim)) for dim in dims)]
        for variant, name in names.items()
    ]
    return markdown_table([named, *(f"d = {dim}" for dim in dims)], body)


def _by_group(shown: Shown) -> str:
    """Return a row for each d of the sweep: the statistic by group, and the greatest doubt."""
    values, doubts = _values_and_doubts(shown, SWEEP)
    variant = doubts.index[0][0]
    body = [
        [str(dim)]
        + [_shown(shown.look, values.get((variant, dim, group))) for group in groups()]
        + [_shown(percent, doubts.get((variant, dim, group))) for group in groups()]
        for dim in doubts.index.unique("latent_dim")
    ]
    doubt = shown.doubt.removeprefix("share_")
    return markdown_table(["d", *groups(), *(f"{doubt}: {group}" for group in groups())], body)


def _values_and_doubts(shown: Shown, folder: Path) -> tuple[pd.Series, pd.Series]:
    """Return means and greatest doubts, by variant, latent dimension and group."""
    keys = ["variant", "latent_dim", "group"]
    return (
        shown.of(folder=folder).groupby(keys)["value"].mean(),
        grouped(shown.doubt, folder).groupby(keys)["value"].max(),
    )


def _cell(shown: Shown, values: pd.Series, doubts: pd.Series, network: tuple[str, int]) -> str:
    if network not in doubts.index:
        return ""
    numbers = [_shown(shown.look, values.get((*network, group))) for group in groups()]
    doubtful = [doubts.get((*network, group), 0) > shown.limit for group in groups()]
    return " · ".join(
        number + DOUBTFUL if is_doubtful and number != NONE else number
        for number, is_doubtful in zip(numbers, doubtful, strict=True)
    )


def _shown(look: Callable[[float], str], value: float | None) -> str:
    return NONE if value is None or pd.isna(value) else look(value)
