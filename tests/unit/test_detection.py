"""Detection scores and measures, against points for which both are known."""

import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from jacspec.data.descriptions import Description
from jacspec.detection.figure import STYLES, draw_detection
from jacspec.detection.leaderboard import leaderboards, missing_sets
from jacspec.detection.measures import (
    CELLS,
    DRAWS,
    MEASURES,
    detection_measures,
    estimated_measures,
)
from jacspec.detection.model_detection import (
    DetectionRow,
    DetectionScores,
    Detector,
    read_detection,
    write_detection,
)
from jacspec.detection.readable import write_readable_detection
from jacspec.detection.scores import (
    GEOMETRY,
    LARGEST_DEVIATION,
    TITLES,
    Combinations,
    LatentDistribution,
    Standard,
    TypicalGeometry,
    latent_scores,
    spectral_scores,
)
from jacspec.detection.singular_values import COLUMNS, LOG_VOLUMES
from jacspec.errors import DamagedFileError, JacspecError
from jacspec.key import ModelKey
from jacspec.spectra.quantities import JacobianSpectra

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


def single_scores(
    columns: dict[str, np.ndarray], training: LatentDistribution
) -> dict[str, np.ndarray]:
    return spectral_scores(columns) | latent_scores(columns["latent"], training)


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


def board_rows(values: dict[tuple[str, str], list[float]], measure="auroc") -> list[DetectionRow]:
    """Return rows of one network a number, for each score and data set."""
    return [
        DetectionRow(
            ModelKey("paper", 2, seed), dataset, score, measure, value, value, value, 10, 20
        )
        for (score, dataset), numbers in values.items()
        for seed, value in enumerate(numbers)
    ] + [
        DetectionRow(ModelKey("paper", 2, seed), dataset, score, other, 0.5, 0.5, 0.5, 10, 20)
        for (score, dataset), numbers in values.items()
        for seed in range(len(numbers))
        for other in MEASURES
        if other != measure
    ]


SETS = {
    "noise": Description("Noise", is_random=True),
    "turned": Description("Turned"),
    "fashion": Description("Fashion"),
}
VALUES = {
    ("trace", "noise"): [0.9, 0.7],
    ("trace", "turned"): [0.5, 0.5],
    ("trace", "fashion"): [0.7, 0.9],
    ("latent_distance", "noise"): [1.0, 0.8],
    ("latent_distance", "turned"): [0.6, 0.8],
    ("latent_distance", "fashion"): [0.2, 0.2],
}


def test_a_leaderboard_has_means_over_networks_and_over_near_and_far_sets():
    board = leaderboards(board_rows(VALUES), SETS)[0]
    titles = [column.title for column in board.columns]
    assert titles == ["Turned", "Fashion", "mean of near sets", "Noise", "mean of far sets"]
    shown = {score: [cell.value for cell in cells] for score, cells in board.rows.items()}
    assert shown["trace"] == pytest.approx([0.5, 0.8, 0.65, 0.8, 0.8])
    assert shown["latent_distance"] == pytest.approx([0.7, 0.2, 0.45, 0.9, 0.9])
    best = {score: [cell.is_best for cell in cells] for score, cells in board.rows.items()}
    assert best["trace"] == [False, True, True, False, False]
    assert best["latent_distance"] == [True, False, False, True, True]
    # Means of .725 and .675.
    assert list(board.rows) == ["trace", "latent_distance"]


def test_of_false_positives_few_are_best():
    board = leaderboards(board_rows(VALUES, "fpr_at_95_tpr"), SETS)[-1]
    assert board.measure == "fpr_at_95_tpr"
    assert [cell.is_best for cell in board.rows["trace"]] == [True, False, False, True, True]
    assert list(board.rows) == ["latent_distance", "trace"]


def test_intervals_of_a_leaderboard_are_over_networks_and_points():
    """Of two networks, each draw has both, or one of them twice: their values are the ends."""
    trace = leaderboards(board_rows(VALUES), SETS)[0].rows["trace"]
    assert [(cell.low, cell.high) for cell in trace][:2] == [(0.5, 0.5), (0.7, 0.9)]
    # Near sets: .6 by the first network, .7 by the second.
    assert (trace[2].low, trace[2].high) == (pytest.approx(0.6), pytest.approx(0.7))
    one = DetectionRow(KEY, "noise", "trace", "auroc", 0.6, 0.5, 0.7, 10, 20)
    rows = [DetectionRow(KEY, "noise", "trace", name, 0.6, 0.5, 0.7, 10, 20) for name in MEASURES]
    assert one in rows
    (cell, _) = leaderboards(rows, SETS)[0].rows["trace"]
    # Of a normal distribution by a thousand draws: see the test above.
    room = 4 * 2.67 / np.sqrt(1000) * 0.1 / 1.96
    assert (cell.low, cell.high) == (pytest.approx(0.5, abs=room), pytest.approx(0.7, abs=room))


