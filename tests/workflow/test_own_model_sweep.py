"""Models of the user's own, those of the example, go the way of all others, to the report."""

import os
import shutil

import h5py
import pandas as pd
import pytest
import torch
import yaml

from conftest import TINY
from jacspec import layout
from jacspec.key import ModelKey
from jacspec.models.weights import load_autoencoder
from jacspec.spectra.shards import SpectraFile

EXAMPLE = "examples/own_models"
SMALL = {"latent_dims": [2], "samples": 60, "shard_size": 60, "training": {"epochs": 1}}
DATASETS = ("mnist", "truncated_normal", "bernoulli_0.13", "beta_5_0.8")
ENGINES = {"convolutional": "general", "dense": "dense", "trained_elsewhere": "dense"}
IMPORTED = ModelKey("trained_elsewhere", 2, 0)


@pytest.fixture(scope="module")
def own_sweep(snakemake, tmp_path_factory, project):
    """Return a folder with the example's models, run to the report, and its arguments."""
    folder = tmp_path_factory.mktemp("own")
    shutil.copytree(project / EXAMPLE, folder / EXAMPLE)
    (folder / "small.yaml").write_text(yaml.safe_dump({**SMALL, "variants": {"sgd": None}}))
    overlays = (TINY, folder / EXAMPLE / "config.yaml", folder / "small.yaml")
    mnist = f"mnist_source={project}/resources/mnist"
    arguments = ("--configfile", *overlays, "--config", mnist)
    snakemake(folder, *arguments)
    return folder, arguments


@pytest.mark.parametrize("variant", ENGINES)
def test_models_of_ones_own_get_all_results(own_sweep, variant):
    folder, _ = own_sweep
    key = ModelKey(variant, 2, 0)
    for dataset in DATASETS:
        path = folder / key.path(layout.SPECTRA_SHARD, dataset=dataset, shard=0)
        with SpectraFile(path) as shard:
            assert (shard.count, shard.attributes["engine"]) == (60, ENGINES[variant])
            columns = shard.read(["trace_input", "eigenvalues_input"])
        sums = columns["eigenvalues_input"].astype("complex128").sum(axis=1)
        bound = 2**-23 * abs(columns["eigenvalues_input"]).sum(axis=1) + 1e-9
        assert (abs(sums - columns["trace_input"]) <= bound).all()
    statistics = pd.read_csv(folder / key.path(layout.MODEL_STATISTICS))
    assert set(statistics["dataset"]) == {*DATASETS}
    for number in (2, 5):
        figure = layout.FIGURE.format(variant=variant, number=number, format="png")
        assert (folder / figure).stat().st_size > 10_000
    assert variant in (folder / layout.CLAIMS.format(variant=variant)).read_text()


def test_the_page_says_what_was_trained_elsewhere(own_sweep):
    folder, _ = own_sweep
    page = (folder / layout.REPORT).read_text()
    assert page.count(">trained elsewhere<") == 1
    assert "Imported weights." in page
    verdicts = pd.read_csv(folder / layout.VARIANTS)
    assert verdicts[verdicts["variant"] == "trained_elsewhere"]["epochs"].isna().all()


def test_imported_weights_are_taken_as_they_are(own_sweep):
    folder, _ = own_sweep
    source = torch.load(folder / EXAMPLE / "trained_elsewhere/d2_seed0.pt", weights_only=True)
    expected = {
        name.replace("net.enc", "encoder").replace("net.dec", "decoder"): values.float()
        for name, values in source["state_dict"].items()
    }
    found = load_autoencoder(folder / IMPORTED.path(layout.WEIGHTS)).state_dict()
    assert found.keys() == expected.keys()
    assert all(found[name].equal(values) for name, values in expected.items())


def test_nothing_runs_again_unless_a_file_of_the_users_is_another(own_sweep, snakemake):
    folder, arguments = own_sweep
    assert "Nothing to be done" in snakemake(folder, "--dry-run", *arguments).stdout
    edits = {
        "trained_elsewhere/d2_seed0.pt": ("import_weights", b"more"),
        "my_models.py": ("train_own_model", b"\nOTHER = 1\n"),
    }
    for name, (rule, more) in edits.items():
        path = folder / EXAMPLE / name
        before = path.read_bytes()
        path.write_bytes(before + more)
        planned = snakemake(folder, "--dry-run", *arguments)
        path.write_bytes(before)
        assert f"rule {rule}:" in planned.stdout + planned.stderr


def test_no_command_of_the_doctors_writes_over_the_users_file(own_sweep, snakemake):
    folder, arguments = own_sweep
    source = folder / EXAMPLE / "trained_elsewhere/d2_seed0.pt"
    before = source.read_bytes()
    history = folder / IMPORTED.path(layout.TRAINING_HISTORY)
    history.unlink()
    said = snakemake(folder, *arguments, "--", "doctor").stdout
    assert f"missing: {history.relative_to(folder)}" in said
    snakemake(folder, *arguments, "--force", "--", IMPORTED.path(layout.WEIGHTS))
    assert source.read_bytes() == before
    assert history.exists()


def test_every_shard_is_verified_and_a_wrong_number_is_found(own_sweep, snakemake):
    folder, arguments = own_sweep
    snakemake(folder, *arguments, "--", "verify")
    tables = {
        variant: folder / ModelKey(variant, 2, 0).path(layout.VERIFICATION, dataset=name, shard=0)
        for variant in ENGINES
        for name in DATASETS
    }
    for path in tables.values():
        found = pd.read_csv(path)
        assert set(found["verdict"]) == {"agrees"}
        assert (found["recomputed"] >= 8).all()
    key = ModelKey("convolutional", 2, 0)
    path = folder / key.path(layout.SPECTRA_SHARD, dataset="mnist", shard=0)
    before, times = path.read_bytes(), path.stat()
    with h5py.File(path, "r+") as file:
        file["eigenvalues_input"][0] *= 1.0001
    said = snakemake(
        *(folder, *arguments, "--"),
        key.path(layout.VERIFICATION, dataset="mnist", shard=0),
        succeeds=False,
    )
    path.write_bytes(before)
    os.utime(path, (times.st_atime, times.st_mtime))
    words = "stored_trace (input) deviates at point 0"
    assert words in said.stdout + said.stderr
