"""The theorems' measurements, against matrices for which the answer is known."""

import math

import numpy as np
import pytest
import scipy.stats

from jacspec.models.architecture import Architecture
from jacspec.models.autoencoder import Autoencoder, initialized_autoencoder
from jacspec.models.network import network_of
from jacspec.spectra.engine import jacobian_spectra
from jacspec.statistics.dataset_statistics import DatasetStatistics
from jacspec.statistics.orientation import Orientation
from jacspec.theorems.equal_spectra import (
    COMPLEX64_ROUNDOFF,
    difference_bound,
    pattern_statistics,
    rounding_statistics,
)
from jacspec.theorems.matrices import UNIT_ROUNDOFF, JacobianSampler, spectrum_sample
from jacspec.theorems.model_theorems import dataset_theorems, points_needed
from jacspec.theorems.null_model import (
    argument_statistics,
    binomial_interval,
    distribution_distance,
    ginibre_arguments,
    orientation_statistics,
)
from jacspec.theorems.pair_inequalities import (
    Inequality,
    pair_statistics,
    spectrum_inequality,
    trace_inequality,
)

RANDOM = np.random.default_rng(0)


def linear_autoencoder() -> Autoencoder:
    """Return an autoencoder in which every unit is active at every point."""
    autoencoder = initialized_autoencoder(4, (16, 8), seed=1, input_dim=30)
    linear = Autoencoder(Architecture(4, (16, 8), 30, hidden_activation="identity"))
    linear.load_state_dict(autoencoder.state_dict())
    return linear.requires_grad_(False)


def pair(first: list, second: list) -> tuple:
    return spectrum_sample(np.array([first], float)), spectrum_sample(np.array([second], float))


# ---- I.1 ----------------------------------------------------------------------------------------


def test_spectra_are_equal_where_the_pattern_is():
    autoencoder = linear_autoencoder()
    pixels = RANDOM.random((20, 30), dtype=np.float32)
    columns = jacobian_spectra(autoencoder, pixels).columns()
    statistics = dict(pattern_statistics(columns))
    assert statistics["I.1_share_same_pattern"] == 1
    assert math.isnan(statistics["I.1_difference_median_other_pattern"])
    bound = difference_bound(JacobianSampler(autoencoder)(pixels))
    assert dict(rounding_statistics(columns, bound))["I.1_share_beyond_rounding"] == 0
    # Useful is a bound that is far below the eigenvalues themselves.
    assert bound.max() < 1e-3 * np.abs(columns["eigenvalues_input"]).max()


def test_units_are_those_of_ieee_arithmetic():
    assert np.finfo(np.float32).eps / 2 == COMPLEX64_ROUNDOFF
    assert np.finfo(np.float64).eps / 2 == UNIT_ROUNDOFF


def test_what_rounding_can_just_explain_is_not_beyond_it():
    """Of two eigenvalues one is off by 1: a root mean square of sqrt(1/2), and an inequality."""
    columns = {
        "eigenvalues_input": np.array([[2, 1]], np.complex64),
        "eigenvalues_latent": np.array([[3, 1]], np.complex64),
    }
    for bound, beyond in ((np.sqrt(0.5), 0.0), (np.sqrt(0.5) - 1e-15, 1.0)):
        statistics = dict(rounding_statistics(columns, np.array([bound])))
        assert statistics["I.1_share_beyond_rounding"] == beyond
    inequality = Inequality(np.array([1.5, 1.5]), np.ones(2), np.array([0.5, 0.49]))
    assert inequality.fails.tolist() == [False, True]


def test_a_difference_beyond_rounding_is_counted():
    columns = {
        "eigenvalues_input": np.array([[1, 0.5], [1, 0.5]], np.complex64),
        "eigenvalues_latent": np.array([[1, 0.5], [1, 0.6]], np.complex64),
        "same_pattern": np.array([True, True]),
    }
    statistics = dict(rounding_statistics(columns, np.array([1e-6, 1e-6])))
    assert statistics["I.1_share_beyond_rounding"] == 0.5


def test_differences_are_told_apart_by_pattern_and_matched():
    """Swapped eigenvalues are no difference; 0.3 + 0.4i in one of two is 0.5 / sqrt(2) in rms."""
    columns = {
        "eigenvalues_input": np.array([[1, -1], [2, 1], [2, 1]], np.complex64),
        "eigenvalues_latent": np.array([[-1, 1], [2, 1.3 + 0.4j], [2, 1]], np.complex64),
        "same_pattern": np.array([True, False, False]),
    }
    statistics = dict(pattern_statistics(columns))
    assert statistics["I.1_share_same_pattern"] == pytest.approx(1 / 3)
    assert statistics["I.1_difference_max_same_pattern"] == 0
    assert statistics["I.1_difference_max_other_pattern"] == pytest.approx(
        0.5 / math.sqrt(2), rel=2**-22
    )


