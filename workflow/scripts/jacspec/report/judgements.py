"""The verdicts on the paper's claims, as the files of the claims stage tell them."""

import csv
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jacspec.errors import DamagedFileError

NOT_JUDGED = "not judged yet"
COLUMNS = ["variant", "claim", "latent_dim", "seed", "statistic", "value", "low", "high", "verdict"]


@dataclass(frozen=True)
class ClaimRow:
    """One number of a claim, or, with the statistic `verdict`, the verdict on the claim.

    `latent_dim` and `seed` are None where the row is over all of them; numbers that there are not
    are NaN.
    """

    claim: str
    latent_dim: int | None
    seed: int | None
    statistic: str
    value: float
    low: float
    high: float
    verdict: str


@dataclass(frozen=True)
class ReadableClaim:
    """A claim in words: what the paper says, the verdict, the evidence, and the criterion."""

    claim: str
    words: str
    verdict: str
    evidence: str
    criterion: str


def read_claims(path: Path | str) -> list[ClaimRow]:
    """Read the table of all numbers; raises DamagedFileError if it has other columns."""
    with Path(path).open(encoding="utf-8", newline="") as file:
        header, *rows = [*csv.reader(file)] or [[]]
    if header != COLUMNS:
        raise DamagedFileError(f"{path} has columns {header}, not {COLUMNS}: delete it")
    return [
        ClaimRow(claim, _whole(latent_dim), _whole(seed), name, *map(_real, numbers), verdict)
        for _, claim, latent_dim, seed, name, *numbers, verdict in rows
    ]


def read_readable_claims(path: Path | str) -> list[ReadableClaim]:
    """Read the rows of the Markdown table, whose cells have a backslash before a bar."""
    claims = []
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)]
        if len(cells) == 7 and re.fullmatch(r"C\d+", cells[1]):
            claim, words, verdict, evidence, criterion = cells[1:6]
            claims.append(ReadableClaim(claim, words, verdict.strip("*"), evidence, criterion))
    return claims


def verdict_of(rows: Sequence[ClaimRow], claim: str, seed: int | None = None) -> str:
    """Return the verdict on a claim, for one seed or for all together, `NOT_JUDGED` if none."""
    for row in rows:
        if (row.claim, row.statistic, row.seed) == (claim, "verdict", seed):
            return row.verdict
    return NOT_JUDGED


def _whole(text: str) -> int | None:
    return int(text) if text else None


def _real(text: str) -> float:
    return float(text) if text else math.nan
