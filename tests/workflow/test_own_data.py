"""Points of one's own go the way of MNIST: a table of 30 columns, and images in colour."""

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import minmax_scale

from conftest import TINY
from jacspec import layout
from jacspec.data.storage import PointsFile
from jacspec.key import ModelKey
from jacspec.spectra.shards import SpectraFile

SHAPES = {"table": (30,), "colours": (3, 32, 32)}
COUNT = {"table": 569, "colours": 200}
KEY = ModelKey("paper", 2, 0)


def save_table(path):
    values, labels = load_breast_cancer(return_X_y=True)
    np.savez(path, x=minmax_scale(values), y=labels)


def save_colours(path):
    rng = np.random.default_rng(0)
    corner = rng.integers(0, 128, (COUNT["colours"], 3, 1, 1))
    images = corner + rng.integers(0, 128, (COUNT["colours"], *SHAPES["colours"]))
    np.savez_compressed(path, x=images.astype(np.uint8), y=rng.integers(0, 2, len(images)))


def config(kind):
    return {
        "data": {
            "mine": {"source": "file", "path": f"{kind}.npz", "points": "x", "labels": "y"},
            "noise": {"source": "uniform", "low": 0.0, "high": 1.0},
            "coins": {"source": "bernoulli", "probability": 0.25},
            "mixed": {"source": "shuffled", "of": "mine"},
        },
        "datasets": ["mine", "noise", "coins", "mixed"],
        "training_set": "mine",
        "latent_dims": [2],
        "seeds": [0],
        "variants": {"sgd": None},
        "samples": 300,
        "shard_size": 150,
        "chunk_size": 60,
        "autoencoder": {"hidden_widths": [16, 8]},
        "figures": {"representatives": {"bright": "noise", "moderate": "mixed", "dark": "coins"}},
    }


@pytest.mark.parametrize(("kind", "save"), [("table", save_table), ("colours", save_colours)])
def test_points_of_ones_own_get_spectra_and_statistics(snakemake, tmp_path, kind, save):
    save(tmp_path / f"{kind}.npz")
    overlay = tmp_path / "mine.yaml"
    overlay.write_text(yaml.safe_dump(config(kind)))
    statistics = KEY.path(layout.MODEL_STATISTICS)
    snakemake(tmp_path, "--configfile", TINY, overlay, "--", statistics)
    count = min(COUNT[kind], 300)
    with PointsFile(tmp_path / layout.DATASET_SHARD.format(dataset="mine", shard=0)) as points:
        assert points.shape == SHAPES[kind]
        assert set(points.columns) == {"label", "split", "source_index"}
        mine = points.read(0, 150)
        if kind == "table":
            rows = points.read_source_index(0, 150)
            expected = np.load(tmp_path / "table.npz")["x"][rows].astype(np.float32)
            np.testing.assert_array_equal(mine, expected)
    assert (mine.min() >= 0) & (mine.max() <= 1)
    for dataset in ("mine", "noise"):
        path = tmp_path / KEY.path(layout.SPECTRA_SHARD, dataset=dataset, shard=1)
        with SpectraFile(path) as spectra:
            expected = (count if dataset == "mine" else 300) - 150
            assert spectra.count == expected
            trace = spectra.read(["trace_input", "eigenvalues_input"])
            np.testing.assert_allclose(
                trace["eigenvalues_input"].sum(axis=1).real, trace["trace_input"], atol=1e-5
            )
    table = pd.read_csv(tmp_path / statistics)
    assert set(table["dataset"]) == {"mine", "noise", "coins", "mixed"}
