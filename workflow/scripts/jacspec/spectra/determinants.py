"""Determinants whose sign is that of the exact matrix, or 0 where rounding leaves it open.

Let a ball around the computed matrix A, in the 2-norm, hold the exact matrix J and the matrix whose
determinant the computed LU factors have. If the smallest singular value of A exceeds the radius, no
matrix in the ball is singular, so that determinants keep one sign throughout: the computed sign is
the exact one. Otherwise the ball holds a singular matrix, and the sign is undetermined.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

UNIT_ROUNDOFF = torch.finfo(torch.float64).eps / 2


def determinants(
    matrices: Tensor,
    rank_bound: Tensor,
    coarse_bound: Tensor,
    fine_bound: Callable[[Tensor], Tensor],
) -> tuple[Tensor, Tensor]:
    """Return sign and log of the modulus of the determinants of n matrices.

    Parameters
    ----------
    matrices
        The computed matrices, (n, d, d) float64.
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
        Natural logarithm of |det|, by LAPACK's getrf; -inf where the rank bound is less than d.
    """
    latent_dim = matrices.shape[-1]
    sign, logabsdet, lu_error = _determinants_by_lu(matrices)
    full_rank = rank_bound >= latent_dim
    logabsdet[~full_rank] = -torch.inf
    determined = full_rank & _is_far_from_singular(matrices, coarse_bound + lu_error)
    open_ = torch.nonzero(full_rank & ~determined).squeeze(1)
    if len(open_):
        radius = fine_bound(open_) + lu_error[open_]
        determined[open_] = _smallest_singular_value(matrices[open_]) > radius
    return sign * determined, logabsdet


def _determinants_by_lu(matrices: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return sign (int8) and log|det| by LU factors, and their backward error in the 2-norm.

    The factors are exact for A + E with ``|E| <= g_d |L| |U|`` (Higham, theorem 9.3). With partial
    pivoting no element of L exceeds 1, so that ``||E||_2 <= g_d sqrt(d (d + 1) / 2) ||U||_F``.
    """
    latent_dim = matrices.shape[-1]
    factors, pivots, _ = torch.linalg.lu_factor_ex(matrices)
    diagonal = factors.diagonal(dim1=-2, dim2=-1)
    swaps = (pivots != torch.arange(1, latent_dim + 1)).sum(dim=1)
    odd = (swaps + (diagonal < 0).sum(dim=1)) % 2
    sign = (1 - 2 * odd) * (diagonal != 0).all(dim=1)
    growth = latent_dim * UNIT_ROUNDOFF / (1 - latent_dim * UNIT_ROUNDOFF)
    error = (
        growth * math.sqrt(latent_dim * (latent_dim + 1) / 2) * torch.linalg.matrix_norm(factors)
    )
    return sign.to(torch.int8), diagonal.abs().log().sum(dim=1), error


def _is_far_from_singular(matrices: Tensor, radius: Tensor) -> Tensor:
    """Return (n,) whether a cheap test proves that the smallest singular value exceeds `radius`.

    If the Cholesky factorization of ``A^T A - c I`` runs to its end in floating point, the least
    eigenvalue of ``A^T A`` is at least c less the rounding errors: g_d ||A||_F^2 of the product,
    u (||A||_F^2 + c) of the subtraction, and g_(d+1) / (1 - g_(d+1)) times the trace of the
    factorization (Rump, BIT 46 (2006) 433-452). Their sum is below 3 (d + 2) u ||A||_F^2, which is
    added to the square of the radius; where that is more than the trace, Cholesky cannot succeed.
    """
    latent_dim = matrices.shape[-1]
    gram = matrices.mT @ matrices
    diagonal = gram.diagonal(dim1=-2, dim2=-1)
    rounding = 3 * (latent_dim + 2) * UNIT_ROUNDOFF * diagonal.sum(dim=1)
    diagonal -= (radius.square() + rounding)[:, None]
    return torch.linalg.cholesky_ex(gram).info == 0


def _smallest_singular_value(matrices: Tensor) -> Tensor:
    """Return lower bounds (n,) of the smallest singular values, by LAPACK's gesdd.

    A computed singular value is that of A + E with ``||E||_2 <= p(d) u ||A||_2`` (LAPACK Users'
    Guide, section 4.9), p growing modestly; d^2 is more than any p seen in practice.
    """
    values = torch.linalg.svdvals(matrices)
    return values[:, -1] - matrices.shape[-1] ** 2 * UNIT_ROUNDOFF * values[:, 0]
