"""What the sweep costs beside computing, by how it is cut into SLURM jobs.

    python benchmarks/granularity.py                 the paper's sweep, and 10,000 models
    python benchmarks/granularity.py --models 500 --nodes 16

A model of a cluster, fed with costs that benchmarks/granularity_measured.py measures: nodes that
take one job each, and a submitting host that submits one job after another, keeps at most so many
in the queue, and sees that a job has ended only when it asks.
"""

import argparse
import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

DATA_SETS = 11
QUEUED_JOBS = 200  # `jobs` in profiles/slurm
POLL_SECONDS = 30.0  # `slurm-init-seconds-before-status-checks`
SUBMISSION_SECONDS = 0.1  # of the submitting host: 0.2 for one sbatch, two at a time

# CPU-seconds of a node beside computing; on an idle core a bit more than seconds of the clock.
JOB_SECONDS = 4.4  # the two starts of Snakemake in a SLURM job, and their ends
MEMBER_SECONDS = 2.9  # one more start for each member, where a job has several
START_SECONDS = {"train": 2.0, "spectra": 0.3, "statistics": 0.7}  # Python and its imports

Job = tuple[str, ...]  # its members, one after another
WAYS: dict[str, tuple[tuple[Job, ...], ...]] = {  # the stages of a model, each of several jobs
    "a job for each rule": ((("train",),), (("spectra",),) * DATA_SETS, (("statistics",),)),
    "training; then the rest": ((("train",),), (("spectra",) * DATA_SETS + ("statistics",),)),
    "a job for each model": ((("train", *("spectra",) * DATA_SETS, "statistics"),),),
}


@dataclass(frozen=True)
class Node:
    """Seconds of computing on one node, for 300 epochs, and 70,000 points at latent_dim 11."""

    name: str
    seconds: dict[str, float]


NODES = (
    Node("one core", {"train": 360.0, "spectra": 18.0, "statistics": 40.0}),
    # With the import of torch in a job of spectra.
    Node("H200", {"train": 52.0, "spectra": 3.5, "statistics": 40.0}),
)


@dataclass(frozen=True)
class Outcome:
    """What a simulated sweep took: seconds of nodes, and of the clock."""

    jobs: int
    computing: float
    other: float
    elapsed: float


def main() -> None:
    """Print a Markdown table for each sweep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, nargs="+", default=[38, 10_000])
    parser.add_argument("--nodes", type=int, nargs="+", default=[4, 100])
    arguments = parser.parse_args()
    print("| sweep | nodes | way | SLURM jobs | not computing | hours | of them unavoidable |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for models, nodes in zip(arguments.models, arguments.nodes, strict=True):
        for node in NODES:
            for what, first_stage in (("all", 0), ("spectra only", 1)):
                for way, stages in WAYS.items():
                    outcome = simulate(node, _without_training(stages, first_stage), models, nodes)
                    print(_row(f"{models:,} models, {what}", node, nodes, way, outcome))


def simulate(node: Node, stages: Sequence[Sequence[Job]], models: int, nodes: int) -> Outcome:
    """Run `models` chains of `stages` on `nodes` nodes, first come, first served."""
    ready = deque((model, 0, job) for model in range(models) for job in stages[0])
    unfinished = {model: len(stages[0]) for model in range(models)}
    free_at = [0.0] * nodes
    running: list[tuple[float, int, int]] = []
    jobs, computing, other, clock, end = 0, 0.0, 0.0, 0.0, 0.0
    while ready or running:
        submitted = clock
        while ready and len(running) < QUEUED_JOBS and submitted < clock + POLL_SECONDS:
            model, stage, job = ready.popleft()
            submitted += SUBMISSION_SECONDS
            useful = sum(node.seconds[member] for member in job)
            beside = JOB_SECONDS + (MEMBER_SECONDS * len(job) if len(job) > 1 else 0)
            beside += sum(START_SECONDS[member] for member in job)
            start = max(submitted, heapq.heappop(free_at))
            heapq.heappush(free_at, start + useful + beside)
            heapq.heappush(running, (start + useful + beside, model, stage))
            jobs, computing, other = jobs + 1, computing + useful, other + beside
        clock += POLL_SECONDS
        while running and running[0][0] <= clock:
            end, model, stage = heapq.heappop(running)
            unfinished[model] -= 1
            if unfinished[model] == 0 and stage + 1 < len(stages):
                unfinished[model] = len(stages[stage + 1])
                # Snakemake prefers what other jobs wait for no less than what is first in line.
                ready.extendleft((model, stage + 1, job) for job in stages[stage + 1])
    return Outcome(jobs, computing, other, end)


def _without_training(stages: Sequence[Sequence[Job]], first: int) -> list[list[Job]]:
    if not first:
        return [list(stage) for stage in stages]
    kept = [[tuple(m for m in job if m != "train") for job in stage] for stage in stages]
    return [stage for stage in ([job for job in stage if job] for stage in kept) if stage]


def _row(sweep: str, node: Node, nodes: int, way: str, outcome: Outcome) -> str:
    share = outcome.other / (outcome.computing + outcome.other)
    return (
        f"| {sweep} | {nodes} × {node.name} | {way} | {outcome.jobs:,} | {share:.0%} "
        f"| {outcome.elapsed / 3600:.1f} | {outcome.computing / nodes / 3600:.1f} |"
    )


if __name__ == "__main__":
    main()
