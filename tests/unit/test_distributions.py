"""Random pixels: their distributions, and that a point depends on its position alone."""

import functools
import hashlib
import math

import numpy as np
import pytest
import scipy.stats

from jacspec.data.distributions import (
    BLOCK_POINTS,
    FAMILIES,
    PIXELS,
    PixelDistribution,
    point_blocks,
    sample_points,
)

SEED = 11
PAPER = [
    PixelDistribution(
        "truncated_normal", "truncated_normal", {"mean": 0.5, "standard_deviation": 1}
    ),
    PixelDistribution("uniform", "uniform", {"low": 0, "high": 1}),
    *(
        PixelDistribution(f"bernoulli_{p}", "bernoulli", {"probability": p})
        for p in (0.13, 0.5, 0.87)
    ),
    *(
        PixelDistribution(f"beta_{alpha}_{beta}", "beta", {"alpha": alpha, "beta": beta})
        for alpha, beta in ((0.8, 5), (0.5, 0.5), (5, 0.8))
    ),
]
DISTRIBUTIONS = [
    *PAPER,
    PixelDistribution("lopsided", "truncated_normal", {"mean": -0.1, "standard_deviation": 0.3}),
    PixelDistribution("narrow", "uniform", {"low": 0.2, "high": 0.7}),
]
CONTINUOUS = [distribution for distribution in DISTRIBUTIONS if distribution.family != "bernoulli"]
UNIFORM = PAPER[1]

# Each statistical test fails for one sample in a billion; the sample is fixed by the seed.
FAILURE_PROBABILITY = 1e-9


def by_name(distributions):
    return pytest.mark.parametrize("distribution", distributions, ids=lambda d: d.name)


@functools.cache
def points_at(position):
    return sample_points(DISTRIBUTIONS[position], SEED, 0, 3 * BLOCK_POINTS)


def points_of(distribution):
    return points_at(DISTRIBUTIONS.index(distribution))


def mean_and_variance(distribution):
    match distribution.family, dict(distribution.parameters):
        case "truncated_normal", {"mean": mean, "standard_deviation": scale}:
            low, high = -mean / scale, (1 - mean) / scale
            density_low, density_high = (
                math.exp(-x * x / 2) / math.sqrt(2 * math.pi) for x in (low, high)
            )
            mass = (math.erf(high / math.sqrt(2)) - math.erf(low / math.sqrt(2))) / 2
            shift = (density_low - density_high) / mass
            slope = (low * density_low - high * density_high) / mass
            return mean + scale * shift, scale**2 * (1 + slope - shift**2)
        case "uniform", {"low": low, "high": high}:
            return (low + high) / 2, (high - low) ** 2 / 12
        case "bernoulli", {"probability": probability}:
            return probability, probability * (1 - probability)
        case "beta", {"alpha": alpha, "beta": beta}:
            total = alpha + beta
            return alpha / total, alpha * beta / (total**2 * (total + 1))


def cumulative(distribution):
    match distribution.family, dict(distribution.parameters):
        case "truncated_normal", {"mean": mean, "standard_deviation": scale}:
            return scipy.stats.truncnorm(-mean / scale, (1 - mean) / scale, mean, scale).cdf
        case "uniform", {"low": low, "high": high}:
            return scipy.stats.uniform(low, high - low).cdf
        case "beta", {"alpha": alpha, "beta": beta}:
            return scipy.stats.beta(alpha, beta).cdf


@pytest.mark.parametrize(
    ("first", "count"),
    [(0, 1), (0, 1000), (999, 2), (1000, 1000), (1500, 700), (7, 0), (2000, 500)],
)
@by_name([PAPER[0], PAPER[2], PAPER[5]])
def test_a_point_depends_on_neither_first_nor_count(distribution, first, count):
    whole = points_of(distribution)
    part = sample_points(distribution, SEED, first, count)
    assert part.shape == (count, PIXELS)
    assert part.dtype == np.float32
    np.testing.assert_array_equal(part, whole[first : first + count])


def test_blocks_are_the_points_cut_at_multiples_of_the_block_size():
    blocks = list(point_blocks(UNIFORM, SEED, 1700, 1500))
    assert [len(block) for block in blocks] == [300, 1000, 200]
    np.testing.assert_array_equal(np.concatenate(blocks), sample_points(UNIFORM, SEED, 1700, 1500))


@by_name(DISTRIBUTIONS)
def test_mean_and_variance_are_those_of_the_closed_form(distribution):
    pixels = points_of(distribution).astype(np.float64)
    mean, variance = mean_and_variance(distribution)
    # Hoeffding for N independent variables in [0, 1]: P(|average - expectation| >= t) <=
    # 2 exp(-2 N t^2). The squared distance to the true mean lies in [0, 1], too. Rounding to
    # float32 moves a pixel by at most 2^-25 and is far below t.
    bound = math.sqrt(math.log(2 / FAILURE_PROBABILITY) / (2 * pixels.size))
    assert abs(pixels.mean() - mean) < bound
    assert abs(((pixels - mean) ** 2).mean() - variance) < bound


@by_name(CONTINUOUS)
def test_pixels_follow_the_distribution_function(distribution):
    pixels = points_of(distribution)[:500].ravel().astype(np.float64)
    distance = scipy.stats.kstest(pixels, cumulative(distribution)).statistic
    # Dvoretzky-Kiefer-Wolfowitz: P(distance >= t) <= 2 exp(-2 N t^2). Rounding to float32 moves a
    # pixel by at most 2^-25, near 1, and the distribution function by no more than the steepest
    # one, that of Beta(1/2, 1/2), changes there: 1 - F(1 - 2^-25) = 2/pi sqrt(2^-25) = 1.1e-4.
    bound = math.sqrt(math.log(2 / FAILURE_PROBABILITY) / (2 * pixels.size)) + 1.1e-4
    assert distance < bound


