"""Every constant of the claims at its edge, on either side: moving one fails here.

The numbers are those of the criteria, typed again: here, and here only.
"""

from collections.abc import Callable

import numpy as np
import pytest
from claims_world import PIXEL_MEANS, World, judgement_of, of_random_sets, of_training_set
from scipy.optimize import brentq

from jacspec.claims import bootstrap, thresholds
from jacspec.claims.conditions import condition
from jacspec.claims.registry import CLAIMS
from jacspec.claims.trends import silhouette

Value = Callable[[int, str, float], float]


def holds(number: int, statement: str, world: World) -> float:
    """Return whether a statement holds of the only network, or the only curve, of a world."""
    finding = CLAIMS[number].judge(world.evidence(), world.seeds[0])
    found = {float(one.holds[0]) for one in finding.conditions if one.statement == statement}
    assert len(found) == 1
    return found.pop()


def world(d: int = 12, **values: Value | float) -> World:
    functions = {
        name: value if callable(value) else lambda _d, _dataset, _value, own=value: own
        for name, value in values.items()
    }
    return World(values=functions, latent_dims=(d,), seeds=(0,))


def on(dataset: str, other: float) -> Value:
    return lambda _d, name, value: other if name == dataset else value


def on_first(count: int, other: float) -> Value:
    """Return a function that changes the first `count` random sets of pixel mean .5 or more."""
    chosen = [name for name, mean in PIXEL_MEANS.items() if mean >= 0.5][:count]
    return lambda _d, name, value: other if name in chosen else value


@pytest.mark.parametrize(
    ("number", "statement", "inside", "outside"),
    [
        # NEAR_ONE, and 1 itself.
        (1, "near_one", world(mean_abs=0.502), world(mean_abs=0.498)),
        (1, "near_one", world(mean_abs=0.998), world(mean_abs=1.002)),
        # SIMILAR_SCALE
        (
            2,
            "similar_scale",
            world(mean_abs=0.9, geometric_mean=0.452),
            world(mean_abs=0.9, geometric_mean=0.448),
        ),
        # SIGNIFICANT_SHARE_OF_ZEROS
        (3, "few_zeros", world(share_zero=0.0099), world(share_zero=0.0101)),
        # Larger than on the training set, whose median is .01 and standard deviation .5.
        (
            4,
            "larger_difference",
            world(difference_q50=of_random_sets(0.0101)),
            world(difference_q50=of_random_sets(0.0099)),
        ),
        (
            8,
            "larger_spread",
            world(log_abs_std=of_random_sets(0.502)),
            world(log_abs_std=of_random_sets(0.498)),
        ),
        # NEARLY_ALL of ten sets are all of them.
        (8, "larger_spread", world(), world(log_abs_std=on("uniform", 0.1))),
        # RARELY
        (
            9,
            "training_set",
            world(share_reversed=of_training_set(0.249)),
            world(share_reversed=of_training_set(0.251)),
        ),
        # NEAR_HALF, both ends.
        (
            9,
            "random_sets",
            world(share_reversed=of_random_sets(0.402)),
            world(share_reversed=of_random_sets(0.398)),
        ),
        (
            9,
            "random_sets",
            world(share_reversed=of_random_sets(0.598)),
            world(share_reversed=of_random_sets(0.602)),
        ),
        # SMALL_ANGLE, a quarter of pi / 2, and ANY_ANGLE, three quarters of pi.
        (
            10,
            "training_set",
            world(abs_arg_mean=of_training_set(0.392)),
            world(abs_arg_mean=of_training_set(0.393)),
        ),
        (10, "bright_sets", world(abs_arg_q95=2.357), world(abs_arg_q95=2.356)),
        # MOST of four sets are three.
        (
            10,
            "bright_sets",
            World(latent_dims=(12,), seeds=(0,)),
            world(abs_arg_q95=on("beta_5_0.8", 1.0)),
        ),
        # HALF of a set's points.
        (
            11,
            "like_training_at_low_d",
            world(3, share_like_training=0.502),
            world(3, share_like_training=0.498),
        ),
        (
            11,
            "unlike_training_at_high_d",
            world(share_like_training=0.498),
            world(share_like_training=0.502),
        ),
        # As alike as points of one class, whose spread is 30.
        (12, "one_character", world(spread=29.9), world(spread=30.1)),
    ],
)
def test_a_statement_holds_on_one_side_of_its_edge(number, statement, inside, outside):
    assert holds(number, statement, inside) == 1.0
    assert holds(number, statement, outside) == 0.0


