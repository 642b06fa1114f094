"""Eigenvalues in a fixed order, with exact zeros where the rank says so."""

import numpy as np
import torch
from torch import Tensor


def ordered_eigenvalues(matrices: Tensor, rank_bound: np.ndarray) -> np.ndarray:
    """Return the eigenvalues (n, d) complex128 of real matrices (n, d, d), by LAPACK's geev.

    Moduli decrease; equal moduli, as those of conjugate pairs, come by real and then by imaginary
    part, decreasing. A matrix of rank r has d - r zero eigenvalues at least, which rounding turns
    into 1e-16 and, for the defective ones that are common here, into much more: past `rank_bound`
    (n,) they are set to 0.

    Raises
    ------
    ValueError
        If an element is not a finite number, or the elements are too large to be added up.
    torch.linalg.LinAlgError
        If the algorithm does not converge.
    """
    # LAPACK itself returns anything at all for such matrices.
    if not torch.isfinite(matrices.sum()):
        raise ValueError("a matrix has elements that are not finite numbers")
    eigenvalues = torch.linalg.eigvals(matrices).numpy()
    order = np.lexsort((-eigenvalues.imag, -eigenvalues.real, -np.abs(eigenvalues)))
    ordered = np.take_along_axis(eigenvalues, order, axis=1)
    ordered[np.arange(ordered.shape[1]) >= rank_bound[:, None]] = 0
    return ordered
