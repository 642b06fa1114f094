"""Killed jobs and killed sweeps go on, and give the bytes of undisturbed ones.

Every test kills a few times at random moments; with JACSPEC_SOAK=1 (`make soak`) many times.
"""

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import yaml

SOAK = bool(os.environ.get("JACSPEC_SOAK"))
KILLS_OF_A_JOB = 20 if SOAK else 2
KILLS_OF_SNAKEMAKE = 5 if SOAK else 1

# What a step changes beside the parameters, and chance: running statistics and dropout.
FACTORY = """
from torch import nn


class Small(nn.Module):
    def __init__(self, latent_dim):
        super().__init__()
        self.encoder = nn.Sequential(
            *(nn.Unflatten(1, (1, 28, 28)), nn.Conv2d(1, 2, 7, stride=7), nn.BatchNorm2d(2)),
            *(nn.SiLU(), nn.Dropout(0.1), nn.Flatten(), nn.Linear(32, latent_dim)),
        )
        self.decoder = nn.Sequential(nn.Linear(latent_dim, 784), nn.Sigmoid())


def build(latent_dim, shape):
    return Small(latent_dim)
"""
# Long enough to be hit at work: epochs, and 40 chunks of spectra.
LONGER = {
    "variants": {
        "own": {
            "autoencoder": {"factory": "small.py:build"},
            "training": {"epochs": 6},
            "latent_dims": [2],
            "seeds": [0],
        }
    },
    "training": {"epochs": 4, "batch_size": 256},
    "samples": 10_000,
    "shard_size": 10_000,
    "chunk_size": 250,
    "checkpoint_seconds": 0.2,
}
WEIGHTS = "results/paper/models/d2_seed0/weights.pt"
OWN_WEIGHTS = "results/own/models/d2_seed0/weights.pt"
TRAININGS = [(WEIGHTS, "train_model.py"), (OWN_WEIGHTS, "train_own_model.py")]
JOBS = [
    *TRAININGS,
    ("results/paper/spectra/uniform/d2_seed0.0.h5", "compute_spectra.py"),
    ("results/own/spectra/uniform/d2_seed0.0.h5", "compute_spectra.py"),
]


class Sweep:
    """Snakemake on the tiny sweep in a folder of its own, to be killed."""

    def __init__(self, project: Path, folder: Path, overlay: dict) -> None:
        self.folder = folder
        overlay_file = folder / "overlay.yaml"
        given = {"mnist_source": str(project / "resources" / "mnist"), **overlay}
        overlay_file.write_text(yaml.safe_dump(given), encoding="utf-8")
        self._command = [
            *(sys.executable, "-m", "snakemake", "--snakefile", str(project / "Snakefile")),
            *("--directory", str(folder), "--cores", "2"),
            *("--configfile", str(project / "tests/workflow/tiny.yaml"), str(overlay_file)),
        ]
        self._project = project

    def start(self, *targets: str) -> psutil.Popen:
        """Give the documented command."""
        return psutil.Popen(
            [*self._command, "--rerun-incomplete", *targets],
            cwd=self._project,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *targets: str) -> None:
        snakemake = self.start(*targets)
        output = snakemake.communicate()[0]
        assert snakemake.returncode == 0, output[-6000:]

    def unlock(self) -> None:
        subprocess.run([*self._command, "--unlock"], cwd=self._project, check=True)

    def sha256(self, path: str) -> str:
        return hashlib.sha256((self.folder / path).read_bytes()).hexdigest()


def job_of(snakemake: psutil.Popen, script: str) -> psutil.Process | None:
    """Wait for the process that runs a script; None if Snakemake ends without one."""
    while snakemake.poll() is None:
        for process in snakemake.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if any(part.endswith(f".{script}") for part in process.cmdline()):
                    return process
        # To look through all processes takes a hundredth of a second of one core.
        time.sleep(0.1)
    return None


def ended(snakemake: psutil.Popen) -> int:
    snakemake.communicate()
    return snakemake.returncode


