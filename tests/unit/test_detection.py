"""Detection scores and measures, against points for which both are known."""

import math

import numpy as np
import pytest
from detection_scores import single_scores
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from jacspec.detection.measures import (
    CELLS,
    DRAWS,
    MEASURES,
    detection_measures,
    estimated_measures,
)
from jacspec.detection.scores import (
    GEOMETRY,
    LARGEST_DEVIATION,
    Combinations,
    LatentDistribution,
    Standard,
    TypicalGeometry,
)
from jacspec.detection.singular_values import COLUMNS, LOG_VOLUMES
from jacspec.errors import JacspecError

RANDOM = np.random.default_rng(0)


def columns(**changes) -> dict[str, np.ndarray]:
    """Return two points of d = 2 at which the autoencoder is a projection, with some changes."""
    return {
        "eigenvalues_input": np.ones((2, 2), np.complex64),
        "eigenvalues_latent": np.ones((2, 2), np.complex64),
        "logabsdet_input": np.zeros(2),
        "trace_input": np.full(2, 2.0),
        "reconstruction_error": np.zeros(2),
        "latent": np.zeros((2, 2), np.float32),
        **changes,
    }


STANDARD = LatentDistribution(np.zeros(2), np.eye(2), np.zeros((1, 2)))


def test_a_projection_at_the_training_mean_scores_lowest():
    scores = single_scores(columns(), STANDARD)
    expected = dict.fromkeys(scores, 0.0) | {"largest_eigenvalue": 1.0}
    for name, values in scores.items():
        assert values.tolist() == [expected[name]] * 2, name


def test_scores_are_those_of_their_definitions():
    scores = single_scores(
        columns(
            eigenvalues_input=np.array([[3 + 4j, 3 - 4j], [0.5, 0]], np.complex64),
            eigenvalues_latent=np.array([[3 + 4j, -4j], [0.5, 0]], np.complex64),
            logabsdet_input=np.array([math.log(25), -np.inf]),
            trace_input=np.array([6.0, 0.5]),
            latent=np.array([[3, 4], [0, 0]], np.float32),
        ),
        STANDARD,
    )
    assert scores["log_determinant"].tolist() == [math.log(25) / 2, np.inf]
    assert scores["trace"].tolist() == [2.0, 0.75]
    assert scores["spectra_difference"].tolist() == [3.0, 0.0]
    assert scores["largest_eigenvalue"].tolist() == [5.0, 0.5]
    assert scores["latent_distance"].tolist() == [5.0, 0.0]
    assert scores["latent_neighbours"].tolist() == [5.0, 0.0]


def test_latent_distance_does_not_depend_on_units():
    """Mahalanobis' distance is the same in all affine coordinates, to rounding.

    The covariance has condition 10^2 at most, so that 1e-10 leaves room for many roundings.
    """
    latent = RANDOM.standard_normal((500, 3))
    change = np.array([[2.0, 1, 0], [0, 0.5, 0], [1, 0, 1]])
    distances = LatentDistribution.of(latent).distance(latent)
    moved = latent @ change + 7
    assert LatentDistribution.of(moved).distance(moved) == pytest.approx(distances, rel=1e-10)


def test_one_latent_dimension_has_the_distance_in_standard_deviations():
    latent = np.array([[1.0], [2.0], [3.0]])
    assert LatentDistribution.of(latent).distance(np.array([[5.0]])) == pytest.approx(3.0)


def test_directions_without_variance_do_not_count():
    latent = np.column_stack([RANDOM.standard_normal(100), np.full(100, 4.0)])
    distribution = LatentDistribution.of(latent)
    near, far = distribution.distance(np.array([[0.3, 4.0], [0.3, 5.0]]))
    assert near == far > 0


