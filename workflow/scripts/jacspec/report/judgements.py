"""The verdicts on the paper's claims, as the files of the claims stage tell them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jacspec.claims.rows import ClaimRow

NOT_JUDGED = "not judged yet"


@dataclass(frozen=True)
class ReadableClaim:
    """A claim in words: what the paper says, the verdict, the evidence, and the criterion."""

    claim: str
    words: str
    verdict: str
    evidence: str
    criterion: str


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
