"""A check for each kind of result; all of a file is read, so that every checksum is verified."""

import csv
import math
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jacspec.data.mnist import COLLECTIONS
from jacspec.data.storage import PointsFile
from jacspec.doctor.findings import StaleFileError
from jacspec.errors import DamagedFileError
from jacspec.key import ModelKey
from jacspec.models.network import load_network
from jacspec.provenance import sha256_of_file
from jacspec.spectra.quantities import TYPES
from jacspec.spectra.shards import SpectraFile
from jacspec.statistics.summary import HEADER
from jacspec.tables import read_table

_BLOCK_POINTS = 10_000
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def check_image_file(path: Path, *, collection: str) -> None:
    """Check a raw IDX file of `collection` by its SHA-256."""
    if sha256_of_file(path) != COLLECTIONS[collection].sha256[path.name]:
        raise DamagedFileError(f"its SHA-256 is not that of {COLLECTIONS[collection].title}")


def check_points(path: Path, *, expected: Mapping[str, Any]) -> None:
    """Check a shard of a data set; `expected` are attributes of the file."""
    with PointsFile(path) as points:
        for start in range(0, points.count, _BLOCK_POINTS):
            points.read_block(start, min(start + _BLOCK_POINTS, points.count))
        _compare(points.attributes, expected)


def check_weights(path: Path, *, latent_dim: int, hidden_widths: Sequence[int]) -> None:
    """Check a file of weights, and that it has the configured widths."""
    network = load_network(path)
    *found_widths, found_dim = map(len, network.encoder.biases)
    _compare(
        {"latent_dim": found_dim, "hidden_widths": found_widths},
        {"latent_dim": latent_dim, "hidden_widths": [*hidden_widths]},
    )


def check_history(path: Path, *, epochs: int) -> None:
    """Check the table of a training, and that it has the configured number of epochs."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [*csv.DictReader(file)]
        losses = [float(row[name]) for row in rows for name in ("train_loss", "test_loss")]
        counted = [int(row["epoch"]) for row in rows]
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedFileError("it is not a table of epochs") from error
    if counted != [*range(1, len(rows) + 1)] or not all(map(math.isfinite, losses)):
        raise DamagedFileError("its epochs are not whole")
    _compare({"epochs": len(rows)}, {"epochs": epochs})


def check_spectra(path: Path, *, count: int, expected: Mapping[str, Any], weights: Path) -> None:
    """Check a shard of spectra: its `count` points, its attributes, and whose weights they are."""
    with SpectraFile(path) as spectra:
        for _ in spectra.blocks(["index", *TYPES], size=_BLOCK_POINTS):
            pass
        _compare({**spectra.attributes, "points": spectra.count}, {**expected, "points": count})
        if weights.exists() and spectra.attributes["weights_sha256"] != sha256_of_file(weights):
            raise StaleFileError(f"it is of other weights than those in {weights}")


def check_statistics(path: Path, *, key: ModelKey, points: Mapping[str, int]) -> None:
    """Check the statistics of a model; `points` is the number of points of each data set."""
    rows = _rows(path)
    _compare(
        {
            "models": {tuple(row[name] for name in ModelKey.COLUMNS) for row in rows},
            "points": {
                row["dataset"]: int(float(row["value"]))
                for row in rows
                if row["statistic"] == "points"
            },
        },
        {"models": {tuple(map(str, key.fields().values()))}, "points": dict(points)},
    )


def check_summary(path: Path, *, tables: Sequence[Path]) -> None:
    """Check that the summary has what the tables of all models have, and nothing else."""
    present = [table for table in tables if table.exists()]
    found = sorted(tuple(row.values()) for row in _rows(path))
    if found != sorted(tuple(row.values()) for table in present for row in _rows(table)):
        raise StaleFileError("it does not have the numbers of the models' statistics")


def check_picture(path: Path) -> None:
    """Check a PNG file by its checksums, a PDF file by its beginning and end."""
    content = path.read_bytes()
    if path.suffix == ".pdf":
        whole = content.startswith(b"%PDF-") and content.rstrip().endswith(b"%%EOF")
    else:
        whole = _is_whole_png(content)
    if not whole:
        raise DamagedFileError(f"it is not a whole {path.suffix[1:].upper()} file")


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        rows = read_table(path, HEADER)
        for row in rows:
            float(row["value"])
    except ValueError as error:
        raise DamagedFileError(f"it is not a table of numbers ({error})") from error
    return rows


def _compare(found: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    for name, value in expected.items():
        if found.get(name) != value:
            raise StaleFileError(f"{name} is {found.get(name)}, now {value}")


def _is_whole_png(content: bytes) -> bool:
    """Return whether the CRC-32 of every chunk is right, and the last one is the end."""
    position, kind = len(_PNG_SIGNATURE), b""
    while content.startswith(_PNG_SIGNATURE) and position + 12 <= len(content):
        size = int.from_bytes(content[position : position + 4])
        kind = content[position + 4 : position + 8]
        end = position + 8 + size
        if zlib.crc32(content[position + 4 : end]) != int.from_bytes(content[end : end + 4]):
            return False
        position = end + 4
    return kind == b"IEND" and position == len(content)
