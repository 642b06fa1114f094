"""Jobs run the code and the libraries that were planned, or refuse.

Another installation of the same package, PYTHONPATH, or an edit between plan and job would else
make results that are not what they say they are.
"""

import json
import os
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from types import ModuleType

from jacspec.errors import JacspecError
from jacspec.provenance import code_digest, library_versions

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


def hand_over_plan(scripts: Path, codes: Mapping[str, str]) -> None:
    """Tell all jobs what this process planned; `codes` are the digests of scripts by their names.

    It is an environment variable, because a parameter that holds versions of libraries would run
    the whole sweep again after an update.
    """
    plan = {
        "code": dict(codes),
        "sources": _sources_digest(scripts),
        "libraries": library_versions(*_LIBRARIES),
    }
    os.environ[_PLAN] = json.dumps(plan)


def planned_code(script: str) -> str | None:
    """Return the digest of a script that was planned; None in a process that nobody planned for."""
    return _plan().get("code", {}).get(script)


def refuse_other_code(script: Path, code: str | None) -> None:
    """Raise `OtherCodeError` if `script`, or what it has imported, is not what was planned.

    `code` is the planned digest of the script; without one, only the places are looked at.
    """
    refuse_other_imports(script.parent)
    if code is None or _plan().get("sources") == _sources_digest(script.parent):
        return
    if code_digest([script]) != code:
        raise OtherCodeError(
            f"the code of {script.name} is not what was planned, because a module was edited since "
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
    planned = _plan().get("libraries") or library_versions(*_LIBRARIES)
    for library in _LIBRARIES:
        expected = planned[f"{library}_version"]
        found = getattr(sys.modules.get(library), "__version__", expected).partition("+")[0]
        if found != expected:
            raise OtherCodeError(
                f"{library} {found} was imported from {sys.modules[library].__file__}, where "
                f"{library} {expected} was planned; unset PYTHONPATH"
            )


def _lies_in(module: ModuleType, folder: Path) -> bool:
    file = getattr(module, "__file__", None)
    return file is None or Path(file).resolve().is_relative_to(folder.resolve())


def _plan() -> dict:
    return json.loads(os.environ.get(_PLAN, "{}"))


def _sources_digest(scripts: Path) -> str:
    """Return a digest of all Python files below a folder: what is quickly compared in each job."""
    digest = sha256()
    for path in sorted(scripts.rglob("*.py")):
        digest.update(f"{path.relative_to(scripts)}\n".encode() + path.read_bytes())
    return digest.hexdigest()
