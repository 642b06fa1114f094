"""The workflow as a `module:` of another one, in a folder of its own, below a prefix."""

import subprocess
import sys

import numpy as np
import pytest
import yaml
from preloaded import run_snakemake
from snakemake.utils import update_config

from conftest import TINY
from jacspec.data.storage import PointsFile
from jacspec.spectra.shards import SpectraFile

IMPORTER = """
configfile: "importer.yaml"

module spectra:
    snakefile: {snakefile!r}
    config: config["spectra"]
    prefix: "study"

use rule * from spectra as spectra_*

rule everything:
    default_target: True
    input:
        "study/results/report.html",
"""


@pytest.fixture
def importer(tmp_path, project, config):
    """Return the folder of a workflow that has this one as a module, and results of its own."""
    update_config(config, yaml.safe_load(TINY.read_text()))
    (tmp_path / "importer.yaml").write_text(yaml.safe_dump({"spectra": config, "mine": 1}))
    (tmp_path / "Snakefile").write_text(IMPORTER.format(snakefile=str(project / "Snakefile")))
    (tmp_path / "results/models").mkdir(parents=True)
    (tmp_path / "results/models/mine.txt").write_text("other results")
    return tmp_path


def test_all_is_planned_below_the_prefix(importer):
    # A setting of the importer, which is no key of the module's.
    finished = run_snakemake(["--dry-run", "--cores", "1", "--config", "mine=2"], importer)
    assert finished.returncode == 0, finished.stderr
    outputs = [line for line in finished.stdout.splitlines() if line.strip().startswith("output:")]
    assert len(outputs) > 20
    for line in outputs:
        files = line.partition(":")[2].split(",")
        assert all(file.strip().startswith("study/") for file in files), line
    assert "results/benchmarks" not in finished.stdout.replace("study/results/benchmarks", "")


def test_jobs_read_images_below_the_prefix_and_a_user_s_files_where_they_are(importer, mnist):
    rng = np.random.default_rng(0)
    np.save(importer / "mine.npy", rng.integers(0, 256, (300, 784), dtype=np.uint8))
    path = importer / "importer.yaml"
    whole = yaml.safe_load(path.read_text())
    whole["spectra"]["data"]["mine"] = {"source": "file", "path": "mine.npy"}
    whole["spectra"]["datasets"].append("mine")
    whole["spectra"]["mnist_source"] = str(mnist)
    path.write_text(yaml.safe_dump(whole))
    spectra, points = (
        f"study/results/{name}"
        for name in ("paper/spectra/mnist/d2_seed0.1.h5", "points/mine.1.h5")
    )
    command = [sys.executable, "-m", "snakemake", "--cores", "2", spectra, points]
    finished = subprocess.run(command, cwd=importer, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    with SpectraFile(importer / spectra) as found:
        assert found.count == 100
    with PointsFile(importer / points) as found:
        assert (found.dataset, found.first, found.count) == ("mine", 150, 100)
    assert (importer / "study/resources/mnist/train-images-idx3-ubyte").exists()
    assert not (importer / "resources").exists()
    assert (importer / "results/models/mine.txt").exists()
