"""Order, exact zeros, and agreement with the traces and determinants of the same matrices."""

import itertools

import numpy as np
import pytest

from jacspec.spectra.eigenvalues import ordered_eigenvalues

UNIT_ROUNDOFF = 2.0**-53


def random_matrices(count, latent_dim, seed=0):
    return np.random.default_rng(seed).standard_normal((count, latent_dim, latent_dim))


def spectra_of(matrices, rank_bound=None):
    count, latent_dim, _ = matrices.shape
    if rank_bound is None:
        rank_bound = np.full(count, latent_dim, dtype=np.int16)
    return ordered_eigenvalues(matrices, rank_bound)


def backward_errors(matrices):
    """Return the norms (n,) of changes of the matrices that make computed eigenvalues exact.

    LAPACK Users' Guide, section 4.8: p(d) u |A|, with p growing modestly; d^2 is generous.
    """
    return matrices.shape[1] ** 2 * UNIT_ROUNDOFF * np.linalg.norm(matrices, axis=(1, 2))


def sort_key(eigenvalue):
    return -np.abs(eigenvalue), -eigenvalue.real, -eigenvalue.imag


@pytest.mark.parametrize("latent_dim", [1, 2, 3, 8, 20])
def test_order_is_by_modulus_then_real_then_imaginary_part(latent_dim):
    spectra = spectra_of(random_matrices(50, latent_dim))
    for spectrum in spectra:
        assert list(spectrum) == sorted(spectrum, key=sort_key)


def test_equal_moduli_have_one_order_however_the_matrix_presents_them():
    # The fourth roots of 1 times 2, and 2 and -2 once more.
    cycle = 2 * np.eye(4)[[1, 2, 3, 0]]
    matrix = np.zeros((6, 6))
    matrix[:4, :4] = cycle
    matrix[4:, 4:] = np.diag([-2.0, 2.0])
    expected = np.array([2, 2, 2j, -2j, -2, -2])
    orders = list(itertools.permutations(range(6)))[::37]
    spectra = spectra_of(np.stack([matrix[np.ix_(order, order)] for order in orders]))
    # Of a normal matrix, each eigenvalue moves by the backward error at most, and so may change
    # places with one of nearly the same modulus: only sets can be compared.
    bound = backward_errors(matrix[None])
    for spectrum in spectra:
        distances = np.abs(spectrum[:, None] - expected)
        assert (distances.min(axis=0) <= bound).all()
        assert (distances.min(axis=1) <= bound).all()
        assert list(spectrum) == sorted(spectrum, key=sort_key)
    diagonal = np.diag([-2.0, 1.0, 2.0, -1.0])
    assert np.array_equal(spectra_of(diagonal[None]), [[2, -2, 1, -1]])


def test_conjugate_pairs_come_with_the_positive_imaginary_part_first():
    rotation = np.array([[[0.0, -4.0], [4.0, 0.0]], [[0.0, 4.0], [-4.0, 0.0]]])
    assert np.array_equal(spectra_of(rotation), [[4j, -4j], [4j, -4j]])


@pytest.mark.parametrize("latent_dim", [1, 2, 8, 14, 20])
def test_each_eigenvalue_makes_its_matrix_singular(latent_dim):
    matrices = random_matrices(20, latent_dim, seed=1)
    bounds = backward_errors(matrices)
    for matrix, spectrum, bound in zip(matrices, spectra_of(matrices), bounds, strict=True):
        shifted = matrix - spectrum[:, None, None] * np.eye(latent_dim)
        # The distance to singularity is itself computed with an error of that size.
        assert np.linalg.svd(shifted, compute_uv=False)[:, -1].max() <= 2 * bound


@pytest.mark.parametrize("latent_dim", [1, 2, 8, 14, 20])
def test_sums_are_traces_and_products_determinants(latent_dim):
    """Computed eigenvalues are exactly those of A + E, with |E|_2 at most the backward error e.

    So their sum differs from the trace by |tr E| <= d e, and log |product| from log |det A| by
    |log det (1 + A^-1 E)| <= -d log(1 - e / smallest singular value).
    """
    matrices = random_matrices(200, latent_dim, seed=2)
    spectra, bounds = spectra_of(matrices), backward_errors(matrices)
    assert (
        np.abs(spectra.sum(axis=1) - np.trace(matrices, axis1=1, axis2=2)) <= latent_dim * bounds
    ).all()
    relative = bounds / np.linalg.svd(matrices, compute_uv=False)[:, -1]
    assert relative.max() < 1e-6
    sign, logabsdet = np.linalg.slogdet(matrices)
    # slogdet and the sum of logarithms are off by as much again, and by d roundings of each log.
    roundings = latent_dim * UNIT_ROUNDOFF * np.abs(np.log(np.abs(spectra))).sum(axis=1)
    bound = -2 * latent_dim * np.log1p(-relative) + 2 * roundings
    assert (np.abs(np.log(np.abs(spectra)).sum(axis=1) - logabsdet) <= bound).all()
    product = spectra.prod(axis=1)
    assert np.array_equal(np.sign(product.real), sign)


def test_beyond_the_rank_bound_eigenvalues_are_exactly_zero():
    matrices = random_matrices(4, 5)
    free = spectra_of(matrices)
    bounded = spectra_of(matrices, np.array([5, 3, 1, 0], dtype=np.int16))
    for row, rank in enumerate([5, 3, 1, 0]):
        assert np.array_equal(bounded[row, :rank], free[row, :rank])
        assert (bounded[row, rank:] == 0).all()


def test_a_defective_zero_is_found_in_spite_of_its_sensitivity():
    # Nilpotent in disguise: rounding makes eigenvalues of about u^(1/4) = 1e-4 from four zeros.
    generator = np.random.default_rng(3)
    vectors = generator.standard_normal((5, 5))
    jordan = np.diag([1.0, 1.0, 1.0, 0.0], k=1)
    jordan[4, 4] = 2.0
    matrix = vectors @ jordan @ np.linalg.inv(vectors)
    assert np.abs(spectra_of(matrix[None])[0, 1]) > 1e-6
    assert (spectra_of(matrix[None], np.array([1]))[0, 1:] == 0).all()


@pytest.mark.parametrize("element", [np.nan, np.inf])
def test_matrices_that_are_not_finite_are_refused(element):
    matrices = random_matrices(3, 4)
    matrices[1, 0, 0] = element
    with pytest.raises(ValueError, match="not finite"):
        spectra_of(matrices)