def test_matrices_are_those_whose_spectra_the_engine_gives():
    """Rounding to complex64 moves an eigenvalue by 2^-24 of its modulus, and so a sum of them."""
    autoencoder = initialized_autoencoder(5, (24, 12), seed=0, input_dim=30)
    pixels = RANDOM.random((6, 30), dtype=np.float32)
    spectra = jacobian_spectra(autoencoder, pixels)
    sample = JacobianSampler(autoencoder)(pixels)
    for name in ("input", "latent"):
        eigenvalues = getattr(spectra, f"eigenvalues_{name}").astype(np.complex128)
        trace = np.trace(getattr(sample, name), axis1=1, axis2=2)
        allowed = 2**-23 * np.abs(eigenvalues).sum(axis=1)
        assert np.all(np.abs(eigenvalues.sum(axis=1) - trace) <= allowed)


# ---- I.2 ----------------------------------------------------------------------------------------


def test_the_designs_counterexample_breaks_the_paper_and_not_the_trace_bound():
    """Eigenvalues 0, 0 and ±0.1: 0.02 on the left, 0.0001 on the right."""
    first, second = pair([[0, 1], [0, 0]], [[0, 1], [0.01, 0]])
    # The first matrix is defective: its eigenvalues are exact, but no condition number says so.
    second_only = spectrum_inequality(second, second, matched=True)
    assert not second_only.fails.any()
    exact = type(first)(first.matrices, first.eigenvalues, np.ones(1), first.backward_error)
    for matched in (True, False):
        inequality = spectrum_inequality(exact, second, matched=matched)
        assert inequality.fails.all()
        assert inequality.left == pytest.approx(0.02, rel=1e-12)
        assert inequality.right == pytest.approx(0.0001, rel=1e-12)
    assert not trace_inequality(first.matrices, second.matrices).fails.any()


def test_normal_matrices_never_fail_with_the_best_matching():
    """Hoffman and Wielandt's theorem, for symmetric matrices and for rotations."""
    symmetric = RANDOM.standard_normal((200, 6, 6))
    symmetric += np.swapaxes(symmetric, 1, 2)
    rotations = np.linalg.qr(RANDOM.standard_normal((200, 6, 6)))[0]
    for matrices in (symmetric, rotations):
        first, second = spectrum_sample(matrices[:100]), spectrum_sample(matrices[100:])
        inequality = spectrum_inequality(first, second, matched=True)
        assert not inequality.fails.any()
        assert np.all(inequality.ratio <= 1 + 1e-12)


def test_the_order_by_modulus_fails_where_the_best_matching_does_not():
    first, second = pair([[1, 0], [0, -0.99]], [[0.99, 0], [0, -1]])
    assert spectrum_inequality(first, second, matched=False).fails.all()
    assert not spectrum_inequality(first, second, matched=True).fails.any()


def test_strongly_non_normal_matrices_fail_often():
    matrices = np.triu(RANDOM.standard_normal((200, 4, 4)), 1) * 10
    matrices += 1e-3 * RANDOM.standard_normal((200, 4, 4))
    perturbed = matrices + 1e-3 * RANDOM.standard_normal(matrices.shape)
    samples = spectrum_sample(matrices), spectrum_sample(perturbed)
    inequality = spectrum_inequality(*samples, matched=True)
    assert inequality.fails.mean() > 0.5


def test_the_trace_bound_is_sharp_and_rounding_does_not_break_it():
    """A - B = c I gives equality: any rounding upwards would count as a failure."""
    first = RANDOM.standard_normal((1000, 7, 7))
    second = first - RANDOM.standard_normal((1000, 1, 1)) * np.eye(7)
    inequality = trace_inequality(first, second)
    assert not inequality.fails.any()
    assert inequality.ratio == pytest.approx(np.ones(1000), rel=1e-12)


def test_pairs_of_a_matrix_with_itself_do_not_fail():
    sample = spectrum_sample(RANDOM.standard_normal((10, 4, 4)))
    statistics = dict(pair_statistics("same_set", sample, sample))
    assert statistics["I.2_same_set_pairs"] == 10
    for name in ("ordered", "matched", "trace"):
        assert statistics[f"I.2_same_set_share_fails_{name}"] == 0


# ---- I.3 ----------------------------------------------------------------------------------------


def test_undetermined_signs_do_not_count():
    sign = np.array([1, 1, 1, -1, 0, 0], np.int8)
    statistics = dict(orientation_statistics(Orientation().updated(sign)))
    assert statistics["I.3_points_determined"] == 4
    assert statistics["I.3_share_reversed"] == 0.25
    assert statistics["I.3_is_consistent_with_half"] == 1


def test_nothing_determined_gives_no_share():
    statistics = dict(orientation_statistics(Orientation().updated(np.zeros(5, np.int8))))
    assert statistics["I.3_points_determined"] == 0
    assert math.isnan(statistics["I.3_share_reversed"])
    assert math.isnan(statistics["I.3_is_consistent_with_half"])


@pytest.mark.parametrize(("successes", "trials"), [(0, 10), (10, 10), (37, 100), (34800, 70000)])
def test_interval_is_that_of_clopper_and_pearson(successes, trials):
    expected = scipy.stats.binomtest(successes, trials).proportion_ci(0.95, method="exact")
    assert binomial_interval(successes, trials) == pytest.approx(expected, rel=1e-9)


