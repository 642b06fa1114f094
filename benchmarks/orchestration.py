"""What the workflow costs beside computing: job starts, planning, and how planning grows.

Usage: python benchmarks/orchestration.py               some four minutes
       python benchmarks/orchestration.py --jobs 418    planning of the paper's sweep only

Prints Markdown tables. Ratios are of medians of runs that alternate in one call. The share of the
paper's sweep that is not computing is estimated from its parts, measured here: the start of every
job, what Snakemake spends on a job that does nothing, and the planning, against the steps of all
trainings and the spectra of all points. Statistics and figures count as nothing, and every job
starts as slowly as the slowest, though most compute spectra and do not import torch: both only make
the share larger.
"""

import argparse
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
import yaml
from targets import Target, print_targets

PROJECT = Path(__file__).resolve().parent.parent
SCRIPTS = PROJECT / "workflow" / "scripts"
sys.path.insert(0, str(SCRIPTS))

from jacspec.models.architecture import Architecture  # noqa: E402
from jacspec.models.autoencoder import initialized_autoencoder  # noqa: E402
from jacspec.models.network import network_of  # noqa: E402
from jacspec.models.recipe import TrainingRecipe  # noqa: E402
from jacspec.models.training import train  # noqa: E402
from jacspec.spectra.dense import DenseSource  # noqa: E402
from jacspec.spectra.engine import SpectraEngine  # noqa: E402

PIXELS = 784
# Of the paper's sweep, in one dry run each.
VARIANTS = (2, 6, 12)
JOBS = ("train_model", "compute_spectra", "reduce_model")
SPECTRA_OF_A_MODEL = 11
TRAINING_IMAGES = 60_000
# What the estimate is measured on: steps of training, points of a spectrum, jobs of nothing.
STEPS = 1000
POINTS = 2000
IDLE_JOBS = 40


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="runs of each job start")
    parser.add_argument(
        "--jobs", type=int, nargs="+", default=[418, 2000, 20000], help="spectra jobs to plan"
    )
    arguments = parser.parse_args()
    print("| what | seconds | compared |")
    print("| --- | --- | --- |")
    starts = report_job_starts(arguments.rounds)
    planning = report_planning(arguments.jobs)
    variants = report_planning_of_variants()
    share = report_overhead(max(starts[job] for job in JOBS), planning)
    print_targets(
        [
            *(
                Target(
                    f"start of {job} / import torch", starts[job] / starts["import torch"], "≤", 1.3
                )
                for job in JOBS
            ),
            Target("dry run of the paper's sweep, s", planning, "≤", 5, ".1f"),
            Target(f"dry run of {max(VARIANTS)} variants of it, s", variants, "≤", 30, ".1f"),
            Target("share of the paper's sweep that is not computing", share, "≤", 0.2, ".1%"),
        ]
    )


def report_job_starts(rounds: int) -> dict[str, float]:
    """Compare the start of each kind of job with the import of torch alone; return seconds."""
    programs = {"import torch": "import torch", "import numpy": "import numpy"}
    for job in JOBS:
        programs[job] = (
            f"import sys; sys.path.append({str(SCRIPTS)!r}); "
            f"from snakemake.logging import logger; import {job}"
        )
    seconds = alternately(
        {
            name: lambda program=program: run_python(["-c", program])
            for name, program in programs.items()
        },
        rounds,
    )
    for name, median in seconds.items():
        what = f"start of `{name}`" if name in JOBS else f"`{name}`"
        print(
            f"| {what} | {median:.2f} | {median / seconds['import torch']:.2f} × `import torch` |"
        )
    return seconds


def dry_run(folder: str, *arguments: str) -> tuple[float, float]:
    """Plan a sweep in a folder without results; return seconds and megabytes of peak memory."""
    started = time.perf_counter()
    megabytes = run_python(
        [
            *("-m", "snakemake", "--snakefile", str(PROJECT / "Snakefile")),
            *("--directory", folder, "--dry-run", "--quiet", "all", *arguments),
        ]
    )
    return time.perf_counter() - started, megabytes


