"""From networks to the verdict of a variant: shares, their intervals, what few networks tell."""

import math

import numpy as np
import pytest
from scipy.stats import beta

from jacspec.claims.bootstrap import REPLICATES
from jacspec.claims.conditions import Condition, at_least, condition, strength
from jacspec.claims.networks import (
    draw_weights,
    jeffreys_interval,
    mean_over_networks,
    resampled_networks,
    share_that_holds,
    with_resampled_networks,
)
from jacspec.claims.thresholds import Statement
from jacspec.claims.verdicts import Verdict

REPRODUCED, NOT, OPEN = Verdict.REPRODUCED, Verdict.NOT_REPRODUCED, Verdict.UNDETERMINED
ANY_DIM = Statement("x", minimum_dims=1)
CURVE = Statement.of_curve("x")


def networks(*holds: float) -> list[Condition]:
    """Return conditions of networks that hold, do not, or are unknown, whatever the points."""
    return [
        condition("x", [np.full(1 + REPLICATES, value)], latent_dim=d)
        for d, value in enumerate(holds)
    ]


@pytest.mark.parametrize(("count", "total"), [(0, 3), (1, 4), (7, 9), (9, 9)])
def test_jeffreys_interval_is_that_of_the_beta_distribution(count, total):
    low, high = jeffreys_interval(count, total)
    shape = (count + 0.5, total - count + 0.5)
    # At its ends the share may be 0 or 1 itself.
    assert low == (0 if count == 0 else pytest.approx(beta.ppf(0.025, *shape), rel=1e-9))
    assert high == (1 if count == total else pytest.approx(beta.ppf(0.975, *shape), rel=1e-9))


@pytest.mark.parametrize(
    ("holds", "expected"),
    [
        ([1.0] * 6, REPRODUCED),
        ([1.0] * 5, OPEN),
        ([0.0] * 3, NOT),
        ([0.0] * 2, OPEN),
        ([1.0] * 11 + [0.0], REPRODUCED),
        ([1.0] * 10 + [0.0], OPEN),
        ([1.0] * 20 + [0.0] * 20, NOT),
        ([1.0] * 5 + [np.nan], OPEN),
        ([1.0] * 30 + [np.nan], REPRODUCED),
        ([0.0] * 2 + [np.nan], OPEN),
        ([], OPEN),
    ],
)
def test_so_many_networks_confirm_or_refute_a_statement(holds, expected):
    assert share_that_holds(ANY_DIM, {0: networks(*holds)}).verdict == expected


def test_networks_count_the_same_in_one_seed_or_in_two_that_agree():
    one = share_that_holds(ANY_DIM, {0: networks(*[1.0] * 12)})
    two = share_that_holds(ANY_DIM, {0: networks(*[1.0] * 6), 1: networks(*[1.0] * 6)})
    assert one == two
    assert (one.value, one.low, one.high) == (1.0, jeffreys_interval(12, 12)[0], 1.0)


@pytest.mark.parametrize(("dims", "expected"), [(6, REPRODUCED), (5, OPEN)])
def test_a_comparison_of_two_seeds_counts_once_though_both_are_asked(dims, expected):
    statement = Statement("holds", minimum_dims=1, between_seeds=True)
    own = networks(*[1.0] * dims)
    assert share_that_holds(statement, {0: own, 1: own}).verdict == expected


def test_of_three_seeds_two_count_as_compared_with_the_others():
    statement = Statement("holds", minimum_dims=1, between_seeds=True)
    for dims, expected in ((3, REPRODUCED), (2, OPEN)):
        own = networks(*[1.0] * dims)
        assert share_that_holds(statement, dict.fromkeys(range(3), own)).verdict == expected


def test_two_seeds_that_differ_make_an_interval_from_one_to_the_other():
    share = share_that_holds(
        ANY_DIM, {0: networks(*[1.0] * 100), 1: networks(*[1.0] * 60, *[0.0] * 40)}
    )
    assert (share.value, share.low, share.high) == (0.8, 0.6, 1.0)
    assert share.verdict == OPEN


def test_a_network_known_by_few_points_counts_as_unknown():
    uncertain = np.ones(1 + REPLICATES)
    uncertain[1::2] = 0.0
    own = condition("x", [uncertain], latent_dim=0)
    assert own.verdict == OPEN
    share = share_that_holds(ANY_DIM, {0: [own] * 20})
    assert (share.value, share.low, share.high, share.verdict) == (1.0, 0.0, 1.0, OPEN)


@pytest.mark.parametrize(
    ("exceptions", "value", "expected"),
    [(10, 1.0, REPRODUCED), (11, 1.0, OPEN), (10, 0.0, NOT), (11, 0.0, OPEN)],
)
def test_a_network_is_judged_by_39_in_40_of_its_resamples(exceptions, value, expected):
    draws = np.full(1 + REPLICATES, value)
    draws[1 : 1 + exceptions] = 1.0 - value
    assert condition("x", [draws]).verdict == expected
    draws[0] = 1.0 - value
    assert condition("x", [draws]).verdict == OPEN


