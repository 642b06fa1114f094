"""Statistics of blocks of points against numpy on all of them at once."""

import itertools
import math

import numpy as np
import pytest

from jacspec.statistics.dataset_statistics import DatasetStatistics
from jacspec.statistics.eigenvalue_difference import matched_difference, ordered_difference

LATENT_DIM = 3
POINTS = 400
PERCENTS = {"log_abs": (1, 5, 25, 50, 75, 95, 99), "abs_arg": (5, 25, 50, 75, 95, 99)}
EPSILON = np.finfo(np.float64).eps
# A mean of n numbers, gathered in blocks, differs from numpy's by n roundings at most.
ROUNDING = 4 * POINTS * LATENT_DIM * EPSILON


def ordered(eigenvalues):
    order = np.lexsort((-eigenvalues.imag, -eigenvalues.real, -np.abs(eigenvalues)), axis=-1)
    return np.take_along_axis(eigenvalues, order, axis=-1)


def random_spectra(points=POINTS, seed=0, latent_dim=LATENT_DIM):
    """Return the columns of random matrices, a tenth of them singular."""
    generator = np.random.default_rng(seed)
    columns = {
        "reconstruction_error": generator.gamma(2.0, 10.0, size=points),
        "latent": np.zeros((points, latent_dim), dtype=np.float32),
        "same_pattern": generator.random(points) < 0.3,
    }
    for jacobian in ("input", "latent"):
        matrices = generator.normal(size=(points, latent_dim, latent_dim))
        eigenvalues = ordered(np.linalg.eigvals(matrices)).astype(np.complex64)
        sign, logabsdet = np.linalg.slogdet(matrices)
        eigenvalues[:40, -1], sign[:40], logabsdet[:40] = 0, 0, -math.inf
        columns |= {
            f"eigenvalues_{jacobian}": eigenvalues,
            f"logabsdet_{jacobian}": logabsdet,
            f"sign_{jacobian}": sign.astype(np.int8),
            f"trace_{jacobian}": np.trace(matrices, axis1=1, axis2=2),
            f"rank_bound_{jacobian}": np.full(points, latent_dim, dtype=np.int16),
        }
    same = columns["same_pattern"]
    columns["eigenvalues_latent"][same] = columns["eigenvalues_input"][same]
    return columns


def statistics_of(columns, edges=(0,)):
    """Return the statistics of points that come in blocks, which begin at `edges`, by name."""
    statistics = DatasetStatistics()
    for first, end in itertools.pairwise([*edges, len(columns["latent"])]):
        statistics = statistics.updated(
            {name: values[first:end] for name, values in columns.items()}
        )
    return {(row.jacobian, row.statistic): row.value for row in statistics.rows("uniform")}


@pytest.fixture
def columns():
    return random_spectra()


@pytest.fixture
def statistics(columns):
    return statistics_of(columns, range(0, POINTS, 64))


@pytest.mark.parametrize("jacobian", ["input", "latent"])
def test_means_and_shares_equal_numpy(columns, statistics, jacobian):
    eigenvalues = columns[f"eigenvalues_{jacobian}"].astype(np.complex128)
    nonzero = eigenvalues[eigenvalues != 0]
    logarithms = np.log(np.abs(nonzero))
    sign = columns[f"sign_{jacobian}"]
    with np.errstate(divide="ignore"):
        expected = {
            "points": POINTS,
            "mean_abs": np.abs(eigenvalues).mean(),
            "geometric_mean": np.exp(columns[f"logabsdet_{jacobian}"] / LATENT_DIM).mean(),
            "geometric_mean_nonzero": np.exp(logarithms.mean()),
            "share_zero": np.mean(eigenvalues == 0),
            "share_positive": np.mean(np.angle(nonzero) == 0),
            "share_negative": np.mean(np.abs(np.angle(nonzero)) == np.pi),
            "share_complex": np.mean(np.sin(np.angle(nonzero)) ** 2 > EPSILON),
            "log_abs_mean": logarithms.mean(),
            "log_abs_std": logarithms.std(),
            "abs_arg_mean": np.abs(np.angle(nonzero)).mean(),
            "share_reversed": np.mean(sign[sign != 0] == -1),
            "share_undetermined": np.mean(sign == 0),
            "max_abs_mean": np.abs(eigenvalues).max(axis=1).mean(),
            "trace_mean": columns[f"trace_{jacobian}"].mean() / LATENT_DIM,
        }
    for name, value in expected.items():
        assert statistics[jacobian, name] == pytest.approx(value, rel=ROUNDING, abs=ROUNDING), name


@pytest.mark.parametrize("jacobian", ["input", "latent"])
def test_quantiles_are_off_by_half_of_a_thousandth_or_of_a_4096th_of_pi_at_most(
    columns, statistics, jacobian
):
    eigenvalues = columns[f"eigenvalues_{jacobian}"].astype(np.complex128)
    nonzero = eigenvalues[eigenvalues != 0]
    values = {"log_abs": np.log(np.abs(nonzero)), "abs_arg": np.abs(np.angle(nonzero))}
    for quantity, width in {"log_abs": 1 / 1024, "abs_arg": math.pi / 4096}.items():
        for percent in PERCENTS[quantity]:
            exact = np.quantile(values[quantity], percent / 100)
            found = statistics[jacobian, f"{quantity}_q{percent:02d}"]
            assert abs(found - exact) <= width / 2 * (1 + 1e-9), (quantity, percent)


