"""What a shard holds of one point against the recomputed point: deviations, each with its bound."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg

from jacspec.verification.bounds import UNIT_ROUNDOFF, gamma
from jacspec.verification.recomputation import Bounded, RecomputedMatrix, RecomputedPoint

JACOBIANS = ("input", "latent")

# Shards store eigenvalues as complex64: each part has 24 bits, fewer below the normal numbers.
STORED_UNIT = UNIT_ROUNDOFF["float32"]
STORED_SPACING = 2.0**-149

# LAPACK accepts an eigensolver with residuals up to 20 n ulp |A| (its TESTING/ded.in and DDRVEV);
# ulp is twice the unit roundoff.
EIGENSOLVER_ROUNDINGS = 40


@dataclass(frozen=True)
class Deviation:
    """How far one stored quantity of a point lies from the recomputed one, and how far it may.

    `jacobian` is ``input``, ``latent``, or ``both`` for what belongs to the point itself.
    """

    jacobian: str
    quantity: str
    deviation: float
    bound: float

    @property
    def within(self) -> bool:
        """Whether the bound is kept; it is not where the deviation is no number."""
        return self.deviation <= self.bound

    @property
    def ratio(self) -> float:
        """Deviation in units of the bound: above 1, and maybe infinite, where it is not kept."""
        if not self.bound > 0:
            return 0.0 if self.within else np.inf
        return np.inf if np.isnan(self.deviation) else self.deviation / self.bound


@dataclass(frozen=True)
class StoredMatrix:
    """What a shard holds of one Jacobian of one point; `eigenvalues` is (d,) complex128."""

    eigenvalues: np.ndarray
    logabsdet: float
    sign: int
    trace: float
    rank_bound: int


def deviations(
    stored: Mapping[str, Any], point: RecomputedPoint, precision: str
) -> Iterator[Deviation]:
    """Yield the deviations of one point: `stored` is its row of a shard made in `precision`."""
    for quantity, deviation, bound in _point_deviations(stored, point):
        yield Deviation("both", quantity, float(deviation), float(bound))
    for jacobian in JACOBIANS:
        of_matrix = StoredMatrix(
            stored[f"eigenvalues_{jacobian}"].astype(np.complex128),
            float(stored[f"logabsdet_{jacobian}"]),
            int(stored[f"sign_{jacobian}"]),
            float(stored[f"trace_{jacobian}"]),
            int(stored[f"rank_bound_{jacobian}"]),
        )
        matrix = getattr(point, jacobian)
        for quantity, deviation, bound in (
            *_eigenvalue_deviations(of_matrix, matrix, precision),
            *_determinant_deviations(of_matrix, matrix, precision),
        ):
            yield Deviation(jacobian, quantity, float(deviation), float(bound))


Triple = tuple[str, float, float]


def _point_deviations(stored: Mapping[str, Any], point: RecomputedPoint) -> Iterator[Triple]:
    allowed = point.z_error + STORED_UNIT * np.abs(point.z) + STORED_SPACING
    yield "latent", *_worst(np.abs(stored["latent"] - point.z), allowed)
    expected = point.reconstruction_error
    found = float(stored["reconstruction_error"])
    yield "reconstruction_error", abs(found - expected.value), expected.error
    yield "same_pattern", abs(int(stored["same_pattern"]) - point.same_pattern), 0


def _eigenvalue_deviations(
    stored: StoredMatrix, matrix: RecomputedMatrix, precision: str
) -> Iterator[Triple]:
    """Compare a spectrum as a set, because single eigenvalues may be arbitrarily ill-conditioned.

    What an eigensolver returns is exactly the spectrum of a matrix close to the given one. So each
    stored lambda makes M - lambda I singular to within the bound; and as the sums over all of them
    and over their squares are right too, none of them stands for another.
    """
    eigenvalues, dim = stored.eigenvalues, len(matrix.value)
    modulus = np.abs(eigenvalues)
    solver = _eigensolver_error(matrix.value, precision)
    shifted = matrix.value - eigenvalues[:, None, None] * np.eye(dim)
    yield (
        "eigenvalues",
        *_worst(
            np.linalg.svd(shifted, compute_uv=False)[:, -1],
            matrix.error + solver + STORED_UNIT * modulus + STORED_SPACING,
        ),
    )
    norm = np.linalg.norm(matrix.value)
    dropped = _dropped_sums(matrix, matrix.error + solver)
    yield _sum_deviation(
        "eigenvalue_sum",
        eigenvalues.sum(),
        matrix.trace,
        np.sqrt(dim) * solver + dropped[0] + STORED_UNIT * modulus.sum() + dim * STORED_SPACING,
    )
    yield _sum_deviation(
        "eigenvalue_square_sum",
        np.square(eigenvalues).sum(),
        matrix.square_trace,
        (2 * norm + solver) * solver
        + dropped[1]
        + (2 + STORED_UNIT) * STORED_UNIT * np.square(modulus).sum()
        + dim * STORED_SPACING,
    )


def _determinant_deviations(
    stored: StoredMatrix, matrix: RecomputedMatrix, precision: str
) -> Iterator[Triple]:
    yield "trace", abs(stored.trace - matrix.trace.value), matrix.trace.error
    yield "rank_bound", abs(stored.rank_bound - matrix.rank_bound), 0
    if matrix.rank_bound < len(matrix.value):
        yield "logabsdet", 0.0 if stored.logabsdet == -np.inf else np.inf, 0
        yield "sign", abs(stored.sign), 0
        return
    own_sign, own_logabsdet = np.linalg.slogdet(matrix.value)
    smallest = np.linalg.svd(matrix.value, compute_uv=False)[-1]

    def logarithm_bound(perturbation: float) -> float:
        """Bound |log|det(I + M^-1 E)|| for every E of this Frobenius norm."""
        share = perturbation / smallest if smallest > 0 else np.inf
        return -len(matrix.value) * np.log1p(-share) if share < 1 else np.inf

    bound = logarithm_bound(matrix.error + _elimination_error(matrix.value, precision))
    yield "logabsdet", _distance(stored.logabsdet, own_logabsdet), bound
    # An undetermined sign never contradicts; a determined one must be right where it is certain.
    yield "sign", float(stored.sign == -own_sign), 0 if bound < np.inf else 1
    with np.errstate(divide="ignore"):
        log_product = np.log(np.abs(stored.eigenvalues)).sum()
    solver = _eigensolver_error(matrix.value, precision)
    stored_roundings = gamma(len(matrix.value), 2 * STORED_UNIT)
    bound = logarithm_bound(matrix.error + solver) + stored_roundings
    yield "eigenvalue_product", _distance(log_product, own_logabsdet), bound


def _eigensolver_error(matrix: np.ndarray, precision: str) -> float:
    """Bound the distance of a matrix from one whose spectrum either eigensolver returns exactly.

    LAPACK's xGEEV scales by a diagonal D first, and it is D^-1 A D that it solves backward stably:
    undoing the scaling magnifies that error by at most cond(D). The compiled solver does not scale;
    its error is relative to |A|, which is at most cond(D) |D^-1 A D|.
    """
    balanced, (scale, _) = scipy.linalg.matrix_balance(matrix, permute=False, separate=True)
    unit = UNIT_ROUNDOFF[precision] + UNIT_ROUNDOFF["float64"]
    relative = EIGENSOLVER_ROUNDINGS * len(matrix) * unit
    return float(relative * np.linalg.norm(balanced) * scale.max() / scale.min())


def _dropped_sums(matrix: RecomputedMatrix, perturbation: float) -> tuple[float, float]:
    """Bound the sums of those eigenvalues, and of their squares, that a shard holds as exact zeros.

    A perturbation E turns m zero eigenvalues into the spectrum of T + P E P to first order, with P
    the spectral projector and T their nilpotent block: each may be of the order of a root of |E|,
    but their sums are not (Kato, Perturbation Theory for Linear Operators, section II.2).
    """
    dim, rank = len(matrix.value), matrix.rank_bound
    if rank == dim:
        return 0.0, 0.0
    modulus = np.sort(np.abs(np.linalg.eigvals(matrix.value)))[::-1]
    triangular, _, kept = scipy.linalg.schur(
        matrix.value, output="complex", sort=lambda value: abs(value) > modulus[rank]
    )
    if kept != rank:
        return np.inf, np.inf
    block = triangular[rank:, rank:]
    coupling = scipy.linalg.solve_sylvester(
        triangular[:rank, :rank], -block, triangular[:rank, rank:]
    )
    projected = (dim - rank) * np.hypot(1, np.linalg.norm(coupling)) * perturbation
    return projected, (2 * np.linalg.norm(block) + projected) * projected


def _elimination_error(matrix: np.ndarray, precision: str) -> float:
    """Bound the backward error of Gaussian elimination: gamma_d |L||U| (Higham, theorem 9.3)."""
    lower, upper = scipy.linalg.lu(matrix, permute_l=True)
    unit = UNIT_ROUNDOFF[precision] + UNIT_ROUNDOFF["float64"]
    return float(gamma(len(matrix), unit) * np.linalg.norm(np.abs(lower) @ np.abs(upper)))


def _sum_deviation(quantity: str, found: complex, expected: Bounded, allowance: float) -> Triple:
    return quantity, abs(found - expected.value), expected.error + allowance


def _distance(found: float, expected: float) -> float:
    """Return the distance of two logarithms, which is 0 where both are the same infinity."""
    return 0.0 if found == expected else abs(found - expected)


def _worst(deviation: np.ndarray, bound: np.ndarray) -> tuple[float, float]:
    worst = worst_index(deviation, bound)
    return deviation[worst], bound[worst]


def worst_index(deviation: np.ndarray, bound: np.ndarray) -> int:
    """Return where `deviation` (n,) is largest in units of `bound` (n,), or beyond it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(deviation <= bound, deviation / np.maximum(bound, 2.0**-1000), np.inf)
    return int(np.argmax(ratio))
