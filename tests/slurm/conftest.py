"""One cluster for all tests of this folder, and the sweeps that run on it."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from harness import HERE, Cluster, ClusterSweep, Sweep

from jacspec.data.mnist import fetch_mnist


@pytest.fixture(scope="session")
def mnist(project, tmp_path_factory) -> Path:
    """Return a folder with MNIST, taken from the project's if it has been fetched already."""
    fetched = project / "resources/mnist"
    folder = tmp_path_factory.mktemp("mnist")
    fetch_mnist(folder, fetched if fetched.is_dir() else None)
    return folder


@pytest.fixture(scope="session")
def cluster(project) -> Iterator[Cluster]:
    yield from running_cluster(project)


@pytest.fixture(scope="session")
def strict_cluster(project) -> Iterator[Cluster]:
    """Return a cluster that knows accounts and QoS, and refuses others."""
    yield from running_cluster(project, accounting=True)


def running_cluster(project: Path, *, accounting: bool = False) -> Iterator[Cluster]:
    if os.geteuid() != 0 or not Path("/etc/debian_version").exists():
        pytest.fail(
            "the tests on a real SLURM cluster need root on a Debian machine: they install it there"
        )
    with tempfile.TemporaryDirectory(prefix="jacspec-slurm-", dir="/tmp") as folder:
        cluster = Cluster(Path(folder), project, accounting=accounting)
        try:
            cluster.up()
            yield cluster
        finally:
            cluster.down()


@pytest.fixture(scope="module")
def sweep(cluster, mnist, tmp_path_factory) -> Iterator[Callable[..., ClusterSweep]]:
    """Make sweeps on the cluster; what still runs at the end is stopped."""
    sweeps = []

    def make(name: str, config: str) -> ClusterSweep:
        folder = tmp_path_factory.mktemp(name, numbered=False)
        sweeps.append(ClusterSweep(cluster, folder, HERE / config, mnist))
        return sweeps[-1]

    yield make
    for made in sweeps:
        made.stop()


@pytest.fixture(scope="module")
def local_sweep(project, mnist, tmp_path_factory) -> Callable[..., Sweep]:
    """Return a finished local sweep of a configuration."""

    def make(config: str, *targets: str) -> Sweep:
        sweep = Sweep(tmp_path_factory.mktemp("local"), project, HERE / config, mnist)
        sweep.run_locally(*targets)
        return sweep

    return make
