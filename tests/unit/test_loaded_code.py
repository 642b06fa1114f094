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
from sweep.loaded_code import hand_over_plan, planned_code, put_first
from sweep.loaded_code import refuse_other_code, refuse_other_imports
scripts = pathlib.Path(sys.argv[1])
script = scripts / "work.py"
script.write_text("from jacspec import errors\\nx = 1\\n")
digest = code_digest([script])
put_first(scripts)
hand_over_plan(scripts, {"work.py": digest})
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
    program = "refuse_other_code(script, digest); print(planned_code('work.py') == digest)"
    assert said(scripts, program) == "True\n"


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
    program = f"(scripts / {file!r}).write_text({text!r}); refuse_other_code(script, digest)"
    words = "the code of work.py is not what was planned"
    assert said(scripts, program).startswith(words) == refused


def test_without_a_plan_the_code_itself_is_looked_at(scripts):
    program = (
        "del os.environ['JACSPEC_PLAN']; print(planned_code('work.py'));"
        "refuse_other_code(script, digest); refuse_other_code(script, 'another')"
    )
    assert said(scripts, program).startswith("None\nthe code of work.py is not what was planned")


def test_a_package_of_another_place_is_refused(scripts, project):
    elsewhere = project / "workflow" / "scripts"
    output = said(scripts, "refuse_other_code(script, digest)", elsewhere)
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