def test_measures_of_a_small_example_are_those_done_by_hand():
    """Inside 1, 2, 3, 4; outside 2.5, 5: of eight pairs, six are in order.

    Both points outside are found at threshold 2.5, at the cost of 3 and 4: two of four inside.
    With equal weights of the sets, precision is 1 at recall 1/2, and at recall 1 it is
    (2/2) / (2/2 + 2/4) = 2/3: the average is (1 + 2/3) / 2.
    """
    measures = detection_measures(np.array([1.0, 2, 3, 4]), np.array([2.5, 5]))
    assert measures["auroc"] == pytest.approx(6 / 8)
    assert measures["fpr_at_95_tpr"] == pytest.approx(1 / 2)
    assert measures["aupr_out"] == pytest.approx(5 / 6)


@pytest.mark.parametrize("decimals", [0, 1, 15])
def test_measures_are_those_of_scikit_learn(decimals):
    """Rounded to few decimals, many scores are equal."""
    inside = RANDOM.standard_normal(400).round(decimals)
    outside = (RANDOM.standard_normal(150) + 1).round(decimals)
    is_outside = np.repeat([0, 1], [400, 150])
    scores = np.concatenate([inside, outside])
    weight = np.where(is_outside, 0.5 / 150, 0.5 / 400)
    false_positives, true_positives, _ = roc_curve(is_outside, scores, drop_intermediate=False)
    measures = detection_measures(inside, outside)
    assert set(measures) == set(MEASURES)
    assert measures["auroc"] == pytest.approx(roc_auc_score(is_outside, scores), rel=1e-12)
    expected = average_precision_score(is_outside, scores, sample_weight=weight)
    assert measures["aupr_out"] == pytest.approx(expected, rel=1e-12)
    expected = average_precision_score(1 - is_outside, -scores, sample_weight=weight)
    assert measures["aupr_in"] == pytest.approx(expected, rel=1e-12)
    assert measures["fpr_at_95_tpr"] == false_positives[np.argmax(true_positives >= 0.95)]


def test_a_score_that_says_nothing_is_at_chance_whatever_the_sizes():
    measures = detection_measures(np.zeros(30), np.zeros(7))
    for name in ("auroc", "aupr_in", "aupr_out"):
        assert measures[name] == pytest.approx(0.5)
    assert measures["fpr_at_95_tpr"] == 1


def test_infinite_scores_are_above_all_others():
    measures = detection_measures(np.array([0.0, 1e300]), np.array([np.inf, np.inf]))
    assert measures == {"auroc": 1, "aupr_in": 1, "aupr_out": 1, "fpr_at_95_tpr": 0}
    tied = detection_measures(np.array([0.0, np.inf]), np.array([np.inf, np.inf]))
    assert tied["auroc"] == pytest.approx(0.75)


def test_only_the_order_of_scores_counts():
    inside, outside = RANDOM.standard_normal(200), RANDOM.standard_normal(300) + 1
    assert detection_measures(inside, outside) == detection_measures(
        np.exp(3 * inside), np.exp(3 * outside)
    )


def test_scores_that_are_not_numbers_are_refused():
    with pytest.raises(JacspecError, match="diverge"):
        detection_measures(np.array([0.0, np.nan]), np.array([1.0]))


def test_intervals_are_those_of_a_bootstrap_of_every_point():
    """A thousand draws of single points against `DRAWS` of counts in cells.

    An end of the 95 % interval is a quantile whose standard error, over n normal draws, is
    2.67 / sqrt(n) standard deviations: 0.19 for `DRAWS`; four of them are allowed.
    """
    rng = np.random.default_rng(5)
    inside, outside = rng.standard_normal(700), rng.standard_normal(900) + 1
    draws = [
        detection_measures(rng.choice(inside, 700), rng.choice(outside, 900)) for _ in range(1000)
    ]
    estimates = estimated_measures(inside, outside, np.random.default_rng(0))
    assert CELLS < 1600
    for name, value in detection_measures(inside, outside).items():
        ends = np.quantile([draw[name] for draw in draws], [0.025, 0.975])
        room = (
            4 * 2.67 * np.hypot(1 / np.sqrt(DRAWS), 1 / np.sqrt(1000)) * float(np.ptp(ends)) / 3.92
        )
        assert estimates[name].value == value
        assert estimates[name].low == pytest.approx(ends[0], abs=room)
        assert estimates[name].high == pytest.approx(ends[1], abs=room)


