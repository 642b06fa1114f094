"""The workflow as a `module:` of another one, in a folder of its own, below a prefix."""

import subprocess
import sys

import numpy as np
import pytest
import yaml
from preloaded import run_snakemake
from snakemake.utils import update_config

from conftest import TINY

TRIGGERS = ["--rerun-triggers", "mtime", "params", "input", "software-env", "--scheduler", "greedy"]
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


# Few jobs, so that all of them can be run.
SMALL = {
    "latent_dims": [2],
    "seeds": [0],
    "datasets": ["mnist", "mine", "uniform", "beta_5_0.8"],
    "data": {"mine": {"source": "file", "path": "mine.npy"}},
    "figures": {"representatives": {"bright": "beta_5_0.8", "moderate": "uniform", "dark": "mine"}},
    "variants": {"sgd": None},
}


@pytest.fixture
def importer(tmp_path, project, config, mnist):
    """Return the folder of a workflow that has this one as a module, and files of its own."""
    for overlay in (yaml.safe_load(TINY.read_text()), SMALL, {"mnist_source": str(mnist)}):
        update_config(config, overlay)
    (tmp_path / "importer.yaml").write_text(yaml.safe_dump({"spectra": config, "mine": 1}))
    (tmp_path / "Snakefile").write_text(IMPORTER.format(snakefile=str(project / "Snakefile")))
    rng = np.random.default_rng(0)
    np.save(tmp_path / "mine.npy", rng.integers(0, 256, (300, 784), dtype=np.uint8))
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


def test_all_is_run_below_the_prefix_and_nothing_is_left_over(importer):
    def snakemake(*arguments):
        command = [sys.executable, "-m", "snakemake", "--cores", "2", *TRIGGERS, *arguments]
        run = subprocess.run(command, cwd=importer, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout + run.stderr

    snakemake()
    results = importer / "study" / "results"
    assert "mine" in (results / "report.html").read_text(encoding="utf-8")
    assert (importer / "study/resources/mnist/train-images-idx3-ubyte").exists()
    # Files of the other workflow are where they were, and of this one there is nothing beside them.
    assert (importer / "results/models/mine.txt").read_text() == "other results"
    assert {path.name for path in importer.iterdir()} == {
        *(".snakemake", "Snakefile", "importer.yaml", "mine.npy", "results", "study")
    }
    assert not list(results.rglob(".*.kept"))
    assert "Nothing to be done" in snakemake()
