"""What is installed where, from pyproject.toml and envs/lock.txt.

``conda`` as the argument prints envs/jacspec.yaml, which `make lock` writes; ``oldest`` prints
constraints for pip: the oldest versions allowed, which `make test-oldest` installs.
"""

import re
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1]
CONDA_HEAD = """\
# For `snakemake --sdm conda` and `conda env create`; made by `make lock`, do not edit.
channels:
  - conda-forge
  - nodefaults
dependencies:
  - python=3.11
  - pip
  - pip:
"""
# Matplotlib 3.9 and 3.10 call what pyparsing 3.3 warns of.
BESIDE_THE_OLDEST = "pyparsing<3.3\n"


def name_of(requirement: str) -> str:
    """Return the name of a package from a requirement such as ``"numpy>=2.0"``."""
    return re.match(r"[\w.-]+", requirement)[0]


def locked_versions() -> dict[str, str]:
    """Return the version of every package in envs/lock.txt, by name."""
    lines = (PROJECT / "envs" / "lock.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.partition(";")[0].strip().split("==") for line in lines)


def requirements_of(*extras: str) -> list[str]:
    """Return what pyproject.toml asks for, for the library and these extras, but for itself."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *(project["optional-dependencies"][e] for e in extras)]
    return [line for group in groups for line in group if name_of(line) != project["name"]]


def conda_environment() -> str:
    """Return the content of envs/jacspec.yaml: what the workflow asks for, as locked."""
    versions = locked_versions()
    names = sorted(map(name_of, requirements_of("compiled", "figures", "torch", "workflow")))
    return CONDA_HEAD + "".join(f"      - {name}=={versions[name]}\n" for name in names)


def oldest_constraints() -> str:
    """Return constraints for pip: the lower bounds of the library and its extras."""
    bounds = [line for line in requirements_of("compiled", "figures", "torch") if ">=" in line]
    return BESIDE_THE_OLDEST + "".join(line.replace(">=", "==") + "\n" for line in bounds)


if __name__ == "__main__":
    print({"conda": conda_environment, "oldest": oldest_constraints}[sys.argv[1]](), end="")
