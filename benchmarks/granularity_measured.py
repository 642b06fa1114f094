"""Measure what SLURM jobs cost beside computing, for three ways to cut the sweep into jobs.

    .venv/bin/python benchmarks/granularity_measured.py       as root on Debian, minutes

Runs one model with eleven data sets on the test cluster, with accounting, once for each way, and
prints a Markdown table. CPU-seconds are disturbed less than seconds by other work on the machine.
"""

import csv
import os
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "tests/slurm"))

import yaml  # noqa: E402
from harness import Cluster, ClusterSweep  # noqa: E402

WAYS = {
    "a job for each rule": (),
    "training; then the rest": ("compute_spectra=model", "reduce_model=model"),
    "a job for each model": (
        "train_model=model",
        "compute_spectra=model",
        "reduce_model=model",
    ),
}
SETTINGS = {
    "latent_dims": [11],
    "seeds": [0],
    "samples": 250,
    "shard_size": 250,
    "chunk_size": 250,
    "training": {"epochs": 1, "batch_size": 500},
}
STATISTICS = "results/paper/reduced/d11_seed0/statistics.csv"


def main() -> None:
    """Print the table."""
    os.environ["CLUSTER_ACCOUNTING"] = "1"
    print("| way | SLURM jobs | CPU-s | seconds of node time | CPU-s in scripts |")
    print("| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory(prefix="jacspec-slurm-", dir="/tmp") as folder:
        cluster = Cluster(Path(folder), PROJECT)
        try:
            cluster.up()
            for number, (way, groups) in enumerate(WAYS.items()):
                print(f"| {way} | {measure(cluster, Path(folder) / f'way{number}', groups)} |")
        finally:
            cluster.down()


def measure(cluster: Cluster, folder: Path, groups: tuple[str, ...]) -> str:
    """Run one model on the cluster, up to its statistics, and return the rest of a row."""
    folder.mkdir()
    (folder / "settings.yaml").write_text(yaml.safe_dump(SETTINGS))
    profile = yaml.safe_load((PROJECT / "profiles/slurm/config.yaml").read_text())
    profile.pop("groups")
    (folder / "config.yaml").write_text(yaml.safe_dump(profile))
    sweep = ClusterSweep(cluster, folder, folder / "settings.yaml", PROJECT / "resources/mnist")
    # The points serve all models alike: they are made before.
    names = yaml.safe_load((PROJECT / "config.yaml").read_text())["datasets"]
    sweep.run_locally(*(f"results/points/{name}.0.h5" for name in names))
    sweep.profile = folder
    sweep.start(*(("--groups", *groups) if groups else ()), targets=[STATISTICS])
    sweep.finish(seconds=2000)
    return " | ".join(f"{number:.0f}" for number in (*_slurm_costs(sweep), *_script_costs(folder)))


def _slurm_costs(sweep: ClusterSweep) -> tuple[int, float, float]:
    """Return the number of jobs, their CPU-seconds and their seconds."""
    lines = sweep.cluster.run(
        *("sacct", "--noheader", "--parsable2", "--starttime", "now-1hour"),
        *("--format", "JobID,JobName,TotalCPU,ElapsedRaw"),
    ).splitlines()
    rows = [line.split("|") for line in lines]
    mine = {row[0] for row in rows if row[1].startswith(f"{sweep.prefix}_")}
    rows = [row for row in rows if row[0] in mine]
    return len(rows), sum(_seconds(row[2]) for row in rows), sum(float(row[3]) for row in rows)


def _seconds(clock: str) -> float:
    """Read ``[hours:]minutes:seconds``."""
    parts = [float(part) for part in clock.replace("-", ":").split(":")]
    return sum(part * 60**power for power, part in enumerate(reversed(parts)))


def _script_costs(folder: Path) -> tuple[float]:
    rules = ("train_model", "compute_spectra", "reduce_model")
    files = [file for rule in rules for file in folder.glob(f"results/benchmarks/{rule}/**/*.tsv")]
    return (sum(float(row["cpu_time"]) for file in files for row in _rows(file)),)


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open() as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


if __name__ == "__main__":
    main()
