"""The statistics of models as tidy tables: one row for each number."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING

from jacspec.errors import DamagedFileError
from jacspec.key import ModelKey
from jacspec.statistics.dataset_statistics import StatisticRow
from jacspec.tables import read_table, write_table

if TYPE_CHECKING:
    import pandas

HEADER = (*ModelKey.COLUMNS, "dataset", "jacobian", "statistic", "value")


def write_model_statistics(path: Path | str, rows: Iterable[StatisticRow], key: ModelKey) -> None:
    """Write the statistics of one model, in the given order, to full precision."""
    of_model = key.fields().values()
    write_table(path, HEADER, ((*of_model, *astuple(row)) for row in rows))


def write_summary(
    path: Path | str, model_tables: Iterable[Path | str], *, datasets: Sequence[str]
) -> None:
    """Join the tables of a variant's models into one, sorted by latent_dim, seed and data set.

    Data sets come in the order of `datasets`, the statistics of each in the order of its table.
    Raises DamagedFileError if a table is not one of statistics or has a data set that is not in
    `datasets`.
    """
    order = {dataset: position for position, dataset in enumerate(datasets)}
    rows: list[dict[str, str]] = []
    for table in model_tables:
        table_rows = read_table(table, HEADER)
        unknown = {row["dataset"] for row in table_rows}.difference(order)
        if unknown:
            raise DamagedFileError(
                f"{table}: data sets {sorted(unknown)} are none of {list(datasets)}; "
                "delete it to have it made again"
            )
        rows += table_rows
    rows.sort(key=lambda row: (int(row["latent_dim"]), int(row["seed"]), order[row["dataset"]]))
    write_table(path, HEADER, (row.values() for row in rows))


def read_summary(path: Path | str) -> "pandas.DataFrame":
    """Read a summary, or the statistics of one model, with the numbers exactly as written.

    Raises DamagedFileError if it has other columns.
    """
    # Only programs that ask for a data frame pay for pandas.
    import pandas as pd

    names = {name: str for name in HEADER if name not in ("latent_dim", "seed", "value")}
    # A data set may be called "NA". Python reads every digit, pandas only from version 3.1 on.
    table = pd.read_csv(path, dtype=names, keep_default_na=False, converters={"value": float})
    if (*table.columns,) != HEADER:
        raise DamagedFileError(
            f"{path}: not a table of {', '.join(HEADER)}; delete it to have it made again"
        )
    return table
