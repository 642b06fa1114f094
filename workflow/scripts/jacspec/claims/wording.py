"""Numbers in the sentences of evidence."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from jacspec.claims.bootstrap import Draws
from jacspec.claims.verdicts import Criterion, Verdict


def shown(value: float) -> str:
    """Return a number with the digits that a reader needs."""
    if np.isnan(value):
        return "unknown"
    if value != 0 and (abs(value) < 1e-3 or abs(value) >= 1e4):
        return f"{value:.1e}"
    # With two decimals, what is below half of the last one would read as zero.
    decimals = 3 if 0 < abs(value) < 1e-2 else 2 if abs(value) < 10 else 0
    return f"{value:.{decimals}f}"


def percent(value: float) -> str:
    """Return a share as a percentage."""
    if np.isnan(value):
        return "unknown"
    return f"{100 * value:.2g} %" if abs(value) < 0.1 else f"{100 * value:.0f} %"


def decimals(value: float) -> str:
    """Return a threshold as it is written in a sentence: ``.5``, ``2``."""
    return f"{value:g}".removeprefix("0") or "0"


def of_pi(angle: float) -> str:
    """Return an angle as a multiple of π: ``.75 π``."""
    return f"{decimals(angle / np.pi)} π"


def ends(latent_dims: Sequence[int], curve: Draws) -> str:
    """Return the values of `curve` (dims, 1 + R) at the smallest and largest dimension."""
    first, last = f"d = {latent_dims[0]}", f"d = {latent_dims[-1]}"
    if first == last:
        return f"{shown(curve[0, 0])} ({first})"
    return f"{shown(curve[0, 0])} ({first}) to {shown(curve[-1, 0])} ({last})"


def extent(values: Iterable[float], style: Callable[[float], str] = shown) -> str:
    """Return the smallest and the largest of `values` that are numbers."""
    numbers = [value for value in values if not np.isnan(value)]
    if not numbers:
        return "unknown"
    low, high = style(min(numbers)), style(max(numbers))
    return low if low == high else f"{low} to {high}"


def values_of(criteria: Iterable[Criterion], style: Callable[[float], str] = shown) -> str:
    """Return the smallest and the largest value of `criteria`."""
    return extent((part.value for part in criteria), style)


def counted(verdicts: Sequence[Verdict], cases: str = "cases") -> str:
    """Return in how many cases a statement holds, and in how many that is open."""
    undecided = verdicts.count(Verdict.UNDETERMINED)
    text = f"{verdicts.count(Verdict.REPRODUCED)} of {len(verdicts)} {cases}"
    return f"{text} ({undecided} undecided)" if undecided else text
