"""Sets made from another one: what is changed, what is kept, and that points do not depend on runs.

The other set is 2,300 small images from a file, a third of them for testing.
"""

import math

import numpy as np
import pytest
import scipy.stats

from jacspec.data.derived_sources import weighted
from jacspec.data.registry import SOURCES, DataSets
from jacspec.data.source import SourceError, from_definition
from jacspec.data.training_set import training_arrays

COUNT, HEIGHT, WIDTH = 2300, 6, 5
SEED = 5
FAILURE_PROBABILITY = 1e-9

ENTRIES = {
    "random": {"source": "uniform", "low": 0, "high": 1},
    "shuffled": {"source": "shuffled", "of": "mine"},
    "inverted": {"source": "inverted", "of": "mine"},
    "rotated": {"source": "rotated", "of": "mine", "degrees": 30},
    "shifted": {"source": "shifted", "of": "mine", "rows": 2, "columns": -1},
    "blurred": {"source": "blurred", "of": "mine", "pixels": 0.7},
    "noisy": {"source": "noisy", "of": "mine", "level": 0.1},
    "mixture": {"source": "mixture", "of": ["mine", "random"], "weight": 0.25},
    "interpolated": {"source": "interpolated", "of": "mine"},
    "gaussian": {"source": "gaussian", "of": "mine"},
    # Sets of sets.
    "ghosts": {"source": "inverted", "of": "noisy"},
    "halfway": {"source": "mixture", "of": ["mine", "shuffled"], "weight": 0.5},
}
KEEPING_IDENTITY = ("inverted", "rotated", "shifted", "blurred", "noisy", "mixture", "ghosts")


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    # Not independent of one another, and not symmetric, so that what changes shows.
    strength = rng.random((COUNT, 1, 1))
    return (strength * rng.random((COUNT, HEIGHT, WIDTH)) * 4 - 1).astype(np.float32)


@pytest.fixture(scope="module")
def sets(images, tmp_path_factory):
    path = tmp_path_factory.mktemp("sets") / "mine.npz"
    labels, split = np.arange(COUNT) % 7, np.arange(COUNT) % 3 == 0
    np.savez(path, x=images, y=labels, s=split)
    mine = {"source": "file", "path": str(path), "points": "x", "labels": "y", "split": "s"}
    return DataSets({"mine": mine | {"range": [-1, 3]}, **ENTRIES}, "mine")


def whole(source, first=0, count=2100, seed=SEED):
    blocks = list(source.blocks(seed, first, count))
    columns = [block.columns() for block in blocks]
    return {name: np.concatenate([part[name] for part in columns]) for name in columns[0]}


@pytest.mark.parametrize("name", ENTRIES)
def test_a_point_depends_on_neither_first_nor_count(sets, name):
    points = whole(sets[name])
    for first, count in ((0, 1), (999, 2), (1500, 600), (1000, 1000)):
        part = whole(sets[name], first, count)
        assert part.keys() == points.keys()
        for column, values in part.items():
            np.testing.assert_array_equal(values, points[column][first : first + count])
    sizes = [len(block) for block in sets[name].blocks(SEED, 700, 1350)]
    assert sizes == [300, 1000, 50]
    assert [*sets[name].blocks(SEED, 7, 0)] == []


@pytest.mark.parametrize("name", ENTRIES)
def test_a_source_is_had_from_its_definition(sets, name):
    again = from_definition(sets[name].definition())
    assert again == sets[name]
    np.testing.assert_array_equal(whole(again, 5, 3)["points"], whole(sets[name], 5, 3)["points"])


@pytest.mark.parametrize("name", KEEPING_IDENTITY)
def test_what_is_known_of_a_point_stays_with_it(sets, name):
    found, source = whole(sets[name]), whole(sets["mine"])
    for column in ("label", "split", "source_index"):
        np.testing.assert_array_equal(found[column], source[column])
    assert (found["points"] != source["points"]).any()
    assert found["points"].dtype == np.float32


@pytest.mark.parametrize("name", [*ENTRIES, "mine"])
def test_another_seed_gives_other_points(sets, name):
    assert (whole(sets[name], 0, 2)["points"] != whole(sets[name], 0, 2, SEED + 1)["points"]).any()


