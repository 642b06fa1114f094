"""The shards that jobs write hold the points that the library draws."""

import numpy as np
import pytest

from jacspec.data import mnist, shards
from jacspec.data.distributions import PixelDistribution, sample_points
from jacspec.data.mnist import ImageSet, evaluation_order
from jacspec.data.shards import write_distribution_shard, write_image_shard
from jacspec.data.storage import PointsFile
from jacspec.provenance import library_versions

BETA = PixelDistribution("beta_5_0.8", "beta", {"alpha": 5, "beta": 0.8})
SEED, DIGEST = 3, "0123456789abcdef"


def test_a_distribution_shard_holds_its_run_of_points(tmp_path):
    path = tmp_path / "beta_5_0.8.1.h5"
    write_distribution_shard(path, BETA, SEED, 900, 300, DIGEST)
    with PointsFile(path) as points:
        assert (points.dataset, points.first, points.count) == ("beta_5_0.8", 900, 300)
        np.testing.assert_array_equal(points.read(0, 300), sample_points(BETA, SEED, 900, 300))
        assert points.attributes == {
            "format_version": 2,
            "dataset": "beta_5_0.8",
            "first": 900,
            "count": 300,
            "sample_seed": SEED,
            "family": "beta",
            "alpha": 5,
            "beta": 0.8,
            "code_digest": DIGEST,
            **library_versions("numpy", "scipy", "h5py"),
        }


def test_the_same_shard_has_the_same_bytes(tmp_path):
    for name in "ab":
        write_distribution_shard(tmp_path / name, BETA, SEED, 0, 50, DIGEST)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.fixture
def images(monkeypatch):
    """Put 700 images in place of MNIST's, whose first pixels spell out the position."""
    positions = np.arange(700)
    grey = np.zeros((700, 784), np.uint8)
    grey[:, 0], grey[:, 1] = positions // 256, positions % 256
    image_set = ImageSet(
        grey, (positions % 10).astype(np.uint8), (positions >= 600).astype(np.uint8)
    )
    monkeypatch.setattr(mnist, "IMAGES", 700)
    monkeypatch.setattr(shards, "read_images", lambda *_: image_set)
    monkeypatch.setattr(shards, "_IMAGES_AT_A_TIME", 100)


@pytest.mark.usefixtures("images")
def test_image_shards_follow_the_order_of_evaluation(tmp_path):
    order = evaluation_order(SEED, 700)
    for shard, (first, count) in enumerate([(0, 450), (450, 250)]):
        path = tmp_path / f"mnist.{shard}.h5"
        write_image_shard(path, tmp_path, "mnist", SEED, first, count, DIGEST)
        with PointsFile(path) as points:
            rows = order[first : first + count]
            assert (points.dataset, points.first, points.count) == ("mnist", first, count)
            np.testing.assert_array_equal(points.read_source_index(0, count), rows)
            np.testing.assert_array_equal(points.read_labels(0, count), rows % 10)
            np.testing.assert_array_equal(points.read_split(0, count), rows >= 600)
            levels = np.rint(points.read(0, count)[:, :2] * 255)
            np.testing.assert_array_equal(levels @ [256, 1], rows)
            assert points.attributes["source"] == "MNIST"
            assert points.attributes["sample_seed"] == SEED
            assert points.attributes["code_digest"] == DIGEST


@pytest.mark.usefixtures("images")
def test_images_beyond_the_last_are_refused(tmp_path):
    with pytest.raises(ValueError, match="701 images asked for"):
        write_image_shard(tmp_path / "mnist.0.h5", tmp_path, "mnist", SEED, 600, 101, DIGEST)
    assert list(tmp_path.iterdir()) == []
