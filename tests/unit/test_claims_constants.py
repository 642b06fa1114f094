"""Constants of the claims that no statement has to itself: networks, epochs, samples, sentences."""

import math

import numpy as np
import pytest

from jacspec import sample_sizes
from jacspec.claims import bootstrap, evidence, registry, thresholds, trends
from jacspec.claims.bootstrap import interval, resampled_sums, resampling_weights
from jacspec.claims.conditions import condition
from jacspec.claims.networks import share_that_holds
from jacspec.claims.reconstruction_evidence import TrainingReconstructions, likeness_draws
from jacspec.claims.thresholds import Statement
from jacspec.claims.wording import decimals, of_pi, percent


@pytest.mark.parametrize(
    ("epochs", "short"), [(99, True), (100, False), (300, False), (None, False)]
)
def test_a_hundred_epochs_are_the_fewest(epochs, short):
    assert thresholds.too_short(epochs) is short


@pytest.mark.parametrize(
    ("mean", "brightness"),
    [(0.4795, "dark"), (0.4805, "middle"), (0.5195, "middle"), (0.5205, "bright")],
)
def test_middle_is_two_hundredths_around_one_half(mean, brightness):
    assert evidence.brightness_of(mean) == brightness


@pytest.mark.parametrize(
    ("holding", "total", "verdict"),
    [(6, 6, "reproduced"), (88, 116, "reproduced"), (86, 116, "undetermined")],
)
def test_two_networks_in_three_are_asked_for(holding, total, verdict):
    """Jeffreys' interval of 88 of 116 begins at .6750, that of 86 of 116 at .6564."""
    assert verdict_on(holding, total) == verdict


@pytest.mark.parametrize(("holding", "verdict"), [(33, "not reproduced"), (37, "undetermined")])
def test_fewer_than_two_networks_in_three_refute(holding, verdict):
    """Jeffreys' interval of 33 of 66 ends at .6185, that of 37 of 66 at .6756."""
    assert verdict_on(holding, 66) == verdict


def verdict_on(holding: int, total: int) -> str:
    conditions = [
        condition("x", [np.full(1 + bootstrap.REPLICATES, float(i < holding))], latent_dim=i)
        for i in range(total)
    ]
    return share_that_holds(Statement("x"), {0: conditions}).verdict


def test_the_chance_level_is_one_in_twenty():
    # The 95 % quantile of the normal distribution, to the digits of a table.
    assert trends.chance_correlation(10_001) == pytest.approx(1.644854 / 100, abs=1e-8)
    assert trends.chance_correlation(2) == pytest.approx(1.644854, abs=1e-6)
    assert trends.chance_correlation(1) == 1.0


def test_an_interval_leaves_out_one_draw_in_forty_at_either_end():
    draws = np.concatenate([[200.0], np.arange(400.0)])
    assert interval(draws) == (9.0, 390.0)


def test_there_are_400_replicates_in_blocks_of_1000_points_and_50_points_are_the_fewest():
    assert resampling_weights("a", 0).shape == (401, 1000)
    for count, known in ((50, True), (49, False)):
        sums = resampled_sums("a", np.ones((count, 1)))
        assert bool(np.isfinite(sums[0, 1:]).all()) is known


def test_a_point_is_like_the_training_set_up_to_the_99th_percentile_of_test_images():
    distances = np.random.default_rng(0).uniform(1, 2, 1000)
    images = np.zeros((1001, 4))
    images[1:, 0] = distances
    training = TrainingReconstructions("mnist", images, None, np.arange(1001) > 0)
    draws = likeness_draws(training, {})
    limit = draws[evidence.Quantity("mnist", "both", "nearest_limit")][0]
    assert limit == pytest.approx(np.quantile(distances, 0.99), abs=1e-12)
    median = draws[evidence.Quantity("mnist", "both", "nearest_q50")][0]
    assert median == pytest.approx(np.median(distances), abs=1e-12)


def test_so_many_points_are_reconstructed():
    assert sample_sizes.TRAINING_SET_POINTS == 12_000
    assert sample_sizes.RANDOM_SET_POINTS == 1_000


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "between .5 and 1, and each falls with d more consistently than chance orders it (5 %"),
        (2, "below 2,"),
        (3, "Fewer than 1 %"),
        (4, "on 95 % of the random sets"),
        (5, "in 95 % of the cases"),
        (6, "At the 3 largest d, all d ≥ 12, 95 %"),
        (7, "above .5 for at least 50 % of the two means of J_I, and for fewer of J_L, at d ≥ 12"),
        (8, "on 95 % of the random sets"),
        (9, "Below 25 % of the training points, and, at d ≥ 12, between 40 % and 60 % on 75 %"),
        (9, "more than 10 % of others"),
        (10, "below .125 π; at d ≥ 12, 95 % quantile above .75 π on 75 % of the bright sets"),
        (11, "More than 50 % of a set's points look like the training set for 75 % of the sets at"),
        (11, "as near as for 99 % of test points"),
        (12, "for 95 % of the groups, at d ≥ 12"),
        (13, "At d ≥ 12"),
        (14, "On 50 % of the sets that look like the training set at d ≤ 4"),
        (15, "within .005"),
    ],
)
def test_the_sentence_of_a_criterion_has_its_numbers(number, words):
    assert words in registry.CLAIMS[number].criterion


def test_numbers_in_sentences():
    assert (percent(2 / 3), percent(0.016), percent(0.05)) == ("67 %", "1.6 %", "5 %")
    assert (decimals(0.25), decimals(2.0), of_pi(math.pi / 4)) == (".25", "2", ".25 π")
