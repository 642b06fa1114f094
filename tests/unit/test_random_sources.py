"""Random points: their distributions, and that a point depends on its position alone."""

import functools
import hashlib
import math

import numpy as np
import pytest
import scipy.stats

from jacspec.data.random_sources import (
    Bernoulli,
    Beta,
    Normal,
    RandomSource,
    TruncatedNormal,
    Uniform,
)
from jacspec.data.registry import SOURCES
from jacspec.data.source import BLOCK_POINTS, SourceError

SEED = 11
PIXELS = 784
PAPER = [
    TruncatedNormal(name="truncated_normal", mean=0.5, standard_deviation=1),
    Uniform(name="uniform", low=0, high=1),
    *(Bernoulli(name=f"bernoulli_{p}", probability=p) for p in (0.13, 0.5, 0.87)),
    *(
        Beta(name=f"beta_{alpha}_{beta}", alpha=alpha, beta=beta)
        for alpha, beta in ((0.8, 5), (0.5, 0.5), (5, 0.8))
    ),
]
RANDOM = [
    *PAPER,
    TruncatedNormal(name="lopsided", mean=-0.1, standard_deviation=0.3),
    Uniform(name="narrow", low=0.2, high=0.7),
    Beta(name="wide", alpha=2, beta=3, shape=(3, 4, 5), range=(-2.0, 6.0)),
    TruncatedNormal(
        name="stretched", mean=0.2, standard_deviation=0.5, shape=(30,), range=(10.0, 11.0)
    ),
    Normal(name="normal", mean=3, standard_deviation=2, shape=(30,), range=(-1.0, 1.0)),
]
CONTINUOUS = [source for source in RANDOM if not isinstance(source, Bernoulli)]
BOUNDED = [source for source in RANDOM if not isinstance(source, Normal)]
UNIFORM = PAPER[1]

# Each statistical test fails for one sample in a billion; the sample is fixed by the seed.
FAILURE_PROBABILITY = 1e-9


def by_name(sources):
    return pytest.mark.parametrize("source", sources, ids=lambda source: source.name)


def sample(source, seed, first, count):
    blocks = [block.points for block in source.blocks(seed, first, count)]
    return np.concatenate([np.empty((0, *source.shape), np.float32), *blocks])


@functools.cache
def points_at(position):
    return sample(RANDOM[position], SEED, 0, 3 * BLOCK_POINTS)


def points_of(source):
    return points_at(RANDOM.index(source))


def reference(source):
    """Return SciPy's distribution of a value, in the range of the source."""
    low, high = source.value_range
    match source:
        case TruncatedNormal(mean=mean, standard_deviation=scale):
            unit = scipy.stats.truncnorm, (-mean / scale, (1 - mean) / scale), mean, scale
        case Uniform():
            unit = scipy.stats.uniform, (), source.low, source.high - source.low
        case Bernoulli(probability=probability):
            return scipy.stats.bernoulli(probability)
        case Beta(alpha=alpha, beta=beta):
            unit = scipy.stats.beta, (alpha, beta), 0, 1
        case Normal(mean=mean, standard_deviation=scale):
            return scipy.stats.norm(mean, scale)
    family, shapes, location, scale = unit
    return family(*shapes, low + (high - low) * location, (high - low) * scale)


@pytest.mark.parametrize(
    ("first", "count"),
    [(0, 1), (0, 1000), (999, 2), (1000, 1000), (1500, 700), (7, 0), (2000, 500)],
)
@by_name([PAPER[0], PAPER[2], PAPER[5], RANDOM[-3]])
def test_a_point_depends_on_neither_first_nor_count(source, first, count):
    whole = points_of(source)
    part = sample(source, SEED, first, count)
    assert part.shape == (count, *source.shape)
    assert part.dtype == np.float32
    np.testing.assert_array_equal(part, whole[first : first + count])


def test_blocks_are_the_points_cut_at_multiples_of_the_block_size():
    blocks = list(UNIFORM.blocks(SEED, 1700, 1500))
    assert [len(block) for block in blocks] == [300, 1000, 200]
    assert all(set(block.columns()) == {"points"} for block in blocks)


