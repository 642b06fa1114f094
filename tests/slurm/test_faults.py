"""Jobs, nodes and Snakemake itself are killed while a model is in training.

The training process is frozen after some epochs, so that each fault meets it in the middle of its
work. Whatever happens, the sweep must end with the results of an undisturbed one, and the training
must go on where it stopped.
"""

import os
import re
import signal
from pathlib import Path

import pytest
import yaml
from harness import ClusterSweep, Sweep, epochs_in, freeze_trainings, wait_until

TRAINING_LOG = "logs/train_model/paper/d3_seed0.log"
WEIGHTS = "results/paper/models/d3_seed0/weights.pt"
SHARD = "results/paper/spectra/mnist/d3_seed0.0.h5"
EPOCHS = 4

# Faults that end a job, and what the training asks for.
JOB_FAULTS = {
    "time limit": {"runtime": "20 * attempt", "partition": "punctual"},
    "scancel": {},
    "requeue": {},
    "kill": {},
    "memory limit": {"mem_mb": "100 + 1100 * (attempt > 1)"},
    "member fails": {},
    "too little memory": {"mem_mb": "50"},
    "too much memory later": {"mem_mb": "50 + 90000 * (attempt > 1)"},
}
RETRIES = {"too little memory": 0, "too much memory later": 1}
# Faults that leave a job's processes running, and where the jobs go, so that they do not meet.
LOST_JOBS = {
    "slurmd killed": "--exclude=n4",
    "node down": "--exclude=n4",
    "snakemake killed": "--nodelist=n4",
    "snakemake killed, jobs finish": "--nodelist=n4",
}


def asking(
    *,
    mem_mb: str = "1200 * attempt",
    runtime: str = "3 * attempt",
    partition: str = "main",
    nodes: str = "",
) -> list[str]:
    """Return what makes jobs ask for this."""
    training = (f"train_model:mem_mb={mem_mb}", f"train_model:runtime={runtime}")
    spectra = ("compute_spectra:mem_mb=1200", "compute_spectra:runtime=2 * attempt")
    everywhere = (f"slurm_partition={partition}", *([f"slurm_extra='{nodes}'"] if nodes else []))
    return ["--default-resources", *everywhere, "--set-resources", *training, *spectra]


@pytest.fixture(scope="module")
def undisturbed(local_sweep) -> Sweep:
    return local_sweep("one_model.yaml", SHARD)


@pytest.fixture(scope="module")
def disturbed(sweep, cluster) -> dict[str, ClusterSweep]:
    """Return finished sweeps, all at once on the cluster, each of which one fault has met."""
    sweeps = {fault: sweep(fault.replace(" ", "_"), "one_model.yaml") for fault in JOB_FAULTS}
    # A file where the chunks of the shard are to be kept.
    blocked = (
        sweeps["member fails"].folder / f"results/paper/spectra/mnist/.{Path(SHARD).name}.partial"
    )
    blocked.parent.mkdir(parents=True)
    blocked.touch()
    for fault, made in sweeps.items():
        retries = ("--retries", str(RETRIES.get(fault, 3)))
        targets = [SHARD if fault == "member fails" else WEIGHTS]
        made.start(*retries, *asking(**JOB_FAULTS[fault]), targets=targets)
    freeze_trainings(sweeps[fault] for fault in ("time limit", "scancel", "requeue", "kill"))
    cluster.run("scontrol", "update", f"jobid={sweeps['time limit'].frozen.job}", "timelimit=1")
    cluster.run("scancel", sweeps["scancel"].frozen.job)
    cluster.run("scontrol", "requeue", sweeps["requeue"].frozen.job)
    os.kill(sweeps["kill"].frozen.process, signal.SIGKILL)
    failing = sweeps["member fails"].output
    wait_until(lambda: "Trying to restart" in failing.read_text(), "a member of the job fails")
    blocked.unlink()
    for fault, made in sweeps.items():
        made.finish(succeeds=not fault.startswith("too "))
    return sweeps


@pytest.mark.parametrize("fault", ["scancel", "requeue", "kill", "time limit"])
def test_interrupted_training_goes_on(disturbed, undisturbed, fault):
    assert_same_model(disturbed[fault], undisturbed)
    epochs = epochs_in(disturbed[fault].folder / TRAINING_LOG)
    # SLURM thaws what it ends: until the signal is heard, an epoch more may be done, none is lost.
    assert epochs[0] >= disturbed[fault].frozen.epoch
    assert epochs == list(range(epochs[0], EPOCHS + 1))


def test_time_limit_raises_the_request(disturbed):
    jobs = disturbed["time limit"].jobs()
    assert [(job.state, job.minutes) for job in jobs] == [("TIMEOUT", 1), ("COMPLETED", 40)]


def test_requeued_job_keeps_its_number(disturbed):
    jobs = disturbed["requeue"].jobs()
    assert [(job.state, job.restarts) for job in jobs] == [("COMPLETED", 1)]


def test_memory_limit_raises_the_request(disturbed, undisturbed):
    assert_same_model(disturbed["memory limit"], undisturbed)
    first, second = disturbed["memory limit"].jobs()
    assert first.state in ("FAILED", "OUT_OF_MEMORY")
    assert (second.state, second.megabytes) == ("COMPLETED", 1200)