def test_too_few_latent_dimensions_tell_nothing_however_many_networks():
    statement = Statement("x", minimum_dims=3)
    by_seed = {seed: networks(1.0, 1.0) for seed in range(20)}
    assert share_that_holds(statement, by_seed).verdict == OPEN
    assert share_that_holds(statement, {0: networks(*[1.0] * 20)}).verdict == REPRODUCED


@pytest.mark.parametrize(
    ("seeds", "expected"),
    [([1.0], REPRODUCED), ([0.0], NOT), ([1.0, 1.0], REPRODUCED), ([1.0, 0.0], OPEN), ([], OPEN)],
)
def test_a_curve_counts_as_its_networks_leave_it(seeds, expected):
    by_seed = {
        seed: [condition("x", [np.full(1 + REPLICATES, value)])] for seed, value in enumerate(seeds)
    }
    assert share_that_holds(CURVE, by_seed).verdict == expected


def test_a_curve_that_some_of_its_networks_decide_is_open():
    shaky = np.ones(1 + REPLICATES)
    shaky[1:21] = 0.0
    assert share_that_holds(CURVE, {0: [condition("x", [shaky])]}).verdict == OPEN
    shaky[10:21] = 1.0
    assert share_that_holds(CURVE, {0: [condition("x", [shaky])]}).verdict == REPRODUCED


def test_the_variance_over_resampled_seeds_is_that_of_a_mean():
    """Of S seeds S - 1 are drawn: then the variance is the unbiased s² / S."""
    for count in (2, 3, 8):
        values = np.random.default_rng(count).normal(size=count)
        weights = draw_weights(count)
        assert np.all(weights[:, 0] == 1)
        means = (values @ weights)[1:] / (count - 1)
        # Relative standard error of a variance of R draws, five times; draws of two seeds have
        # the kurtosis 1, others at most about 3.
        assert np.var(means) == pytest.approx(
            np.var(values, ddof=1) / count, rel=5 * math.sqrt(2 / REPLICATES)
        )
    assert np.all(draw_weights(1) == 1)


def test_a_mean_over_networks_leaves_out_those_without_a_number():
    draws = [np.full(1 + REPLICATES, value) for value in (1.0, 3.0, np.nan)]
    mean = mean_over_networks(draws)
    assert mean[0] == 2.0
    assert set(mean) == {1.0, 2.0, 3.0}
    assert np.isnan(mean_over_networks(draws[2:])).all()


@pytest.mark.parametrize("count", [4, 5, 19])
def test_networks_of_a_curve_are_resampled_with_at_least_three_different_ones(count):
    positions = resampled_networks(count, seed=0)
    assert positions.shape == (count, 1 + REPLICATES)
    assert np.array_equal(positions[:, 0], np.arange(count))
    different = {len(set(column)) for column in positions.T[1:].tolist()}
    assert min(different) >= 3
    assert count > 5 or min(different) == 3
    assert not np.array_equal(positions, resampled_networks(count, seed=1))


def test_three_networks_or_fewer_are_taken_as_they_are():
    assert np.all(resampled_networks(3, seed=0) == np.arange(3)[:, None])


def test_curves_are_resampled_all_alike():
    curve = np.random.default_rng(0).normal(size=(6, 1 + REPLICATES))
    both = with_resampled_networks(np.array([curve, 2 * curve]), seed=3)
    np.testing.assert_array_equal(both[1], 2 * both[0])
    column = resampled_networks(6, seed=3)[:, 7]
    np.testing.assert_array_equal(both[0][:, 7], curve[column, 7])


@pytest.mark.parametrize(
    ("parts", "required", "expected"),
    [
        ([1, 1, 1, 0], 0.75, 1),
        ([1, 1, 0, 0], 0.75, 0),
        ([1, 1, np.nan, 0], 0.75, np.nan),
        ([1, 1, 1, np.nan], 0.75, 1),
        ([1, np.nan, 0, 0], 0.75, 0),
    ],
)
def test_a_share_of_parts_is_unknown_only_where_unknown_parts_could_change_it(
    parts, required, expected
):
    np.testing.assert_equal(at_least(np.array(parts, float)[:, None], required), [expected])


def test_no_parts_and_too_few_parts_say_nothing():
    one = np.ones(1 + REPLICATES)
    assert condition("x", []).verdict == OPEN
    assert condition("x", [one], enough=False).verdict == OPEN
    assert condition("x", [one]).verdict == REPRODUCED


def test_the_opposite_of_a_condition():
    one, zero, unknown = (np.full(1 + REPLICATES, value) for value in (1.0, 0.0, np.nan))
    opposite = condition("x", [one, one, zero], required=0.5).negated()
    assert opposite.verdict == NOT
    assert strength([opposite]) == pytest.approx(1 / 3)
    assert condition("x", [unknown]).negated().verdict == OPEN


def test_strength_is_the_share_of_all_parts_that_are_known():
    one, zero, unknown = (np.full(1 + REPLICATES, value) for value in (1.0, 0.0, np.nan))
    conditions = [condition("x", [one, zero, unknown]), condition("y", [one])]
    assert strength(conditions) == pytest.approx(2 / 3)
    assert math.isnan(strength([condition("x", [unknown])]))
