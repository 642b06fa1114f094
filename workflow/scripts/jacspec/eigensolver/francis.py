"""Eigenvalues by Householder's reflections and Francis' double steps, for LANES matrices in step.

The method is that of LAPACK for small matrices, but for balancing: reflections to upper Hessenberg
form (dgehd2), then implicit double shifts with deflation and exceptional shifts (dlahqr), then
2 x 2 blocks in closed form (dlanv2); see Golub & Van Loan, Matrix Computations, sections 7.4 and
7.5. Where a matrix needs less than its neighbours, it is reflected by the identity, which changes
no bit: its eigenvalues do not depend on what else is computed.

The matrices are an array ``h`` (d + 2, d + 2, LANES) of vectors ``h[i, j]`` (see
`jacspec.eigensolver.lanes`), with two rows and columns of zeros at the end, so that a reflection of
three rows or columns never leaves it. All functions are compiled into the one that calls them.
"""

import numba
import numpy as np

from jacspec.eigensolver.lanes import (
    LANES,
    absolute,
    largest,
    load,
    select,
    smallest,
    splat,
    square_root,
    store,
)

UNIT_ROUNDOFF = 2.0**-53
# Matrices have elements above 1e-36 or none at all: beside them, an element below the first is
# nothing, and so is a sum of squares below the second.
NEGLIGIBLE = 1e-130
NEGLIGIBLE_SQUARE = 1e-260
# Of one block; those after which a shift is exceptional, as in dlahqr.
SWEEPS_BETWEEN_EXCEPTIONS = 10


@numba.njit
def reduce_to_hessenberg(h, reflector):
    """Make the matrices upper Hessenberg, with zeros below the subdiagonal."""
    d = h.shape[0] - 2
    for k in range(d - 2):
        tail = splat(0.0)
        for i in range(k + 2, d):
            element = load(h, (i, k))
            tail = tail + element * element
        beta, tau, inverse = _reflection(load(h, (k + 1, k)), tail)
        store(h, (k + 1, k), beta)
        for i in range(k + 2, d):
            store(reflector, (i,), load(h, (i, k)) * inverse)
            store(h, (i, k), splat(0.0))
        for j in range(k + 1, d):
            total = load(h, (k + 1, j))
            for i in range(k + 2, d):
                total = total + load(reflector, (i,)) * load(h, (i, j))
            total = total * tau
            store(h, (k + 1, j), load(h, (k + 1, j)) - total)
            for i in range(k + 2, d):
                store(h, (i, j), load(h, (i, j)) - total * load(reflector, (i,)))
        for i in range(d):
            total = load(h, (i, k + 1))
            for j in range(k + 2, d):
                total = total + load(reflector, (j,)) * load(h, (i, j))
            total = total * tau
            store(h, (i, k + 1), load(h, (i, k + 1)) - total)
            for j in range(k + 2, d):
                store(h, (i, j), load(h, (i, j)) - total * load(reflector, (j,)))


@numba.njit
def deflate_all(h, found, most_sweeps):
    """Sweep until all blocks of the matrices have 1 or 2 rows.

    A matrix that takes more than `most_sweeps` at a block is set to 0, and is not `found`, which
    has a flag for each matrix that is not 0 from the beginning.
    """
    blocks = np.empty((2, LANES))
    corners = np.empty((9, LANES))
    sweeps = np.zeros(LANES, dtype=np.int64)
    last_rows = np.full(LANES, -1.0)
    top = _deflate(h, blocks, h.shape[0] - 3)
    while top >= 0:
        for lane in range(LANES):
            sweeps[lane] = sweeps[lane] + 1 if blocks[1, lane] == last_rows[lane] else 1
            last_rows[lane] = blocks[1, lane]
            if last_rows[lane] >= 0 and sweeps[lane] > most_sweeps:
                found[lane] = False
                h[:, :, lane] = 0.0
        _gather(h, blocks, corners, sweeps)
        _sweep(h, blocks, corners, top)
        top = _deflate(h, blocks, top)


@numba.njit
def _deflate(h, blocks, top):
    """Set negligible subdiagonal elements to 0, and find what to work on up to row `top`.

    That is, in each matrix, its last block with more than 2 rows. `blocks` (2, LANES) becomes the
    first and the last row of it, 0 and -1 where there is none. The last row of all is returned.
    """
    zero, least = splat(0.0), splat(NEGLIGIBLE)
    begin, low, high = zero, zero, splat(-1.0)
    before = absolute(load(h, (0, 0)))
    for k in range(1, top + 1):
        here = absolute(load(h, (k, k)))
        subdiagonal = load(h, (k, k - 1))
        threshold = splat(UNIT_ROUNDOFF) * (here + before)
        threshold = select(threshold > least, threshold, least)
        negligible = absolute(subdiagonal) <= threshold
        store(h, (k, k - 1), select(negligible, zero, subdiagonal))
        row = splat(float(k))
        begin = select(negligible, row, begin)
        has_more_than_two = row - begin >= splat(2.0)
        low = select(has_more_than_two, begin, low)
        high = select(has_more_than_two, row, high)
        before = here
    store(blocks, (0,), low)
    store(blocks, (1,), high)
    return int(largest(high))