@by_name(BOUNDED)
def test_mean_and_variance_are_those_of_the_closed_form(source):
    low, high = source.value_range
    values = points_of(source).astype(np.float64)
    mean, variance = source.expected_mean, reference(source).var()
    assert mean == pytest.approx(reference(source).mean(), rel=1e-12)
    # Hoeffding for N independent variables in [0, 1], stretched to the range: P(|average -
    # expectation| >= t) <= 2 exp(-2 N t^2). The squared distance to the true mean lies in [0, 1],
    # too. Rounding to float32 moves a value by at most 2^-25 of the larger end, far below t.
    bound = math.sqrt(math.log(2 / FAILURE_PROBABILITY) / (2 * values.size))
    assert abs(values.mean() - mean) < bound * (high - low)
    assert abs(((values - mean) ** 2).mean() - variance) < bound * (high - low) ** 2


@by_name(CONTINUOUS)
def test_values_follow_the_distribution_function(source):
    values = points_of(source)[:500].ravel().astype(np.float64)
    distance = scipy.stats.kstest(values, reference(source).cdf).statistic
    # Dvoretzky-Kiefer-Wolfowitz: P(distance >= t) <= 2 exp(-2 N t^2). Rounding to float32 moves a
    # value by at most 2^-25 of its size, and the distribution function by no more than the steepest
    # one, that of Beta(1/2, 1/2), changes there: 1 - F(1 - 2^-25) = 2/pi sqrt(2^-25) = 1.1e-4.
    bound = math.sqrt(math.log(2 / FAILURE_PROBABILITY) / (2 * values.size)) + 1.1e-4
    assert distance < bound


@by_name(RANDOM)
def test_values_of_a_point_and_of_neighbours_are_independent(source):
    # Whether a value is above the mean says nothing about the next value or the next point.
    mean = reference(source).mean()
    points = points_of(source)
    signs = (points.reshape(len(points), -1) > mean) - reference(source).sf(mean)
    # Hoeffding for N independent products of mean 0, in an interval no longer than 1: P(|average|
    # >= t) <= 2 exp(-2 N t^2). No value is in two of the products.
    for left, right in (
        (signs[:, 0:-1:2], signs[:, 1::2]),
        (signs[0:-1:2], signs[1::2]),
        (signs[:1000], signs[1000:2000]),
    ):
        products = left[:, : right.shape[1]] * right[:, : left.shape[1]]
        bound = math.sqrt(math.log(2 / FAILURE_PROBABILITY) / (2 * products.size))
        assert abs(products.mean()) < bound


@by_name(BOUNDED)
def test_values_stay_in_their_range(source):
    points, (low, high) = points_of(source), source.value_range
    assert (low, high) == (source.range or (0, 1)) == source.declared_range
    if isinstance(source, Uniform):
        low, high = source.low, source.high
    assert points.min() >= np.float32(low)
    assert points.max() <= np.float32(high)
    if isinstance(source, Bernoulli):
        assert set(np.unique(points)) == {0, 1}


@pytest.mark.parametrize(("probability", "pixel"), [(0, 0), (1, 1)])
def test_certain_pixels_are_certain(probability, pixel):
    assert (sample(Bernoulli(name="certain", probability=probability), SEED, 0, 3) == pixel).all()


def test_other_blocks_seeds_and_names_give_unrelated_points():
    renamed = Uniform(name="uniform_again", low=0, high=1)
    samples = [
        sample(UNIFORM, SEED, 0, 1000),
        sample(UNIFORM, SEED, 1000, 1000),
        sample(UNIFORM, SEED + 1, 0, 1000),
        sample(renamed, SEED, 0, 1000),
    ]
    # Hoeffding for N independent products of mean 0 in [-1/4, 1/4], an interval of length 1/2:
    # P(|average| >= t) <= 2 exp(-8 N t^2). Equal samples would give 1/12.
    bound = math.sqrt(math.log(2 / FAILURE_PROBABILITY) / (8 * samples[0].size))
    for position, left in enumerate(samples):
        for right in samples[:position]:
            assert abs(((left - 0.5) * (right - 0.5)).mean(dtype=np.float64)) < bound


