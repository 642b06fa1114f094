"""Change constants and comparisons of the library one at a time, and list what no test notices.

python tests/mutants.py [--minutes 60] [package or module …], by default all of `TESTS`. Each change
is made to a copy of the project, whose unit tests of that package then run until the first fails.
"""

import argparse
import ast
import importlib
import os
import re
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

PROJECT = Path(__file__).resolve().parents[1]
LIBRARY = "workflow/scripts/jacspec"
# Those that notice most, and those that are fast, come first.
TESTS = {
    "claims": "claims_thresholds claims_networks claims_trends bootstrap evidence "
    "claims variants_table claims_singular claims_wording",
    "variants": "variants_table",
    "statistics": "accumulators summary model_statistics collapsed_models",
    "theorems": "theorems",
    "verification": "verification_bounds verification",
}
# What is imported once, and not by each of the processes anew.
PRELOADED = (
    "h5py",
    "matplotlib.figure",
    "numpy",
    "pandas",
    "scipy.optimize",
    "scipy.stats",
    # What torch.func imports when it is first called.
    "torch._dynamo",
)
SECONDS = 600
BOUNDARY = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}


class Mutant(NamedTuple):
    """A piece of text in a module, by its offsets, and what takes its place."""

    module: str
    line: int
    start: int
    stop: int
    text: str


def mutants(module: str, source: str) -> Iterator[Mutant]:
    """Give every mutant of a module: numbers of its constants, and all its comparisons."""
    starts = [0]
    for line in source.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    tree = ast.parse(source)
    constants = [node.value for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]
    for node in (inner for value in constants if value for inner in ast.walk(value)):
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            at = starts[node.lineno - 1]
            for other in moved(node.value):
                place = (at + node.col_offset, at + node.end_col_offset)
                yield Mutant(module, node.lineno, *place, repr(other))
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            for left, right in pairwise(sides):
                begin = starts[left.end_lineno - 1] + left.end_col_offset
                end = starts[right.lineno - 1] + right.col_offset
                found = re.search(rb"[<>=!]=?", source.encode()[begin:end])
                if found:
                    operator = BOUNDARY[found[0].decode()]
                    place = (begin + found.start(), begin + found.end())
                    yield Mutant(module, left.end_lineno, *place, operator)


def moved(number: float) -> tuple[float, float]:
    """Return a number a little below and a little above."""
    if isinstance(number, int):
        return number - 1, number + 1
    return (number * 0.9, number * 1.1) if number else (-0.1, 0.1)


def survives(mutant: Mutant, copy: Path, tests: list[str]) -> bool:
    """Return whether all tests pass with the mutant in place, in a process of their own."""
    path = copy / LIBRARY / mutant.module
    original = path.read_bytes()
    path.write_bytes(original[: mutant.start] + mutant.text.encode() + original[mutant.stop :])
    child = os.fork()
    if child == 0:
        # A change that makes a loop endless is noticed; a busy machine is no such change.
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        os.chdir(copy)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        os._exit(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests]))
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    path.write_bytes(original)
    return status == 0


def main() -> int:
    """Print every mutant that survives; 1 if there is one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("chosen", nargs="*", default=list(TESTS))
    arguments = parser.parse_args()
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    for name in PRELOADED:
        importlib.import_module(name)
    deadline = time.monotonic() + 60 * arguments.minutes
    tried, survivors = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in ("workflow", "tests"):
            shutil.copytree(
                PROJECT / name, copy / name, ignore=shutil.ignore_patterns(".*", "__py*")
            )
        for name in ("pyproject.toml", "config.yaml"):
            shutil.copy(PROJECT / name, copy / name)
        for chosen in arguments.chosen:
            tests = [f"tests/unit/test_{name}.py" for name in TESTS[chosen.split("/")[0]].split()]
            where = copy / LIBRARY / chosen
            for path in [where] if where.is_file() else sorted(where.glob("*.py")):
                module = str(path.relative_to(copy / LIBRARY))
                source = path.read_text(encoding="utf-8")
                for mutant in mutants(module, source):
                    if time.monotonic() > deadline:
                        print(f"out of time in {module}, line {mutant.line}")
                        return 1
                    tried += 1
                    if survives(mutant, copy, tests):
                        survivors += 1
                        was = source.encode()[mutant.start : mutant.stop].decode()
                        print(f"{module}:{mutant.line}: {was} -> {mutant.text}", flush=True)
    print(f"{survivors} of {tried} changes were noticed by no test")
    return int(survivors > 0)


if __name__ == "__main__":
    sys.exit(main())
