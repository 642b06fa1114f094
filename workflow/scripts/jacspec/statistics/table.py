"""The tidy table of statistics on disk: its columns, and how it is written and read."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from jacspec.atomic import replacing
from jacspec.errors import DamagedFileError

HEADER = ["latent_dim", "seed", "dataset", "jacobian", "statistic", "value"]


def write_table(path: Path | str, rows: Iterable[Sequence[str]]) -> None:
    """Write the header and `rows`, text in the order of `HEADER`, whole or not at all."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(rows)


def read_table(path: Path | str) -> list[list[str]]:
    """Return the rows as text; DamagedFileError if they are not what `write_table` writes."""
    with Path(path).open(encoding="utf-8", newline="") as file:
        header, *rows = [*csv.reader(file)] or [[]]
    if header != HEADER or any(len(row) != len(HEADER) for row in rows):
        raise DamagedFileError(
            f"{path}: not a table of {', '.join(HEADER)}; delete it to have it made again"
        )
    return rows