def test_a_mean_over_no_set_does_not_apply():
    far = {key: numbers for key, numbers in VALUES.items() if key[1] == "noise"}
    boards = leaderboards(board_rows(far), SETS)
    assert [column.title for column in boards[0].columns] == ["Noise", "mean of far sets"]
    assert missing_sets(boards) == [
        "The mean over near sets does not apply: all sets are of random values."
    ]
    assert missing_sets(leaderboards(board_rows(VALUES), SETS)) == []
    assert leaderboards([], SETS) == missing_sets([]) == []


def test_the_page_to_read_has_a_table_a_measure_and_the_best_in_bold(tmp_path):
    path = tmp_path / "detection.md"
    write_readable_detection(path, leaderboards(board_rows(VALUES), SETS), 2, left_out=[KEY])
    text = path.read_text()
    assert text.count("\n## ") == len(MEASURES)
    assert "the mean over 2 networks" in text
    assert "Left out, because they are no better than the mean image: d = 2 (seed 0)." in text
    assert "| Mahalanobis distance of z | **0.700** (0.600 to 0.800) | 0.200" in text
    # A bar inside of a cell does not end it.
    assert "| \\|tr J_I / d − 1\\| | 0.500 (" in text


def scores_of(error: np.ndarray, latent: np.ndarray) -> DetectionScores:
    spectra = JacobianSpectra.empty(len(error), latent.shape[1]).columns()
    for column in spectra.values():
        column[...] = 1
    spectra["reconstruction_error"][:] = error
    spectra["latent"][:] = latent
    return DetectionScores.of(spectra)


SPLIT = np.array([0, 1, 0, 1, 0, 1])
LATENT = np.array([[0, 0], [5, 5], [1, 0], [5, 5], [0, 1], [5, 5]], float)


def found(split: np.ndarray = SPLIT) -> list[DetectionRow]:
    """Return what is measured: training points have error 9, test points 1, noise 5."""
    error = np.where(SPLIT == 1, 1.0, 9.0)
    parts = [scores_of(error[rows], LATENT[rows]) for rows in (slice(0, 4), slice(4, 6))]
    detector = Detector(KEY, "mnist", DetectionScores.joined(parts), split)
    return detector("uniform", scores_of(np.full(5, 5.0), LATENT[:5]))


def measured(rows: list[DetectionRow], score: str) -> dict[str, float]:
    return {row.measure: row.value for row in rows if row.score == score}


def test_test_images_are_inside_and_training_images_only_fit_the_latent_distribution():
    """Were training images inside, the error 9 would be above the noise's 5.

    All test images lie at (5, 5), farther from the training images than any of the noise but two
    points there: of 3 x 5 pairs, 6 are ties and 9 are in the wrong order.
    """
    rows = found()
    assert {row.score for row in rows} == set(STYLES) - set(COLUMNS)
    assert set(STYLES) == set(TITLES)
    assert {row.dataset for row in rows} == {"uniform"}
    assert {(row.inside, row.outside) for row in rows} == {(3, 5)}
    perfect = {"auroc": 1, "aupr_in": 1, "aupr_out": 1, "fpr_at_95_tpr": 0}
    assert measured(rows, "reconstruction_error") == perfect
    assert measured(rows, "latent_distance")["auroc"] == pytest.approx(3 / 15)
    assert measured(rows, "trace")["auroc"] == pytest.approx(0.5)


def random_scores_of_a_shard(stream, count: int) -> dict[str, np.ndarray]:
    """Return columns of a spectra shard, d = 2, in which no two points agree; some are singular."""
    spectra = JacobianSpectra.empty(count, 2).columns()
    for column in spectra.values():
        column[...] = 1
    for name in ("eigenvalues_input", "eigenvalues_latent"):
        parts = stream.standard_normal((2, count, 2))
        spectra[name][:] = parts[0] + 1j * parts[1]
    spectra["trace_input"][:], spectra["logabsdet_input"][:] = stream.standard_normal((2, count))
    spectra["logabsdet_input"][::7] = -np.inf
    spectra["latent"][:] = stream.standard_normal((count, 2))
    spectra["reconstruction_error"][:] = stream.exponential(size=count)
    return spectra


