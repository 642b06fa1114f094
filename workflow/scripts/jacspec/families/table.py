"""Tables of families: one row for each member, Jacobian and statistic of a model."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jacspec.errors import DamagedFileError
from jacspec.families.statistics import MemberRow
from jacspec.key import ModelKey
from jacspec.tables import read_table, write_table

_RESULT = ("jacobian", "statistic", "value", "low", "high")


def header(parameters: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of the table of a family with these parameters."""
    return (*ModelKey.COLUMNS, "family", *parameters, *_RESULT)


def write_family_table(
    path: Path | str,
    rows: Iterable[MemberRow],
    *,
    key: ModelKey,
    family: str,
    parameters: Sequence[str],
) -> None:
    """Write what one model makes of a family, whole or not at all."""
    begin = (*key.fields().values(), family)
    write_table(
        path,
        header(parameters),
        ((*begin, *row.position, *(getattr(row, name) for name in _RESULT)) for row in rows),
    )


@dataclass(frozen=True)
class FamilyTable:
    """A table of a family that has been read.

    `positions` (m, k) are the values of the k parameters of m members; `intervals` maps model,
    Jacobian and statistic to (m, 3) value, low and high.
    """

    positions: np.ndarray
    intervals: Mapping[tuple[ModelKey, str, str], np.ndarray]

    @property
    def models(self) -> list[ModelKey]:
        """The models, in order."""
        return sorted({key for key, _, _ in self.intervals})

    def without(self, models: Iterable[ModelKey]) -> "FamilyTable":
        """Return the table of the other models; the whole one, if none would be left."""
        kept = set(self.models).difference(models)
        values = {name: rows for name, rows in self.intervals.items() if name[0] in kept}
        return FamilyTable(self.positions, values) if values else self


def read_family_table(path: Path | str, parameters: Sequence[str]) -> FamilyTable:
    """Read the table of all models; raises DamagedFileError if it is none, or has gaps."""
    values: dict[tuple[ModelKey, str, str], dict[tuple[float, ...], list[float]]] = {}
    for row in read_table(path, header(parameters)):
        key = ModelKey(row["variant"], int(row["latent_dim"]), int(row["seed"]))
        position = tuple(float(row[name]) for name in parameters)
        numbers = [float(row[name]) for name in ("value", "low", "high")]
        values.setdefault((key, row["jacobian"], row["statistic"]), {})[position] = numbers
    positions = list(next(iter(values.values()), {}))
    if not positions or any(list(members) != positions for members in values.values()):
        raise DamagedFileError(
            f"{path}: models and statistics are not of the same members; delete it, and the folder "
            "of the same name, to have them made again"
        )
    return FamilyTable(
        np.array(positions),
        {name: np.array([*members.values()]) for name, members in values.items()},
    )


def largest_half_width(values: np.ndarray) -> float:
    """Return half the width of the widest of the intervals (m, 3), NaN if there are none."""
    widths = (values[:, 2] - values[:, 1]) / 2
    widths = widths[np.isfinite(widths)]
    return float(widths.max()) if widths.size else math.nan