@numba.njit
def _gather(h, blocks, corners, sweeps):
    """Fill `corners` (9, LANES) with the elements of each block that its next sweep starts from.

    The last 2 x 2 elements, for the shifts, which every so often are exceptional; then the first
    2 x 2, and the one below.
    """
    for lane in range(LANES):
        low, high = int(blocks[0, lane]), max(int(blocks[1, lane]), 2)
        corners[0, lane] = h[high - 1, high - 1, lane]
        corners[1, lane] = h[high - 1, high, lane]
        corners[2, lane] = h[high, high - 1, lane]
        corners[3, lane] = h[high, high, lane]
        corners[4, lane] = h[low, low, lane]
        corners[5, lane] = h[low, low + 1, lane]
        corners[6, lane] = h[low + 1, low, lane]
        corners[7, lane] = h[low + 1, low + 1, lane]
        corners[8, lane] = h[low + 2, low + 1, lane]
        if sweeps[lane] % SWEEPS_BETWEEN_EXCEPTIONS == 0:
            if sweeps[lane] % (2 * SWEEPS_BETWEEN_EXCEPTIONS) == 0:
                scale = abs(h[high, high - 1, lane]) + abs(h[high - 1, high - 2, lane])
                diagonal = 0.75 * scale + h[high, high, lane]
            else:
                scale = abs(h[low + 1, low, lane]) + abs(h[low + 2, low + 1, lane])
                diagonal = 0.75 * scale + h[low, low, lane]
            corners[0, lane] = corners[3, lane] = diagonal
            corners[1, lane] = -0.4375 * scale
            corners[2, lane] = scale


@numba.njit
def _sweep(h, blocks, corners, top):
    """Do one double step on the block of each matrix; the last of them ends in row `top`.

    A reflection in every row k chases the bulge below the subdiagonal that the first one makes. The
    last one is of two rows: the element below them, where the next block begins, is 0.
    """
    zero = splat(0.0)
    low, high = load(blocks, (0,)), load(blocks, (1,))
    bottom = int(smallest(select(high >= zero, low, splat(float(top)))))
    first_x, first_y, first_z = _first_column(corners)
    for k in range(bottom, top):
        row = splat(float(k))
        x, y, z = first_x, first_y, first_z
        # Past the first row of its block, what a reflection makes 0 is in the column before.
        inside = (low < row) & (row < high)
        if k > bottom:
            old_x, old_y = load(h, (k, k - 1)), load(h, (k + 1, k - 1))
            old_z = load(h, (k + 2, k - 1))
            x, y, z = select(inside, old_x, x), select(inside, old_y, y), select(inside, old_z, z)
        tail = select((low <= row) & (row < high), y * y + z * z, zero)
        beta, tau, inverse = _reflection(x, tail)
        if k > bottom:
            store(h, (k, k - 1), select(inside, beta, old_x))
            store(h, (k + 1, k - 1), select(inside, zero, old_y))
            store(h, (k + 2, k - 1), select(inside, zero, old_z))
        _reflect(h, k, bottom, top, tau, y * inverse, z * inverse)


@numba.njit
def _first_column(corners):
    """Return a multiple of the first column of ``(H - shift) (H - conjugate shift)``: 3 elements.

    H is the block; the other elements are 0.
    """
    real, imaginary = _shifts(corners)
    distance = load(corners, (4,)) - real
    below = load(corners, (6,))
    scale = _or_one(absolute(distance) + imaginary + absolute(below))
    below = below / scale
    x = below * load(corners, (5,)) + distance * (distance / scale)
    x = x + imaginary * (imaginary / scale)
    y = below * (distance + load(corners, (7,)) - real)
    return x, y, below * load(corners, (8,))


@numba.njit
def _shifts(corners):
    """Return real and imaginary part of the shifts: ``real + i imaginary`` and its conjugate.

    They are the eigenvalues of the last 2 x 2 elements; of two real ones, twice the one that is
    nearer to the last element.
    """
    a, b = load(corners, (0,)), load(corners, (1,))
    c, d = load(corners, (2,)), load(corners, (3,))
    scale = _or_one(absolute(a) + absolute(b) + absolute(c) + absolute(d))
    a, b, c, d = a / scale, b / scale, c / scale, d / scale
    centre = splat(0.5) * (a + d)
    determinant = (a - centre) * (d - centre) - b * c
    root = square_root(absolute(determinant))
    upper, lower = centre + root, centre - root
    nearer = select(absolute(upper - d) <= absolute(lower - d), upper, lower)
    is_pair = determinant >= splat(0.0)
    real = select(is_pair, centre, nearer)
    imaginary = select(is_pair, root, splat(0.0))
    return real * scale, imaginary * scale


