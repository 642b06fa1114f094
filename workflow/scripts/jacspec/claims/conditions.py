"""What a claim says of one network, or of one seed's curve, and whether it holds of each draw.

Whether something holds is a number: 1 yes, 0 no, NaN unknown, for the data and for each resample,
so that conditions are combined before intervals are taken, not after.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from jacspec.claims.bootstrap import CONFIDENCE, REPLICATES, Draws
from jacspec.claims.verdicts import Criterion, Verdict


@dataclass(frozen=True)
class Condition:
    """At least a share of several parts holds, of one network or, without `latent_dim`, of a curve.

    `parts` is (parts, 1 + R) and `holds` (1 + R,), both of 1, 0 and NaN.
    """

    statement: str
    latent_dim: int | None
    parts: np.ndarray = field(repr=False)
    holds: Draws = field(repr=False)

    @property
    def verdict(self) -> Verdict:
        """The verdict on this network or curve, as sure as `CONFIDENCE` over the resamples."""
        tail = (1.0 - CONFIDENCE) / 2.0
        for number, verdict in ((1.0, Verdict.REPRODUCED), (0.0, Verdict.NOT_REPRODUCED)):
            if self.holds[0] == number and np.mean(self.holds[1:] == number) >= 1.0 - tail:
                return verdict
        return Verdict.UNDETERMINED

    def negated(self) -> "Condition":
        """Return the opposite condition, whose parts are the opposites."""
        return Condition(self.statement, self.latent_dim, 1.0 - self.parts, 1.0 - self.holds)


def condition(
    statement: str,
    parts: Sequence[Draws],
    *,
    latent_dim: int | None = None,
    required: float = 1.0,
    enough: bool = True,
) -> Condition:
    """Return the condition that a share `required` of `parts`, each (1 + R,), holds.

    It is unknown where `enough` is False: there are too few parts to speak of a share.
    """
    stacked = np.reshape(parts, (len(parts), 1 + REPLICATES)).astype(np.float64)
    holds = at_least(stacked, required) if enough else np.full(1 + REPLICATES, np.nan)
    return Condition(statement, latent_dim, stacked, holds)


def conditions_of_networks(
    statement: str, cells: Iterable[Criterion], *, required: float = 1.0, enough: bool = True
) -> list[Condition]:
    """Return one condition for each latent dimension of `cells`, made of its cells."""
    by_dim: dict[int, list[Draws]] = {}
    for cell in cells:
        by_dim.setdefault(cell.latent_dim, []).append(cell.holds)
    return [
        condition(statement, parts, latent_dim=latent_dim, required=required, enough=enough)
        for latent_dim, parts in by_dim.items()
    ]


def at_least(parts: np.ndarray, required: float) -> Draws:
    """Return whether a share `required` of `parts` (parts, 1 + R) holds, (1 + R,).

    Unknown parts make it unknown only where they could change it; without parts it is unknown.
    """
    if not len(parts):
        return np.full(parts.shape[-1], np.nan)
    certain = np.mean(parts == 1.0, axis=0) >= required
    possible = np.mean(parts != 0.0, axis=0) >= required
    return np.where(certain == possible, certain.astype(np.float64), np.nan)


def strength(conditions: Iterable[Condition]) -> float:
    """Return the share of all parts that hold on the data; NaN if nothing is known of any."""
    values = [value for one in conditions for value in one.parts[:, 0] if not np.isnan(value)]
    return float(np.mean(values)) if values else np.nan