@pytest.fixture(scope="module")
def undisturbed(project, tiny_sweep, tmp_path_factory) -> tuple[Sweep, dict[str, float]]:
    """Return a sweep with both kinds of models, and the seconds that each of its jobs took."""
    folder = shutil.copytree(tiny_sweep, tmp_path_factory.mktemp("undisturbed") / "sweep")
    (folder / "small.py").write_text(FACTORY, encoding="utf-8")
    sweep = Sweep(project, folder, LONGER)
    seconds = {}
    for target, script in JOBS:
        snakemake = sweep.start(target)
        job = job_of(snakemake, script)
        started = time.monotonic()
        while job is not None and job.is_running() and job.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.02)
        seconds[target] = time.monotonic() - started
        assert ended(snakemake) == 0
    return sweep, seconds


@pytest.mark.parametrize(("target", "script"), JOBS)
def test_a_job_survives_kills_at_random_moments(undisturbed, project, tmp_path, target, script):
    reference, seconds = undisturbed
    folder = shutil.copytree(reference.folder, tmp_path / "sweep")
    sweep = Sweep(project, folder, LONGER)
    moments = random.Random(target)
    (folder / target).unlink()
    kills = finished = 0
    while kills < KILLS_OF_A_JOB:
        snakemake = sweep.start(target)
        job = job_of(snakemake, script)
        assert job is not None, snakemake.communicate()[0]
        time.sleep(moments.uniform(0, seconds[target]))
        with suppress(psutil.NoSuchProcess):
            job.kill()
        if ended(snakemake) == 0:
            # It was done before the kill, thanks to what earlier ones had left.
            assert sweep.sha256(target) == reference.sha256(target)
            (folder / target).unlink()
            finished += 1
        else:
            assert not (folder / target).exists()
            kills += 1
    sweep.run(target)
    assert sweep.sha256(target) == reference.sha256(target)
    assert not list(folder.glob("results/**/.*.partial"))
    assert not list(folder.glob("results/**/.checkpoint.pt"))
    print(f"{target}: {kills} kills survived, {finished + 1} results compared, all equal")


def test_a_sweep_survives_kills_of_all_its_processes(project, tiny_sweep, tmp_path):
    targets = [
        f"results/paper/spectra/{dataset}/d2_seed0.{shard}.h5"
        for dataset in ("mnist", "uniform")
        for shard in (0, 1)
    ]
    compared = [WEIGHTS, "results/points/mnist.1.h5", "results/points/uniform.0.h5", *targets]
    moments = random.Random("snakemake")
    for kill in range(KILLS_OF_SNAKEMAKE):
        folder = tmp_path / str(kill)
        folder.mkdir()
        sweep = Sweep(project, folder, {})
        snakemake = sweep.start(*targets)
        job_of(snakemake, "py")  # the first job of any kind
        time.sleep(moments.uniform(0, 15))
        for process in [*snakemake.children(recursive=True), snakemake]:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        ended(snakemake)
        sweep.unlock()
        sweep.run(*targets)
        for path in compared:
            expected = hashlib.sha256((tiny_sweep / path).read_bytes()).hexdigest()
            assert sweep.sha256(path) == expected
    print(f"snakemake: {KILLS_OF_SNAKEMAKE} kills survived, {len(compared)} files each, all equal")


@pytest.mark.parametrize(("weights", "script"), TRAININGS)
def test_a_training_that_is_asked_to_stop_keeps_its_state_at_once(
    undisturbed, project, tmp_path, weights, script
):
    reference, _ = undisturbed
    folder = shutil.copytree(reference.folder, tmp_path / "sweep")
    (folder / weights).unlink()
    log = folder / f"logs/{script.removesuffix('.py')}/{Path(weights).parts[1]}/d2_seed0.log"
    log.unlink()
    sweep = Sweep(project, folder, {**LONGER, "checkpoint_seconds": 86_400})
    snakemake = sweep.start(weights)
    job = job_of(snakemake, script)
    while not (log.exists() and "epoch 1/" in log.read_text()):
        assert snakemake.poll() is None, snakemake.communicate()[0]
        time.sleep(0.02)
    job.terminate()
    assert ended(snakemake) != 0
    assert "asked to stop" in log.read_text()
    assert (folder / weights).with_name(".checkpoint.pt").exists()
    sweep.run(weights)
    assert "epoch 1/" not in log.read_text()
    assert sweep.sha256(weights) == reference.sha256(weights)
