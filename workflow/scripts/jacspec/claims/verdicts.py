"""Verdicts, and how those of parts make that of a whole.

A number is compared with a threshold by its interval: where the interval straddles the threshold,
or there is none, the verdict is `undetermined`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from jacspec.claims.bootstrap import Draws, interval


class Verdict(StrEnum):
    """Whether something that the paper says is found here as well."""

    REPRODUCED = "reproduced"
    NOT_REPRODUCED = "not reproduced"
    UNDETERMINED = "undetermined"
    NOT_JUDGED = "not judged"
    DOES_NOT_APPLY = "does not apply"


@dataclass(frozen=True)
class Criterion:
    """A number with its interval and, if it is compared with a threshold, the verdict on it.

    `latent_dim` is None for a number that is over latent dimensions, `verdict` for one that is
    reported only. `holds` (1 + R,) is whether each draw is on the right side: 1, 0, or NaN.
    """

    statistic: str
    value: float
    low: float
    high: float
    verdict: Verdict | None = None
    latent_dim: int | None = None
    holds: Draws | None = field(default=None, repr=False, compare=False)


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
    holds = np.ones_like(draws)
    if above is not None:
        verdicts.append(decided(low > above, high <= above))
        holds = holds * (draws > above)
    if below is not None:
        verdicts.append(decided(high < below, low >= below))
        holds = holds * (draws < below)
    if not verdicts:
        return Criterion(statistic, float(draws[0]), low, high, latent_dim=latent_dim)
    holds = np.where(np.isnan(draws), np.nan, holds)
    return Criterion(statistic, float(draws[0]), low, high, all_of(verdicts), latent_dim, holds)


def verdicts_of(criteria: Iterable[Criterion]) -> list[Verdict]:
    """Return the verdicts of those of `criteria` that are held against a threshold."""
    return [part.verdict for part in criteria if part.verdict is not None]


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict on all statements holding together; undetermined if there are none."""
    found = set(verdicts)
    if Verdict.NOT_REPRODUCED in found:
        return Verdict.NOT_REPRODUCED
    return Verdict.REPRODUCED if found == {Verdict.REPRODUCED} else Verdict.UNDETERMINED


def decided(holds: bool, fails: bool) -> Verdict:
    """Return the verdict on what surely `holds`, surely `fails`, or neither."""
    if holds:
        return Verdict.REPRODUCED
    return Verdict.NOT_REPRODUCED if fails else Verdict.UNDETERMINED