def test_finished_members_of_a_failed_job_are_not_computed_again(disturbed, undisturbed):
    """Snakemake deletes the outputs of all members of a group when one fails."""
    made = disturbed["member fails"]
    assert made.results() == undisturbed.results()
    assert "nothing to compute" in (made.folder / TRAINING_LOG).read_text()
    assert epochs_in(made.folder / TRAINING_LOG) == []


def test_last_failure_names_model_reason_and_log(disturbed):
    made = disturbed["too little memory"]
    said = made.output.read_text()
    (log,) = (made.folder / "logs/slurm").rglob("*.log")
    assert TRAINING_LOG in said
    assert str(log) in said
    assert f"{WEIGHTS} (train_model): out of memory" in said


def test_what_slurm_refuses_later_is_reported_with_its_sentence(disturbed):
    said = disturbed["too much memory later"].output.read_text()
    assert f"{WEIGHTS} (train_model): SLURM refuses the request: Memory specification can" in said


@pytest.fixture(scope="module")
def severed(sweep, cluster, disturbed) -> dict[str, ClusterSweep]:  # noqa: ARG001 - one by one
    """Return finished sweeps whose jobs lived on when SLURM or Snakemake had given them up."""
    sweeps = {fault: sweep(re.sub(r"\W+", "_", fault), "one_model.yaml") for fault in LOST_JOBS}
    for fault, made in sweeps.items():
        target = WEIGHTS if fault != "snakemake killed, jobs finish" else SHARD
        made.start(*asking(nodes=LOST_JOBS[fault]), targets=[target])
    freeze_trainings(sweeps.values())
    nodes = {fault: made.jobs()[-1].nodes for fault, made in sweeps.items()}
    try:
        os.kill(cluster.slurmd(nodes["slurmd killed"]), signal.SIGKILL)
        down = ("state=down", "reason=test")
        cluster.run("scontrol", "update", f"nodename={nodes['node down']}", *down)
        left_alone = sweeps["snakemake killed, jobs finish"]
        left_alone.process.kill()
        left_alone.frozen.thaw()
        restart(sweeps["snakemake killed"], WEIGHTS)
        for fault in ("slurmd killed", "snakemake killed"):
            log = sweeps[fault].folder / TRAINING_LOG
            wait_until(lambda log=log: "waiting:" in read(log), f"{fault}: the second job waits")
            sweeps[fault].frozen.thaw()
        wait_until(
            lambda: left_alone.jobs()[-1].state == "COMPLETED", "the job ends without Snakemake"
        )
        restart(left_alone, SHARD)
        for made in sweeps.values():
            made.finish()
    finally:
        cluster.up()
    return sweeps


def restart(made: ClusterSweep, target: str) -> None:
    """Kill Snakemake, and start it again as the documentation says."""
    made.process.kill()
    made.process.wait()
    made.start("--unlock")
    made.finish()
    made.start(targets=[target])


def read(log: Path) -> str:
    return log.read_text() if log.exists() else ""


@pytest.mark.parametrize("fault", LOST_JOBS)
def test_results_are_those_of_an_undisturbed_run(severed, undisturbed, fault):
    assert severed[fault].results().items() <= undisturbed.results().items()
    assert_same_model(severed[fault], undisturbed)


@pytest.mark.parametrize("fault", ["slurmd killed", "snakemake killed"])
def test_second_job_uses_what_a_living_first_has_made(severed, fault):
    log = read(severed[fault].folder / TRAINING_LOG)
    assert "nothing to compute" in log
    assert "epoch" not in log


def test_what_was_finished_without_snakemake_is_not_made_again(severed):
    made = severed["snakemake killed, jobs finish"]
    assert "Nothing to be done" in made.output.read_text()
    assert epochs_in(made.folder / TRAINING_LOG) == list(range(1, EPOCHS + 1))
    assert len([job for job in made.jobs() if not job.rule.startswith("rule_points")]) == 1


def test_training_goes_on_after_its_node_went_down(severed):
    made = severed["node down"]
    epochs = epochs_in(made.folder / TRAINING_LOG)
    assert epochs[0] >= made.frozen.epoch


def test_changed_parameter_is_noticed_though_snakemake_was_killed(severed, tmp_path):
    """Snakemake records nothing of jobs that end while it is dead, and trusts their outputs."""
    made = severed["snakemake killed, jobs finish"]
    changed = yaml.safe_load(made.configfile.read_text())
    changed["training"]["epochs"] += 1
    made.configfile = tmp_path / "changed.yaml"
    made.configfile.write_text(yaml.safe_dump(changed))
    made.start("--dry-run", targets=[SHARD])
    assert "Params have changed" in made.finish()


def assert_same_model(made: Sweep, undisturbed: Sweep) -> None:
    assert (made.folder / WEIGHTS).read_bytes() == (undisturbed.folder / WEIGHTS).read_bytes()
    history = [
        [line.split(",")[:3] for line in path.read_text().splitlines()]
        for sweep in (made, undisturbed)
        for path in [(sweep.folder / WEIGHTS).with_name("training.csv")]
    ]
    assert history[0] == history[1]
