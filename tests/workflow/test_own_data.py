"""Points of one's own go the way of MNIST: a table of 30 columns, and images in colour."""

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
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
        "detection": {"singular_values": True},
        "figures": {"representatives": {"bright": "noise", "moderate": "mixed", "dark": "coins"}},
    }


@pytest.mark.parametrize(("kind", "save"), [("table", save_table), ("colours", save_colours)])
def test_points_of_ones_own_go_all_the_way_to_the_page(snakemake, tmp_path, kind, save):
    save(tmp_path / f"{kind}.npz")
    overlay = tmp_path / "mine.yaml"
    overlay.write_text(yaml.safe_dump(config(kind)))
    counts = {"mine": min(COUNT[kind], 300), "noise": 300, "mixed": min(COUNT[kind], 300)}
    shards = {
        (dataset, shard): KEY.path(layout.SPECTRA_SHARD, dataset=dataset, shard=shard)
        for dataset in counts
        for shard in (0, 1)
    }
    snakemake(tmp_path, "--configfile", TINY, overlay)
    statistics = pd.read_csv(tmp_path / KEY.path(layout.MODEL_STATISTICS))
    assert set(statistics["dataset"]) == {"mine", "noise", "coins", "mixed"}
    assert_every_output_says_what_does_not_apply(tmp_path, is_image=kind == "colours")
    said = snakemake(tmp_path, "--configfile", TINY, overlay, "--", "doctor").stdout
    assert "0 damaged, 0 missing, 0 stale, 0 unknown" in said
    with PointsFile(tmp_path / layout.DATASET_SHARD.format(dataset="mine", shard=0)) as points:
        assert points.shape == SHAPES[kind]
        assert points.image_shape == (None if kind == "table" else SHAPES[kind])
        rows = points.read_source_index(0, 150)
        mine = np.load(tmp_path / f"{kind}.npz")["x"][rows].astype(np.float32)
        expected = mine if kind == "table" else mine / np.float32(255)
        np.testing.assert_array_equal(points.read(0, 150), expected)
    for (dataset, shard), path in shards.items():
        with SpectraFile(tmp_path / path) as spectra:
            assert spectra.count == (150 if shard == 0 else counts[dataset] - 150)
            columns = spectra.read(["trace_input", "eigenvalues_input"])
            eigenvalues = columns["eigenvalues_input"].astype(np.complex128)
            # Stored in complex64, each is off by at most 2^-24 of its modulus in either part.
            bound = 2**-23 * np.abs(eigenvalues).sum(axis=1) + 1e-12
            assert (np.abs(eigenvalues.sum(axis=1) - columns["trace_input"]) <= bound).all()


def assert_every_output_says_what_does_not_apply(folder, *, is_image):
    page = (folder / layout.REPORT).read_text(encoding="utf-8")
    assert ("Brightness does not apply: the points are no images." in page) != is_image
    assert ("Images do not apply" in page) != is_image
    leaderboard = (folder / layout.DETECTION_READABLE.format(variant="paper")).read_text()
    assert "| mine, shuffled | mean of near sets | Uniform | Bernoulli(0.25) |" in leaderboard
    assert "| \\|ln σ_min(D enc) − median\\| | " in leaderboard
    with Image.open(folder / layout.TABLE.format(variant="paper", number=1, format="png")) as table:
        pixels = np.asarray(table.convert("RGB")).astype(int)
    has_colours = np.any(np.ptp(pixels, axis=-1) > 40)
    assert has_colours == is_image


def test_an_edited_file_is_evaluated_again(snakemake, tmp_path):
    save_table(tmp_path / "table.npz")
    overlay = tmp_path / "mine.yaml"
    overlay.write_text(yaml.safe_dump(config("table")))
    shard = layout.DATASET_SHARD.format(dataset="mixed", shard=0)
    arguments = ("--configfile", TINY, overlay, "--", shard)
    snakemake(tmp_path, *arguments)
    assert "Nothing to be done" in snakemake(tmp_path, *arguments).stderr
    values, labels = load_breast_cancer(return_X_y=True)
    np.savez(tmp_path / "table.npz", x=minmax_scale(values)[:, ::-1], y=labels)
    planned = snakemake(tmp_path, "--dry-run", *arguments)
    assert "rule points" in planned.stdout + planned.stderr


def test_a_file_that_is_not_there_is_a_fault_before_any_job(snakemake, tmp_path):
    overlay = tmp_path / "mine.yaml"
    overlay.write_text(yaml.safe_dump(config("table")))
    said = snakemake(tmp_path, "--configfile", TINY, overlay, succeeds=False)
    assert "data.mine: table.npz does not exist; write the path" in said.stdout + said.stderr
