"""The ends of the quick sweep run on a cluster, and give what they give on one machine.

`demo.py` runs all of the quick sweep.
"""

import re
from datetime import datetime

import pytest
from harness import GPU_NODES, ClusterSweep, Sweep, wait_until

CONFIG = "two_dims.yaml"
DIMS = (2, 20)
DATASETS = 5
MODELS = [f"d{latent_dim}_seed{seed}" for latent_dim in DIMS for seed in (0, 1)]
# What is made on one machine too: all that there is of a model.
COMPARED = ["results/paper/reduced/d20_seed1/statistics.csv"]
FIGURES = [
    f"results/paper/figures/{name}.pdf"
    for name in (*(f"figure_{number}" for number in range(1, 7)), "table_1", "table_2")
]


@pytest.fixture(scope="module")
def finished(sweep) -> ClusterSweep:
    """Return a finished sweep whose models and spectra asked for a GPU each."""
    made = sweep("sweep", CONFIG)
    made.config["device"] = "auto"
    made.start(targets=FIGURES)
    made.finish()
    return made


@pytest.fixture(scope="module")
def local(local_sweep, finished) -> Sweep:  # noqa: ARG001 - two sweeps at once take longer
    return local_sweep(CONFIG, *COMPARED)


def test_figures_are_there(finished):
    for figure in FIGURES:
        assert (finished.folder / figure).read_bytes().startswith(b"%PDF")


def test_results_are_those_of_a_local_run(finished, local):
    results, expected = finished.results(), local.results()
    spectra = "results/paper/spectra/"
    assert sum(name.startswith(spectra) for name in results) == DATASETS * len(MODELS)
    assert sum(name.startswith(spectra) for name in expected) == DATASETS
    assert {name: results[name] for name in expected} == expected


def test_each_model_is_one_job_that_asks_for_what_it_takes(finished):
    jobs = [job for job in finished.jobs() if job.gpus]
    assert len(jobs) == len(MODELS)
    assert {(job.state, job.gpus, job.megabytes, job.minutes) for job in jobs} == {
        ("COMPLETED", 1, 1200, 3)
    }


def test_gpu_jobs_run_on_gpu_nodes_and_no_more_at_a_time_than_gpus(finished):
    jobs = [job for job in finished.jobs() if job.gpus]
    assert {job.nodes for job in jobs} <= set(GPU_NODES)
    assert _most_at_a_time([(job.start, job.end) for job in jobs]) <= len(GPU_NODES)


def test_jobs_spread_over_nodes(finished):
    assert len({job.nodes for job in finished.jobs()}) >= 3


def test_logs_are_where_the_documentation_says(finished):
    logs = finished.folder / "logs"
    for model in MODELS:
        assert "epoch" in (logs / f"train_model/paper/{model}.log").read_text()
        assert (logs / f"compute_spectra/paper/mnist/{model}.0.log").exists()
    # SLURM's own are kept for failed jobs only.
    assert not list((logs / "slurm").rglob("*.log"))


def test_nothing_is_left_to_do_and_nothing_is_left_behind(finished):
    finished.start("--dry-run", targets=FIGURES)
    assert "Nothing to be done" in finished.finish()
    hidden = [path for path in (finished.folder / "results").rglob(".*") if path.is_file()]
    assert hidden == []


def _most_at_a_time(intervals: list[tuple[datetime, datetime]]) -> int:
    return max(sum(start <= begin < end for start, end in intervals) for begin, _ in intervals)


def test_one_line_cancels_what_a_sweep_left(cluster):
    documented = (cluster.project / "docs/cluster.md").read_text()
    (line,) = re.findall(r"^squeue -h .*scancel$", documented, re.MULTILINE)
    names = {"jacspec_1", "jacspec_2", "other_1"}
    for name in names:
        options = ("--job-name", name, "--mem=10", "--output=/dev/null")
        cluster.run("sbatch", *options, "--wrap=sleep 3600")

    def living() -> set[str]:
        states = "--states=RUNNING,PENDING"
        return names & set(cluster.run("squeue", "--noheader", states, "--format=%j").split())

    try:
        assert living() == names
        cluster.run("sh", "-c", line)
        wait_until(lambda: living() == {"other_1"}, "only the other sweep's job lives")
    finally:
        cluster.run("scancel", "--name=other_1")
