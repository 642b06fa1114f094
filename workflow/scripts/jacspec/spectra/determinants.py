"""Determinants whose sign is that of the exact matrix, or 0 where rounding leaves it open.

Let a ball around the computed matrix A, in the 2-norm, hold the exact matrix J and the matrix whose
determinant the computed factors have. If the smallest singular value of A exceeds the radius, no
matrix in the ball is singular, so that determinants keep one sign throughout: the computed sign is
the exact one. Otherwise the ball holds a singular matrix, and the sign is undetermined.
"""

from collections.abc import Callable

import numpy as np

UNIT_ROUNDOFF = np.finfo(np.float64).eps / 2


def determinants(
    matrices: np.ndarray,
    rank_bound: np.ndarray,
    coarse_bound: np.ndarray,
    fine_bound: Callable[[np.ndarray], np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """Return sign and log of the modulus of the determinants of n matrices.

    Parameters
    ----------
    matrices
        The computed matrices, (n, d, d) float64, finite.
    rank_bound
        Ranks that the exact matrices cannot exceed, (n,) integers.
    coarse_bound
        Bounds (n,) of the 2-norm of computed minus exact matrix.
    fine_bound
        Function from indices (k,) to bounds (k,), not above the coarse ones. It is asked only about
        matrices that a cheap test with the coarse bound leaves open.

    Returns
    -------
    sign : (n,) int8
        1 or -1, the sign of the exact determinant; 0 where it is undetermined or the rank bound is
        less than d.
    logabsdet : (n,) float64
        Natural logarithm of |det|, by LAPACK's geqrf; -inf where the rank bound is less than d.
    """
    latent_dim = matrices.shape[-1]
    sign, logabsdet, factor_error = _determinants_by_qr(matrices)
    full_rank = rank_bound >= latent_dim
    logabsdet[~full_rank] = -np.inf
    determined = full_rank.copy()
    determined[full_rank] = _are_far_from_singular(
        matrices[full_rank], (coarse_bound + factor_error)[full_rank]
    )
    open_ = np.flatnonzero(full_rank & ~determined)
    if len(open_):
        radius = fine_bound(open_) + factor_error[open_]
        determined[open_] = _smallest_singular_value(matrices[open_]) > radius
    return sign * determined, logabsdet


def _determinants_by_qr(matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return sign (int8) and log|det| by QR factors, and their backward error in the 2-norm.

    A reflection ``I - tau v v^T`` has the determinant -1, and geqrf leaves one out by tau = 0. The
    factor R is that of A + E, times exact reflections: column by column, each of at most d of
    them errs by g_k relative to the column, with k = 4 d + 10 for the reflector, the product
    and the difference (Higham, lemmas 19.1 to 19.3, with the constants that are left open there).
    Columns do not grow, unlike in elimination: ``||E||_2 <= d g_k ||A||_F``.
    """
    latent_dim = matrices.shape[-1]
    factors, tau = np.linalg.qr(matrices, mode="raw")
    diagonal = np.diagonal(factors, axis1=-2, axis2=-1)
    odd = (np.count_nonzero(tau, axis=1) + np.count_nonzero(diagonal < 0, axis=1)) % 2
    sign = (1 - 2 * odd) * (diagonal != 0).all(axis=1)
    terms = (4 * latent_dim + 10) * UNIT_ROUNDOFF
    norm = np.sqrt(np.einsum("nij,nij->n", matrices, matrices))
    with np.errstate(divide="ignore"):
        logabsdet = np.log(np.abs(diagonal)).sum(axis=1)
    return sign.astype(np.int8), logabsdet, latent_dim * terms / (1 - terms) * norm


def _are_far_from_singular(matrices: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Return (n,) whether a cheap test proves that the smallest singular value exceeds `radius`.

    If the Cholesky factorization of ``A^T A - c I`` runs to its end in floating point, the least
    eigenvalue of ``A^T A`` is at least c less the rounding errors: g_d ||A||_F^2 of the product,
    u (||A||_F^2 + c) of the subtraction, and g_(d+1) / (1 - g_(d+1)) times the trace of the
    factorization (Rump, BIT 46 (2006) 433-452). Their sum is below 3 (d + 2) u ||A||_F^2, which is
    added to the square of the radius; where that is more than the trace, Cholesky cannot succeed.
    """
    latent_dim = matrices.shape[-1]
    gram = matrices.mT @ matrices
    diagonal = np.einsum("nii->ni", gram)
    rounding = 3 * (latent_dim + 2) * UNIT_ROUNDOFF * diagonal.sum(axis=1)
    diagonal -= (np.square(radius) + rounding)[:, None]
    far = np.zeros(len(matrices), dtype=bool)
    # A NaN would pass for positive in the factorization, which looks for what is not above zero.
    tried = np.flatnonzero((diagonal > 0).all(axis=1))
    far[tried] = _are_positive_definite(gram[tried])
    return far


def _are_positive_definite(matrices: np.ndarray) -> np.ndarray:
    """Return (n,) whether the Cholesky factorization of each matrix runs to its end.

    NumPy says of many only whether all do, which is the rule; where not, it is asked about halves.
    """
    try:
        np.linalg.cholesky(matrices)
    except np.linalg.LinAlgError:
        if len(matrices) == 1:
            return np.zeros(1, dtype=bool)
        middle = len(matrices) // 2
        halves = matrices[:middle], matrices[middle:]
        return np.concatenate([_are_positive_definite(half) for half in halves])
    return np.ones(len(matrices), dtype=bool)


def _smallest_singular_value(matrices: np.ndarray) -> np.ndarray:
    """Return lower bounds (n,) of the smallest singular values, by LAPACK's gesdd.

    A computed singular value is that of A + E with ``||E||_2 <= p(d) u ||A||_2`` (LAPACK Users'
    Guide, section 4.9), p growing modestly; d^2 is more than any p seen in practice.
    """
    values = np.linalg.svd(matrices, compute_uv=False)
    return values[:, -1] - matrices.shape[-1] ** 2 * UNIT_ROUNDOFF * values[:, 0]