@by_name(DISTRIBUTIONS)
def test_pixels_stay_in_their_range(distribution):
    pixels = points_of(distribution)
    low, high = distribution.parameters.get("low", 0), distribution.parameters.get("high", 1)
    assert pixels.min() >= np.float32(low)
    assert pixels.max() <= np.float32(high)
    if distribution.family == "bernoulli":
        assert set(np.unique(pixels)) == {0, 1}


@pytest.mark.parametrize(("probability", "pixel"), [(0, 0), (1, 1)])
def test_certain_pixels_are_certain(probability, pixel):
    distribution = PixelDistribution("certain", "bernoulli", {"probability": probability})
    assert (sample_points(distribution, SEED, 0, 3) == pixel).all()


def test_other_blocks_seeds_and_names_give_unrelated_points():
    renamed = PixelDistribution("uniform_again", "uniform", UNIFORM.parameters)
    samples = [
        sample_points(UNIFORM, SEED, 0, 1000),
        sample_points(UNIFORM, SEED, 1000, 1000),
        sample_points(UNIFORM, SEED + 1, 0, 1000),
        sample_points(renamed, SEED, 0, 1000),
    ]
    # Hoeffding for N independent products of mean 0 in [-1/4, 1/4], an interval of length 1/2:
    # P(|average| >= t) <= 2 exp(-8 N t^2). Equal samples would give 1/12.
    bound = math.sqrt(math.log(2 / FAILURE_PROBABILITY) / (8 * samples[0].size))
    for position, left in enumerate(samples):
        for right in samples[:position]:
            assert abs(((left - 0.5) * (right - 0.5)).mean(dtype=np.float64)) < bound


def test_a_name_and_a_seed_that_join_alike_give_different_points():
    one, eleven = (PixelDistribution(name, "uniform", UNIFORM.parameters) for name in ("a1", "a"))
    assert (sample_points(one, 1, 0, 1) != sample_points(eleven, 11, 0, 1)).any()


# SHA-256 of the first two points of seed 11. They change when the points do: every result that was
# made before then belongs to other points.
STREAM_SHA256 = {
    "truncated_normal": "88f54bf2d9b4f0c9a0b32e54dd9a5d8467d36d36df20353689844f13a89694ec",
    "uniform": "86f426de50a01208a67e89c9b46b5815a51babb2f561a55aab3c4abcc0fa2167",
    "bernoulli_0.13": "52d6d66c7343fd283ac58d746088cc0bd9ac0eea1b583cfab1aff9eda283e6cf",
    "beta_0.8_5": "189b9aa54eb8f76cac9aa6294652c7e388f558f140232564235cf6ab1d00561d",
    "beta_0.5_0.5": "59e9859e93583b83a5c8ff2b8cf78b6d05790a04886a68d759e3a3c2935fbadb",
}


@by_name([distribution for distribution in PAPER if distribution.name in STREAM_SHA256])
def test_the_stream_is_the_one_it_always_was(distribution):
    points = sample_points(distribution, SEED, 0, 2)
    digest = hashlib.sha256(points.astype("<f4").tobytes()).hexdigest()
    assert digest == STREAM_SHA256[distribution.name]


def test_every_family_is_tested():
    assert {distribution.family for distribution in DISTRIBUTIONS} == set(FAMILIES)


@pytest.mark.parametrize(
    ("family", "parameters", "message"),
    [
        ("gaussian", {"mean": 0}, "family is 'gaussian', allowed: truncated_normal, uniform"),
        ("uniform", {"low": 0}, r"parameters of uniform are \['low'\], allowed: exactly low, high"),
        ("uniform", {"low": 0, "high": 1, "mean": 0}, "allowed: exactly low, high"),
        ("uniform", {"low": 0.6, "high": 0.5}, "low = 0.6, high = 0.5, allowed: 0 <= low < high"),
        ("uniform", {"low": -0.1, "high": 0.5}, "low = -0.1"),
        ("uniform", {"low": 0, "high": 1.5}, "high = 1.5"),
        ("bernoulli", {"probability": 1.2}, "probability = 1.2, allowed: 0 <= probability <= 1"),
        ("bernoulli", {"probability": math.nan}, "probability is nan, allowed: a finite number"),
        ("bernoulli", {"probability": True}, "probability is True, allowed: a finite number"),
        ("bernoulli", {"probability": "1e-3"}, "probability is '1e-3', allowed: a finite number"),
        ("beta", {"alpha": 0, "beta": 1}, "alpha = 0, beta = 1, allowed: alpha > 0 and beta > 0"),
        ("beta", {"alpha": 1, "beta": math.inf}, "beta is inf, allowed: a finite number"),
        (
            "truncated_normal",
            {"mean": 0.5, "standard_deviation": 0},
            "standard_deviation = 0, allowed: standard_deviation > 0",
        ),
        ("truncated_normal", {"mean": 20, "standard_deviation": 1}, "mass of 1e-06 or more"),
        ("truncated_normal", {"mean": 0.5, "standard_deviation": 1e9}, "mass of 1e-06 or more"),
    ],
)
def test_wrong_parameters_are_refused_with_what_is_allowed(family, parameters, message):
    with pytest.raises(ValueError, match=message) as caught:
        PixelDistribution("my set", family, parameters)
    assert "data set 'my set'" in str(caught.value)


@pytest.mark.parametrize(("first", "count"), [(-1, 5), (0, -1)])
def test_negative_runs_are_refused(first, count):
    with pytest.raises(ValueError, match="allowed: 0 or more"):
        sample_points(UNIFORM, SEED, first, count)
