"""The statistics of all models in one tidy table."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from jacspec.errors import DamagedFileError
from jacspec.statistics.table import read_table, write_table

if TYPE_CHECKING:
    import pandas


def write_summary(
    path: Path | str, model_tables: Iterable[Path | str], *, datasets: Sequence[str]
) -> None:
    """Join the tables of all models into one, sorted by latent_dim, seed and data set.

    Data sets come in the order of `datasets`, the statistics of each in the order of its table.
    Raises DamagedFileError if a table is not one of statistics or has a data set that is not in
    `datasets`.
    """
    rows: list[list[str]] = []
    for table in model_tables:
        table_rows = read_table(table)
        unknown = {row[2] for row in table_rows}.difference(datasets)
        if unknown:
            raise DamagedFileError(
                f"{table}: data sets {sorted(unknown)} are none of {list(datasets)}; "
                "delete it to have it made again"
            )
        rows += table_rows
    rows.sort(key=lambda row: (int(row[0]), int(row[1]), datasets.index(row[2])))
    write_table(path, rows)


def read_summary(path: Path | str) -> "pandas.DataFrame":
    """Read a summary, or the statistics of one model, with the numbers exactly as written."""
    # Only programs that ask for a data frame pay for pandas.
    import pandas as pd

    return pd.read_csv(path)
