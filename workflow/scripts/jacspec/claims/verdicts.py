"""Verdicts, and how those of parts make that of a whole.

A number is compared with a threshold by its interval: where the interval straddles the threshold,
or there is none, the verdict is `undetermined`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from jacspec.claims.bootstrap import Draws, interval


class Verdict(StrEnum):
    """Whether something that the paper says is found here as well."""

    REPRODUCED = "reproduced"
    NOT_REPRODUCED = "not reproduced"
    UNDETERMINED = "undetermined"

    def negated(self) -> "Verdict":
        """Return the verdict on the opposite statement."""
        opposite = {
            Verdict.REPRODUCED: Verdict.NOT_REPRODUCED,
            Verdict.NOT_REPRODUCED: Verdict.REPRODUCED,
        }
        return opposite.get(self, self)


@dataclass(frozen=True)
class Criterion:
    """A number with its interval and, if it is compared with a threshold, the verdict on it.

    `latent_dim` is None for a number that is over latent dimensions, `verdict` for one that is
    reported only.
    """

    statistic: str
    value: float
    low: float
    high: float
    verdict: Verdict | None = None
    latent_dim: int | None = None


@dataclass(frozen=True)
class Finding:
    """The verdict on a claim for one seed, the numbers behind it, and what they are in words."""

    verdict: Verdict
    criteria: tuple[Criterion, ...]
    evidence: str


def criterion(
    statistic: str,
    draws: Draws,
    *,
    above: float | None = None,
    below: float | None = None,
    latent_dim: int | None = None,
) -> Criterion:
    """Return a number, `draws` (1 + R,), held against none, one or both of two thresholds."""
    low, high = interval(draws)
    verdicts = []
    if above is not None:
        verdicts.append(_decided(low > above, high <= above))
    if below is not None:
        verdicts.append(_decided(high < below, low >= below))
    verdict = all_of(verdicts) if verdicts else None
    return Criterion(statistic, float(draws[0]), low, high, verdict, latent_dim)


def verdicts_of(criteria: Iterable[Criterion]) -> list[Verdict]:
    """Return the verdicts of those of `criteria` that are held against a threshold."""
    return [part.verdict for part in criteria if part.verdict is not None]


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict on all statements holding together; undetermined if there are none."""
    found = set(verdicts)
    if Verdict.NOT_REPRODUCED in found:
        return Verdict.NOT_REPRODUCED
    return Verdict.REPRODUCED if found == {Verdict.REPRODUCED} else Verdict.UNDETERMINED


def share_of(
    statistic: str, verdicts: Sequence[Verdict], required: float, *, enough: bool
) -> Criterion:
    """Return the share of statements that hold, held against the share that is `required`.

    The value, which is also the low end, counts only what certainly holds; the high end counts
    what may hold. Where `enough` is False, or there are no statements, it is undetermined.
    """
    count = len(verdicts)
    if count == 0:
        return Criterion(statistic, np.nan, np.nan, np.nan, Verdict.UNDETERMINED)
    low = verdicts.count(Verdict.REPRODUCED) / count
    high = 1.0 - verdicts.count(Verdict.NOT_REPRODUCED) / count
    verdict = _decided(low >= required, high < required)
    return Criterion(statistic, low, low, high, verdict if enough else Verdict.UNDETERMINED)


def _decided(holds: bool, fails: bool) -> Verdict:
    if holds:
        return Verdict.REPRODUCED
    return Verdict.NOT_REPRODUCED if fails else Verdict.UNDETERMINED
