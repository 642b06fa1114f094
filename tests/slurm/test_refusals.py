"""Requests that SLURM refuses end a sweep before anything is submitted, with what to change."""

import re

import pytest
from harness import HERE, Cluster, ClusterSweep, wait_until

# What a sweep asks for; what SLURM says; which line is to be changed.
REFUSED = {
    "time limit": (
        ("--set-resources", "train_model:runtime=100"),
        "Requested time limit is invalid (missing or exceeds some limit)",
        "train_model:runtime=100 of the command line",
    ),
    "account": (
        ("--default-resources", "slurm_partition=main", "slurm_account=nope"),
        "The given account nope appears to be invalid. Available accounts: ",
        "slurm_account=nope of the command line",
    ),
    "partition": (
        ("--default-resources", "slurm_partition=nope"),
        "Invalid partition name specified",
        "slurm_partition=nope of the command line",
    ),
    "QoS": (
        ("--default-resources", "slurm_partition=main", "qos=nope"),
        "Invalid qos specification",
        "qos=nope of the command line",
    ),
    "GPU type": (
        ("--set-resources", "train_model:gpu_model=a100"),
        "Requested node configuration is not available",
        "train_model:gpu_model=a100 of the command line",
    ),
    "memory": (
        ("--set-resources", "train_model:mem_mb=50000"),
        "Memory specification can not be satisfied",
        "train_model:mem_mb=50000 of the command line",
    ),
}


@pytest.fixture(scope="module")
def refused(strict_cluster, mnist, tmp_path_factory) -> dict[str, ClusterSweep]:
    """Return sweeps, all started at once, each of which asks for something that there is not."""
    sweeps = {}
    for kind, (arguments, _, _) in REFUSED.items():
        folder = tmp_path_factory.mktemp(re.sub(r"\W", "_", kind), numbered=False)
        made = sweeps[kind] = ClusterSweep(strict_cluster, folder, HERE / "one_model.yaml", mnist)
        made.config["device"] = "auto"
        made.start(*arguments)
    for made in sweeps.values():
        made.finish(succeeds=False)
    return sweeps


@pytest.mark.parametrize("kind", REFUSED)
def test_refused_request_ends_with_what_slurm_says_and_what_to_change(refused, kind):
    _, sentence, line = REFUSED[kind]
    said = refused[kind].output.read_text()
    (refusal,) = re.findall(r"^SLURM refuses group model: .*$", said, re.MULTILINE)
    assert sentence in refusal
    assert line in refusal
    assert not re.search(r"^Traceback", said, re.MULTILINE)


@pytest.mark.parametrize("kind", ["time limit", "memory"])
def test_line_of_the_profile_that_chose_the_partition_is_named(refused, kind):
    said = refused[kind].output.read_text()
    overlay = (HERE / "overlay/config.yaml").read_text().splitlines()
    number = overlay.index("  - slurm_partition=main") + 1
    assert re.search(
        rf"line {number} of \S*/?tests/slurm/overlay/config.yaml, '- slurm_partition=main'", said
    )


def test_nothing_was_submitted(refused: dict[str, ClusterSweep], strict_cluster: Cluster):
    assert strict_cluster.run("squeue", "--noheader") == ""
    # SLURM remembers some of those that it refused.
    assert {job.state for made in refused.values() for job in made.jobs()} <= {"FAILED"}
    assert not any((made.folder / "results").exists() for made in refused.values())


def test_request_for_nodes_that_are_down_is_not_refused(strict_cluster, tmp_path, mnist):
    """`sbatch --test-only` says of them what it says of nodes that do not exist."""
    nodes = ("nodename=n[1-4]", "reason=test")
    strict_cluster.run("scontrol", "update", "state=drain", *nodes)
    try:
        made = ClusterSweep(strict_cluster, tmp_path, HERE / "one_model.yaml", mnist)
        made.start()
        submitted = wait_until(
            lambda: [job for job in made.jobs() if job.rule.startswith("rule_")],
            "the first job is submitted",
        )
        assert {job.state for job in submitted} == {"PENDING"}
    finally:
        made.stop()
        strict_cluster.run("scancel", "--user=root")
        strict_cluster.run("scontrol", "update", "state=resume", "nodename=n[1-4]")
