"""Run the quick sweep on a SLURM cluster of four virtual nodes on this machine.

    .venv/bin/python tests/slurm/demo.py [--configfile config/quick.yaml] [--folder slurm-demo]

Needs root on Debian. Starts the cluster, runs the sweep through profiles/slurm, prints how many
jobs ran where and what share of their time the rules' own work took, and stops the cluster.
"""

import argparse
import csv
import sys
import tempfile
from collections import Counter
from pathlib import Path

from harness import GPU_NODES, Cluster, ClusterSweep, SlurmJob

PROJECT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--configfile", type=Path, default=PROJECT / "config/quick.yaml")
    parser.add_argument("--folder", type=Path, default=PROJECT / "slurm-demo")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="jacspec-slurm-", dir="/tmp") as cluster_folder:
        cluster = Cluster(Path(cluster_folder), PROJECT)
        try:
            print(cluster.up(), flush=True)
            mnist = PROJECT / "resources/mnist"
            sweep = ClusterSweep(
                *(cluster, arguments.folder.resolve(), arguments.configfile.resolve()),
                mnist=mnist if mnist.is_dir() else None,
            )
            sweep.config["device"] = "auto"
            code = sweep.run_in_foreground()
            jobs = sweep.jobs()
        finally:
            cluster.down()
    if code:
        sys.exit(code)
    print(report(jobs, arguments.folder))


def report(jobs: list[SlurmJob], folder: Path) -> str:
    """Return where the jobs ran, and what share of their time the rules' scripts took."""
    if not jobs:
        return "\nNo job was needed: everything is there."
    node_seconds = sum((job.end - job.start).total_seconds() for job in jobs)
    asked_seconds = 60 * sum(job.minutes for job in jobs)
    script_seconds = sum(
        float(row["s"])
        for rule in ("train_model", "compute_spectra", "reduce_model", "points")
        for path in (folder / "results/benchmarks").glob(f"{rule}/**/*.tsv")
        for row in csv.DictReader(path.open(), delimiter="\t")
    )
    lines = ["", "node   GPUs   jobs   of them with a GPU   seconds"]
    for node, count in sorted(Counter(job.nodes for job in jobs).items()):
        here = [job for job in jobs if job.nodes == node]
        seconds = sum((job.end - job.start).total_seconds() for job in here)
        with_gpu = sum(job.gpus > 0 for job in here)
        lines.append(f"{node:6} {node in GPU_NODES:4} {count:6} {with_gpu:20} {seconds:9.0f}")
    lines += [
        "",
        f"{len(jobs)} jobs took {node_seconds:.0f} s of node time: {script_seconds:.0f} s in the "
        f"scripts of the rules, {1 - script_seconds / node_seconds:.0%} to start and end them.",
        f"They asked for {asked_seconds} s, {asked_seconds / node_seconds:.1f} times that.",
        "Four nodes share the cores of this machine: what is idle on a cluster waits here.",
        f"Figures: {folder / 'results/paper/figures'}",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
