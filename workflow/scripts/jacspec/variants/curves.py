"""Specification curves: a claim's main statistic in every variant, sorted, network by network."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from jacspec.claims.rows import MAIN, VERDICT, ClaimRow
from jacspec.claims.verdicts import Verdict

# The claims whose statistic is drawn, in this order.
CURVES = ("C7", "C8", "C9")


@dataclass(frozen=True)
class Specification:
    """The main statistic of a claim in one variant.

    `value`, with its interval over networks and points, is the mean of `networks`; `verdict` is
    that of the variant on the claim.
    """

    variant: str
    verdict: str
    value: float
    low: float
    high: float
    networks: tuple[float, ...]


def specification_curve(rows: Sequence[ClaimRow], claim: str) -> list[Specification]:
    """Return the variants in which the statistic is known, from the smallest value on.

    Those to which the claim does not apply have none.
    """
    found = []
    own = [row for row in rows if row.claim == claim]
    for variant in dict.fromkeys(row.variant for row in own):
        of_variant = [row for row in own if row.variant == variant]
        (verdict,) = (
            row.verdict for row in of_variant if row.statistic == VERDICT and row.seed is None
        )
        mains = [row for row in of_variant if row.statistic == MAIN]
        networks = tuple(row.value for row in mains if row.seed is not None)
        if verdict == Verdict.DOES_NOT_APPLY:
            continue
        found += [
            Specification(variant, verdict, row.value, row.low, row.high, networks)
            for row in mains
            if row.seed is None and math.isfinite(row.value)
        ]
    return sorted(found, key=lambda one: (one.value, one.variant))
