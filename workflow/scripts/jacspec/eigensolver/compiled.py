"""Eigenvalues of many small real matrices, LANES at a time, in machine code made by numba.

To import this module takes a second, and five where the machine code is made for the first time.
"""

import numba
import numpy as np

from jacspec.eigensolver.francis import deflate_all, eigenvalues_of_blocks, reduce_to_hessenberg
from jacspec.eigensolver.lanes import LANES, absolute, load, splat, store
from jacspec.machine_code import in_machine_code

# Sums of the moduli of elements between which their squares neither overflow nor lose digits.
SMALLEST, LARGEST = 1e-30, 1e100
# As in dlahqr: sweeps for one or two eigenvalues, for each row and 10 rows at least.
SWEEPS_PER_ROW = 30
# Doubles.
CACHE_LINE = 8


def eigenvalues_in_lanes(matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return eigenvalues and whether they were found, without the interpreter's lock.

    Parameters
    ----------
    matrices
        (n, d, d) float64, in any layout.

    Returns
    -------
    eigenvalues : (n, d) complex128
        In any order; the two of a conjugate pair are each other's conjugate, to the bit.
    found : (n,) bool
        False for matrices that do not converge, or have elements that are not finite or so large or
        small that squares overflow or vanish. Their eigenvalues are meaningless.
    """
    count, d, _ = matrices.shape
    eigenvalues = np.empty((count, d), dtype=np.complex128)
    found = np.empty(count, dtype=np.bool_)
    _solve(matrices, eigenvalues, found, SWEEPS_PER_ROW * max(10, d))
    return eigenvalues, found


@numba.njit
def _fill(h, matrices, found):
    """Put up to LANES `matrices` into `h`; those that are out of range are not, and not `found`."""
    d = h.shape[0] - 2
    h[:] = 0.0
    for lane in range(len(matrices)):
        for i in range(d):
            for j in range(d):
                h[i, j, lane] = matrices[lane, i, j]
    total = splat(0.0)
    for i in range(d):
        for j in range(d):
            total = total + absolute(load(h, (i, j)))
    # The last row of `h` is 0 anyway.
    store(h, (d, d), total)
    for lane in range(len(matrices)):
        size = h[d, d, lane]
        # False for NaN.
        found[lane] = size == 0.0 or SMALLEST <= size <= LARGEST
        if not found[lane]:
            h[:, :, lane] = 0.0
    store(h, (d, d), splat(0.0))


@numba.njit
def _aligned_zeros(rows):
    """Return zeros (rows, rows, LANES) where no vector begins in the middle of a cache line."""
    size = rows * rows * LANES
    memory = np.zeros(size + CACHE_LINE)
    begin = -(memory.ctypes.data // memory.itemsize) % CACHE_LINE
    return memory[begin : begin + size].reshape((rows, rows, LANES))


@in_machine_code("(float64[:, :, :], complex128[:, ::1], boolean[::1], int64)")
def _solve(matrices, eigenvalues, found, most_sweeps):
    """Fill `eigenvalues` (n, d) and `found` (n,) for `matrices` (n, d, d)."""
    count, d = eigenvalues.shape
    h = _aligned_zeros(d + 2)
    reflector = np.empty((d, LANES))
    spectra = np.empty((2, d, LANES))
    for start in range(0, count, LANES):
        stop = min(start + LANES, count)
        _fill(h, matrices[start:stop], found[start:stop])
        reduce_to_hessenberg(h, reflector)
        deflate_all(h, found[start:stop], most_sweeps)
        eigenvalues_of_blocks(h, spectra)
        for lane in range(stop - start):
            for k in range(d):
                eigenvalues[start + lane, k] = complex(spectra[0, k, lane], spectra[1, k, lane])
