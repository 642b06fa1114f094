"""Which models of a sweep have learned nothing, from its summary."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from jacspec.key import ModelKey
from jacspec.models.collapse import VARIANCE_EXPLAINED, has_collapsed

if TYPE_CHECKING:
    import pandas


class RowOfModel(Protocol):
    """A row of a table that belongs to one model."""

    key: ModelKey


Row = TypeVar("Row", bound=RowOfModel)


def collapsed_models(summary: "pandas.DataFrame") -> list[ModelKey]:
    """Return the keys of all models that are no better than the mean image, in order."""
    rows = summary[summary["statistic"] == VARIANCE_EXPLAINED]
    pairs = zip(keys_of(rows), rows["value"].tolist(), strict=True)
    return sorted(key for key, value in pairs if has_collapsed(value))


def without_models(summary: "pandas.DataFrame", models: Iterable[ModelKey]) -> "pandas.DataFrame":
    """Return the rows of all other models; all rows, if no model would be left."""
    taken = set(models)
    kept = [key not in taken for key in keys_of(summary)]
    return summary[kept] if any(kept) else summary


def rows_without_models(rows: Sequence[Row], models: Iterable[ModelKey]) -> Sequence[Row]:
    """Do the same with rows that are not in a data frame."""
    taken = set(models)
    return [row for row in rows if row.key not in taken] or rows


def keys_of(frame: "pandas.DataFrame") -> list[ModelKey]:
    """Return the model of each row."""
    columns = (frame[name].tolist() for name in ModelKey.COLUMNS)
    return [ModelKey(*values) for values in zip(*columns, strict=True)]


def left_out_note(models: Iterable[ModelKey]) -> str:
    """Return the sentence that says which models are left out and why; none if there are none."""
    names = names_of_models(models)
    return f"Left out, because they are no better than the mean image: {names}." if names else ""


def names_of_models(models: Iterable[ModelKey]) -> str:
    """Return the models of one variant in words: ``d = 2, 3 (seed 0), d = 2 (seed 1)``."""
    by_seed: dict[int, list[int]] = {}
    for key in sorted(models, key=lambda key: (key.seed, key.latent_dim)):
        by_seed.setdefault(key.seed, []).append(key.latent_dim)
    return ", ".join(
        f"d = {', '.join(map(str, latent_dims))} (seed {seed})"
        for seed, latent_dims in by_seed.items()
    )
