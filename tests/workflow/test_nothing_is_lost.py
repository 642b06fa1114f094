"""Only a job that makes an output again removes it, whatever has become of Snakemake's memory.

With JACSPEC_SOAK=1 (`make soak`) every read-only command meets every state of a sweep; else each
state meets a few of them.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

SOAK = bool(os.environ.get("JACSPEC_SOAK"))
WEIGHTS = "results/paper/models/d2_seed0/weights.pt"
POINTS = "results/points/uniform.0.h5"
SPECTRA = "results/paper/spectra/uniform/d2_seed0.0.h5"
SUMMARY = "results/paper/summary.csv"
TRAINING_LOG = "logs/train_model/paper/d2_seed0.log"
ANOTHER_RATE = ("--config", "training={learning_rate: 0.5}")

STATES = ("jobs went on", "jobs killed too", "no .snakemake", "no records")
COMMANDS = (
    ("--dry-run",),
    ("doctor",),
    ("--cleanup-metadata", WEIGHTS),
    ("--unlock",),
    ("--dry-run", *ANOTHER_RATE),
    ("--summary",),
    ("--touch", WEIGHTS, "--rerun-incomplete"),
    ("--dry-run", "--persistence-backend", "db"),
    ("--dry-run", "--forceall", "--rerun-incomplete"),
    ("--detailed-summary",),
    ("--list-params-changes",),
    ("--cleanup-shadow",),
    ("--dag",),
    ("--list-rules",),
    ("--lint",),
)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def listing(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of all results by their paths, other hidden files than links included."""
    return {
        str(path.relative_to(folder)): sha256(path)
        for path in files(folder)
        if path.suffix != ".kept"
    }


def contents(folder: Path) -> set[str]:
    """Return the SHA-256 of all that there is, under whatever name."""
    return {sha256(path) for path in files(folder)}


def files(folder: Path) -> list[Path]:
    folders = [folder / "results", folder / "resources"]
    return [path for parent in folders for path in parent.rglob("*") if path.is_file()]


@pytest.fixture(scope="module")
def tiny(project, snakemake) -> Callable[..., str]:
    """Return a function that calls Snakemake with the tiny configuration and returns its words."""

    def call(folder: Path, *arguments: str, succeeds: bool = True) -> str:
        configured = (*arguments, "--configfile", str(project / "tests/workflow/tiny.yaml"))
        finished = snakemake(folder, *configured, succeeds=succeeds)
        return finished.stdout + finished.stderr

    return call


