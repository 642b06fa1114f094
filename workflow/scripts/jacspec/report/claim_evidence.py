"""The evidence for each claim by one variant, as tables: its statements, networks and numbers."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jacspec.claims.registry import CLAIMS, Claim
from jacspec.claims.rows import MAIN, SHARE_OF, VERDICT, ClaimRow

_CONDITION = "condition/"


@dataclass(frozen=True)
class StatementEvidence:
    """One statement of a claim, of what share of networks it holds, and of which.

    `networks` are pairs of a latent dimension (None where the statement is about a whole curve) and
    seed with the verdict on each. Shares are NaN where there is no network.
    """

    statement: str
    share: float
    low: float
    high: float
    verdict: str
    networks: Sequence[tuple[int | None, int | None, str]]


@dataclass(frozen=True)
class NumberEvidence:
    """A statistic over all networks that it was measured of: least, middle and greatest value."""

    statistic: str
    networks: int
    least: float
    median: float
    greatest: float


@dataclass(frozen=True)
class ClaimEvidence:
    """A claim with the verdict of one variant and what it rests on; `name` is ``C9``.

    `main` is the row of its main statistic over all networks, None if it has none.
    """

    name: str
    claim: Claim
    verdict: str
    strength: float
    main: ClaimRow | None
    statements: Sequence[StatementEvidence]
    numbers: Sequence[NumberEvidence]


def claim_evidence(rows: Sequence[ClaimRow]) -> list[ClaimEvidence]:
    """Return the evidence of all claims from the rows of a variant's table."""
    by_claim: dict[str, list[ClaimRow]] = {}
    for row in rows:
        by_claim.setdefault(row.claim, []).append(row)
    return [
        _evidence(f"C{number}", claim, by_claim[f"C{number}"])
        for number, claim in CLAIMS.items()
        if f"C{number}" in by_claim
    ]


def _evidence(name: str, claim: Claim, rows: Sequence[ClaimRow]) -> ClaimEvidence:
    (verdict,) = (row for row in rows if row.statistic == VERDICT and row.seed is None)
    shares = [row for row in rows if row.statistic.startswith(SHARE_OF) and row.seed is None]
    return ClaimEvidence(
        name=name,
        claim=claim,
        verdict=verdict.verdict,
        strength=verdict.strength,
        main=next((row for row in rows if row.statistic == MAIN and row.seed is None), None),
        statements=[_statement(row, rows) for row in shares],
        numbers=list(_numbers(rows)),
    )


def _statement(share: ClaimRow, rows: Iterable[ClaimRow]) -> StatementEvidence:
    statement = share.statistic.split("/", 1)[1]
    networks = [
        (row.latent_dim, row.seed, _holds(row.value))
        for row in rows
        if row.statistic == f"{_CONDITION}{statement}"
    ]
    words = statement.replace("_", " ")
    return StatementEvidence(words, share.value, share.low, share.high, share.verdict, networks)


def _holds(value: float) -> str:
    if math.isnan(value):
        return "undetermined"
    return "reproduced" if value == 1 else "not reproduced"


def _numbers(rows: Iterable[ClaimRow]) -> Iterable[NumberEvidence]:
    values: dict[str, list[float]] = {}
    for row in rows:
        own = row.seed is not None and row.statistic != VERDICT
        if own and not row.statistic.startswith((_CONDITION, SHARE_OF, MAIN)):
            values.setdefault(row.statistic, [])
            if not math.isnan(row.value):
                values[row.statistic].append(row.value)
    for statistic, found in values.items():
        ordered = sorted(found)
        if ordered:
            middle = ordered[len(ordered) // 2]
            yield NumberEvidence(statistic, len(ordered), ordered[0], middle, ordered[-1])
