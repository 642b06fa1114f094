"""A job that would run other code or other libraries than were planned is refused."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PLAN_AND_RUN = """
import os, pathlib, sys
from jacspec.errors import JacspecError
from jacspec.provenance import code_digest
from sweep.loaded_code import hand_over_plan, planned_digest, put_first
from sweep.loaded_code import refuse_other_code, refuse_other_imports
scripts = pathlib.Path(sys.argv[1])
script = scripts / "work.py"
script.write_text("from jacspec import errors\\nx = 1\\n")
put_first(scripts)
hand_over_plan(scripts)
own = scripts.parent / "own.py"
own.write_text("y = 1")
digest, own_digest = planned_digest([script], scripts), planned_digest([script, own], scripts)
assert digest == code_digest([script]) != own_digest
try:
    exec(sys.argv[2])
except JacspecError as error:
    print(error)
"""


@pytest.fixture
def scripts(tmp_path, project) -> Path:
    """Return a copy of the scripts, to be edited."""
    packages = project / "workflow" / "scripts"
    for package in ("jacspec", "sweep"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(packages / package, tmp_path / "scripts" / package, ignore=ignored)
    return tmp_path / "scripts"


def said(scripts: Path, program: str, *path: Path) -> str:
    """Return what a job prints that was planned in `scripts` and imports from `path`."""
    folders = os.pathsep.join(map(str, path or [scripts]))
    finished = subprocess.run(
        [sys.executable, "-c", PLAN_AND_RUN, scripts, program],
        env={**os.environ, "PYTHONPATH": folders},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_what_was_planned_is_not_refused(scripts):
    program = "refuse_other_code(scripts, digest); refuse_other_code(scripts, own_digest)"
    assert said(scripts, program) == ""


@pytest.mark.parametrize(
    ("file", "text", "refused"),
    [
        ("work.py", "from jacspec import errors\nx = 2\n", True),
        ("work.py", "from jacspec import errors\nx = 1  # a comment\n", False),
        ("jacspec/errors.py", "x = 1\n", True),
        ("jacspec/layout.py", "x = 1\n", False),
    ],
)
def test_code_that_was_edited_after_the_plan_is_refused(scripts, file, text, refused):
    program = f"(scripts / {file!r}).write_text({text!r}); refuse_other_code(scripts, digest)"
    words = "the code of this job is not what was planned"
    assert said(scripts, program).startswith(words) == refused


def test_a_module_of_ones_own_that_was_edited_is_refused(scripts):
    program = (
        "own.write_text('y = 2'); {0}(scripts, digest); print('one'); {0}(scripts, own_digest)"
    )
    words = "one\nthe code of this job is not what was planned"
    assert said(scripts, program.format("refuse_other_code")).startswith(words)


def test_code_that_nobody_planned_is_refused(scripts):
    program = "script.write_text('x = 2'); refuse_other_code(scripts, code_digest([script]))"
    assert said(scripts, program).startswith("the code of this job is not what was planned")


def test_without_a_plan_only_places_are_looked_at(scripts):
    program = "del os.environ['JACSPEC_PLAN']; refuse_other_code(scripts, 'another')"
    assert said(scripts, program) == ""


def test_a_package_of_another_place_is_refused(scripts, project):
    elsewhere = project / "workflow" / "scripts"
    output = said(scripts, "refuse_other_code(scripts, digest)", elsewhere)
    assert f"was imported from {elsewhere}" in output
    assert f"instead of {scripts}; unset PYTHONPATH" in output


@pytest.mark.parametrize("library", ["numpy", "h5py"])
def test_another_library_is_refused(scripts, tmp_path, library):
    other = tmp_path / "other"
    other.mkdir()
    (other / f"{library}.py").write_text("__version__ = '1.0'\n")
    program = f"import {library}; refuse_other_imports(scripts)"
    output = said(scripts, program, scripts, other)
    assert output.startswith(
        f"{library} 1.0 was imported from {other / library}.py, where {library}"
    )
    assert output.endswith("was planned; unset PYTHONPATH\n")
    assert "Traceback" not in output


def test_the_scripts_come_first_on_the_path_and_only_once(scripts, tmp_path):
    program = "put_first(scripts); put_first(scripts); print(os.environ['PYTHONPATH'])"
    other = tmp_path / "other"
    assert said(scripts, program, other, scripts).strip() == f"{scripts}{os.pathsep}{other}"
