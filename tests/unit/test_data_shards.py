"""The shards that jobs write hold the points of their source, and say which it is."""

import json

import numpy as np

from jacspec.data.file_source import FilePoints
from jacspec.data.random_sources import Beta
from jacspec.data.shards import write_source_shard
from jacspec.data.source import from_definition
from jacspec.data.storage import PointsFile
from jacspec.provenance import library_versions

BETA = Beta(name="beta_5_0.8", alpha=5, beta=0.8, image_shape=(28, 28))
SEED, DIGEST = 3, "0123456789abcdef"


def test_a_shard_holds_its_run_of_points_and_what_they_are(tmp_path):
    path = tmp_path / "beta_5_0.8.1.h5"
    write_source_shard(path, BETA, SEED, 900, 300, DIGEST)
    with PointsFile(path) as points:
        assert (points.dataset, points.first, points.count) == ("beta_5_0.8", 900, 300)
        expected = np.concatenate([block.points for block in BETA.blocks(SEED, 900, 300)])
        np.testing.assert_array_equal(points.read(0, 300), expected)
        assert (points.value_range, points.image_shape, points.columns) == ((0, 1), (28, 28), ())
        attributes = dict(points.attributes)
        assert from_definition(json.loads(attributes.pop("definition"))) == BETA
        del attributes["image_shape"]
        assert attributes == {
            "format_version": 2,
            "dataset": "beta_5_0.8",
            "first": 900,
            "count": 300,
            "sample_seed": SEED,
            "source": "beta",
            "low": 0,
            "high": 1,
            "code_digest": DIGEST,
            **library_versions("numpy", "scipy", "h5py"),
        }


def test_the_same_shard_has_the_same_bytes(tmp_path):
    for name in "ab":
        write_source_shard(tmp_path / name, BETA, SEED, 0, 50, DIGEST)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_labels_splits_and_the_words_for_labels_are_kept(tmp_path):
    values = np.random.default_rng(0).normal(size=(40, 3, 8, 8))
    np.savez(tmp_path / "mine.npz", x=values, y=np.array(["cat", "dog"])[np.arange(40) % 2])
    source = FilePoints(name="mine", path=str(tmp_path / "mine.npz"), points="x", labels="y")
    write_source_shard(tmp_path / "mine.0.h5", source, SEED, 0, 40, DIGEST)
    with PointsFile(tmp_path / "mine.0.h5") as points:
        assert (points.shape, points.image_shape) == ((3, 8, 8), (3, 8, 8))
        assert points.columns == ("label", "split", "source_index")
        rows = points.read_source_index(0, 40)
        np.testing.assert_array_equal(points.read(0, 40), values[rows].astype(np.float32))
        np.testing.assert_array_equal(points.read_labels(0, 40), rows % 2)
        assert points.read_split(0, 40).sum() == 6
        assert json.loads(points.attributes["label_names"]) == ["cat", "dog"]
        assert points.value_range == (np.float32(values.min()), np.float32(values.max()))
