"""The compiled solver: known spectra, small backward errors, and no bit from the neighbours."""

import numpy as np
import pytest
from fresh_process import python

from jacspec.eigensolver import compiled
from jacspec.eigensolver.compiled import eigenvalues_in_lanes
from jacspec.spectra.eigenvalues import (
    COMPILED_LATENT_DIM,
    EIGENSOLVERS,
    eigenvalues_by_lapack,
    ordered_eigenvalues,
    solver_of,
)

ULP = 2.0**-52
DIMS = [*range(1, 25), 40]


def bounds(matrices):
    """Return the norms (n,) of changes of the matrices that make computed eigenvalues exact.

    LAPACK Users' Guide, section 4.8: p(d) ulp |A|, with p growing modestly. LAPACK's own tests
    accept residuals up to 20 d ulp |A| (TESTING/ded.in).
    """
    return 20 * matrices.shape[1] * ULP * np.linalg.norm(matrices, 2, axis=(1, 2))


def found_all(matrices):
    eigenvalues, found = eigenvalues_in_lanes(matrices)
    assert found.all()
    return eigenvalues


def by_parts(eigenvalues):
    return np.sort_complex(eigenvalues)


def gaussian(count, d, seed=0):
    return np.random.default_rng(seed).standard_normal((count, d, d))


def cycle(d):
    """Return the companion matrix of ``x^d - 1``, orthogonal, on which plain shifts stand still."""
    return np.eye(d)[np.roll(np.arange(d), 1)]


def assorted(d, seed=0):
    """Return matrices (24, d, d) that are hard in different ways."""
    generator = np.random.default_rng(seed)
    plain = generator.standard_normal((3, d, d))
    scales = 10.0 ** generator.integers(-12, 13, (3, 2, d))
    graded = 10.0 ** -np.arange(d)
    nilpotent = np.triu(plain, 1)
    vectors = generator.standard_normal((3, d, d))
    rank = (d + 1) // 2
    return np.concatenate(
        [
            plain,
            plain * scales[:, 0, :, None] * scales[:, 1, None, :],
            plain * graded[:, None] * graded,
            vectors @ nilpotent @ np.linalg.inv(vectors),
            plain[:, :, :rank] @ vectors[:, :rank],
            plain + plain.transpose(0, 2, 1),
            [cycle(d), np.tril(np.ones((d, d))), 1e-30 * np.ones((d, d))],
            np.array([1e-25, 1e90, 1.0])[:, None, None] * (np.eye(d, k=-1) + 0.1 * plain),
        ]
    )


def test_a_number_is_its_own_eigenvalue():
    numbers = np.array([3.5, -1e-25, 0.0, 1e99])
    assert np.array_equal(found_all(numbers[:, None, None])[:, 0], numbers)


@pytest.mark.parametrize("d", DIMS)
def test_zero_matrices_have_zeros(d):
    assert not found_all(np.zeros((17, d, d))).any()


@pytest.mark.parametrize("d", DIMS)
def test_triangular_matrices_have_their_diagonals(d):
    matrices = gaussian(5, d)
    diagonals = np.sort(np.diagonal(matrices, axis1=1, axis2=2))
    assert np.array_equal(by_parts(found_all(np.triu(matrices))), diagonals)
    assert np.array_equal(by_parts(found_all(matrices * np.eye(d))), diagonals)


def test_two_by_two_in_closed_form():
    """Elements off the diagonal are powers of 4, whose roots are not rounded."""
    matrices = np.array(
        [
            [[0, -4], [4, 0]],
            [[3, 4], [-4, 3]],
            [[2, 1], [1, 2]],
            [[1, 4], [1, 1]],
            [[5, 1], [0, 5]],
            [[0, 0], [4, 0]],
            [[1, -1], [4, 1]],
            [[-3, 16], [0.25, -3]],
        ],
        dtype=float,
    )
    expected = [
        [-4j, 4j], [3 - 4j, 3 + 4j], [1, 3], [-1, 3], [5, 5], [0, 0], [1 - 2j, 1 + 2j], [-5, -1]
    ]  # fmt: skip
    assert np.array_equal(by_parts(found_all(matrices)), np.array(expected))


@pytest.mark.parametrize("d", range(3, 25))
def test_roots_of_one(d):
    """An orthogonal matrix is normal: each eigenvalue moves by the backward error at most."""
    (eigenvalues,) = found_all(cycle(d)[None])
    distances = np.abs(eigenvalues[:, None] - np.exp(2j * np.pi * np.arange(d) / d))
    # The roots themselves are rounded, after an argument of up to 2 pi.
    assert (distances.min(axis=0) <= bounds(cycle(d)[None]) + 8 * ULP).all()