def test_a_name_and_a_seed_that_join_alike_give_different_points():
    one, eleven = (Uniform(name=name, low=0, high=1) for name in ("a1", "a"))
    assert (sample(one, 1, 0, 1) != sample(eleven, 11, 0, 1)).any()


# SHA-256 of the first two points of seed 11. They change when the points do: every result that was
# made before then belongs to other points.
STREAM_SHA256 = {
    "truncated_normal": "88f54bf2d9b4f0c9a0b32e54dd9a5d8467d36d36df20353689844f13a89694ec",
    "uniform": "86f426de50a01208a67e89c9b46b5815a51babb2f561a55aab3c4abcc0fa2167",
    "bernoulli_0.13": "52d6d66c7343fd283ac58d746088cc0bd9ac0eea1b583cfab1aff9eda283e6cf",
    "beta_0.8_5": "189b9aa54eb8f76cac9aa6294652c7e388f558f140232564235cf6ab1d00561d",
    "beta_0.5_0.5": "59e9859e93583b83a5c8ff2b8cf78b6d05790a04886a68d759e3a3c2935fbadb",
}


@by_name([source for source in PAPER if source.name in STREAM_SHA256])
def test_the_stream_is_the_one_it_always_was(source):
    points = sample(source, SEED, 0, 2)
    digest = hashlib.sha256(points.astype("<f4").tobytes()).hexdigest()
    assert digest == STREAM_SHA256[source.name]


def test_every_random_source_is_tested():
    random = {kind for kind in SOURCES.values() if issubclass(kind, RandomSource)}
    assert {type(source) for source in RANDOM} == random


@pytest.mark.parametrize(
    ("kind", "parameters", "message"),
    [
        (Uniform, {"low": 0.6, "high": 0.5}, "found low 0.6 and high 0.5; write low below high"),
        (Uniform, {"low": -0.1, "high": 0.5}, "found low -0.1; write a number from 0 to 1"),
        (Uniform, {"low": 0, "high": 1.5}, "found high 1.5"),
        (Uniform, {"low": 0, "high": 1, "range": (1.0, 1.0)}, "write the lower bound first"),
        (Bernoulli, {"probability": 1.2}, "found probability 1.2; write a number from 0 to 1"),
        (Bernoulli, {"probability": math.nan}, "found probability nan"),
        (Bernoulli, {"probability": True}, "found probability True"),
        (Bernoulli, {"probability": "1e-3"}, "found probability '1e-3'"),
        (Beta, {"alpha": 0, "beta": 1}, "found alpha 0; write a number from 0.001"),
        (Beta, {"alpha": 1, "beta": math.inf}, "found beta inf"),
        (TruncatedNormal, {"mean": 0.5, "standard_deviation": 0}, "found standard_deviation 0"),
        (TruncatedNormal, {"mean": 8, "standard_deviation": 1}, "leave 1e-12 of the normal"),
        (Normal, {"mean": 0, "standard_deviation": 0}, "found standard_deviation 0"),
    ],
)
def test_wrong_parameters_are_refused_with_what_is_allowed(kind, parameters, message):
    with pytest.raises(SourceError, match=message) as caught:
        kind(name="my_set", **parameters)
    assert str(caught.value).startswith("data.my_set: ")


@pytest.mark.parametrize(("first", "count"), [(-1, 5), (0, -1)])
def test_negative_runs_are_refused(first, count):
    with pytest.raises(ValueError, match="allowed: 0 or more"):
        UNIFORM.blocks(SEED, first, count)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (PAPER[0], "Truncated normal"),
        (UNIFORM, "Uniform"),
        (PAPER[2], "Bernoulli(0.13)"),
        (PAPER[5], "Beta(0.8, 5)"),
        (RANDOM[-2], "Truncated normal(0.2, 0.5)"),
        (RANDOM[-1], "Normal(3, 2)"),
        (Bernoulli(name="a", probability=0.5, title="Coins"), "Coins"),
    ],
)
def test_a_set_says_what_it_is_called(source, name):
    assert source.display_name == name
