"""The rows of a table of claims, of one variant or of all, for those who read them."""

import math
from dataclasses import dataclass
from pathlib import Path

from jacspec.tables import read_table

HEADER = (
    *("variant", "claim", "latent_dim", "seed", "statistic"),
    *("value", "low", "high", "verdict", "strength"),
)
# The statistics that every claim has; see `jacspec.claims.table.write_claims_table`.
VERDICT = "verdict"
MAIN = "main"
MAIN_POINT_VARIANCE = "main_point_variance"
SHARE_OF = "share_of_"


@dataclass(frozen=True)
class ClaimRow:
    """One number of a claim, or, with the statistic `verdict`, the verdict on the claim.

    `latent_dim` and `seed` are None where the row is over all of them; numbers that there are not
    are NaN, and a verdict that there is not is empty.
    """

    variant: str
    claim: str
    latent_dim: int | None
    seed: int | None
    statistic: str
    value: float
    low: float
    high: float
    verdict: str
    strength: float


def read_claims(path: Path | str) -> list[ClaimRow]:
    """Read a table of claims; raises DamagedFileError if it has other columns."""
    return [
        ClaimRow(
            row["variant"],
            row["claim"],
            *(int(row[name]) if row[name] else None for name in ("latent_dim", "seed")),
            row["statistic"],
            *(number_or_nan(row[name]) for name in ("value", "low", "high")),
            row["verdict"],
            number_or_nan(row["strength"]),
        )
        for row in read_table(path, HEADER)
    ]


def number_or_nan(text: str) -> float:
    """Return the number of a cell, NaN of an empty one."""
    return float(text) if text else math.nan
