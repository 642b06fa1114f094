"""The workflow as a `module:` of another one, in a folder of its own, below a prefix."""

import subprocess
import sys

import pytest
import yaml
from preloaded import run_snakemake
from snakemake.utils import update_config

from conftest import TINY
from jacspec.data.storage import PointsFile

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


def test_a_job_runs(importer):
    target = "study/results/points/uniform.1.h5"
    command = [sys.executable, "-m", "snakemake", "--cores", "1", target]
    finished = subprocess.run(command, cwd=importer, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    with PointsFile(importer / target) as points:
        assert (points.dataset, points.first, points.count) == ("uniform", 150, 100)
    assert (importer / "results/models/mine.txt").exists()
