"""Detection scores and measures, against points for which both are known."""

import math

import numpy as np
import pytest
from shard_attributes import shard_attributes
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from jacspec.data.storage import PointBlock, write_points
from jacspec.detection.figure import STYLES, draw_detection
from jacspec.detection.measures import detection_measures
from jacspec.detection.model_detection import (
    DetectionRow,
    model_detection,
    read_detection,
    write_detection,
)
from jacspec.detection.scores import LatentDistribution, detection_scores
from jacspec.errors import DamagedFileError, JacspecError
from jacspec.key import ModelKey
from jacspec.spectra.quantities import JacobianSpectra
from jacspec.spectra.shards import write_shard

RANDOM = np.random.default_rng(0)

KEY = ModelKey("paper", 2, 0)


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


STANDARD = LatentDistribution(np.zeros(2), np.eye(2))


def test_a_projection_at_the_training_mean_scores_lowest():
    scores = detection_scores(columns(), STANDARD)
    assert set(scores) == set(STYLES)
    expected = dict.fromkeys(STYLES, 0.0) | {"largest_eigenvalue": 1.0}
    for name, values in scores.items():
        assert values.tolist() == [expected[name]] * 2, name


def test_scores_are_those_of_their_definitions():
    scores = detection_scores(
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
    assert measures.auroc == pytest.approx(6 / 8)
    assert measures.fpr_at_95_tpr == pytest.approx(1 / 2)
    assert measures.aupr == pytest.approx(5 / 6)


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
    assert measures.auroc == pytest.approx(roc_auc_score(is_outside, scores), rel=1e-12)
    expected = average_precision_score(is_outside, scores, sample_weight=weight)
    assert measures.aupr == pytest.approx(expected, rel=1e-12)
    assert measures.fpr_at_95_tpr == false_positives[np.argmax(true_positives >= 0.95)]


def test_a_score_that_says_nothing_is_at_chance_whatever_the_sizes():
    measures = detection_measures(np.zeros(30), np.zeros(7))
    assert measures.auroc == pytest.approx(0.5)
    assert measures.aupr == pytest.approx(0.5)
    assert measures.fpr_at_95_tpr == 1


def test_infinite_scores_are_above_all_others():
    measures = detection_measures(np.array([0.0, 1e300]), np.array([np.inf, np.inf]))
    assert (measures.auroc, measures.aupr, measures.fpr_at_95_tpr) == (1, 1, 0)
    tied = detection_measures(np.array([0.0, np.inf]), np.array([np.inf, np.inf]))
    assert tied.auroc == pytest.approx(0.75)


def test_only_the_order_of_scores_counts():
    inside, outside = RANDOM.standard_normal(200), RANDOM.standard_normal(300) + 1
    assert detection_measures(inside, outside) == detection_measures(
        np.exp(3 * inside), np.exp(3 * outside)
    )


def test_scores_that_are_not_numbers_are_refused():
    with pytest.raises(JacspecError, match="diverge"):
        detection_measures(np.array([0.0, np.nan]), np.array([1.0]))


def write_spectra(path, dataset: str, error: np.ndarray, latent: np.ndarray, first: int = 0):
    spectra = JacobianSpectra.empty(len(error), latent.shape[1]).columns()
    for column in spectra.values():
        column[...] = 1
    spectra["reconstruction_error"][:] = error
    spectra["latent"][:] = latent
    attributes = shard_attributes(latent_dim=latent.shape[1], dataset=dataset, first=first)
    write_shard(path, [spectra], count=len(error), attributes=attributes)
    return path


def write_images(path, split: list[int], first: int):
    count = len(split)
    block = PointBlock(
        np.zeros((count, 784), np.float32),
        np.zeros(count, np.int64),
        np.array(split, np.uint8),
        np.arange(count),
    )
    write_points(
        path,
        [block],
        dataset="mnist",
        first=first,
        count=count,
        attributes={},
        compressed=True,
    )
    return path


@pytest.fixture
def sweep(tmp_path):
    """Return spectra and image shards: training points have error 9, test points 1, noise 5."""
    split = [0, 1, 0, 1, 0, 1]
    error = np.where(np.array(split) == 1, 1.0, 9.0)
    latent = np.array([[0, 0], [5, 5], [1, 0], [5, 5], [0, 1], [5, 5]], float)
    spectra = {
        "mnist": [
            write_spectra(tmp_path / "mnist.0", "mnist", error[:4], latent[:4]),
            write_spectra(tmp_path / "mnist.1", "mnist", error[4:], latent[4:], 4),
        ],
        "uniform": [write_spectra(tmp_path / "uniform.0", "uniform", np.full(5, 5.0), latent[:5])],
    }
    images = [write_images(tmp_path / "images.0", split[:4], 0)]
    images.append(write_images(tmp_path / "images.1", split[4:], 4))
    return spectra, images


def measured(rows: list[DetectionRow], score: str) -> dict[str, float]:
    return {row.measure: row.value for row in rows if row.score == score}


def test_test_images_are_inside_and_training_images_only_fit_the_latent_distribution(sweep):
    """Were training images inside, the error 9 would be above the noise's 5.

    All test images lie at (5, 5), farther from the training images than any of the noise but two
    points there: of 3 x 5 pairs, 6 are ties and 9 are in the wrong order.
    """
    spectra, images = sweep
    rows = model_detection(spectra, images, training_set="mnist", key=KEY)
    assert {row.dataset for row in rows} == {"uniform"}
    assert {(row.inside, row.outside) for row in rows} == {(3, 5)}
    assert measured(rows, "reconstruction_error") == {"auroc": 1, "aupr": 1, "fpr_at_95_tpr": 0}
    assert measured(rows, "latent_distance")["auroc"] == pytest.approx(3 / 15)
    assert measured(rows, "trace")["auroc"] == pytest.approx(0.5)


def test_a_sample_without_test_images_is_refused(sweep, tmp_path):
    spectra, _ = sweep
    images = [write_images(tmp_path / "only_training", [0] * 6, 0)]
    with pytest.raises(JacspecError, match="6 and 0 among 6"):
        model_detection(spectra, images, training_set="mnist", key=KEY)


def test_spectra_of_fewer_points_than_images_are_refused(sweep):
    spectra, images = sweep
    spectra["mnist"].pop()
    with pytest.raises(DamagedFileError, match="4 points"):
        model_detection(spectra, images, training_set="mnist", key=KEY)


def test_tables_are_read_as_they_were_written(tmp_path):
    rows = [DetectionRow(KEY, "uniform", "trace", "auroc", 0.1 + 0.2, 10, 20)]
    write_detection(tmp_path / "table.csv", rows)
    assert read_detection(tmp_path / "table.csv") == rows


@pytest.mark.parametrize("damage", ["", "other,columns\n", "cut"])
def test_damaged_tables_are_refused(tmp_path, damage):
    path = tmp_path / "table.csv"
    write_detection(path, [DetectionRow(KEY, "uniform", "trace", "auroc", 0.5, 10, 20)])
    path.write_text(path.read_text()[:-4] if damage == "cut" else damage)
    with pytest.raises(DamagedFileError, match=r"table\.csv"):
        read_detection(path)


def test_the_figure_has_a_panel_a_set_and_a_line_a_score_and_seed():
    rows = [
        DetectionRow(ModelKey("paper", latent_dim, seed), dataset, score, "auroc", 0.75, 10, 20)
        for dataset in ("uniform", "fashion_mnist", "beta_5_0.8", "beta_0.8_5")
        for latent_dim in (2, 3)
        for seed in (0, 1)
        for score in STYLES
    ]
    figure = draw_detection(rows)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "Uniform",
        "Fashion-MNIST",
        "Beta(5, 0.8)",
        "Beta(0.8, 5)",
    ]
    chance = 1
    assert {len(axes.lines) for axes in figure.axes} == {2 * len(STYLES) + chance}
