"""What is wrong with a result, and the command that mends it."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jacspec.errors import DamagedFileError, JacspecError


class StaleFileError(JacspecError):
    """A file is whole, but was made from something else than what there is now."""


@dataclass(frozen=True)
class Finding:
    """One file that is damaged, missing or stale: `condition` is one of these words."""

    path: Path
    condition: str
    reason: str

    def __str__(self) -> str:
        """Say it in one line, with the command that makes the file again."""
        force = "" if self.condition == "missing" else " --force"
        command = f"snakemake --cores 1{force} {shlex.quote(str(self.path))}"
        return f"{self.condition}: {self.path}: {self.reason}. Make it again with: {command}"


def examine(path: Path, check: Callable[[Path], None]) -> Finding | None:
    """Return what `check` finds wrong with a file, or None.

    `check` raises `StaleFileError`, or whatever the reader of the file raises.
    """
    if not path.exists():
        return Finding(path, "missing", "there is no such file")
    try:
        check(path)
    except StaleFileError as error:
        return Finding(path, "stale", str(error))
    # A reader names the file and the command itself, as the line does already.
    except DamagedFileError as error:
        return Finding(path, "damaged", _first_reason(error))
    except OSError as error:
        return Finding(path, "damaged", f"it cannot be read ({error.strerror or error})")
    return None


def _first_reason(error: DamagedFileError) -> str:
    """Return the cause, which does not repeat the file's name, where there is one."""
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    return str(cause).partition("\n")[0].rstrip(".") or type(cause).__name__