@numba.njit
def _reflect(h, k, bottom, top, tau, y, z):
    """Reflect rows and columns k to k + 2 by ``1 - tau v v^T``, v = (1, y, z)."""
    tau_y, tau_z = tau * y, tau * z
    for j in range(k, top + 1):
        h0, h1, h2 = load(h, (k, j)), load(h, (k + 1, j)), load(h, (k + 2, j))
        total = h0 + y * h1 + z * h2
        store(h, (k, j), h0 - total * tau)
        store(h, (k + 1, j), h1 - total * tau_y)
        store(h, (k + 2, j), h2 - total * tau_z)
    for i in range(bottom, min(k + 3, top) + 1):
        h0, h1, h2 = load(h, (i, k)), load(h, (i, k + 1)), load(h, (i, k + 2))
        total = h0 + y * h1 + z * h2
        store(h, (i, k), h0 - total * tau)
        store(h, (i, k + 1), h1 - total * tau_y)
        store(h, (i, k + 2), h2 - total * tau_z)


@numba.njit
def _reflection(first, tail):
    """Return the Householder reflection of a vector to a multiple of e_1, as LAPACK's dlarfg.

    Parameters
    ----------
    first
        Its first element.
    tail
        The sum of the squares of the others. Where that is nothing, the reflection is the identity.

    Returns
    -------
    beta
        The multiple.
    tau
        The factor in ``1 - tau v v^T``.
    inverse
        Times which the others are those of v, whose first element is 1.
    """
    zero, one = splat(0.0), splat(1.0)
    active = tail >= splat(NEGLIGIBLE_SQUARE)
    norm = square_root(first * first + tail)
    beta = select(active, select(first >= zero, -norm, norm), one)
    tau = select(active, (beta - first) / beta, zero)
    inverse = select(active, one / select(active, first - beta, one), zero)
    return select(active, beta, first), tau, inverse


@numba.njit
def _or_one(sizes):
    """Return `sizes`, to divide by, with 1 in place of 0."""
    return select(sizes > splat(0.0), sizes, splat(1.0))


@numba.njit
def eigenvalues_of_blocks(h, spectra):
    """Fill `spectra` (2, d, LANES) with real and imaginary parts of the eigenvalues of blocks."""
    zero, one = splat(0.0), splat(1.0)
    # Whether row k is the second of a block of 2, whose other eigenvalue waits.
    is_second = one < zero
    waiting_real, waiting_imaginary = zero, zero
    for k in range(h.shape[0] - 2):
        a = load(h, (k, k))
        is_first = (load(h, (k + 1, k)) != zero) & ~is_second
        real, imaginary, other_real = _eigenvalues_of_block(
            a, load(h, (k, k + 1)), load(h, (k + 1, k)), load(h, (k + 1, k + 1))
        )
        real, imaginary = select(is_first, real, a), select(is_first, imaginary, zero)
        store(spectra, (0, k), select(is_second, waiting_real, real))
        store(spectra, (1, k), select(is_second, waiting_imaginary, imaginary))
        # Not -imaginary, which is -0.0 for real eigenvalues: their argument would be negative.
        waiting_real, waiting_imaginary = other_real, zero - imaginary
        is_second = is_first


@numba.njit
def _eigenvalues_of_block(a, b, c, d):
    """Return real and imaginary part of one eigenvalue of ((a, b), (c, d)), and real of the other.

    The other's imaginary part is the opposite. As dlanv2 has it, neither overflows nor cancels more
    than the elements themselves do.
    """
    zero, half = splat(0.0), splat(0.5)
    p = half * (a - d)
    size_b, size_c = absolute(b), absolute(c)
    larger = select(size_b > size_c, size_b, size_c)
    smaller = select(size_b > size_c, size_c, size_b)
    # With the sign of b c: where that is 0, so is the smaller one.
    smaller = select((b < zero) & (c > zero), -smaller, smaller)
    smaller = select((b > zero) & (c < zero), -smaller, smaller)
    scale = _or_one(select(absolute(p) > larger, absolute(p), larger))
    discriminant = p / scale * p + larger / scale * smaller
    root = square_root(scale) * square_root(absolute(discriminant))
    is_real = discriminant >= zero
    shift = select(p < zero, p - root, p + root)
    quotient = larger / select(absolute(shift) > zero, shift, splat(1.0)) * smaller
    centre = half * a + half * d
    real = select(is_real, d + shift, centre)
    other_real = select(is_real, d - quotient, centre)
    return real, select(is_real, zero, root), other_real
