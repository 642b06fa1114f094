"""Tables on disk: CSV files with a header, whole or not there at all."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from jacspec.atomic import replacing
from jacspec.errors import DamagedFileError


def write_table(path: Path | str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write `rows` in the order of `header`; numbers to full precision, None as nothing."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(map(_text, row) for row in rows)


def read_table(path: Path | str, header: Sequence[str]) -> list[dict[str, str]]:
    """Return the rows as text by column; raises DamagedFileError if the columns are others."""
    with Path(path).open(encoding="utf-8", newline="") as file:
        found, *rows = [*csv.reader(file)] or [[]]
    if found != list(header) or any(len(row) != len(header) for row in rows):
        raise DamagedFileError(
            f"{path}: not a table of {', '.join(header)}; delete it to have it made again"
        )
    return [dict(zip(header, row, strict=True)) for row in rows]


def join_tables(path: Path | str, tables: Iterable[Path | str]) -> None:
    """Write the rows of `tables`, which have the same header, one table after another.

    Raises DamagedFileError if the headers differ, or a table has none.
    """
    header: str | None = None
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as joined:
        for table in tables:
            with Path(table).open(encoding="utf-8", newline="") as file:
                own = file.readline()
                if header is None and own:
                    header = own
                    joined.write(header)
                if own != header:
                    raise DamagedFileError(
                        f"{table}: its columns are {own.strip() or 'none'}, not "
                        f"{(header or 'any').strip()}; delete it to have it made again"
                    )
                for line in file:
                    joined.write(line)


def _text(value: object) -> object:
    return repr(float(value)) if isinstance(value, float) else value
