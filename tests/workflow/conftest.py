"""A tiny sweep on real MNIST, run once by Snakemake itself, for all tests of the workflow."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from preloaded import run_snakemake

TINY = Path(__file__).parent / "tiny.yaml"


@pytest.fixture(scope="session")
def snakemake(project) -> Callable[..., subprocess.CompletedProcess]:
    """Run Snakemake on the project's Snakefile, in a folder of one's own."""

    def run(folder: Path, *arguments: str, succeeds: bool = True) -> subprocess.CompletedProcess:
        finished = subprocess.run(
            [sys.executable, "-m", "snakemake", *_arguments(project, folder, arguments)],
            capture_output=True,
            text=True,
            check=False,
            cwd=project,
        )
        return _checked(finished, succeeds)

    return run


@pytest.fixture(scope="session")
def planning(project) -> Callable[..., subprocess.CompletedProcess]:
    """Run Snakemake likewise, but faster, where it comes to no job."""

    def run(folder: Path, *arguments: str, succeeds: bool = True) -> subprocess.CompletedProcess:
        finished = run_snakemake(_arguments(project, folder, arguments), project)
        return _checked(finished, succeeds)

    return run


def _arguments(project: Path, folder: Path, arguments: Sequence[str]) -> list[str]:
    given = ["--snakefile", project / "Snakefile", "--directory", folder, "--cores", "2"]
    return [str(argument) for argument in (*given, *arguments)]


def _checked(finished: subprocess.CompletedProcess, succeeds: bool) -> subprocess.CompletedProcess:
    output = finished.stdout + finished.stderr
    assert (finished.returncode == 0) == succeeds, output[-6000:]
    return finished


@pytest.fixture(scope="session")
def tiny_sweep(snakemake, tmp_path_factory, project) -> Path:
    """Return the folder of a finished tiny sweep, made once and copied by each process."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    made = shared / "tiny_sweep_made"
    with (shared / "tiny_sweep.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            folder = shared / "tiny_sweep_unfinished"
            mnist = f"mnist_source={project}/resources/mnist"
            snakemake(project, "fetch_mnist")
            snakemake(folder, "--configfile", TINY, "--config", mnist)
            folder.rename(made)
    return shutil.copytree(made, base / "tiny_sweep")


@pytest.fixture
def clone(project, tmp_path) -> Path:
    """Return a second checkout, which shares an environment with the first one."""
    folder = tmp_path / "clone"
    for name in ("workflow", "profiles", "envs"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(project / name, folder / name, ignore=ignored)
    for name in ("Snakefile", "config.yaml"):
        shutil.copy2(project / name, folder / name)
    return folder
