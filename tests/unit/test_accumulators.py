"""Accumulators against numpy on the whole data at once."""

import math

import numpy as np
import pytest

from jacspec.statistics.accumulators import Histogram, LogHistogram, Moments, quantile

WIDTH = 2.0**-10
MEAN = 1e6
EPSILON = np.finfo(np.float64).eps
PROBABILITIES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)


def fed(accumulator, values, block_size):
    for start in range(0, len(values), block_size):
        accumulator = accumulator.updated(values[start : start + block_size])
    return accumulator


@pytest.fixture
def values():
    return np.random.default_rng(0).normal(MEAN, 1.0, size=5000)


@pytest.mark.parametrize("block_size", [1, 7, 1000, 5000])
def test_moments_equal_numpy_whatever_the_block_size(values, block_size):
    moments = fed(Moments(), values, block_size)
    # Each of at most n updates rounds the mean by a few units in the last place, n eps relative in
    # all. The deviations, of size 1, inherit n eps MEAN = 1e-6; had the square of the mean been
    # subtracted from the mean of squares, they would be off by eps MEAN ** 2 = 2e-4 or more.
    tolerance = 4 * len(values) * EPSILON
    assert moments.count == len(values)
    assert moments.mean == pytest.approx(values.mean(), rel=tolerance)
    assert moments.standard_deviation == pytest.approx(values.std(), rel=MEAN * tolerance)


def test_moments_of_nothing_are_not_a_number():
    nothing = Moments().updated(np.zeros(0))
    assert nothing.count == 0
    assert math.isnan(nothing.mean)
    assert math.isnan(nothing.standard_deviation)


def test_merging_moments_is_the_same_as_seeing_all(values):
    parts = [Moments().updated(part) for part in (values[:1], values[1:40], values[40:])]
    merged = parts[0].merged(parts[1]).merged(Moments()).merged(parts[2])
    assert merged.count == len(values)
    assert merged.mean == pytest.approx(values.mean(), rel=16 * EPSILON)
    assert Moments().merged(parts[1]) == parts[1]


@pytest.mark.parametrize("probability", PROBABILITIES)
def test_quantile_is_half_a_width_off_at_most(values, probability):
    histogram = fed(Histogram(WIDTH), values, 777)
    error = quantile(histogram, probability) - np.quantile(values, probability)
    # Order statistics move by WIDTH / 2 at most when all values do, and numpy's quantile is a
    # convex combination of two of them; the rest is rounding at the size of the values.
    assert abs(error) <= WIDTH / 2 + 8 * EPSILON * MEAN


def test_quantiles_of_multiples_of_the_width_are_exact():
    values = np.array([0.0] * 6 + [1.5] * 4 + [-3.0] * 3)
    histogram = Histogram(WIDTH).updated(values)
    for probability in PROBABILITIES:
        assert quantile(histogram, probability) == np.quantile(values, probability)


def test_histograms_do_not_depend_on_the_blocks(values):
    whole, pieces = fed(Histogram(WIDTH), values, 5000), fed(Histogram(WIDTH), values[::-1], 13)
    assert whole.first == pieces.first
    np.testing.assert_array_equal(whole.counts, pieces.counts)
    assert whole.count == len(values)


def test_accumulators_are_values(values):
    histogram = Histogram(WIDTH).updated(values)
    before = histogram.counts.copy()
    histogram.updated(values)
    histogram.merged(histogram)
    np.testing.assert_array_equal(histogram.counts, before)


def test_memory_is_bounded_by_the_range_not_the_number_of_values():
    logarithms = np.log([np.nextafter(0, 1), np.finfo(np.float64).max])
    histogram = Histogram(WIDTH).updated(logarithms)
    for _ in range(5):
        histogram = histogram.updated(logarithms)
    assert histogram.counts.size <= 1455 / WIDTH
    assert histogram.count == 12


def test_histogram_refuses_what_has_no_place():
    for value in (math.nan, math.inf, -math.inf):
        with pytest.raises(ValueError, match="finite"):
            Histogram(WIDTH).updated(np.array([0.0, value]))
    with pytest.raises(ValueError, match="not negative"):
        LogHistogram(Histogram(WIDTH)).updated(np.array([1.0, -1.0]))
    with pytest.raises(ValueError, match="widths"):
        Histogram(1.0).merged(Histogram(2.0))


@pytest.mark.parametrize("zeros", [0, 1, 400, 1000])
@pytest.mark.parametrize("probability", PROBABILITIES)
def test_logarithmic_quantile_has_a_relative_bound_and_exact_zeros(zeros, probability):
    values = np.exp(np.random.default_rng(1).normal(-20.0, 8.0, size=1000))
    values[:zeros] = 0.0
    histogram = fed(
        LogHistogram(Histogram(WIDTH)), np.random.default_rng(2).permutation(values), 99
    )
    expected = np.quantile(values, probability)
    # A rounded logarithm is WIDTH / 2 off at most, so each order statistic is off by a factor of
    # exp(WIDTH / 2) at most; a convex combination of non-negative numbers keeps a relative bound.
    bound = math.expm1(WIDTH / 2) + 200 * EPSILON
    assert quantile(histogram, probability) == pytest.approx(expected, rel=bound, abs=0.0)
    assert histogram.count == 1000
    if zeros == 1000:
        assert quantile(histogram, probability) == 0.0


def test_logarithmic_histograms_merge():
    first = LogHistogram(Histogram(WIDTH)).updated(np.array([0.0, 1.0]))
    second = LogHistogram(Histogram(WIDTH)).updated(np.array([[0.0], [math.e]]))
    merged = first.merged(second)
    assert (merged.zeros, merged.count) == (2, 4)
    assert quantile(merged, 1.0) == pytest.approx(math.e, rel=4 * EPSILON)


def test_quantile_of_nothing_is_not_a_number():
    assert math.isnan(quantile(Histogram(WIDTH), 0.5))
    assert math.isnan(quantile(LogHistogram(Histogram(WIDTH)), 0.5))