def test_ginibre_matrices_have_the_known_number_of_real_eigenvalues():
    """At d = 2 both are real with probability 1/sqrt(2) (Edelman, Kostlan and Shub 1994).

    Of 10,000 matrices that share has a standard deviation of 0.0046; five of them are allowed.
    """
    arguments = ginibre_arguments(2, 10_000, "test")
    share = np.mean((arguments == 0) | (arguments == np.pi))
    deviation = math.sqrt(0.5**0.5 * (1 - 0.5**0.5) / 10_000)
    assert abs(share - 0.5**0.5) < 5 * deviation


def test_ginibre_matrices_are_the_same_again_and_only_appended_to():
    few, many = ginibre_arguments(3, 700, "test"), ginibre_arguments(3, 1500, "test")
    assert np.array_equal(many[: few.size], few)
    assert not np.array_equal(ginibre_arguments(3, 700, "other"), few)


def test_distance_agrees_with_scipy_where_there_are_ties():
    first = RANDOM.integers(0, 10, 300).astype(float)
    second = RANDOM.integers(0, 12, 200).astype(float)
    expected = scipy.stats.ks_2samp(first, second).statistic
    assert distribution_distance(first, second) == pytest.approx(expected, abs=1e-12)


def test_negative_numbers_have_one_argument_in_both_precisions():
    """In complex64 their argument is the float32 next to pi, which is greater than pi."""
    negative = np.full((50, 2), -1, np.complex64)
    statistics = dict(argument_statistics(negative))
    share_below_pi = np.mean(ginibre_arguments(2, 50, "null") < np.pi)
    assert statistics["I.3_argument_distance"] == pytest.approx(share_below_pi)
    assert statistics["I.3_share_real"] == 1


def test_real_eigenvalues_are_those_on_either_half_of_the_axis():
    eigenvalues = np.array([[2, 1j, -1j], [-1, 1 + 1j, 1 - 1j]], np.complex64)
    assert dict(argument_statistics(eigenvalues))["I.3_share_real"] == 2 / 6


def test_zeros_have_no_argument():
    statistics = dict(argument_statistics(np.zeros((50, 2), np.complex64)))
    assert math.isnan(statistics["I.3_argument_distance"])
    assert math.isnan(statistics["I.3_share_real"])


def test_ginibre_matrices_are_as_far_from_each_other_as_chance_makes_them():
    """Two samples of n = 2000 points differ by more than D with 2 exp(-n D^2), 5e-6 for 0.08.

    That is for independent values; the two of a matrix count as one.
    """
    statistics = dict(argument_statistics(RANDOM.standard_normal((2000, 2)) + 0j))
    assert statistics["I.3_argument_distance_null"] < 0.08


# ---- A model ------------------------------------------------------------------------------------


def test_a_model_is_measured_on_every_set():
    network = network_of(initialized_autoencoder(3, (16, 8), seed=0), np.float64)
    sampler = JacobianSampler(network)
    training_sample = None
    for name in ("mnist", "uniform"):
        pixels = RANDOM.random((40, 784), dtype=np.float32)
        columns = jacobian_spectra(network, pixels).columns()
        assert points_needed(columns) == 500
        rows, sample = dataset_theorems(
            name, DatasetStatistics().updated(columns), columns, pixels, sampler, training_sample
        )
        training_sample = training_sample or sample
        values = {(row.jacobian, row.statistic): row.value for row in rows}
        assert len(values) == len(rows)
        share = np.mean(columns["sign_input"][columns["sign_input"] != 0] == -1)
        assert values["input", "I.3_share_reversed"] == share
        assert values["both", "I.1_share_same_pattern"] == columns["same_pattern"].mean()
        assert values["latent", "I.2_same_set_share_fails_trace"] == 0
        assert values["latent", "I.2_same_set_pairs"] > 900
        if name == "mnist":
            assert ("latent", "I.2_training_set_pairs") not in values
    assert values["latent", "I.2_training_set_pairs"] == 1000
    assert values["latent", "I.2_nearest_of_training_set_pairs"] == 40


def test_matrices_are_of_the_first_points():
    """At most 200 of one pattern for I.1, and 500 for pairs with the nearest training point."""
    network = network_of(linear_autoencoder(), np.float64)
    sampler = JacobianSampler(network)
    pixels = RANDOM.random((501, 30), dtype=np.float32)
    columns = jacobian_spectra(network, pixels).columns()
    rows, _ = dataset_theorems(
        "uniform",
        DatasetStatistics().updated(columns),
        columns,
        pixels,
        sampler,
        sampler(RANDOM.random((9, 30), dtype=np.float32)),
    )
    values = {row.statistic: row.value for row in rows}
    assert values["I.1_points_checked"] == 200
    assert values["I.2_nearest_of_training_set_pairs"] == 500


def test_points_of_one_pattern_are_needed_up_to_the_200th():
    pattern = np.zeros(9_000, bool)
    assert points_needed({"same_pattern": pattern}) == 500
    pattern[1_000::10] = True
    assert points_needed({"same_pattern": pattern}) == 1_000 + 199 * 10 + 1