def test_the_table_is_that_of_scikit_learn_on_the_same_scores():
    """Every score and measure of a model with singular values."""
    stream = np.random.default_rng(3)
    split = np.arange(120) % 2
    columns = {}
    for dataset, count in {"mnist": 120, "noise": 45}.items():
        logarithms = stream.standard_normal((len(COLUMNS), count))
        logarithms[:, ::5] = -np.inf
        columns[dataset] = random_scores_of_a_shard(stream, count) | {
            name: values if name in LOG_VOLUMES else np.exp(values)
            for name, values in zip(COLUMNS, logarithms, strict=True)
        }

    def of(dataset, chosen):
        return {name: values[chosen] for name, values in columns[dataset].items()}

    def scores_in_blocks(dataset, size):
        starts = range(0, len(columns[dataset]["latent"]), size)
        parts = [DetectionScores.of(of(dataset, slice(start, start + size))) for start in starts]
        return DetectionScores.joined(parts, {name: columns[dataset][name] for name in COLUMNS})

    detector = Detector(KEY, "mnist", scores_in_blocks("mnist", 70), split)
    table = detector("noise", scores_in_blocks("noise", 45))

    training = of("mnist", split == 0)
    latent = LatentDistribution.of(training["latent"])
    typical = TypicalGeometry.of(training)

    def all_scores(own):
        single = single_scores(own, latent) | typical.scores(own)
        return single | Combinations.of(
            single_scores(training, latent) | typical.scores(training)
        ).scores(single)

    inside, outside = all_scores(of("mnist", split == 1)), all_scores(of("noise", slice(None)))
    assert set(inside) == set(TITLES)
    is_outside = np.repeat([0, 1], [60, 45])
    weight = np.where(is_outside, 1 / 45, 1 / 60)
    for score, values in inside.items():
        # Infinite scores, which scikit-learn does not take, are above all others.
        values = np.minimum(np.concatenate([values, outside[score]]), 1e9)
        rates = roc_curve(is_outside, values, drop_intermediate=False)[:2]
        expected = {
            "auroc": roc_auc_score(is_outside, values),
            "aupr_in": average_precision_score(1 - is_outside, -values, sample_weight=weight),
            "aupr_out": average_precision_score(is_outside, values, sample_weight=weight),
            "fpr_at_95_tpr": rates[0][np.argmax(rates[1] >= 0.95)],
        }
        found = measured(table, score)
        assert found == pytest.approx(expected, rel=1e-12), score


def test_a_sample_without_test_images_is_refused():
    with pytest.raises(JacspecError, match="6 and 0 among 6"):
        found(split=np.zeros(6))


def test_tables_are_read_as_they_were_written(tmp_path):
    rows = [DetectionRow(KEY, "uniform", "trace", "auroc", 0.1 + 0.2, 0.2, 0.4, 10, 20)]
    write_detection(tmp_path / "table.csv", rows)
    assert read_detection(tmp_path / "table.csv") == rows


@pytest.mark.parametrize("damage", ["", "other,columns\n", "cut"])
def test_damaged_tables_are_refused(tmp_path, damage):
    path = tmp_path / "table.csv"
    write_detection(path, [DetectionRow(KEY, "uniform", "trace", "auroc", 0.5, 0.4, 0.6, 10, 20)])
    path.write_text(path.read_text()[:-4] if damage == "cut" else damage)
    with pytest.raises(DamagedFileError, match=r"table\.csv"):
        read_detection(path)


def test_the_figure_has_a_panel_a_set_and_a_line_a_score():
    rows = [
        DetectionRow(
            ModelKey("paper", latent_dim, seed), dataset, score, "auroc", 0.75, 0.7, 0.8, 10, 20
        )
        for dataset in ("uniform", "fashion_mnist", "beta_5_0.8", "beta_0.8_5")
        for latent_dim in (2, 3)
        for seed in (0, 1)
        for score in STYLES
    ]
    titles = {
        "uniform": "Uniform",
        "fashion_mnist": "Fashion-MNIST",
        "beta_5_0.8": "Beta(5, 0.8)",
        "beta_0.8_5": "Beta(0.8, 5)",
    }
    figure = draw_detection(rows, {name: Description(title) for name, title in titles.items()})
    assert [axes.get_title(loc="left") for axes in figure.axes] == list(titles.values())
    chance = 1
    assert {len(axes.lines) for axes in figure.axes} == {len(STYLES) + chance}
