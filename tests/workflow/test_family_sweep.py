"""A family of sets goes through the workflow in one job for its points and one for each model."""

import numpy as np
import pytest
import yaml

from conftest import TINY
from jacspec import layout
from jacspec.data.storage import PointsFile
from jacspec.families.points import members_in_file
from jacspec.families.table import read_family_table
from jacspec.key import ModelKey
from jacspec.spectra.shards import SpectraFile

KEY = ModelKey("paper", 2, 0)
POINTS = 60
CONFIG = {
    "families": {
        "path": {
            "source": "mixture",
            "of": ["mnist", "uniform"],
            "weight": {"from": 0, "to": 1, "steps": 3},
        }
    },
    "family_samples": POINTS,
    "family_latent_dims": [2],
}


@pytest.fixture(scope="module")
def family(snakemake, mnist, tiny_sweep, tmp_path_factory):
    """Return the tiny sweep's folder with what one model makes of a path, and Snakemake's words."""
    overlay = tmp_path_factory.mktemp("family") / "family.yaml"
    overlay.write_text(yaml.safe_dump(CONFIG))
    finished = snakemake(
        tiny_sweep,
        *("--configfile", TINY, overlay, "--config", f"mnist_source={mnist}", "--"),
        KEY.path(layout.MODEL_FAMILY, family="path"),
    )
    return tiny_sweep, finished.stdout + finished.stderr


def test_all_sets_of_a_family_share_two_jobs(family):
    _, said = family
    assert "2 of 2 steps (100%) done" in said


def test_the_ends_of_a_path_are_the_data_sets_of_the_sweep(family):
    folder, _ = family
    with PointsFile(folder / layout.FAMILY_POINTS.format(family="path")) as file:
        members = dict(members_in_file(file))
    assert list(members) == [(0.0,), (0.5,), (1.0,)]
    for position, dataset in ((0.0, "mnist"), (1.0, "uniform")):
        path = layout.DATASET_SHARD.format(dataset=dataset, shard=0)
        with PointsFile(folder / path) as file:
            np.testing.assert_array_equal(members[position,], file.read(0, POINTS))


def test_statistics_at_the_ends_are_those_of_the_spectra_of_the_sweep(family):
    folder, _ = family
    table = read_family_table(folder / KEY.path(layout.MODEL_FAMILY, family="path"), ["weight"])
    assert table.models == [KEY]
    for member, dataset in ((0, "mnist"), (2, "uniform")):
        path = KEY.path(layout.SPECTRA_SHARD, dataset=dataset, shard=0)
        with SpectraFile(folder / path) as file:
            columns = file.read(["eigenvalues_input", "reconstruction_error"], 0, POINTS)
        expected = {
            ("input", "mean_abs"): np.abs(columns["eigenvalues_input"].astype(complex)).mean(),
            ("both", "reconstruction_error_mean"): columns["reconstruction_error"].mean(),
        }
        for quantity, value in expected.items():
            found, low, high = table.intervals[KEY, *quantity][member]
            # Blocks of points are others, so that sums round otherwise.
            np.testing.assert_allclose(found, value, rtol=1e-6)
            assert low < found < high
