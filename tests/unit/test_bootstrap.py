"""Bootstrap over points, against closed forms of the sampling variance."""

import math

import numpy as np
import pytest

from jacspec.claims.bootstrap import (
    BLOCK_POINTS,
    MINIMUM_POINTS,
    REPLICATES,
    interval,
    quantile_draws,
    ratio,
    resampled_sums,
    resampling_weights,
)

# The variance of REPLICATES normal numbers has a relative standard error of sqrt(2 / R) = 7 %;
# five of them leave one failure in two million data sets.
VARIANCE_TOLERANCE = 5 * math.sqrt(2 / REPLICATES)


def mean_draws(dataset: str, values: np.ndarray) -> np.ndarray:
    return ratio(*resampled_sums(dataset, np.column_stack([values, np.ones(len(values))])))


def test_the_first_draw_is_the_statistic_of_the_data():
    values = np.random.default_rng(0).normal(size=2500)
    assert mean_draws("a", values)[0] == pytest.approx(values.mean(), rel=1e-12)


def test_weights_are_poisson():
    weights = resampling_weights("a", 0)
    assert weights.shape == (1 + REPLICATES, BLOCK_POINTS)
    assert np.all(weights[0] == 1)
    draws = weights[1:]
    for count in range(6):
        probability = math.exp(-1) / math.factorial(count)
        # Standard error of a share of independent draws, and the rounding of the table.
        tolerance = 5 * math.sqrt(probability * (1 - probability) / draws.size) + 2**-16
        assert np.mean(draws == count) == pytest.approx(probability, abs=tolerance)


def test_a_point_keeps_its_weights_when_points_are_appended():
    columns = np.random.default_rng(1).normal(size=(1500, 1))
    first = resampled_sums("a", columns[:1200])
    both = resampled_sums("a", columns)
    rest = resampled_sums("a", columns[1200:], positions=np.arange(1200, 1500))
    np.testing.assert_allclose(both, first + rest, rtol=0, atol=1e-9)


def test_positions_select_points():
    columns = np.random.default_rng(2).normal(size=(2300, 2))
    chosen = np.flatnonzero(columns[:, 0] > 0)
    masked = columns * (columns[:, :1] > 0)
    np.testing.assert_allclose(
        resampled_sums("a", columns[chosen], chosen), resampled_sums("a", masked), atol=1e-9
    )


def test_the_same_data_give_the_same_draws_and_data_sets_differ():
    columns = np.random.default_rng(3).normal(size=(300, 1))
    again = resampled_sums("a", columns)
    resampling_weights.cache_clear()
    assert np.array_equal(resampled_sums("a", columns), again)
    assert not np.array_equal(resampled_sums("b", columns)[:, 1:], again[:, 1:])


def test_variance_of_a_mean_is_that_of_theory():
    values = np.random.default_rng(4).normal(size=3000)
    found = np.var(mean_draws("a", values)[1:])
    assert found == pytest.approx(values.var() / len(values), rel=VARIANCE_TOLERANCE)


def test_points_are_resampled_not_eigenvalues():
    """Twenty equal numbers at each point tell no more than one."""
    values = np.repeat(np.random.default_rng(5).normal(size=(3000, 1)), 20, axis=1)
    columns = np.column_stack([values.sum(axis=1), np.full(3000, 20.0)])
    found = np.var(ratio(*resampled_sums("a", columns))[1:])
    assert found == pytest.approx(values[:, 0].var() / 3000, rel=VARIANCE_TOLERANCE)
    median = quantile_draws("a", values, (0.5,))[0.5]
    single = quantile_draws("a", values[:, :1], (0.5,))[0.5]
    # They interpolate between other order statistics, whose spacing is exponential with mean
    # 1 / (n f) for the normal density f = 0.4: ten means leave one failure in fifty.
    np.testing.assert_allclose(median, single, atol=10 / (3000 * 0.4))


def test_variance_of_a_median_is_that_of_theory():
    """Var = 1 / (4 n f^2), here with density f = 1."""
    count = 20_000
    values = np.random.default_rng(6).uniform(size=(count, 1))
    found = np.var(quantile_draws("a", values, (0.5,))[0.5][1:])
    # The empirical quantile function adds noise of the order n^(-3/4) to the n^(-1/2) of the
    # median: n^(-1/4) = 8 % of its deviation, at most 2 * 8 % of its variance.
    assert found == pytest.approx(0.25 / count, rel=VARIANCE_TOLERANCE + 0.17)


def test_quantiles_are_close_to_those_of_the_resamples_themselves():
    count = 1000
    values = np.random.default_rng(7).uniform(size=(count, 1))
    draws = quantile_draws("a", values, (0.25,))[0.25]
    order = np.argsort(values[:, 0])
    cumulated = np.cumsum(resampling_weights("a", 0)[:, order].astype(int), axis=1)
    direct = [values[order[np.searchsorted(row, 0.25 * row[-1])], 0] for row in cumulated]
    # Bahadur's remainder: n^(-3/4) up to a factor that grows like a root of log log n.
    assert np.sqrt(np.mean((draws - direct) ** 2)) < 2 * count**-0.75
    assert draws[0] == np.quantile(values, 0.25)


def test_quantiles_leave_out_missing_values():
    values = np.random.default_rng(8).normal(size=(500, 3))
    values[::2, 1] = np.nan
    draws = quantile_draws("a", values, (0.05,))[0.05]
    assert draws[0] == np.nanquantile(values, 0.05)
    assert np.isnan(quantile_draws("a", np.full((500, 3), np.nan), (0.05,))[0.05]).all()


def test_intervals_cover_the_truth():
    generator = np.random.default_rng(9)
    count, data_sets = 200, 200
    hits = 0
    for number in range(data_sets):
        low, high = interval(mean_draws(f"set {number}", generator.exponential(size=count)))
        hits += low <= 1.0 <= high
    # Binomial standard error, four times, and the O(1/n) error of percentile intervals: for the
    # skewness 2 of the exponential at n = 200, about one per cent on either side.
    tolerance = 4 * math.sqrt(0.05 * 0.95 / data_sets) + 0.02
    assert hits / data_sets == pytest.approx(0.95, abs=tolerance)


def test_too_few_points_have_no_interval():
    draws = mean_draws("a", np.ones(MINIMUM_POINTS - 1))
    assert draws[0] == 1.0
    assert all(math.isnan(end) for end in interval(draws))


def test_infinite_draws_do_not_spoil_an_interval():
    draws = np.concatenate([[5.0], np.full(REPLICATES // 2, 5.0), np.full(REPLICATES // 2, np.inf)])
    assert interval(draws) == (5.0, math.inf)


def test_a_ratio_to_nothing_is_missing():
    assert np.isnan(ratio(np.ones(3), np.zeros(3))).all()
