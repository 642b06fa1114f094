"""Which models of a sweep have learned nothing, from its summary."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from jacspec.models.collapse import VARIANCE_EXPLAINED, has_collapsed

if TYPE_CHECKING:
    import pandas


class RowOfModel(Protocol):
    """A row of a table that belongs to one model."""

    latent_dim: int
    seed: int


Row = TypeVar("Row", bound=RowOfModel)


def collapsed_models(summary: "pandas.DataFrame") -> list[tuple[int, int]]:
    """Return latent dimension and seed of every model that is no better than the mean image."""
    rows = summary[summary["statistic"] == VARIANCE_EXPLAINED]
    columns = (rows[name].tolist() for name in ("latent_dim", "seed", "value"))
    return sorted(
        (latent_dim, seed)
        for latent_dim, seed, value in zip(*columns, strict=True)
        if has_collapsed(value)
    )


def without_models(
    summary: "pandas.DataFrame", models: Iterable[tuple[int, int]]
) -> "pandas.DataFrame":
    """Return the rows of all other models; all rows, if no model would be left."""
    taken = set(models)
    keys = zip(summary["latent_dim"].tolist(), summary["seed"].tolist(), strict=True)
    kept = [key not in taken for key in keys]
    return summary[kept] if any(kept) else summary


def rows_without_models(rows: Sequence[Row], models: Iterable[tuple[int, int]]) -> Sequence[Row]:
    """Do the same with rows that are not in a data frame."""
    taken = set(models)
    return [row for row in rows if (row.latent_dim, row.seed) not in taken] or rows


def left_out_note(models: Iterable[tuple[int, int]]) -> str:
    """Return the sentence that says which models are left out and why; none if there are none."""
    names = names_of_models(models)
    return f"Left out, because they are no better than the mean image: {names}." if names else ""


def names_of_models(models: Iterable[tuple[int, int]]) -> str:
    """Return models in words: ``d = 2, 3 (seed 0), d = 2 (seed 1)``."""
    by_seed: dict[int, list[int]] = {}
    for latent_dim, seed in sorted(models, key=lambda model: model[::-1]):
        by_seed.setdefault(seed, []).append(latent_dim)
    return ", ".join(
        f"d = {', '.join(map(str, latent_dims))} (seed {seed})"
        for seed, latent_dims in by_seed.items()
    )