def test_shuffling_keeps_the_values_of_each_pixel_in_each_split(sets, images):
    points = whole(sets["shuffled"], 0, COUNT)
    np.testing.assert_array_equal(np.sort(points["source_index"]), np.arange(COUNT))
    for part in (0, 1):
        np.testing.assert_array_equal(
            np.sort(points["points"][points["split"] == part], axis=0),
            np.sort(images[(np.arange(COUNT) % 3 == 0) == part], axis=0),
        )
    assert "label" not in points


def test_shuffling_makes_pixels_independent(sets):
    def correlations(values):
        matrix = np.corrcoef(values.reshape(COUNT, -1).T)
        return matrix[np.triu_indices(len(matrix), 1)]

    assert correlations(whole(sets["mine"], 0, COUNT)["points"]).min() > 0.1
    # The correlation of two independent permutations has variance 1 / (n - 1) within each split,
    # exactly; a bound by Chebyshev would be too weak for 435 pairs, the normal limit is close.
    limit = scipy.stats.norm.isf(FAILURE_PROBABILITY / 435 / 2) / math.sqrt(COUNT / 3 - 1)
    assert np.abs(correlations(whole(sets["shuffled"], 0, COUNT)["points"])).max() < limit


def test_shuffling_in_groups_of_columns_gives_the_same(sets, monkeypatch):
    expected = whole(sets["shuffled"])["points"]
    monkeypatch.setattr("jacspec.data.fitted_sources.MEMORY_BYTES", 4 * COUNT * 7)
    np.testing.assert_array_equal(whole(sets["shuffled"])["points"], expected)


def test_inverting_twice_gives_the_points_themselves(sets):
    points, inverted = whole(sets["mine"])["points"], whole(sets["inverted"])["points"]
    np.testing.assert_allclose(inverted, 2 - points, rtol=0, atol=3e-7)
    assert sets["inverted"].value_range == (-1, 3)


@pytest.mark.parametrize(("degrees", "turns"), [(90, 1), (-90, -1), (180, 2), (0, 0)])
def test_a_quarter_turn_moves_pixels_only(degrees, turns, tmp_path):
    squares = np.random.default_rng(1).random((4, 5, 5), np.float32)
    np.save(tmp_path / "squares.npy", squares)
    sets = DataSets(
        {
            "squares": {"source": "file", "path": str(tmp_path / "squares.npy"), "range": [0, 1]},
            "turned": {"source": "rotated", "of": "squares", "degrees": degrees},
        },
        "squares",
    )
    found, plain = whole(sets["turned"], 0, 4)["points"], whole(sets["squares"], 0, 4)["points"]
    np.testing.assert_allclose(found, np.rot90(plain, turns, axes=(1, 2)), atol=1e-6)


def test_shifting_fills_with_the_lowest_value(sets):
    points, shifted = whole(sets["mine"])["points"], whole(sets["shifted"])["points"]
    np.testing.assert_array_equal(shifted[:, 2:, :-1], points[:, :-2, 1:])
    assert (shifted[:, :2] == -1).all()
    assert (shifted[:, :, -1] == -1).all()


def test_blurring_is_an_average(sets):
    points, blurred = whole(sets["mine"])["points"], whole(sets["blurred"])["points"]
    assert blurred.std() < points.std()
    constant = np.full((1, HEIGHT, WIDTH), 0.5, np.float32)
    np.testing.assert_allclose(sets["blurred"]._changed(constant), constant, atol=1e-6)


def test_noise_is_normal_and_cut_off_at_the_range(sets):
    points, noisy = whole(sets["mine"])["points"], whole(sets["noisy"])["points"]
    assert noisy.min() >= -1
    assert noisy.max() <= 3
    # Four standard deviations of noise from the ends, hardly any value is cut off.
    inside = (points > 0.6) & (points < 1.4)
    noise = (noisy - points)[inside].astype(np.float64)
    distance = scipy.stats.kstest(noise, scipy.stats.norm(0, 0.4).cdf).statistic
    # Dvoretzky-Kiefer-Wolfowitz, plus the share that is cut off, 2 * 3.2e-5, and float32 rounding.
    assert distance < math.sqrt(math.log(2 / FAILURE_PROBABILITY) / (2 * len(noise))) + 1e-4