@pytest.mark.parametrize(
    ("sets", "exceptions", "expected"), [(4, 1, 1.0), (4, 2, 0.0), (7, 1, 1.0), (7, 2, 0.0)]
)
def test_most_random_sets_are_three_quarters_of_them(sets, exceptions, expected):
    names = [name for name, mean in PIXEL_MEANS.items() if mean >= 0.5][:sets]
    found = World(
        values={"share_reversed": on_first(exceptions, 0.1)},
        latent_dims=(12,),
        seeds=(0,),
        random_sets=tuple(names),
    )
    assert holds(9, "random_sets", found) == expected


@pytest.mark.parametrize(
    ("required", "holding", "of"),
    [
        (thresholds.NEARLY_ALL, 950, 1000),
        (thresholds.MOST, 750, 1000),
        (thresholds.HALF, 500, 1000),
    ],
)
def test_a_share_that_is_asked_for_is_enough_and_one_less_is_not(required, holding, of):
    for count, expected in ((holding, 1.0), (holding - 1, 0.0)):
        parts = np.zeros((of, 1 + bootstrap.REPLICATES))
        parts[:count] = 1.0
        assert condition("x", list(parts), required=required).holds[0] == expected


@pytest.mark.parametrize(("steady", "expected"), [(1, 1.0), (2, 0.0)])
def test_nearly_all_cases_of_a_curve_are_95_of_100(steady, expected):
    """C5 has 40 cases, of which a set with a steady arithmetic mean fails two: 38, or 36."""
    names = list(PIXEL_MEANS)[1 : 1 + steady]
    values = {"mean_abs": lambda _d, name, value: 0.3 if name in names else value}
    assert holds(5, "vary_more", World(values=values, seeds=(0,))) == expected


def test_clusters_are_distinct_above_a_silhouette_of_one_half():
    levels = {"dark": 3.0, "middle": 2.0, "bright": 1.0}

    def groups(width: float) -> list[np.ndarray]:
        return [np.array([[level], [level + width]]) for level in levels.values()]

    for target, expected in ((0.502, 1.0), (0.498, 0.0)):
        width = brentq(lambda w, own=target: silhouette(groups(w))[0] - own, 0.01, 0.9)
        names = {
            "dark": ("bernoulli_0.13", "bernoulli_0.25"),
            "middle": ("uniform", "bernoulli_0.5"),
        }
        names["bright"] = ("bernoulli_0.75", "bernoulli_0.87")
        value_of = {
            name: levels[group] + width * index
            for group, own in names.items()
            for index, name in enumerate(own)
        }
        found = World(
            values={
                statistic: lambda _d, name, value, own=value_of: own.get(name, value)
                for statistic in ("mean_abs", "geometric_mean")
            },
            latent_dims=(12,),
            seeds=(0,),
            random_sets=tuple(value_of),
        )
        assert holds(7, "input_clusters", found) == expected


def test_one_of_the_two_means_is_enough_to_cluster_and_one_too_many_not_to():
    def in_clusters(_d: int, name: str, value: float) -> float:
        return value if name == "mnist" else 1.0 - PIXEL_MEANS[name]

    none = {"mean_abs": of_random_sets(0.3), "geometric_mean": of_random_sets(0.3)}
    one = {**none, "geometric_mean": lambda d, name, value: in_clusters(d, name, value)}
    for values, clusters in ((none, 0.0), (one, 1.0)):
        # The same numbers for both Jacobians.
        found = World(values=values, latent_dims=(12,), seeds=(0,))
        assert holds(7, "latent_does_not", found) == 1.0 - holds(7, "input_clusters", found)
        assert holds(7, "input_clusters", found) == clusters


def test_half_of_the_sets_that_look_like_the_training_set_are_many():
    sets = ("uniform", "bernoulli_0.13", "bernoulli_0.25", "bernoulli_0.5")
    for far, expected in ((2, 1.0), (1, 0.0)):
        # The training set's mean at d = 3 is .92, and the furthest class's .009 away.
        values = {
            "mean_abs": lambda _d, name, value, own=far: (
                value if name == "mnist" else 0.5 if name in sets[:own] else 0.92
            )
        }
        found = World(values=values, latent_dims=(3,), seeds=(0,), random_sets=sets)
        assert holds(14, "not_close", found) == expected


@pytest.mark.parametrize(("gap", "expected"), [(0.0091, 1.0), (0.0089, 0.0)])
def test_a_set_is_not_close_if_it_is_further_than_any_class(gap, expected):
    found = world(3, mean_abs=of_random_sets(0.92 + gap))
    assert holds(14, "not_close", found) == expected


@pytest.mark.parametrize("end", [0.1252, 0.1348])
def test_a_mean_rounds_to_two_decimals(end):
    nudge = 0.0004 if end > 0.13 else -0.0004
    assert holds(15, "sample_means", world(pixel_mean=of_training_set(end))) == 1.0
    assert holds(15, "sample_means", world(pixel_mean=of_training_set(end + nudge))) == 0.0


