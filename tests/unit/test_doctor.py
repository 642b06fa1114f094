"""The doctor names what is damaged, missing and stale, and has nothing to say about the rest."""

from functools import partial

import numpy as np
import pytest
from matplotlib.figure import Figure
from shard_attributes import shard_attributes

from jacspec.data.storage import PointBlock, write_points
from jacspec.doctor import checks
from jacspec.doctor.findings import examine
from jacspec.key import ModelKey
from jacspec.models.autoencoder import initialized_autoencoder
from jacspec.models.weights import save_weights
from jacspec.provenance import sha256_of_file
from jacspec.spectra.quantities import TYPES, entry_shape
from jacspec.spectra.shards import write_shard
from jacspec.statistics.summary import HEADER
from jacspec.tables import write_table

POINTS = 300


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "weights.pt"
    save_weights(path, initialized_autoencoder(2, (5, 4), seed=0, input_dim=784))
    return path


@pytest.fixture
def points(tmp_path):
    path = tmp_path / "uniform.0.h5"
    pixels = np.random.default_rng(0).random((POINTS, 784), dtype=np.float32)
    write_points(
        path,
        [PointBlock(pixels)],
        dataset="uniform",
        first=0,
        count=POINTS,
        attributes={"high": 1.0},
        compressed=False,
    )
    return path


@pytest.fixture
def spectra(tmp_path, weights):
    path = tmp_path / "d2_seed0.0.h5"
    generator = np.random.default_rng(1)
    # Numbers that do not compress, so that most of the file is data.
    columns = {
        name: (generator.random((POINTS, *entry_shape(name, 2))) * 100).astype(type_)
        for name, type_ in TYPES.items()
    }
    write_shard(
        path,
        [columns],
        count=POINTS,
        attributes=shard_attributes(latent_dim=2, weights_sha256=sha256_of_file(weights)),
    )
    return path


@pytest.fixture
def statistics(tmp_path):
    path = tmp_path / "d2_seed0.csv"
    write_table(path, HEADER, [("paper", 2, 0, "uniform", "input", "points", 300)])
    return path


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    # A third into the file lies data in all of these formats, and no unused space.
    content[len(content) // 3] ^= 4
    path.write_bytes(content)


def truncate(path):
    path.write_bytes(path.read_bytes()[:-40])


def empty(path):
    path.write_bytes(b"")


@pytest.fixture(params=["points", "weights", "spectra", "png", "pdf"])
def result(request, tmp_path):
    """Return a sound file of some kind, and its check."""
    if request.param in ("png", "pdf"):
        path = tmp_path / f"figure.{request.param}"
        Figure().savefig(path)
        return path, checks.check_picture
    path = request.getfixturevalue(request.param)
    return path, {
        "points": partial(checks.check_points, expected={"high": 1.0, "count": POINTS}),
        "weights": partial(checks.check_weights, latent_dim=2, hidden_widths=[5, 4]),
        "spectra": partial(
            checks.check_spectra,
            count=POINTS,
            expected={"latent_dim": 2, "precision": "float64"},
            weights=tmp_path / "weights.pt",
        ),
    }[request.param]


def test_nothing_is_wrong_with_a_sound_file(result):
    assert examine(*result) is None


@pytest.mark.parametrize("damage", [flip_a_bit, truncate, empty])
def test_a_damaged_file_is_named_with_the_command_that_mends_it(result, damage):
    path, check = result
    if path.suffix == ".pdf" and damage is flip_a_bit:
        pytest.skip("PDF has no checksums")
    damage(path)
    finding = examine(path, check)
    assert finding.condition == "damaged"
    line = str(finding)
    assert line.startswith(f"damaged: {path}: ")
    assert line.endswith(f"snakemake --cores 1 --force {path}")
    assert "\n" not in line


def test_a_missing_file_is_missing(tmp_path):
    finding = examine(tmp_path / "weights.pt", checks.check_picture)
    assert finding.condition == "missing"
    assert "--force" not in str(finding)


def test_spectra_of_other_weights_are_stale(spectra, weights):
    save_weights(weights, initialized_autoencoder(2, (5, 4), seed=1, input_dim=784))
    finding = examine(
        spectra, partial(checks.check_spectra, count=POINTS, expected={}, weights=weights)
    )
    assert finding.condition == "stale"
    assert str(weights) in finding.reason


@pytest.mark.parametrize(
    ("count", "expected", "words"),
    [
        (POINTS + 1, {}, "points is 300, now 301"),
        (POINTS, {"precision": "float32"}, "precision is float64, now float32"),
        (POINTS, {"code_digest": "y"}, "code_digest is 0000000000000000, now y"),
    ],
)
def test_spectra_of_other_params_are_stale(spectra, weights, count, expected, words):
    check = partial(checks.check_spectra, count=count, expected=expected, weights=weights)
    finding = examine(spectra, check)
    assert (finding.condition, finding.reason) == ("stale", words)


def test_points_of_another_distribution_are_stale(points):
    finding = examine(points, partial(checks.check_points, expected={"high": 0.9}))
    assert (finding.condition, finding.reason) == ("stale", "high is 1.0, now 0.9")


def test_weights_of_other_widths_are_stale(weights):
    check = partial(checks.check_weights, latent_dim=2, hidden_widths=[128, 64, 32])
    assert examine(weights, check).condition == "stale"


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("epoch,train_loss,test_loss,seconds\n1,0.1,0.1,5\n2,0.1,0.1,5\n", None),
        ("epoch,train_loss,test_loss,seconds\n1,0.1,0.1,5\n", "stale"),
        ("epoch,train_loss,test_loss,seconds\n1,0.1,0.1,5\n2,0.", "damaged"),
        ("epoch,train_loss,test_loss,seconds\n1,0.1,nan,5\n2,0.1,0.1,5\n", "damaged"),
        ("", "stale"),
    ],
)
def test_a_history_has_all_epochs(tmp_path, text, condition):
    path = tmp_path / "training.csv"
    path.write_text(text)
    finding = examine(path, partial(checks.check_history, epochs=2))
    assert getattr(finding, "condition", None) == condition


@pytest.mark.parametrize(
    ("latent_dim", "points_expected", "condition"),
    [
        (2, {"uniform": 300}, None),
        (2, {"uniform": 400}, "stale"),
        (2, {"uniform": 300, "mnist": 300}, "stale"),
        (3, {"uniform": 300}, "stale"),
    ],
)
def test_statistics_are_of_the_configured_points(
    statistics, latent_dim, points_expected, condition
):
    key = ModelKey("paper", latent_dim, 0)
    check = partial(checks.check_statistics, key=key, points=points_expected)
    assert getattr(examine(statistics, check), "condition", None) == condition


def test_a_summary_has_the_numbers_of_the_statistics(tmp_path, statistics):
    summary = tmp_path / "summary.csv"
    check = partial(checks.check_summary, tables=[statistics, tmp_path / "missing.csv"])
    summary.write_bytes(statistics.read_bytes())
    assert examine(summary, check) is None
    write_table(summary, HEADER, [("paper", 2, 0, "uniform", "input", "points", 299)])
    assert examine(summary, check).condition == "stale"
    truncate(summary)
    assert examine(summary, check).condition == "damaged"
    write_table(summary, HEADER, [("paper", 2, 0, "uniform", "input", "points", "many")])
    assert examine(summary, check).condition == "damaged"