def test_neighbours_are_those_that_are_found_one_by_one():
    latent = RANDOM.standard_normal((2500, 3))
    points = RANDOM.standard_normal((1200, 3))
    found = LatentDistribution.of(latent).neighbour_distance(points)
    # Rounded to float32, and from differences of squares of numbers below 30.
    for point, distance in zip(points[::100], found[::100], strict=True):
        expected = np.sort(np.linalg.norm(latent[:2000] - point, axis=1))[9]
        assert distance == pytest.approx(expected, rel=2**-23, abs=1e-6)


def test_fewer_references_than_neighbours_are_enough():
    distribution = LatentDistribution.of(np.array([[0.0], [1.0], [4.0]]))
    assert distribution.neighbour_distance(np.array([[0.0]])).tolist() == [4.0]


def training_scores(**changes) -> dict[str, np.ndarray]:
    """Return the single scores of four points, of which logarithms are -1, 1, -1, 1."""
    logarithms = np.exp([-1.0, 1, -1, 1])
    names = ("reconstruction_error", "latent_distance", *GEOMETRY)
    return dict.fromkeys(names, logarithms) | changes


def singular_columns(logarithms) -> dict[str, np.ndarray]:
    """Return columns whose logarithms are all these."""
    logarithms = np.array(logarithms)
    return {name: logarithms if name in LOG_VOLUMES else np.exp(logarithms) for name in COLUMNS}


def test_geometry_is_scored_by_its_distance_from_the_median_of_regular_training_points():
    typical = TypicalGeometry.of(singular_columns([-np.inf, 1.0, 2.0, 5.0, -np.inf]))
    scores = typical.scores(singular_columns([2.0, 4.5, -1.0, -np.inf]))
    assert set(scores) == set(COLUMNS)
    for values in scores.values():
        assert values == pytest.approx([0.0, 2.5, 3.0, np.inf], abs=1e-15)


def test_where_all_training_points_are_singular_a_regular_one_is_nearer_than_they_are():
    typical = TypicalGeometry.of(singular_columns([-np.inf, -np.inf]))
    for values in typical.scores(singular_columns([-3.0, -np.inf])).values():
        assert values == pytest.approx([3.0, np.inf])


def test_error_and_geometry_count_the_same():
    combinations = Combinations.of(training_scores())
    geometry = {name: np.exp([0.0, 2.0, 0.0]) for name in GEOMETRY}
    single = training_scores(reconstruction_error=np.exp([2.0, 0.0, 0.0]), **geometry)
    scores = combinations.scores(single | {"latent_distance": np.zeros(3)})
    assert scores["error_and_geometry"] == pytest.approx([2.0, 2.0, 0.0])


def test_distance_and_error_are_added_in_their_standard_deviations():
    training = training_scores(
        reconstruction_error=np.array([1.0, 3.0]), latent_distance=np.array([10.0, 50.0])
    )
    single = training_scores(
        reconstruction_error=np.array([2.0, 0, 2, 0]), latent_distance=np.array([20.0, 40, 0, 0])
    )
    scores = Combinations.of(training).scores(single)
    assert scores["latent_distance_and_error"].tolist() == [2 + 1, 0 + 2, 2, 0]


def test_zero_and_infinity_are_far_deviations_and_equal_training_points_say_nothing():
    standard = Standard.of(np.array([-1.0, 1.0, np.inf, -np.inf]))
    assert (standard.mean, standard.deviation) == (0, 1)
    deviations = standard(np.array([-np.inf, 0.5, np.inf])).tolist()
    assert deviations == [-LARGEST_DEVIATION, 0.5, LARGEST_DEVIATION]
    for nothing in (np.full(3, 0.1), np.full(3, np.inf)):
        assert Standard.of(nothing)(np.array([7.0, np.inf])).tolist() == [0, 0]
