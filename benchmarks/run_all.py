"""Run the benchmarks that need no cluster, one after the other, and write benchmarks/results.md.

Usage: python benchmarks/run_all.py      fifteen minutes; leave the machine alone meanwhile
"""

import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from jacspec.report.record import processor

FOLDER = Path(__file__).parent
PROGRAMS = {
    "Spectra": "spectra.py",
    "Spectra of any two maps": "general.py",
    "Eigenvalues": "eigenvalues.py",
    "Training": "training.py",
    "Recipes": "recipes.py",
    "Orchestration": "orchestration.py",
    "GPU": "gpu.py",
}
LIBRARIES = ("torch", "numpy", "numba", "h5py", "snakemake")


def main() -> None:
    """Print every line when it comes, and keep all of them when the last program has ended."""
    lines = []
    for line in report():
        print(line, end="", flush=True)
        lines.append(line)
    (FOLDER / "results.md").write_text("".join(lines), encoding="utf-8")


def report() -> Iterator[str]:
    """Yield the lines of the report; raises CalledProcessError if a program fails."""
    started = time.monotonic()
    versions = ", ".join(f"{library} {version(library)}" for library in LIBRARIES)
    yield "# What `make bench` printed last\n\n"
    yield f"{processor()}, {os.cpu_count()} cores; Python {platform.python_version()}, "
    yield f"{versions}.\n"
    yield f"Load average before: {os.getloadavg()[0]:.1f}. Ratios are taken within one run.\n"
    for title, program in PROGRAMS.items():
        yield f"\n## {title} (`benchmarks/{program}`)\n\n"
        command = [sys.executable, "-u", str(FOLDER / program)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            yield from process.stdout
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
    yield f"\nAll of it took {(time.monotonic() - started) / 60:.1f} minutes.\n"


if __name__ == "__main__":
    main()
