"""What the claims are judged on, against the statistics stage, scipy and plain numpy."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import ks_2samp

from jacspec.claims.bootstrap import MINIMUM_POINTS, REPLICATES, interval
from jacspec.claims.evidence import (
    Evidence,
    ModelEvidence,
    Quantity,
    brightness_of,
    character_group_of,
    read_model_evidence,
    write_model_evidence,
)
from jacspec.claims.reconstruction_evidence import (
    TrainingReconstructions,
    character_draws,
    correlation,
    likeness_draws,
    nearest_distances,
    pixel_mean_draws,
    standardized,
)
from jacspec.claims.spectral_evidence import (
    JACOBIANS,
    DatasetSpectra,
    argument_distance,
    block_spectra,
    class_draws,
    joined_spectra,
    spectral_draws,
)
from jacspec.errors import DamagedFileError
from jacspec.key import ModelKey
from jacspec.statistics.dataset_statistics import ARGUMENT_WIDTH, LOG_WIDTH, DatasetStatistics


def spectra_block(seed: int, points: int = 400, latent_dim: int = 4) -> dict[str, np.ndarray]:
    """Return spectra of random real matrices; some points have zeros and undetermined signs."""
    generator = np.random.default_rng(seed)
    block = {
        "reconstruction_error": generator.uniform(size=points),
        "same_pattern": generator.uniform(size=points) < 0.5,
    }
    for jacobian in JACOBIANS:
        matrices = generator.normal(size=(points, latent_dim, latent_dim))
        sign, logabsdet = np.linalg.slogdet(matrices)
        eigenvalues = np.linalg.eigvals(matrices).astype(np.complex64)
        eigenvalues[:50, -2:] = 0
        logabsdet[:50], sign[:50] = -np.inf, 0
        block |= {
            f"eigenvalues_{jacobian}": eigenvalues,
            f"logabsdet_{jacobian}": logabsdet,
            f"sign_{jacobian}": sign.astype(np.int8),
            f"trace_{jacobian}": eigenvalues.sum(axis=1).real.astype(np.float64),
        }
    return block


def parts_of(block: dict[str, np.ndarray], size: int) -> list[dict[str, np.ndarray]]:
    count = len(block["same_pattern"])
    return [
        {name: values[start : start + size] for name, values in block.items()}
        for start in range(0, count, size)
    ]


def dataset_spectra(dataset: str, latent_dim: int, blocks: list) -> DatasetSpectra:
    return joined_spectra([block_spectra(dataset, latent_dim, block) for block in blocks])


@pytest.fixture
def block() -> dict[str, np.ndarray]:
    return spectra_block(0)


def test_values_are_those_of_the_statistics_stage(block):
    draws = spectral_draws(dataset_spectra("uniform", 4, parts_of(block, 150)))
    summary = {
        (row.jacobian, row.statistic): row.value
        for row in DatasetStatistics().updated(block).rows("uniform")
    }
    # The summary's quantiles are of histograms; float32 logarithms add 1e-7.
    tolerances = {
        "log_abs_q05": LOG_WIDTH,
        "abs_arg_q95": ARGUMENT_WIDTH,
        "difference_q50": LOG_WIDTH * summary["both", "difference_q50"],
    }
    compared = 0
    for (_, jacobian, statistic), values in draws.items():
        if (jacobian, statistic) in summary:
            tolerance = tolerances.get(statistic, 1e-12)
            assert values[0] == pytest.approx(summary[jacobian, statistic], abs=tolerance)
            assert values.shape == (1 + REPLICATES,)
            compared += 1
    assert compared == 2 * 9 + 1


def test_quantiles_are_those_of_the_summary_however_many_points_there_are():
    count, first = 45_000, 20_000
    values = np.ones((count, 1), np.complex64)
    values[first:] = np.linspace(0.1, 0.9, count - first)[:, None]
    block = {
        "eigenvalues_input": values,
        "eigenvalues_latent": np.ones_like(values),
        "reconstruction_error": np.ones(count),
        "same_pattern": np.zeros(count, bool),
    }
    for jacobian in JACOBIANS:
        block |= {
            f"logabsdet_{jacobian}": np.zeros(count),
            f"sign_{jacobian}": np.ones(count, np.int8),
            f"trace_{jacobian}": np.ones(count),
        }
    draws = spectral_draws(dataset_spectra("uniform", 1, parts_of(block, 10_000)))
    found = {(jacobian, name): values[0] for (_, jacobian, name), values in draws.items()}
    # Were they of the first points, both would be 0.
    assert found["input", "log_abs_q05"] < -1
    assert found["both", "difference_q50"] > 0.01
    for row in DatasetStatistics().updated(block).rows("uniform"):
        if row.statistic in ("log_abs_q05", "difference_q50"):
            # The summary's quantiles are of histograms.
            other = found[row.jacobian, row.statistic]
            assert other == pytest.approx(row.value, abs=LOG_WIDTH)


def test_blocks_do_not_matter(block):
    whole = spectral_draws(dataset_spectra("uniform", 4, [block]))
    parts = spectral_draws(dataset_spectra("uniform", 4, parts_of(block, 77)))
    assert all(np.array_equal(whole[key], parts[key]) for key in whole)


def test_a_standard_deviation_has_the_interval_of_theory():
    """For normal log|lambda|, Var(s) = s^2 / (2 n)."""
    count = 5000
    logarithms = np.random.default_rng(1).normal(size=count)
    block = {
        name.format(jacobian): values
        for jacobian in JACOBIANS
        for name, values in {
            "eigenvalues_{}": np.exp(logarithms)[:, None].astype(np.complex64),
            "logabsdet_{}": logarithms,
            "sign_{}": np.ones(count, np.int8),
        }.items()
    }
    draws = spectral_draws(dataset_spectra("uniform", 1, [block]))
    deviation = draws[Quantity("uniform", "input", "log_abs_std")]
    # Standard error of a variance of R replicates (7 %), five times, and of the fourth moment that
    # the data have instead of the normal's: sqrt(96 / n) / 2 = 7 %, three times.
    assert np.var(deviation[1:]) == pytest.approx(deviation[0] ** 2 / (2 * count), rel=0.56)


def test_digits_have_their_own_means(block):
    labels = np.random.default_rng(2).integers(0, 10, 300).astype(np.uint8)
    draws = class_draws(dataset_spectra("mnist", 4, [block]), labels)
    modulus = np.abs(block["eigenvalues_latent"][:300].astype(np.complex128)).mean(axis=1)
    for digit in range(10):
        value = draws[Quantity("mnist", "latent", f"mean_abs_class_{digit}")][0]
        assert value == pytest.approx(modulus[labels == digit].mean(), rel=1e-12)


def test_distance_of_arguments_is_that_of_kolmogorov_and_smirnov(block):
    other = spectra_block(3, points=300)
    other["eigenvalues_input"] = other["eigenvalues_input"] + np.float32(0.5)
    one, two = dataset_spectra("uniform", 4, [other]), dataset_spectra("mnist", 4, [block])
    arguments = [
        np.abs(np.angle(values[values != 0].astype(np.complex128)))
        for values in (other["eigenvalues_input"], block["eigenvalues_input"])
    ]
    # Arguments rounded to float32 can change places with one neighbour of 1,200 eigenvalues.
    expected = ks_2samp(*arguments).statistic
    assert argument_distance(one, two)[0] == pytest.approx(expected, abs=2 / 1200)


def test_a_singular_model_has_no_share_of_reversals(block):
    for jacobian in JACOBIANS:
        block[f"sign_{jacobian}"][:] = 0
        block[f"logabsdet_{jacobian}"][:] = -np.inf
    draws = spectral_draws(dataset_spectra("uniform", 4, [block]))
    assert np.isnan(draws[Quantity("uniform", "input", "share_reversed")]).all()
    assert np.all(draws[Quantity("uniform", "input", "share_undetermined")] == 1.0)
    assert np.all(draws[Quantity("uniform", "input", "geometric_mean")] == 0.0)


def test_nearest_distances_are_those_of_scipy():
    generator = np.random.default_rng(4)
    images, references = generator.uniform(size=(1300, 20)), generator.uniform(size=(150, 20))
    expected = cdist(images, references.astype(np.float32)).min(axis=1)
    # Squares up to 20 / 4 around the centre, in float32: two squared distances closer than
    # 5 * 8 eps = 5e-6 may be taken for one another; the distances are all above 0.5.
    np.testing.assert_allclose(nearest_distances(images, references), expected, atol=5e-6)


def training_reconstructions(generator: np.random.Generator, count: int = 1000):
    label = generator.integers(0, 10, count).astype(np.uint8)
    centres = generator.uniform(size=(10, 784))
    return TrainingReconstructions(
        dataset="mnist",
        images=centres[label] + 0.1 * generator.normal(size=(count, 784)),
        label=label,
        is_test=np.arange(count) % 4 == 0,
    )


def test_digits_are_like_the_training_set_and_noise_is_not():
    generator = np.random.default_rng(5)
    training = training_reconstructions(generator)
    fresh = training.images[:200] + 0.01 * generator.normal(size=(200, 784))
    noise = generator.uniform(size=(200, 784))
    draws = likeness_draws(training, {"copies": fresh, "noise": noise})
    limit = draws[Quantity("mnist", "both", "nearest_limit")][0]
    references = training.images[~training.is_test]
    expected = np.mean(cdist(fresh, references).min(axis=1) <= limit)
    # One of 200 images may lie within rounding of the limit.
    assert draws[Quantity("copies", "both", "share_like_training")][0] == pytest.approx(
        expected, abs=0.005
    )
    assert expected > 0.5
    assert np.all(draws[Quantity("noise", "both", "share_like_training")] == 0.0)


def test_spread_is_the_mean_squared_distance_to_the_mean_of_the_group():
    generator = np.random.default_rng(6)
    sets = {
        "one": generator.normal(size=(300, 784)),
        "other": 0.3 + generator.normal(size=(300, 784)),
        "bright": generator.normal(size=(300, 784)),
    }
    training = training_reconstructions(generator)
    means = {"one": 0.1, "other": 0.2, "bright": 0.9}
    draws, characters = character_draws(training, sets, means)

    images = np.concatenate([sets["one"], sets["other"]])
    spread = np.mean(np.sum((images - images.mean(axis=0)) ** 2, axis=1))
    group = Quantity("mean_below_half", "both", "spread")
    assert draws[group][0] == pytest.approx(spread, rel=1e-9)
    np.testing.assert_allclose(characters["mean_below_half"][:, 0], images.mean(axis=0), atol=1e-9)
    digits = [training.images[training.label == digit] for digit in range(10)]
    squares = [np.sum((own - own.mean(axis=0)) ** 2) for own in digits]
    own_spread = draws[Quantity("mnist", "both", "class_spread")][0]
    assert own_spread == pytest.approx(np.sum(squares) / len(training.images), rel=1e-9)
    pairs = np.corrcoef([own.mean(axis=0) for own in digits])[np.triu_indices(10, 1)]
    likeness = draws[Quantity("mnist", "both", "class_correlation")][0]
    assert likeness == pytest.approx(np.median(pairs), rel=1e-9)


def test_correlation_is_that_of_numpy():
    one, other = np.random.default_rng(7).normal(size=(2, 784, 3))
    expected = [np.corrcoef(one[:, i], other[:, i])[0, 1] for i in range(3)]
    found = correlation(standardized(one), standardized(other))
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_pixel_means():
    pixels = np.random.default_rng(8).uniform(size=(200, 784)).astype(np.float32)
    draws = pixel_mean_draws("uniform", pixels)[Quantity("uniform", "both", "pixel_mean")]
    assert draws[0] == pytest.approx(pixels.mean(dtype=np.float64), rel=1e-12)
    low, high = interval(draws)
    # Variance 1 / 12 of a pixel; a 95 % interval is 3.92 standard errors wide, up to the relative
    # standard error of its two ends, 2.7 / sqrt(R) = 13 % each, four times.
    assert high - low == pytest.approx(3.92 / np.sqrt(12 * 200 * 784), rel=0.6)


@pytest.mark.parametrize(
    ("mean", "brightness", "group"),
    [
        (0.13, "dark", "mean_below_half"),
        (0.499, "middle", "mean_half_or_more"),
        (0.501, "middle", "mean_half_or_more"),
        (0.75, "bright", "mean_half_or_more"),
    ],
)
def test_groups_follow_from_the_pixel_mean(mean, brightness, group):
    assert brightness_of(mean) == brightness
    assert character_group_of(mean) == group


def model(seed: int = 0) -> ModelEvidence:
    generator = np.random.default_rng(seed)
    draws = {
        Quantity("mnist", "input", "mean_abs"): generator.normal(size=1 + REPLICATES),
        Quantity("uniform", "both", "pixel_mean"): np.full(1 + REPLICATES, np.nan),
    }
    images = generator.normal(size=(784, 1 + REPLICATES)).astype(np.float32)
    return ModelEvidence(ModelKey("paper", 8, seed), draws, {"mean_half_or_more": images})


def test_files_give_back_what_was_written_and_are_the_same_every_time(tmp_path):
    contents = []
    for name in ("one", "two"):
        paths = tmp_path / f"{name}.csv", tmp_path / f"{name}.h5"
        write_model_evidence(*paths, model())
        contents.append([path.read_bytes() for path in paths])
    assert contents[0] == contents[1]
    found = read_model_evidence(*paths)
    assert found.key == ModelKey("paper", 8, 0)
    for quantity, draws in model().draws.items():
        np.testing.assert_array_equal(found.draws[quantity], draws)
    np.testing.assert_array_equal(
        found.characters["mean_half_or_more"], model().characters["mean_half_or_more"]
    )


def test_files_of_two_models_are_refused(tmp_path):
    write_model_evidence(tmp_path / "a.csv", tmp_path / "a.h5", model(0))
    write_model_evidence(tmp_path / "b.csv", tmp_path / "b.h5", model(1))
    with pytest.raises(DamagedFileError, match=r"b\.h5"):
        read_model_evidence(tmp_path / "a.csv", tmp_path / "b.h5")


@pytest.mark.parametrize("lines", [0, 1], ids=["empty", "no rows"])
def test_a_table_without_rows_is_refused(tmp_path, lines):
    paths = tmp_path / "a.csv", tmp_path / "a.h5"
    write_model_evidence(*paths, model())
    header = paths[0].read_text().splitlines(keepends=True)[:lines]
    paths[0].write_text("".join(header))
    with pytest.raises(DamagedFileError, match=r"a\.csv"):
        read_model_evidence(*paths)


def test_training_points_of_one_split_or_without_labels_leave_out_what_needs_them():
    generator = np.random.default_rng(9)
    training = replace(
        training_reconstructions(generator), label=None, is_test=np.zeros(1000, bool)
    )
    assert likeness_draws(training, {"noise": generator.uniform(size=(60, 784))}) == {}
    draws, _ = character_draws(training, {"noise": generator.uniform(size=(60, 784))}, {"noise": 1})
    assert {quantity.dataset for quantity in draws} == {"mean_half_or_more"}


def test_two_classes_are_enough_to_be_compared_and_one_is_not():
    training = training_reconstructions(np.random.default_rng(10))
    names = {}
    for classes in (1, 2):
        few = replace(training, label=np.arange(1000) % classes)
        draws, _ = character_draws(few, {}, {})
        names[classes] = {quantity.statistic for quantity in draws}
    assert names == {1: set(), 2: {"class_spread", "class_correlation"}}


def test_as_far_as_the_limit_is_like_a_digit():
    """Training images are 0, test images at a distance of 1: so is the limit."""
    images = np.zeros((200, 4))
    images[100:, 0] = 1.0
    training = TrainingReconstructions("mnist", images, None, np.arange(200) >= 100)
    sets = {name: np.zeros((60, 4)) for name in ("at", "beyond")}
    sets["at"][:, 1], sets["beyond"][:, 1] = 1.0, 1.0 + 1e-6
    draws = likeness_draws(training, sets)
    assert np.all(draws[Quantity("mnist", "both", "nearest_limit")] == 1.0)
    for name, expected in (("at", 1.0), ("beyond", 0.0)):
        assert np.all(draws[Quantity(name, "both", "share_like_training")] == expected)


@pytest.mark.parametrize(("count", "known"), [(MINIMUM_POINTS, True), (MINIMUM_POINTS - 1, False)])
def test_a_share_of_too_few_images_has_no_interval(count, known):
    generator = np.random.default_rng(11)
    training = training_reconstructions(generator)
    draws = likeness_draws(training, {"noise": generator.uniform(size=(count, 784))})
    share = draws[Quantity("noise", "both", "share_like_training")]
    assert share[0] == 0.0
    assert np.isfinite(share[1:]).all() == known


def test_classes_are_those_that_there_are(block):
    labels = np.repeat([3, 7], 150)
    names = {
        quantity.statistic for quantity in class_draws(dataset_spectra("a", 4, [block]), labels)
    }
    assert names == {"mean_abs_class_3", "mean_abs_class_7"}


def test_what_is_missing_reads_as_nan():
    evidence = Evidence.of("paper", "mnist", [model()])
    assert np.isnan(evidence.draws(8, 0, "mnist", "input", "no_such_thing")).all()
    assert np.isnan(evidence.draws(9, 0, "mnist", "input", "mean_abs")).all()
    assert evidence.curves(0, [], "input", "mean_abs").shape == (0, 1, 1 + REPLICATES)
