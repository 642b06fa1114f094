"""What a shard holds against what was recomputed, and against itself: deviations with bounds.

An eigensolver, and the factors for a determinant, are exact for a matrix near the given one:
LAPACK accepts its eigensolver with residuals up to 20 n ulp |A| (its TESTING/ded.in), ulp being
twice the unit roundoff u, and QR factors are those of a matrix within d (4 d + 10) u |A| (Higham,
theorem 19.4). So every stored quantity belongs to a matrix within `RecomputedMatrix.error` plus
d (4 d + 40) u |A| of the recomputed one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg

from jacspec.verification.network import LinearStack
from jacspec.verification.recomputation import (
    UNIT_ROUNDOFF,
    Bounded,
    RecomputedMatrix,
    RecomputedPoint,
    gamma,
)

JACOBIANS = ("input", "latent")
# Shards store eigenvalues as complex64: each part has 24 bits, fewer below the normal numbers.
STORED_UNIT = UNIT_ROUNDOFF["float32"]
STORED_SPACING = 2.0**-149
# What follows the matrices is float64, here and in the shard.
UNIT = 2 * UNIT_ROUNDOFF["float64"]
# No slope of an activation is above that of GELU.
STEEPEST = 1.13


@dataclass(frozen=True)
class Deviation:
    """How far one stored quantity lies from what it should be, and how far it may.

    `jacobian` is ``input``, ``latent``, or ``both`` for what belongs to the point itself.
    """

    jacobian: str
    quantity: str
    deviation: float
    bound: float

    @property
    def within(self) -> bool:
        """Whether the bound is kept; it is not where the deviation is no number."""
        return bool(self.deviation <= self.bound)

    @property
    def ratio(self) -> float:
        """Deviation in units of the bound: above 1, and maybe infinite, where it is not kept."""
        if not self.bound > 0:
            return 0.0 if self.within else np.inf
        return np.inf if np.isnan(self.deviation) else self.deviation / self.bound


def deviations(stored: Mapping[str, Any], point: RecomputedPoint) -> Iterator[Deviation]:
    """Yield the deviations of one point; `stored` is its row of a shard."""
    z_bound = point.z_error + STORED_UNIT * np.abs(point.z) + STORED_SPACING
    yield from _worst("both", "latent", np.abs(stored["latent"] - point.z), z_bound)
    yield _from("both", "reconstruction_error", stored, point.reconstruction_error)
    pattern = Bounded(point.same_pattern, 0.0)
    yield _from("both", "same_pattern", stored, pattern)
    for jacobian in JACOBIANS:
        columns = ("eigenvalues", "logabsdet", "sign", "trace", "rank_bound")
        of_matrix = {name: stored[f"{name}_{jacobian}"] for name in columns}
        matrix = getattr(point, jacobian)
        yield _from(jacobian, "trace", of_matrix, matrix.trace)
        yield _from(jacobian, "rank_bound", of_matrix, Bounded(matrix.rank_bound, 0.0))
        yield from _eigenvalue_deviations(jacobian, of_matrix, matrix)
        yield from _determinant_deviations(jacobian, of_matrix, matrix)


def identity_deviations(
    jacobian: str,
    stored: Mapping[str, np.ndarray],
    largest_norm: float,
    *,
    more_zeros: bool = False,
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield what every point must obey by itself: its name, deviations (n,) and bounds (n,).

    `stored` has `eigenvalues`, `trace` and `rank_bound` of n points, none of whose matrices has a
    Frobenius norm above `largest_norm`. An eigenvalue that was altered shows at any point, because
    they no longer add up to the trace. With `more_zeros`, eigenvalues may be 0 that the rank bound
    does not explain, as where units that are off are not counted.
    """
    eigenvalues = stored[f"eigenvalues_{jacobian}"].astype(np.complex128)
    modulus = np.abs(eigenvalues)
    dim = modulus.shape[1]
    rank = np.clip(stored[f"rank_bound_{jacobian}"], 0, dim)
    increase = np.diff(modulus, axis=1).max(axis=1, initial=0)
    yield "eigenvalue_order", increase, 2 * STORED_UNIT * modulus.max(axis=1)
    missing = dim - rank - np.count_nonzero(modulus == 0, axis=1)
    wrong = np.maximum(missing, 0) if more_zeros else np.abs(missing)
    yield "exact_zeros", wrong.astype(float), np.zeros(len(wrong))
    deviation = np.abs(eigenvalues.sum(axis=1) - stored[f"trace_{jacobian}"])
    solver = np.sqrt(dim) * dim * (4 * dim + 40) * UNIT * largest_norm
    least = np.where(rank > 0, modulus[np.arange(len(rank)), rank - 1], largest_norm)
    storage = STORED_UNIT * modulus.sum(axis=1) + dim * STORED_SPACING
    yield "stored_trace", deviation, solver + storage + (dim - rank) * least


def largest_norm(network: LinearStack) -> float:
    """Bound the Frobenius norm of both d x d Jacobians, at any point, by those of the weights."""
    layers = [*network.encoder[::2], *network.decoder[::2]]
    product = np.prod([STEEPEST * np.linalg.norm(layer.weight.numpy(), 2) for layer in layers])
    return float(np.sqrt(network.decoder[0].in_features) * product)


