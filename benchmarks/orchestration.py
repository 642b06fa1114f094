"""What the workflow costs beside computing: job starts, planning, and how planning grows.

    python benchmarks/orchestration.py            about three minutes
    python benchmarks/orchestration.py --jobs 2000     planning of the smaller sweep only

Prints a Markdown table. Ratios are of medians of runs that alternate in one call.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
SCRIPTS = PROJECT / "workflow" / "scripts"
MODULES_OF_A_JOB = {
    "train_model": "jacspec.models.training, jacspec.device",
    "compute_spectra": "jacspec.spectra.shards, jacspec.device",
    "model_statistics": "jacspec.statistics.model_statistics",
}
SPECTRA_OF_A_MODEL = 11


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
    report_job_starts(arguments.rounds)
    report_planning(arguments.jobs)


def report_job_starts(rounds: int) -> None:
    """Compare the start of each kind of job with the import of torch alone."""
    programs = {"import torch": "import torch", "import numpy": "import numpy"}
    for job, modules in MODULES_OF_A_JOB.items():
        programs[f"start of {job}"] = (
            f"import sys; sys.path.append({str(SCRIPTS)!r}); "
            f"from snakemake.logging import logger; import job, {modules}"
        )
    seconds = alternately(
        {
            name: lambda program=program: run_python(["-c", program])
            for name, program in programs.items()
        },
        rounds,
    )
    torch_seconds = seconds["import torch"]
    for name, median in seconds.items():
        print(f"| `{name}` | {median:.2f} | {median / torch_seconds:.2f} × `import torch` |")


def report_planning(job_counts: Sequence[int]) -> None:
    """Plan sweeps of several sizes, each in a folder without results."""
    smallest = None
    for jobs in job_counts:
        models = -(-jobs // SPECTRA_OF_A_MODEL)
        seeds = -(-models // 19)
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            megabytes = run_python(
                [
                    *("-m", "snakemake", "--snakefile", str(PROJECT / "Snakefile")),
                    *("--directory", folder, "--dry-run", "--quiet", "all"),
                    *("--config", f"seeds={list(range(seeds))}".replace(" ", "")),
                ]
            )
            seconds = time.perf_counter() - started
        planned = seeds * 19 * SPECTRA_OF_A_MODEL
        smallest = smallest or seconds / planned
        growth = seconds / planned / smallest
        print(
            f"| dry run, {planned:,} spectra jobs | {seconds:.1f} | "
            f"{megabytes:.0f} MB; {growth:.2f} × the time a job of the first |"
        )


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
    """Run Python and return the largest memory of any child so far, in megabytes."""
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, cwd=PROJECT)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


if __name__ == "__main__":
    main()
