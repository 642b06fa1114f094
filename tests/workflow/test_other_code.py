"""Jobs run the code of their own checkout and the planned libraries, or refuse."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jacspec.data.storage import PointsFile

TARGET = "results/points/uniform.0.h5"


def run(checkout: Path, project: Path, folder: Path, *path: Path, succeeds: bool = True) -> str:
    """Make the target with the Snakefile of a checkout and return the words of Snakemake."""
    command = [
        *(sys.executable, "-m", "snakemake", TARGET, "--cores", "1"),
        *("--snakefile", checkout / "Snakefile", "--directory", folder),
        *("--configfile", project / "tests/workflow/tiny.yaml"),
    ]
    # An editable installation of another checkout comes later on the path, with the same effect.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))}
    finished = subprocess.run(
        command, cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )
    output = finished.stdout + finished.stderr
    assert (finished.returncode == 0) == succeeds, output[-4000:]
    return output


def test_a_second_checkout_runs_its_own_code(clone, project, tmp_path):
    module = clone / "workflow/scripts/jacspec/data/shards.py"
    source = module.read_text()
    assert "count=count" in source
    module.write_text(
        source + "\n_write = write_points\n\n\ndef write_points(*arguments, **named):\n"
        "    named['attributes'] = {**named['attributes'], 'mine': 1}\n"
        "    _write(*arguments, **named)\n"
    )
    run(clone, project, tmp_path / "sweep", project / "workflow/scripts")
    with PointsFile(tmp_path / "sweep" / TARGET) as points:
        assert points.attributes["mine"] == 1


def test_a_module_on_the_path_named_as_one_of_ours_is_not_run(project, tmp_path):
    (tmp_path / "job.py").write_text("raise SystemExit('another job')\n")
    (tmp_path / "jacspec.py").write_text("raise SystemExit('another jacspec')\n")
    run(project, project, tmp_path / "sweep", tmp_path)
    assert (tmp_path / "sweep" / TARGET).exists()


@pytest.mark.parametrize("library", ["numpy", "h5py"])
def test_another_library_on_the_path_is_refused(project, tmp_path, library):
    # The library itself, which says that it is another version.
    installed = Path(importlib.util.find_spec(library).origin).parent
    other = tmp_path / "other" / library
    other.mkdir(parents=True)
    for path in installed.iterdir():
        (other / path.name).symlink_to(path)
    for path in installed.parent.glob(f"{library}.libs"):
        (other.parent / path.name).symlink_to(path)
    version = (other / "version.py").read_text()
    (other / "version.py").unlink()
    (other / "version.py").write_text(f"{version}\nversion = __version__ = '9.9.9'\n")
    output = run(project, project, tmp_path / "sweep", tmp_path / "other", succeeds=False)
    assert f"points: {library} 9.9.9 was imported from" in output, output[-3000:]
    assert "was planned; unset PYTHONPATH" in output
    assert not (tmp_path / "sweep" / TARGET).exists()