def test_a_mixture_lies_on_the_straight_way(sets):
    x, y = (whole(sets[name])["points"] for name in ("mine", "random"))
    found = whole(sets["mixture"])["points"]
    np.testing.assert_allclose(found, 0.75 * x + 0.25 * y, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(weighted(x, y, 0), x)
    np.testing.assert_array_equal(weighted(x, y, 1), y)


def test_a_mixture_has_the_points_of_the_smaller_set(sets):
    assert sets["mixture"].count == sets["halfway"].count == COUNT
    with pytest.raises(ValueError, match="allowed: 0 to 2300"):
        sets["mixture"].blocks(SEED, 2299, 2)


def test_a_pair_is_of_two_points_evaluated_in_turn(sets):
    points = whole(sets["mine"], 0, COUNT)
    found = whole(sets["interpolated"], 0, COUNT - 1)
    np.testing.assert_array_equal(
        found["points"], weighted(points["points"][:-1], points["points"][1:], 0.5)
    )
    np.testing.assert_array_equal(
        found["split"], np.maximum(points["split"][:-1], points["split"][1:])
    )
    assert sets["interpolated"].count == COUNT - 1


def test_a_gaussian_has_mean_and_covariance_of_the_training_points(sets, images):
    training = images[np.arange(COUNT) % 3 != 0].reshape(-1, HEIGHT * WIDTH).astype(np.float64)
    mean, root = sets["gaussian"]._fit
    np.testing.assert_allclose(mean, training.mean(axis=0), rtol=0, atol=1e-12)
    covariance = np.cov(training.T, bias=True)
    np.testing.assert_allclose(root @ root, covariance, rtol=0, atol=1e-12)
    # Whitened, the points are standard normal.
    points = whole(sets["gaussian"], 0, 2000)["points"].reshape(2000, -1)
    white = (points - mean) @ np.linalg.inv(root)
    distance = scipy.stats.kstest(white.ravel(), scipy.stats.norm.cdf).statistic
    bound = math.sqrt(math.log(2 / FAILURE_PROBABILITY) / (2 * white.size))
    # float32 moves a value by 2^-24 of its size, the inverse of the root by its norm more.
    assert distance < bound + 2**-24 * 10 * np.linalg.norm(np.linalg.inv(root), 2)
    assert sets["gaussian"].count is None


def test_a_gaussian_of_values_far_from_zero_keeps_its_covariance(tmp_path):
    values = 1e4 + np.random.default_rng(2).normal(0, 0.1, (500, 3))
    np.savez(tmp_path / "far.npz", x=values)
    entries = {
        "far": {"source": "file", "path": str(tmp_path / "far.npz"), "test_share": 0.002},
        "fitted": {"source": "gaussian", "of": "far"},
    }
    sets = DataSets(entries, "far")
    training, _ = training_arrays(sets["far"])
    _, root = sets["fitted"]._fit
    covariance = np.cov(training.T.astype(np.float64), bias=True)
    np.testing.assert_allclose(root @ root, covariance, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("name", ["mine", "shuffled", "rotated", "noisy", "mixture"])
def test_a_set_with_an_end_can_be_trained_on(sets, name):
    training, test = training_arrays(sets[name])
    in_test = np.arange(COUNT) % 3 == 0
    assert (training.shape, test.shape) == (
        ((~in_test).sum(), HEIGHT, WIDTH),
        (in_test.sum(), HEIGHT, WIDTH),
    )
    blocks = whole(sets[name], 0, COUNT, 0)
    in_order = blocks["points"][np.argsort(blocks["source_index"])]
    np.testing.assert_array_equal(training, in_order[~in_test])
    np.testing.assert_array_equal(test, in_order[in_test])


@pytest.mark.parametrize("name", ["random", "interpolated", "gaussian"])
def test_a_set_without_an_end_or_a_split_cannot_be_trained_on(sets, name):
    with pytest.raises(SourceError, match=f"data.{name}: found as training_set"):
        training_arrays(sets[name])


def test_random_sets_have_shape_and_range_of_the_training_set(sets):
    random = sets["random"]
    assert (random.shape, random.image_shape, random.value_range) == ((6, 5), (6, 5), (-1, 3))
    assert whole(random)["points"].min() < -0.9


def test_every_derived_source_is_tested():
    made = {entry["source"] for entry in ENTRIES.values()}
    independent = {"mnist", "fashion_mnist", "file", "truncated_normal", "bernoulli", "beta"}
    assert made == set(SOURCES) - independent - {"normal"}
