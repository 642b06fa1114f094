"""How well the scores of one model tell points, and its table on disk."""

import numpy as np
import pytest
from detection_scores import single_scores
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from jacspec.data.descriptions import Description
from jacspec.detection.figure import STYLES, draw_detection
from jacspec.detection.model_detection import (
    DetectionRow,
    DetectionScores,
    Detector,
    read_detection,
    write_detection,
)
from jacspec.detection.scores import (
    TITLES,
    Combinations,
    LatentDistribution,
    TypicalGeometry,
)
from jacspec.detection.singular_values import COLUMNS, LOG_VOLUMES
from jacspec.errors import DamagedFileError, JacspecError
from jacspec.key import ModelKey
from jacspec.spectra.quantities import JacobianSpectra

KEY = ModelKey("paper", 2, 0)


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