def worst_index(deviation: np.ndarray, bound: np.ndarray) -> int:
    """Return where `deviation` (n,) is largest in units of `bound` (n,), or beyond it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(deviation <= bound, deviation / np.maximum(bound, 2.0**-1000), np.inf)
    return int(np.argmax(ratio))


def backward_error(matrix: np.ndarray) -> float:
    """Bound how far off the matrix is to which what was computed from `matrix` belongs exactly.

    LAPACK's xGEEV scales by a diagonal D first, and it is D^-1 A D that it solves backward stably:
    undoing the scaling magnifies that error by at most cond(D). The compiled solver does not scale;
    its error is relative to |A|, which is at most cond(D) |D^-1 A D|.
    """
    dim = len(matrix)
    balanced, (scale, _) = scipy.linalg.matrix_balance(matrix, permute=False, separate=True)
    relative = dim * (4 * dim + 40) * UNIT
    return float(relative * np.linalg.norm(balanced) * scale.max() / scale.min())


def _eigenvalue_deviations(
    jacobian: str, stored: Mapping[str, Any], matrix: RecomputedMatrix
) -> Iterator[Deviation]:
    """Compare a spectrum as a set, because single eigenvalues may be arbitrarily ill-conditioned.

    Each stored lambda makes M - lambda I singular to within the bound; and as the sums over all of
    them and over their squares are right too, none of them stands for another. Eigenvalues beyond
    the rank were no larger than the least that was kept, when they were set to 0.
    """
    eigenvalues = stored["eigenvalues"].astype(np.complex128)
    modulus, dim = np.abs(eigenvalues), len(eigenvalues)
    solver = backward_error(matrix.value)
    shifted = matrix.value - eigenvalues[:, None, None] * np.eye(dim)
    distance = np.linalg.svd(shifted, compute_uv=False)[:, -1]
    bound = matrix.error + solver + STORED_UNIT * modulus + STORED_SPACING
    yield from _worst(jacobian, "eigenvalues", distance, bound)
    kept = matrix.rank_bound
    least = modulus[kept - 1] if kept else 0.0
    for quantity, power, expected, rounding in (
        ("eigenvalue_sum", 1, matrix.trace, np.sqrt(dim) * solver),
        (
            "eigenvalue_square_sum",
            2,
            matrix.square_trace,
            (2 * np.linalg.norm(matrix.value) + solver) * solver,
        ),
    ):
        storage = power * 1.01 * STORED_UNIT * (modulus**power).sum() + dim * STORED_SPACING
        bound = expected.error + rounding + storage + (dim - kept) * least**power
        deviation = abs((eigenvalues**power).sum() - expected.value)
        yield Deviation(jacobian, quantity, float(deviation), float(bound))


def _determinant_deviations(
    jacobian: str, stored: Mapping[str, Any], matrix: RecomputedMatrix
) -> Iterator[Deviation]:
    """Compare sign and modulus of the determinant, and the modulus with the eigenvalues' product.

    |log |det(I + M^-1 E)|| is at most -d log(1 - |E| / s), with s the smallest singular value of M.
    """
    dim = len(matrix.value)
    if matrix.rank_bound < dim:
        stored_zero = 0.0 if stored["logabsdet"] == -np.inf else np.inf
        yield Deviation(jacobian, "logabsdet", stored_zero, 0.0)
        yield Deviation(jacobian, "sign", float(abs(stored["sign"])), 0.0)
        return
    sign, logabsdet = np.linalg.slogdet(matrix.value)
    smallest = np.linalg.svd(matrix.value, compute_uv=False)[-1]
    perturbation = matrix.error + backward_error(matrix.value)
    bound = -dim * np.log1p(-perturbation / smallest) if perturbation < smallest else np.inf
    with np.errstate(divide="ignore"):
        product = np.log(np.abs(stored["eigenvalues"].astype(np.complex128))).sum()
    rounding = gamma(dim, 2 * STORED_UNIT)
    for quantity, found, allowance in (
        ("logabsdet", stored["logabsdet"], 0.0),
        ("eigenvalue_product", product, rounding),
    ):
        deviation = 0.0 if found == logabsdet else abs(found - logabsdet)
        yield Deviation(jacobian, quantity, float(deviation), float(bound + allowance))
    # An undetermined sign never contradicts; a determined one must be right where it is certain.
    contradicts = float(stored["sign"] == -sign)
    yield Deviation(jacobian, "sign", contradicts, 0.0 if bound < np.inf else 1.0)


def _from(jacobian: str, quantity: str, stored: Mapping[str, Any], expected: Bounded) -> Deviation:
    deviation = abs(float(stored[quantity]) - float(expected.value))
    return Deviation(jacobian, quantity, deviation, expected.error)


def _worst(
    jacobian: str, quantity: str, deviation: np.ndarray, bound: np.ndarray
) -> Iterator[Deviation]:
    worst = worst_index(deviation, bound)
    yield Deviation(jacobian, quantity, float(deviation[worst]), float(bound[worst]))
