"""Theorem I.2: |lambda(A) - lambda(B)|^2 <= |A - B|_F^2, for A and B the J_L of two points.

That is Hoffman and Wielandt's theorem (1953), which needs normal matrices and the best matching; it
is false for others: A = [[0, 1], [0, 0]] and B = [[0, 1], [0.01, 0]] give 0.02 against 0.0001.
What holds for all matrices is |tr A - tr B| <= sqrt(d) |A - B|_F, by Cauchy and Schwarz.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from jacspec.statistics.eigenvalue_difference import matched_difference, ordered_difference
from jacspec.theorems.matrices import UNIT_ROUNDOFF, SpectrumSample


@dataclass(frozen=True)
class Inequality:
    """A statement ``left <= right`` at n pairs; `rounding` bounds the error of ``left - right``."""

    left: np.ndarray
    right: np.ndarray
    rounding: np.ndarray

    @property
    def fails(self) -> np.ndarray:
        """Where the statement is false (n,) bool, beyond what rounding could do."""
        return self.left - self.right > self.rounding

    @property
    def ratio(self) -> np.ndarray:
        """The left side in units of the right one (n,); NaN where both are 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.left / self.right


def pair_statistics(
    pairing: str, first: SpectrumSample, second: SpectrumSample
) -> Iterator[tuple[str, float]]:
    """Yield how often the paper's inequality and the trace bound fail at n pairs, and by how much.

    The paper orders both spectra by modulus; `matched` is with the matching that makes the left
    side smallest. `pairing` becomes part of the names.
    """
    yield f"I.2_{pairing}_pairs", float(len(first.matrices))
    for name, inequality in (
        ("ordered", spectrum_inequality(first, second, matched=False)),
        ("matched", spectrum_inequality(first, second, matched=True)),
        ("trace", trace_inequality(first.matrices, second.matrices)),
    ):
        ratio = inequality.ratio[~np.isnan(inequality.ratio)]
        yield f"I.2_{pairing}_share_fails_{name}", float(np.mean(inequality.fails))
        yield f"I.2_{pairing}_ratio_median_{name}", float(np.median(ratio)) if len(ratio) else 0.0
        yield f"I.2_{pairing}_ratio_max_{name}", float(np.max(ratio, initial=0.0))


def spectrum_inequality(
    first: SpectrumSample, second: SpectrumSample, *, matched: bool
) -> Inequality:
    """Return the paper's inequality, both sides squared, at n pairs of matrices.

    A computed eigenvalue is off by cond(V) times the backward error (Bauer and Fike 1960). If no
    entry of the difference of two spectra is off by more than e, its squared norm s is off by at
    most 2 sqrt(d s) e + d e^2.
    """
    dim = first.eigenvalues.shape[1]
    difference = matched_difference if matched else ordered_difference
    left = dim * difference(first.eigenvalues, second.eigenvalues)
    right = np.square(first.matrices - second.matrices).sum(axis=(1, 2))
    error = first.condition * first.backward_error + second.condition * second.backward_error
    rounding = 2 * np.sqrt(dim * left) * error + dim * error**2
    return Inequality(left, right, rounding + _relative_rounding(dim) * (left + right))


def trace_inequality(first: np.ndarray, second: np.ndarray) -> Inequality:
    """Return the bound of the difference of traces at n pairs of matrices, both (n, d, d).

    The entries of A - B are rounded once, the same for both sides, and sums of d terms and of d^2
    squares as often as they have terms.
    """
    dim = first.shape[1]
    difference = first - second
    diagonal = np.trace(np.abs(difference), axis1=1, axis2=2)
    right = np.sqrt(dim) * np.linalg.norm(difference, axis=(1, 2))
    rounding = _relative_rounding(dim) * (diagonal + right)
    return Inequality(np.abs(np.trace(difference, axis1=1, axis2=2)), right, rounding)


def _relative_rounding(dim: int) -> float:
    """Bound the relative error of a sum of d^2 squares: d^2 + 4 roundings, to first order."""
    return (dim**2 + 4) * UNIT_ROUNDOFF
