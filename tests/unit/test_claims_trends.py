"""Verdicts and the statistics over latent dimensions and groups, against scipy and by hand."""

import math

import numpy as np
import pytest
from scipy.stats import linregress, spearmanr

from jacspec.claims.trends import (
    chance_correlation,
    coefficient_of_variation,
    first_dim_below,
    order_margin,
    rank_correlation,
    silhouette,
    slope,
)
from jacspec.claims.verdicts import Verdict, all_of, criterion

REPRODUCED, NOT, OPEN = Verdict.REPRODUCED, Verdict.NOT_REPRODUCED, Verdict.UNDETERMINED
DIMS = [2, 3, 5, 8, 13]


def test_rank_correlation_is_that_of_scipy_with_ties():
    curve = np.random.default_rng(0).integers(0, 4, (5, 20)).astype(np.float64)
    expected = [
        spearmanr(DIMS, curve[:, i]).statistic if np.ptp(curve[:, i]) else np.nan for i in range(20)
    ]
    np.testing.assert_allclose(rank_correlation(DIMS, curve), expected, atol=1e-12)


def test_rank_correlation_follows_resampled_dimensions():
    generator = np.random.default_rng(7)
    drawn = generator.integers(0, 5, (5, 30))
    curve = np.take_along_axis(generator.normal(size=(5, 30)), drawn, axis=0)
    dims = np.array(DIMS)[drawn]
    expected = [spearmanr(dims[:, i], curve[:, i]).statistic for i in range(30)]
    np.testing.assert_allclose(rank_correlation(dims, curve), expected, atol=1e-12)


def test_rank_correlation_of_equal_or_missing_values_is_missing():
    curve = np.zeros((5, 2))
    curve[2, 1] = np.nan
    assert np.isnan(rank_correlation(DIMS, curve)).all()


def test_chance_exceeds_its_correlation_in_one_order_of_twenty():
    generator = np.random.default_rng(1)
    orders = generator.permuted(np.tile(np.arange(19.0)[:, None], 4000), axis=0)
    exceeded = np.mean(rank_correlation(list(range(19)), orders) > chance_correlation(19))
    # Binomial standard error 0.0034, four times, and the normal approximation's own error.
    assert exceeded == pytest.approx(0.05, abs=0.02)


def test_slope_is_that_of_scipy():
    curve = np.random.default_rng(2).normal(size=(5, 3))
    expected = [linregress(DIMS, curve[:, i]).slope for i in range(3)]
    np.testing.assert_allclose(slope(DIMS, curve), expected, rtol=1e-12)


def test_coefficient_of_variation():
    curves = np.array([[[1.0], [3.0]], [[2.0], [2.0]]])
    np.testing.assert_allclose(coefficient_of_variation(curves)[:, 0], [0.5, 0.0])


@pytest.mark.parametrize(
    ("curves", "expected"),
    [
        ([[2, 2, 0, 0, 0], [2, 2, 2, 0, 0]], 8),
        ([[0, 0, 0, 0, 0], [0, 0, 0, 0, 0]], 2),
        ([[0, 0, 0, 0, 2], [0, 0, 0, 0, 0]], math.inf),
        ([[0, 0, 2, 0, 0], [0, 0, 0, 0, 0]], 8),
        ([[0, 0, np.nan, 0, 0], [0, 0, 0, 0, 0]], math.nan),
        # Equal is not below.
        ([[0, 0, 1, 0, 0], [0, 0, 0, 0, 0]], 8),
    ],
)
def test_first_dim_below(curves, expected):
    found = first_dim_below(DIMS, np.array(curves, float)[..., None], np.ones((5, 1)))
    np.testing.assert_equal(found, [expected])


def test_order_margin_is_positive_only_in_order():
    high, middle, low = np.array([[3.0], [4.0]]), np.array([[2.0]]), np.array([[1.0], [0.0]])
    assert order_margin([high, middle, low])[0] == 1.5
    assert order_margin([middle, high, low])[0] < 0
    assert np.isnan(order_margin([high, np.zeros((0, 1)), low])).all()


def test_silhouette_by_hand():
    groups = [np.array([[0.0], [1.0]]), np.array([[10.0], [11.0]])]
    outer, inner = (10.5 - 1) / 10.5, (9.5 - 1) / 9.5
    assert silhouette(groups)[0] == pytest.approx((outer + inner) / 2)


def test_silhouette_of_singletons_and_of_equal_numbers_is_zero():
    assert silhouette([np.array([[0.0]]), np.array([[1.0]])])[0] == 0
    assert silhouette([np.zeros((2, 1)), np.zeros((3, 1))])[0] == 0
    assert np.isnan(silhouette([np.zeros((2, 1)), np.zeros((0, 1))])[0])


def draws(low: float, high: float) -> np.ndarray:
    return np.concatenate([[(low + high) / 2], np.linspace(low, high, 400)])


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(1.1, 2, REPRODUCED), (0, 0.9, NOT), (0.5, 1.5, OPEN)]
)
def test_a_number_is_judged_by_its_interval(low, high, expected):
    assert criterion("x", draws(low, high), above=1.0).verdict == expected
    assert criterion("x", -draws(low, high), below=-1.0).verdict == expected


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.45, 0.55, REPRODUCED), (0.3, 0.39, NOT), (0.61, 0.7, NOT), (0.5, 0.7, OPEN)],
)
def test_a_number_between_two_thresholds(low, high, expected):
    assert criterion("x", draws(low, high), above=0.4, below=0.6).verdict == expected


@pytest.mark.parametrize(
    ("low", "high", "above", "below"),
    [(1, 1, NOT, NOT), (0, 1, NOT, OPEN), (1, 2, OPEN, NOT)],
)
def test_what_only_reaches_a_threshold_is_not_beyond_it(low, high, above, below):
    own = np.concatenate([[1.0], np.full(200, float(low)), np.full(200, float(high))])
    assert criterion("x", own, above=1.0).verdict == above
    assert criterion("x", own, below=1.0).verdict == below
    assert criterion("x", own, above=1.0).holds[0] == criterion("x", own, below=1.0).holds[0] == 0


def test_a_number_without_threshold_has_no_verdict():
    assert criterion("x", draws(0, 1)).verdict is None


def test_an_interval_contains_the_value():
    part = criterion("x", np.concatenate([[2.0], np.linspace(0.1, 0.9, 400)]), above=1.0)
    assert (part.high, part.verdict) == (2.0, OPEN)


def test_a_missing_number_is_open():
    assert criterion("x", np.full(401, np.nan), above=0.0, below=1.0).verdict == OPEN


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], OPEN),
        ([REPRODUCED, REPRODUCED], REPRODUCED),
        ([REPRODUCED, OPEN], OPEN),
        ([OPEN, NOT, REPRODUCED], NOT),
    ],
)
def test_all_of(parts, expected):
    assert all_of(parts) == expected
