"""Jobs run the code and the libraries that were planned, or refuse.

Another installation of the same package, PYTHONPATH, or an edit between plan and job would else
make results that are not what they say they are.
"""

import json
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import ModuleType
from typing import Any

from jacspec.errors import JacspecError
from jacspec.provenance import code_digest, library_versions
from sweep.kept_digests import kept_code_digest, sources_digest

_PLAN = "JACSPEC_PLAN"
# Those that can change a number.
_LIBRARIES = ("torch", "numpy", "h5py", "scipy", "numba", "pandas")
_PACKAGES = ("job", "jacspec", "sweep")


class OtherCodeError(JacspecError):
    """A job would run other code than was planned."""


def put_first(scripts: Path) -> None:
    """Let the processes that this one starts look for modules in `scripts` before anywhere else."""
    others = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    folders = [str(scripts), *(folder for folder in others if folder not in ("", str(scripts)))]
    os.environ["PYTHONPATH"] = os.pathsep.join(folders)


def hand_over_plan(scripts: Path, same_environment: bool = True) -> None:
    """Tell all jobs what this process plans with: the code in `scripts`, and the libraries.

    Those count only if jobs run in the same environment. It is an environment variable, because a
    parameter that holds versions of libraries would run the whole sweep again after an update.
    """
    libraries = _installed_versions() if same_environment else {}
    _write_plan({"sources": sources_digest(scripts), "libraries": libraries, "codes": {}})


def planned_digest(files: Iterable[Path | str], scripts: Path) -> str:
    """Return the digest of `files` and what they import from `scripts`, and tell it to all jobs."""
    paths = list(map(str, files))
    plan = _plan()
    digest = kept_code_digest(paths, scripts, plan["sources"])
    plan["codes"][digest] = paths
    _write_plan(plan)
    return digest


def refuse_other_code(scripts: Path, code: str | None) -> None:
    """Raise `OtherCodeError` if the code of a job, or what it has imported, was not planned.

    `scripts` is the folder of its script, `code` the planned digest; without one, only the places
    are looked at.
    """
    refuse_other_imports(scripts)
    plan = _plan()
    if code is None or not plan:
        return
    files = [Path(file) for file in plan["codes"].get(code, ())]
    # What lies below the scripts is quickly compared, and is most often as it was.
    is_unchanged = plan["sources"] == sources_digest(scripts)
    if is_unchanged and all(file.is_relative_to(scripts) for file in files):
        return
    if not files or code_digest(files) != code:
        raise OtherCodeError(
            "the code of this job is not what was planned, because a module was edited since "
            "Snakemake started; run snakemake again"
        )


def refuse_other_imports(scripts: Path) -> None:
    """Raise `OtherCodeError` if a module that has been imported is not what was planned."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in _PACKAGES and not _lies_in(module, scripts):
            raise OtherCodeError(
                f"the module {name} was imported from {module.__file__} instead of {scripts}; "
                "unset PYTHONPATH, or uninstall jacspec from this environment"
            )
    planned = _plan().get("libraries") or _installed_versions()
    for library, expected in planned.items():
        found = getattr(sys.modules.get(library), "__version__", expected).partition("+")[0]
        if found != expected:
            raise OtherCodeError(
                f"{library} {found} was imported from {sys.modules[library].__file__}, where "
                f"{library} {expected} was planned; unset PYTHONPATH"
            )


def _installed_versions() -> dict[str, str]:
    versions = {}
    for library in _LIBRARIES:
        with suppress(PackageNotFoundError):
            versions[library] = library_versions(library)[f"{library}_version"]
    return versions


def _lies_in(module: ModuleType, folder: Path) -> bool:
    file = getattr(module, "__file__", None)
    return file is None or Path(file).resolve().is_relative_to(folder.resolve())


def _plan() -> dict[str, Any]:
    return json.loads(os.environ.get(_PLAN, "{}"))


def _write_plan(plan: dict[str, Any]) -> None:
    os.environ[_PLAN] = json.dumps(plan)