@pytest.mark.parametrize("roots", [[1, 2, 3], [-4, 1, 2, 5], [1j, -1j, 2, 3], [1, 2, 4, 8, 16]])
def test_companion_matrices_have_the_roots(roots):
    """By Bauer and Fike, none moves by more than the backward error times cond(V).

    V are the eigenvectors: powers of the roots.
    """
    matrix = np.zeros((len(roots), len(roots)))
    matrix[0] = -np.poly(roots)[1:].real
    matrix[1:, :-1] = np.eye(len(roots) - 1)
    (eigenvalues,) = found_all(matrix[None])
    condition = np.linalg.cond(np.vander(np.array(roots, dtype=complex)))
    distances = np.abs(eigenvalues[:, None] - np.array(roots))
    # All are at least 1 apart, so that none can be taken for another.
    assert (bound := condition * bounds(matrix[None])[0]) < 0.5
    assert (distances.min(axis=0) <= bound).all()


@pytest.mark.parametrize("pairs", [1, 2, 4, 10])
def test_rotations_turn_by_their_angles(pairs):
    angles = np.linspace(0.3, 2.8, pairs)
    rotations = np.zeros((2 * pairs, 2 * pairs))
    for k, angle in enumerate(angles):
        block = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        rotations[2 * k : 2 * k + 2, 2 * k : 2 * k + 2] = block
    basis = np.linalg.qr(gaussian(1, 2 * pairs)[0])[0]
    matrix = basis @ rotations @ basis.T
    (eigenvalues,) = found_all(matrix[None])
    upper = np.sort(np.angle(eigenvalues[eigenvalues.imag > 0]))
    # On the unit circle an angle is off by no more than 2 distances; d ulp for the basis besides.
    np.testing.assert_allclose(upper, angles, rtol=0, atol=3 * bounds(matrix[None])[0])


@pytest.mark.parametrize("d", DIMS)
def test_eigenvalues_come_in_conjugate_pairs_to_the_bit(d):
    for eigenvalues in found_all(assorted(d)):
        assert np.array_equal(by_parts(eigenvalues), by_parts(eigenvalues.conj()))
        # No -0.0, which would turn arguments from pi to -pi.
        assert np.array_equal(np.signbit(eigenvalues.imag), eigenvalues.imag < 0)


@pytest.mark.parametrize("d", DIMS)
def test_backward_errors_are_small_and_no_eigenvalue_is_missing(d):
    """Eigenvalues of A + E: each makes A singular up to |E|, and their sums are traces.

    |tr E| <= d |E|, and |tr (A + E)^2 - tr A^2| <= 2 d |A| |E| + d |E|^2. What is computed here is
    off by as much again.
    """
    matrices = assorted(d)
    spectra = found_all(matrices)
    for matrix, eigenvalues, bound in zip(matrices, spectra, bounds(matrices), strict=True):
        shifted = matrix - eigenvalues[:, None, None] * np.eye(d)
        assert (np.linalg.svd(shifted, compute_uv=False)[:, -1] <= 2 * bound).all()
        assert abs(eigenvalues.sum() - np.trace(matrix)) <= 2 * d * bound
        squares = np.square(eigenvalues).sum() - np.trace(matrix @ matrix)
        assert abs(squares) <= 5 * d * np.linalg.norm(matrix, 2) * bound


@pytest.mark.parametrize("d", DIMS)
def test_symmetric_matrices_have_the_spectra_that_lapack_finds(d):
    """By Weyl, sorted eigenvalues move by the backward error at most; both have one."""
    matrices = assorted(d, seed=1)
    matrices += matrices.transpose(0, 2, 1)
    expected = np.linalg.eigvalsh(matrices)
    deviations = np.abs(np.sort(found_all(matrices).real) - expected)
    assert (deviations.max(axis=1) <= 2 * bounds(matrices)).all()


@pytest.mark.parametrize("d", [1, 2, 7, 20])
def test_neighbours_and_their_number_change_no_bit(d):
    matrices = np.concatenate([assorted(d), gaussian(17, d)])
    matrices[[3, 20]] *= 1e-200
    matrices[[5, 30]] = np.nan
    eigenvalues, found = eigenvalues_in_lanes(matrices)
    assert not found[[5, 30]].any()
    order = np.random.default_rng(0).permutation(len(matrices))
    for rows in (order, order[:0], order[:1], order[:15], order[:16], order[:17]):
        some, some_found = eigenvalues_in_lanes(matrices[rows])
        assert some.shape == (len(rows), d)
        assert np.array_equal(some_found, found[rows])
        assert some[some_found].tobytes() == eigenvalues[rows][some_found].tobytes()


@pytest.mark.parametrize("d", [1, 2, 5, 8])
def test_the_layout_changes_no_bit(d):
    matrices = gaussian(20, d)
    expected = found_all(matrices).tobytes()
    transposed = np.ascontiguousarray(matrices.transpose(0, 2, 1)).transpose(0, 2, 1)
    assert found_all(transposed).tobytes() == expected
    assert found_all(np.asfortranarray(matrices)).tobytes() == expected
    assert found_all(np.repeat(matrices, 2, axis=0)[::2]).tobytes() == expected


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e101, 1e308])
def test_elements_that_cannot_be_squared_are_not_tried(value):
    matrices = gaussian(20, 8)
    matrices[3, 2, 1] = value
    matrices[17] *= 1e-32
    _, found = eigenvalues_in_lanes(matrices)
    assert np.array_equal(np.flatnonzero(~found), [3, 17])