@pytest.fixture(scope="module")
def begun(project) -> Callable[..., psutil.Popen]:
    """Return a function that starts Snakemake on the tiny sweep and leaves it running."""

    def start(folder: Path, *arguments: str) -> psutil.Popen:
        command = [
            *(sys.executable, "-m", "snakemake", "--snakefile", str(project / "Snakefile")),
            *("--directory", str(folder), "--cores", "2", *arguments),
            *("--configfile", str(project / "tests/workflow/tiny.yaml")),
        ]
        return psutil.Popen(
            command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    return start


def log_of_a_job(snakemake: psutil.Popen, log: Path) -> None:
    """Wait until a job of Snakemake's is at work, and has begun its log."""
    while not (log.exists() and log.stat().st_size):
        assert snakemake.poll() is None, snakemake.communicate()[0]
        time.sleep(0.02)


def kill(snakemake: psutil.Popen, with_jobs: bool) -> None:
    """Kill Snakemake at once, and its jobs too, or wait until they are done."""
    jobs = snakemake.children(recursive=True)
    snakemake.kill()
    for job in jobs:
        with suppress(psutil.NoSuchProcess):
            if with_jobs:
                job.kill()
    psutil.wait_procs(jobs, timeout=120)
    snakemake.wait()


@pytest.fixture(scope="module")
def states(tiny_sweep, begun, tmp_path_factory) -> dict[str, Path]:
    """Return folders of sweeps that were interrupted or lost Snakemake's memory, by the state."""
    folders = {state: tmp_path_factory.mktemp("state") / "sweep" for state in STATES}
    for state in STATES[:2]:
        folder = folders[state]
        shutil.copytree(tiny_sweep / "resources", folder / "resources")
        snakemake = begun(folder, WEIGHTS, POINTS)
        log_of_a_job(snakemake, folder / TRAINING_LOG)
        kill(snakemake, with_jobs=state == "jobs killed too")
    for state, lost in (("no .snakemake", ".snakemake"), ("no records", ".snakemake/metadata")):
        folder = shutil.copytree(tiny_sweep, folders[state])
        (folder / SUMMARY).unlink()
        shutil.rmtree(folder / lost)
    assert (folders["jobs went on"] / WEIGHTS).exists()
    assert not (folders["jobs killed too"] / WEIGHTS).exists()
    return folders


@pytest.mark.parametrize("state", STATES)
def test_no_command_that_only_looks_changes_a_result(states, tiny, tmp_path, state):
    position = STATES.index(state)
    for command in COMMANDS if SOAK else COMMANDS[position :: len(STATES)]:
        folder = shutil.copytree(states[state], tmp_path / "_".join(command)[:40].replace("/", "_"))
        before, contents_before = listing(folder), contents(folder)
        # Some of them find fault with some of the states.
        with suppress(AssertionError):
            tiny(folder, *command)
        assert listing(folder) == before, command
        assert contents(folder) == contents_before, command
        shutil.rmtree(folder)


def test_what_was_finished_after_a_kill_of_snakemake_is_not_made_again(states, tiny, tmp_path):
    folder = shutil.copytree(states["jobs went on"], tmp_path / "sweep")
    before = listing(folder)
    tiny(folder, "--unlock")
    tiny(folder, "doctor")
    assert listing(folder) == before
    assert "Params have changed" in tiny(folder, "--dry-run", WEIGHTS, *ANOTHER_RATE)
    log = (folder / TRAINING_LOG).read_bytes()
    tiny(folder, SPECTRA)
    assert (folder / TRAINING_LOG).read_bytes() == log
    assert before.items() <= listing(folder).items()
    assert not [path for path in files(folder) if path.suffix == ".kept"]


@pytest.mark.parametrize("lost", [".snakemake", ".snakemake/metadata"])
def test_a_loss_of_snakemakes_memory_loses_no_result(tiny_sweep, tiny, tmp_path, lost):
    folder = shutil.copytree(tiny_sweep, tmp_path / "sweep")
    for path in (SUMMARY, POINTS):
        (folder / path).unlink()
    shutil.rmtree(folder / lost)
    before = listing(folder)
    tiny(folder, "--dry-run", POINTS)
    assert listing(folder) == before
    tiny(folder, POINTS)
    after = listing(folder)
    assert after == {**before, POINTS: listing(tiny_sweep)[POINTS], **benchmarks(after)}
    assert "Nothing to be done" in tiny(folder, "--dry-run", WEIGHTS)
    assert "Params have changed" in tiny(folder, "--dry-run", WEIGHTS, *ANOTHER_RATE)


def benchmarks(contents: dict[str, str]) -> dict[str, str]:
    return {path: content for path, content in contents.items() if "/benchmarks/" in path}


def test_metadata_that_were_cleaned_up_lose_no_result(tiny_sweep, tiny, tmp_path):
    folder = shutil.copytree(tiny_sweep, tmp_path / "sweep")
    (folder / SUMMARY).unlink()
    before = listing(folder)
    tiny(folder, "--cleanup-metadata", WEIGHTS)
    assert "Params have changed" in tiny(folder, "--dry-run", WEIGHTS, *ANOTHER_RATE)
    tiny(folder, "doctor")
    assert listing(folder) == before


def test_metadata_that_were_never_kept_lose_no_result(tiny_sweep, tiny, tmp_path):
    folder = tmp_path / "sweep"
    shutil.copytree(tiny_sweep / "resources", folder / "resources")
    tiny(folder, POINTS, "--drop-metadata")
    before = listing(folder)
    assert (folder / POINTS).with_name(".uniform.0.h5.kept").exists()
    assert "Nothing to be done" in tiny(folder, "--dry-run", POINTS)
    tiny(folder, "doctor")
    assert listing(folder) == before


def test_a_second_look_takes_nothing_from_a_running_sweep(tiny_sweep, tiny, begun, tmp_path):
    folder = tmp_path / "sweep"
    shutil.copytree(tiny_sweep / "resources", folder / "resources")
    backend = ("--persistence-backend", "db")
    snakemake = begun(folder, POINTS, WEIGHTS, *backend)
    while snakemake.poll() is None:
        tiny(folder, "--dry-run", "--rerun-incomplete", WEIGHTS, *backend)
    assert snakemake.returncode == 0, snakemake.communicate()[0]
    assert listing(folder)[WEIGHTS] == listing(tiny_sweep)[WEIGHTS]
    assert "Nothing to be done" in tiny(folder, "--dry-run", WEIGHTS, *backend)
