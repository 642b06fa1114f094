"""Models of the user's own, those of the example, go the way of all others, to the report."""

import os
import re
import shlex
import shutil
from pathlib import Path

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
# A file of each kind that such a sweep has, and the rule that makes it.
KINDS = {
    "results/convolutional/models/d2_seed0/weights.pt": "train_own_model",
    "results/trained_elsewhere/models/d2_seed0/weights.pt": "import_weights",
    "results/dense/models/d2_seed0/training.csv": "train_own_model",
    "results/convolutional/spectra/mnist/d2_seed0.0.h5": "compute_spectra",
    "results/points/beta_5_0.8.0.h5": "points",
    "results/dense/reduced/d2_seed0/statistics.csv": "reduce_model",
    "results/convolutional/figures/figure_2.png": "figure",
    "results/report.html": "report",
}
# Nothing is made from these.
LAST = ("figure", "report")


@pytest.fixture(scope="module")
def own_sweep(snakemake, mnist, tmp_path_factory, project):
    """Return a folder with the example's models, run to the report, and its arguments."""
    folder = tmp_path_factory.mktemp("own")
    shutil.copytree(project / EXAMPLE, folder / EXAMPLE)
    (folder / "small.yaml").write_text(yaml.safe_dump({**SMALL, "variants": {"sgd": None}}))
    overlays = (TINY, folder / EXAMPLE / "config.yaml", folder / "small.yaml")
    arguments = ("--configfile", *overlays, "--config", f"mnist_source={mnist}")
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


def damage(path: Path) -> None:
    """Flip a bit and keep the file's times, as a disk would."""
    content, times = bytearray(path.read_bytes()), path.stat()
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def jobs(output: str) -> dict[str, int]:
    """Return the number of jobs of each rule in a dry run."""
    counts = re.findall(r"^(\w+) +(\d+)$", output, re.MULTILINE)
    return {rule: int(count) for rule, count in counts if rule not in ("all", "total")}


@pytest.fixture
def copied_sweep(own_sweep, tmp_path):
    """Return a copy of the sweep, in which a stopped training has left what nobody can read."""
    folder, arguments = own_sweep
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / "results/convolutional/models/d2_seed0/.checkpoint.pt").write_bytes(b"cut off")
    return copy, arguments


@pytest.mark.parametrize("path", KINDS)
def test_the_doctor_names_one_damaged_file_and_the_one_job_that_mends_it(
    copied_sweep, snakemake, path
):
    folder, arguments = copied_sweep
    damage(folder / path)
    said = snakemake(folder, *arguments, "--", "doctor", succeeds=False).stdout
    assert "files examined: 1 damaged, 0 missing, 0 stale, 0 unknown" in said
    (command,) = re.findall(rf"^damaged: {path}: .*Make it again with: (.*)$", said, re.MULTILINE)
    mending = snakemake(folder, *shlex.split(command)[1:], "--dry-run").stdout
    assert jobs(mending) == {KINDS[path]: 1}
    (folder / path).unlink()
    plain = snakemake(folder, *arguments, "--dry-run").stdout
    # What only served to make others, which are there, is not made again unless it is asked for.
    assert jobs(plain) == ({KINDS[path]: 1} if KINDS[path] in LAST else {})