def report_planning(job_counts: Sequence[int]) -> float:
    """Plan sweeps of several sizes, the first one twice; return the time of its first plan."""
    times = []
    for jobs in job_counts:
        models = -(-jobs // SPECTRA_OF_A_MODEL)
        seeds = -(-models // 19)
        planned = seeds * 19 * SPECTRA_OF_A_MODEL
        sweep = ("--config", f"seeds={list(range(seeds))}".replace(" ", ""))
        with tempfile.TemporaryDirectory() as folder:
            seconds, megabytes = dry_run(folder, *sweep)
            times.append((seconds, planned))
            growth = (seconds / planned) / (times[0][0] / times[0][1])
            print(
                f"| dry run, {planned:,} spectra jobs | {seconds:.1f} | "
                f"{megabytes:.0f} MB; {growth:.2f} × the time a job of the first |"
            )
            if len(times) == 1:
                again, _ = dry_run(folder, *sweep)
                print(f"| the same again in the same folder | {again:.1f} | digests are kept |")
    return times[0][0]


def report_planning_of_variants() -> float:
    """Plan the paper's sweep in several variants; return the seconds that most of them take."""
    for count in VARIANTS:
        overlay = {f"batch_{size}": {"training": {"batch_size": size}} for size in range(1, count)}
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "variants.yaml")
            path.write_text(yaml.safe_dump({"variants": overlay}), encoding="utf-8")
            seconds, megabytes = dry_run(folder, "--configfile", str(path))
        jobs = count * 38 * SPECTRA_OF_A_MODEL
        print(
            f"| dry run, {count} variants, {jobs:,} spectra jobs | {seconds:.1f} | "
            f"{megabytes:.0f} MB |"
        )
    return seconds


def report_overhead(job_start: float, planning: float) -> float:
    """Print what the paper's sweep consists of, and return the share that is not computing."""
    config = yaml.safe_load((PROJECT / "config.yaml").read_text(encoding="utf-8"))
    models = len(config["latent_dims"]) * len(config["seeds"])
    recipe = config["training"]
    steps = models * recipe["epochs"] * (TRAINING_IMAGES // recipe["batch_size"])
    points = models * len(config["datasets"]) * config["samples"]
    jobs = planned_jobs()
    torch.set_num_threads(1)
    parts = {
        f"training: {steps:,} steps": steps * seconds_of_a_step(recipe),
        f"spectra: {points:,} points": points * seconds_of_a_point(config),
        f"starts of {jobs} jobs": jobs * job_start,
        f"Snakemake: planning, and {jobs} jobs": planning + jobs * seconds_of_an_idle_job(),
    }
    *computing, starts, scheduling = parts.values()
    print("\n| part of the paper's sweep (estimated) | core minutes | share |")
    print("| --- | ---: | ---: |")
    for name, seconds in parts.items():
        print(f"| {name} | {seconds / 60:.1f} | {seconds / sum(parts.values()):.1%} |")
    return (starts + scheduling) / (sum(computing) + starts + scheduling)


def planned_jobs() -> int:
    """Return the number of jobs of the paper's sweep."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            *(sys.executable, "-m", "snakemake", "--snakefile", str(PROJECT / "Snakefile")),
            *("--directory", folder, "--dry-run", "--quiet", "rules"),
        ]
        finished = subprocess.run(command, check=True, capture_output=True, text=True, cwd=PROJECT)
    return int(re.search(r"^total +(\d+)$", finished.stdout, re.MULTILINE)[1])


def seconds_of_a_step(recipe: dict) -> float:
    """Return the CPU time of a step of training on random pixels, by the paper's sweep's recipe."""
    keys = ("optimizer", "learning_rate", "momentum", "batch_size")
    one_epoch = TrainingRecipe(epochs=1, **{key: recipe[key] for key in keys})
    shape = (STEPS * recipe["batch_size"], PIXELS)
    points = np.random.default_rng(0).random(shape, dtype=np.float32)
    started = time.process_time()
    train(one_epoch, Architecture(11), points, points[:1], seed=0)
    return (time.process_time() - started) / STEPS


def seconds_of_a_point(config: dict) -> float:
    """Return the CPU time of the spectra of a point, the mean of some latent dimensions."""
    eigensolver = config["spectra"]["eigensolver"]
    points = np.random.default_rng(0).random((POINTS, PIXELS), dtype=np.float32)
    times = []
    for latent_dim in config["latent_dims"][::6]:
        source = DenseSource(network_of(initialized_autoencoder(latent_dim), np.float64))
        with SpectraEngine(source, eigensolver=eigensolver) as engine:
            engine.submit(points).result()
            started = time.process_time()
            engine.submit(points).result()
            times.append((time.process_time() - started) / POINTS)
    return statistics.mean(times)


def seconds_of_an_idle_job() -> float:
    """Return the CPU time that Snakemake and Python spend on a job that does nothing."""
    snakefile = (
        'rule all:\n    input: [f"{n}.done" for n in range(int(config["jobs"]))]\n'
        'rule idle:\n    output: touch("{n}.done")\n    script: "idle.py"\n'
    )
    times = []
    for jobs in (1, 1 + IDLE_JOBS):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "Snakefile").write_text(snakefile, encoding="utf-8")
            (Path(folder) / "idle.py").touch()
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            command = ["-m", "snakemake", "-j1", "--directory", folder]
            run_python([*command, "-s", f"{folder}/Snakefile", "--config", f"jobs={jobs}"])
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return (times[1] - times[0]) / IDLE_JOBS


def alternately(programs: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Run all programs in turn, `rounds` times after a warm-up, and return median seconds."""
    times: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(rounds + 1):
        for name, program in programs.items():
            started = time.perf_counter()
            program()
            times[name].append(time.perf_counter() - started)
    return {name: statistics.median(values[1:]) for name, values in times.items()}


def run_python(arguments: Sequence[str]) -> float:
    """Run Python and return the peak memory of the largest of its processes, in megabytes."""
    command = [sys.executable, *arguments]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=PROJECT, **quiet)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return usage.ru_maxrss / 1024


if __name__ == "__main__":
    main()