def test_matrices_that_take_too_long_are_given_up_alone(monkeypatch):
    """The cycle needs an exceptional shift, after 10 sweeps; these Gaussian ones need fewer."""
    matrices = gaussian(20, 8, seed=1)
    matrices[[2, 18]] = cycle(8)
    expected = found_all(matrices)
    monkeypatch.setattr(compiled, "SWEEPS_PER_ROW", 1)
    eigenvalues, found = eigenvalues_in_lanes(matrices)
    assert np.array_equal(np.flatnonzero(~found), [2, 18])
    assert eigenvalues[found].tobytes() == expected[found].tobytes()
    monkeypatch.setattr(compiled, "SWEEPS_PER_ROW", 0)
    assert not eigenvalues_in_lanes(matrices)[1].any()
    assert eigenvalues_in_lanes(np.triu(matrices))[1].all()


def test_lapack_does_what_the_compiled_solver_does_not(monkeypatch):
    monkeypatch.setattr(compiled, "SWEEPS_PER_ROW", 1)
    matrices = gaussian(20, 8, seed=1)
    matrices[2], matrices[18] = cycle(8), 1e-40 * matrices[18]
    left = np.isin(np.arange(20), [2, 18])
    solved = solver_of("compiled", 8)(matrices)
    by_lapack = eigenvalues_by_lapack(matrices[left])
    assert solved[left].tobytes() == by_lapack.tobytes()
    assert solved[~left].tobytes() == eigenvalues_in_lanes(matrices)[0][~left].tobytes()
    whole = np.full(20, 8)
    ordered = ordered_eigenvalues(matrices, whole, solver_of("compiled", 8))
    assert (np.diff(np.abs(ordered)) <= 0).all()
    matrices[4, 1, 1] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        ordered_eigenvalues(matrices, whole, solver_of("compiled", 8))


def test_the_solver_is_lapack_by_name_and_for_few_dimensions():
    assert EIGENSOLVERS == ("lapack", "compiled")
    for latent_dim in (1, COMPILED_LATENT_DIM - 1, COMPILED_LATENT_DIM, 20):
        assert solver_of("lapack", latent_dim) is eigenvalues_by_lapack
        is_lapack = solver_of("compiled", latent_dim) is eigenvalues_by_lapack
        assert is_lapack == (latent_dim < COMPILED_LATENT_DIM)
    with pytest.raises(ValueError, match="eigensolver is 'numba', allowed: lapack, compiled"):
        solver_of("numba", 3)


def test_numba_is_imported_for_the_compiled_solver_only():
    program = """
        import sys
        from jacspec.models.autoencoder import initialized_autoencoder
        from jacspec.spectra import computation
        from jacspec.spectra.engine import SpectraEngine

        for latent_dim, eigensolver in (20, "lapack"), (6, "compiled"), (7, "compiled"):
            SpectraEngine(initialized_autoencoder(latent_dim, (9,), 0, 20), eigensolver=eigensolver)
            print("numba" in sys.modules)
        """
    assert python(program).split() == ["False", "False", "True"]


def test_threads_may_be_the_first_to_call(tmp_path):
    """The machine code is made by whichever comes first, and taken from the cache afterwards."""
    program = """
        import hashlib
        from concurrent.futures import ThreadPoolExecutor
        import numpy as np
        from jacspec.spectra.eigenvalues import solver_of

        def solve(seed):
            matrices = np.random.default_rng(seed).standard_normal((200, 8, 8))
            return solver_of("compiled", 8)(matrices).tobytes()

        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(solve, range(16)))
        assert together == list(map(solve, range(16)))
        print(hashlib.sha256(b"".join(together)).hexdigest())
        """
    first = python(program, NUMBA_CACHE_DIR=str(tmp_path))
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nb*")}
    assert len(kept) == 2
    assert python(program, NUMBA_CACHE_DIR=str(tmp_path)) == first
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nb*")} == kept


def test_settings_of_numba_for_other_programs_are_not_ours(tmp_path, monkeypatch):
    """Without machine code it would take minutes; with no thread, numba does not start."""
    program = """
        import hashlib, logging, sys
        import numpy as np
        from jacspec.spectra.eigenvalues import solver_of

        logging.basicConfig(stream=sys.stdout, format="%(message)s")
        matrices = np.random.default_rng(0).standard_normal((200, 8, 8))
        print(hashlib.sha256(solver_of("compiled", 8)(matrices).tobytes()).hexdigest())
        """
    expected = python(program)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".numba_config.yaml").write_text("disable_jit: 1\n")
    said, digest = python(program, NUMBA_NUM_THREADS="0", NUMBA_OPT="0").splitlines()
    assert said.endswith(": NUMBA_NUM_THREADS=0, NUMBA_OPT=0")
    assert digest == expected