@pytest.mark.parametrize(("share", "known"), [(0.0999, True), (0.1, True), (0.1001, False)])
def test_a_tenth_of_undetermined_points_is_the_most_that_a_share_allows(share, known):
    found = world(share_undetermined=of_random_sets(share))
    assert holds_or_nan(9, "random_sets", found) is known


def holds_or_nan(number: int, statement: str, own: World) -> bool:
    finding = CLAIMS[number].judge(own.evidence(), 0)
    return not any(
        np.isnan(one.holds[0]) for one in finding.conditions if one.statement == statement
    )


@pytest.mark.parametrize(
    ("number", "statement"),
    [
        (4, "larger_difference"),
        (5, "vary_more"),
        (6, "below_training_set"),
        (8, "larger_spread"),
        (9, "random_sets"),
        (11, "like_training_at_low_d"),
        (11, "unlike_training_at_high_d"),
        (14, "not_close"),
    ],
)
def test_three_random_sets_are_the_fewest(number, statement):
    sets = ("uniform", "bernoulli_0.5", "beta_5_0.8")
    for count, known in ((3, True), (2, False)):
        found = World(seeds=(0,), random_sets=sets[:count])
        assert holds_or_nan(number, statement, found) is known


@pytest.mark.parametrize(
    ("number", "d", "value"),
    [
        (1, 12, 0.83),
        (2, 12, 0.83 / 0.78),
        (3, 12, 0.0),
        (4, 12, 0.2 / 0.01),
        (6, 12, 1.0),
        (8, 12, 0.7 / 0.5),
        # Of four sets of mean .5 and three bright ones.
        (9, 12, (6 * 0.5 + 0.1) / 7),
        (10, 12, 3.0),
        (11, 12, 0.1),
        (12, 12, 10 / 30),
    ],
)
def test_the_main_statistic_of_a_claim(number, d, value):
    """The smallest of several ratios to the training set, the mean of shares."""
    found = world(
        d,
        difference_q50=of_random_sets(0.2),
        log_abs_std=lambda _d, name, own: 0.7 if name == "uniform" else own,
        share_reversed=on("uniform", 0.1),
    )
    main = CLAIMS[number].judge(found.evidence(), 0).main
    assert main[d][0] == pytest.approx(value, rel=1e-9)


def test_the_main_statistic_of_clusters_is_the_silhouette_of_the_more_clustered_mean():
    found = world(geometric_mean=of_random_sets(0.5)).evidence()
    finding = CLAIMS[7].judge(found, 0)
    widths = [
        part.value for part in finding.criteria if part.statistic == "silhouette/mean_abs/input"
    ]
    assert [draws[0] for draws in finding.main.values()] == widths
    assert widths[0] > 0.9


@pytest.mark.parametrize(
    ("number", "enough"),
    [
        (2, (2, 3, 4, 8, 12)),
        (7, (12, 14, 16)),
        (10, (2, 3, 12, 14, 16)),
        (14, (2, 3)),
    ],
)
def test_one_latent_dimension_less_leaves_it_open(number, enough):
    seeds = tuple(range(6))
    assert judgement_of(number, World(latent_dims=enough, seeds=seeds)).verdict() == "reproduced"
    assert judgement_of(number, World(latent_dims=enough[1:], seeds=seeds)).verdict() == (
        "undetermined"
    )


def test_the_last_three_dimensions_are_those_that_eventually_counts():
    def above_at(*dims: int) -> World:
        values = {
            "mean_abs": lambda d, name, value: 2.0 if d in dims and name != "mnist" else value
        }
        return World(values=values, latent_dims=(8, 12, 14, 16, 18), seeds=(0,))

    assert holds(6, "below_training_set", above_at(8, 12)) == 1.0
    finding = CLAIMS[6].judge(above_at(14).evidence(), 0)
    assert [one.holds[0] for one in finding.conditions] == [0.0, 1.0, 1.0]


def test_five_dimensions_are_the_fewest_for_a_trend():
    for dims, known in (((2, 3, 4, 8, 12), True), ((2, 3, 4, 8), False)):
        found = World(latent_dims=dims, seeds=(0,))
        for number, statement in ((1, "decline"), (3, "growing_tail"), (5, "vary_more")):
            assert holds_or_nan(number, statement, found) is known


def test_low_is_up_to_four_and_high_from_twelve_on():
    dims = list(range(2, 21))
    assert thresholds.low_dims(dims) == [2, 3, 4]
    assert thresholds.high_dims(dims) == [*range(12, 21)]
