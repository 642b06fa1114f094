"""Theorem I.1: J_I and J_L have the same nonzero eigenvalues, if x and y are alike.

The paper asks for y = x. Enough is that x and y switch on the same units of the encoder: then both
are the same d x d matrix, and their spectra can differ by rounding only.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from jacspec.statistics.eigenvalue_difference import matched_difference
from jacspec.theorems.matrices import JacobianSample, spectrum_sample

COMPLEX64_ROUNDOFF = 2.0**-24


def pattern_statistics(columns: Mapping[str, np.ndarray]) -> Iterator[tuple[str, float]]:
    """Yield the share of n points whose x and y have one pattern, and how far their spectra differ.

    `columns` are `eigenvalues_input`, `eigenvalues_latent` (n, d) and `same_pattern` (n,) of a
    shard. A difference is the root mean square over the d eigenvalues, optimally matched; NaN where
    there are no such points.
    """
    same = columns["same_pattern"]
    difference = np.sqrt(
        matched_difference(columns["eigenvalues_input"], columns["eigenvalues_latent"])
    )
    yield "I.1_share_same_pattern", float(np.mean(same))
    for name, values in (("same", difference[same]), ("other", difference[~same])):
        yield f"I.1_difference_median_{name}_pattern", _or_nan(np.median, values)
        yield f"I.1_difference_max_{name}_pattern", _or_nan(np.max, values)


def rounding_statistics(
    columns: Mapping[str, np.ndarray], bound: np.ndarray
) -> Iterator[tuple[str, float]]:
    """Yield how the differences at n points of one pattern each compare with their bounds (n,).

    `columns` are as above, for these points alone; `bound` is that of `difference_bound`.
    """
    difference = np.sqrt(
        matched_difference(columns["eigenvalues_input"], columns["eigenvalues_latent"])
    )
    yield "I.1_points_checked", float(len(bound))
    yield "I.1_share_beyond_rounding", _or_nan(np.mean, difference > bound)
    yield "I.1_bound_median", _or_nan(np.median, bound)


def difference_bound(sample: JacobianSample) -> np.ndarray:
    """Bound (n,) the difference of two computed spectra of one matrix A, as a shard stores them.

    Each is the spectrum of A + E, with E from the rounding of the matrix and of the eigensolver. If
    A = V D V^-1, the optimal matching of the spectra of A and A + E is nowhere farther than
    (2 d - 1) cond(V) |E| (Stewart and Sun, Matrix Perturbation Theory, theorem IV.3.3), whatever
    the size of E. Each spectrum is then rounded to complex64. A root mean square is at most the
    maximum.
    """
    spectra = spectrum_sample(sample.input)
    dim = spectra.eigenvalues.shape[1]
    perturbation = spectra.condition * (sample.rounding + spectra.backward_error)
    largest = np.abs(spectra.eigenvalues[:, 0])
    return 2 * ((2 * dim - 1) * perturbation + COMPLEX64_ROUNDOFF * largest)


def _or_nan(reduce: np.ufunc, values: np.ndarray) -> float:
    return float(reduce(values)) if len(values) else np.nan
