"""Eigenvalues in a fixed order, with exact zeros where the rank says so, by one of two solvers."""

from collections.abc import Callable

import numpy as np

from jacspec.numba_settings import use_our_numba_settings

EIGENSOLVERS = ("lapack", "compiled")
# From here on, the compiled solver saves in a job of 70,000 points more than the second that it
# takes to start (benchmarks/eigenvalues.py). The number of points in a job must not decide: then
# another sample size would give the same points other bits.
COMPILED_LATENT_DIM = 7

Solver = Callable[[np.ndarray], np.ndarray]


def solver_of(eigensolver: str, latent_dim: int) -> Solver:
    """Return a function from real matrices (n, d, d) to eigenvalues (n, d) complex128.

    ``"lapack"`` is LAPACK's, and so is ``"compiled"`` where d = `latent_dim` is small. Elsewhere
    that takes a second to start and is several times as fast then, with errors as small, but not
    the same in the last bits.

    Raises
    ------
    ValueError
        If `eigensolver` is neither.
    """
    if eigensolver not in EIGENSOLVERS:
        raise ValueError(f"eigensolver is {eigensolver!r}, allowed: {', '.join(EIGENSOLVERS)}")
    if eigensolver == "lapack" or latent_dim < COMPILED_LATENT_DIM:
        return eigenvalues_by_lapack
    use_our_numba_settings()
    # Here and not above: numba takes a second.
    from jacspec.eigensolver.compiled import eigenvalues_in_lanes

    def compiled(matrices: np.ndarray) -> np.ndarray:
        eigenvalues, found = eigenvalues_in_lanes(matrices)
        if not found.all():
            eigenvalues[~found] = eigenvalues_by_lapack(matrices[~found])
        return eigenvalues

    return compiled


def eigenvalues_by_lapack(matrices: np.ndarray) -> np.ndarray:
    """Return the eigenvalues (n, d) complex128 of real matrices (n, d, d), by geev, in any order.

    Raises numpy.linalg.LinAlgError if the algorithm does not converge.
    """
    return np.linalg.eigvals(matrices).astype(np.complex128)


def ordered_eigenvalues(
    matrices: np.ndarray, rank_bound: np.ndarray, solve: Solver = eigenvalues_by_lapack
) -> np.ndarray:
    """Return the eigenvalues (n, d) complex128 of real matrices (n, d, d), as `solve` finds them.

    Moduli decrease; equal moduli, as those of conjugate pairs, come by real and then by imaginary
    part, decreasing. A matrix of rank r has d - r zero eigenvalues at least, which rounding turns
    into 1e-16 and, for the defective ones that are common here, into much more: past `rank_bound`
    (n,) they are set to 0.

    Raises
    ------
    ValueError
        If an element is not a finite number, or the elements are too large to be added up.
    numpy.linalg.LinAlgError
        If the algorithm does not converge.
    """
    if not np.isfinite(matrices.sum()):
        raise ValueError("a matrix has elements that are not finite numbers")
    eigenvalues = solve(matrices)
    order = np.lexsort((-eigenvalues.imag, -eigenvalues.real, -np.abs(eigenvalues)))
    ordered = np.take_along_axis(eigenvalues, order, axis=1)
    ordered[np.arange(ordered.shape[1]) >= rank_bound[:, None]] = 0
    return ordered
