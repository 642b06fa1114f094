"""The state of an unfinished training, kept in a file until the training is done."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jacspec.errors import DamagedFileError
from jacspec.models.state_dict import read_archive, write_archive

_ABSENT = "(absent)"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingState:
    """All that changes in a training: `arrays` by name, and `progress`, which JSON can hold."""

    arrays: Mapping[str, np.ndarray]
    progress: Mapping[str, Any]


@dataclass(frozen=True)
class CheckpointFile:
    """Where the state is kept, how often, and what it belongs to.

    `seconds` is the time between two saves. `fingerprint` names everything that the state depends
    on, with values that JSON can hold; a state with another one is never taken up.
    """

    path: Path
    seconds: float
    fingerprint: Mapping[str, Any]

    def save(self, state: TrainingState) -> None:
        """Replace the file by one that holds `state`."""
        record = {"fingerprint": dict(self.fingerprint), "progress": dict(state.progress)}
        write_archive(self.path, state.arrays, record)

    def load(self) -> TrainingState | None:
        """Return the saved state, or None if there is none that can be gone on from.

        A warning is logged if there is a file, but a damaged one or one of another fingerprint;
        for the latter it names every entry that differs.
        """
        try:
            archive = read_archive(self.path)
        except FileNotFoundError:
            return None
        except DamagedFileError as error:
            _log.warning("%s. Training starts from the beginning", error)
            return None
        if archive.record is None or set(archive.record) != {"fingerprint", "progress"}:
            _log.warning("%s is not a checkpoint. Training starts from the beginning", self.path)
            return None
        differences = _differences(archive.record["fingerprint"], self.fingerprint)
        if differences:
            _log.warning(
                "%s belongs to another training. Training starts from the beginning. %s",
                self.path,
                "; ".join(differences),
            )
            return None
        return TrainingState(archive.content, archive.record["progress"])

    def remove(self) -> None:
        """Delete the file, if there is one."""
        self.path.unlink(missing_ok=True)


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return [
        f"{name} was {old.get(name, _ABSENT)!s}, is {new.get(name, _ABSENT)!s}"
        for name in sorted({*old, *new})
        if old.get(name, _ABSENT) != new.get(name, _ABSENT)
    ]