def test_statistics_of_pairs_and_points_equal_numpy(columns, statistics):
    difference = columns["eigenvalues_input"].astype(complex) - columns["eigenvalues_latent"]
    difference = np.mean(np.abs(difference) ** 2, axis=1)
    error = columns["reconstruction_error"]
    means = {
        "difference_mean": difference.mean(),
        "reconstruction_error_mean": error.mean(),
        "share_same_pattern": columns["same_pattern"].mean(),
    }
    for name, value in means.items():
        assert statistics["both", name] == pytest.approx(value, rel=ROUNDING), name
    quantiles = {
        f"difference_q{p:02d}": np.quantile(difference, p / 100) for p in (5, 25, 50, 75, 95)
    }
    quantiles["reconstruction_error_q50"] = np.median(error)
    for name, value in quantiles.items():
        bound = math.expm1(1 / 2048) + 16 * EPSILON
        assert statistics["both", name] == pytest.approx(value, rel=bound, abs=0.0), name
    # A third of the points have equal spectra, and zero is exact.
    assert statistics["both", "difference_q25"] == 0.0
    assert 0 < statistics["both", "matched_difference_mean"] < means["difference_mean"]


def test_statistics_have_the_names_of_the_contract(statistics):
    matrix = ["points", "mean_abs", "geometric_mean", "geometric_mean_nonzero", "share_zero"]
    matrix += ["share_positive", "share_negative", "share_complex"]
    matrix += ["log_abs_mean", "log_abs_std", *(f"log_abs_q{p:02d}" for p in PERCENTS["log_abs"])]
    matrix += ["abs_arg_mean", *(f"abs_arg_q{p:02d}" for p in PERCENTS["abs_arg"])]
    matrix += ["share_reversed", "share_undetermined", "max_abs_mean", "trace_mean"]
    both = ["difference_mean", *(f"difference_q{p:02d}" for p in (5, 25, 50, 75, 95))]
    both += ["matched_difference_mean", "reconstruction_error_mean", "reconstruction_error_q50"]
    both += ["share_same_pattern"]
    assert list(statistics) == [
        *(("input", name) for name in matrix),
        *(("latent", name) for name in matrix),
        *(("both", name) for name in both),
    ]


@pytest.mark.parametrize("edges", [range(0, POINTS, 5), (0, 1, 2, 399), (0, 200), (0,)])
def test_blocks_do_not_matter(columns, statistics, edges):
    others = statistics_of(columns, edges)
    assert others.keys() == statistics.keys()
    for key, value in statistics.items():
        tolerance = 0.0 if "_q" in key[1] else ROUNDING
        assert others[key] == pytest.approx(value, rel=tolerance, abs=0.0), key


def test_all_eigenvalues_zero():
    columns = random_spectra(points=10)
    for jacobian in ("input", "latent"):
        columns[f"eigenvalues_{jacobian}"][:] = 0
        columns[f"logabsdet_{jacobian}"][:] = -math.inf
        columns[f"sign_{jacobian}"][:] = 0
        columns[f"trace_{jacobian}"][:] = 0
    statistics = statistics_of(columns)
    for jacobian in ("input", "latent"):
        own = {name: value for (of, name), value in statistics.items() if of == jacobian}
        unknown = {name for name, value in own.items() if math.isnan(value)}
        assert unknown == {
            name
            for name in own
            if name.startswith(("log_abs", "abs_arg"))
            or name in ("geometric_mean_nonzero", "share_reversed")
            or name in ("share_positive", "share_negative", "share_complex")
        }
        assert own["share_zero"] == own["share_undetermined"] == 1.0
        assert own["mean_abs"] == own["geometric_mean"] == own["max_abs_mean"] == 0.0
    assert statistics["both", "difference_q95"] == 0.0
    assert statistics["both", "matched_difference_mean"] == 0.0


def test_arguments_of_real_eigenvalues_are_exact():
    columns = random_spectra(points=10)
    columns["eigenvalues_input"][:] = [1.0, -0.5, 0.25]
    statistics = statistics_of(columns)
    assert statistics["input", "abs_arg_q25"] == 0.0
    assert statistics["input", "abs_arg_q95"] == math.pi
    signs = ("share_positive", "share_negative", "share_complex")
    assert [statistics["input", name] for name in signs] == [2 / 3, 1 / 3, 0.0]


def test_ordered_difference_of_a_worked_example():
    first = np.array([[3 + 4j, 1], [1, 0]], dtype=np.complex64)
    second = np.array([[0, 0], [1, 0]], dtype=np.complex64)
    np.testing.assert_array_equal(ordered_difference(first, second), [13.0, 0.0])


def test_matching_is_the_best_of_all_permutations():
    generator = np.random.default_rng(3)
    first, second = generator.normal(size=(2, 1100, 3)) + 1j * generator.normal(size=(2, 1100, 3))
    candidates = [
        np.mean(np.abs(first - second[:, permutation]) ** 2, axis=1)
        for permutation in itertools.permutations(range(3))
    ]
    # Two sums of the same few squares, in another order.
    np.testing.assert_allclose(
        matched_difference(first, second), np.min(candidates, axis=0), rtol=1e-14
    )


def test_matching_finds_the_same_spectrum_in_another_order():
    generator = np.random.default_rng(4)
    spectra = generator.normal(size=(5, 20)) + 1j * generator.normal(size=(5, 20))
    shuffled = generator.permuted(spectra, axis=1)
    assert (matched_difference(spectra, shuffled) == 0).all()
    assert (ordered_difference(spectra, shuffled) > 0).all()
    assert matched_difference(spectra[:0], shuffled[:0]).shape == (0,)
