"""Finished chunks of a shard, kept beside it until the shard is whole.

A job that is killed loses the chunk that it was computing; the next one takes the others from
here. Each chunk is a file of its own, with checksums, and carries the fingerprint of everything
that decides over its content.
"""

import json
import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jacspec.atomic import replacing
from jacspec.spectra.quantities import TYPES, JacobianSpectra

_FINGERPRINT = "fingerprint"
_log = logging.getLogger(__name__)


class StagedChunks:
    """The chunks that belong to `output`, in a hidden folder beside it.

    `fingerprint` names everything that the chunks are computed from, as JSON can hold it.
    """

    def __init__(self, output: Path, fingerprint: Mapping[str, Any]) -> None:
        self.folder = output.with_name(f".{output.name}.partial")
        self._fingerprint = dict(fingerprint)

    def save(self, start: int, stop: int, spectra: JacobianSpectra) -> None:
        """Keep the spectra of rows `start` to `stop - 1`."""
        text = json.dumps(self._fingerprint_of_rows(start, stop), sort_keys=True)
        with replacing(self._path(start, stop)) as temporary, temporary.open("wb") as file:
            np.savez(file, **{_FINGERPRINT: np.array(text)}, **spectra.columns())

    def load(self, start: int, stop: int) -> JacobianSpectra | None:
        """Return the spectra of rows `start` to `stop - 1`, or None if they must be computed.

        A chunk that is damaged, or was computed from something else, is reported and not taken.
        """
        path = self._path(start, stop)
        try:
            with np.load(path, allow_pickle=False) as archive:
                found = dict(json.loads(archive[_FINGERPRINT].item()))
                spectra = JacobianSpectra(**{name: archive[name] for name in TYPES})
        except FileNotFoundError:
            return None
        # The checksums of the archive reveal damage in many ways.
        except Exception as error:
            _log.warning("%s is computed again: it is damaged (%s)", path, error)
            return None
        expected = self._fingerprint_of_rows(start, stop)
        changed = [
            name
            for name in sorted(found.keys() | expected.keys())
            if found.get(name) != expected.get(name)
        ]
        if changed:
            _log.warning("%s is computed again: it has another %s", path, ", ".join(changed))
            return None
        return spectra

    def remove(self) -> None:
        """Remove all chunks; the shard is whole."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _fingerprint_of_rows(self, start: int, stop: int) -> dict[str, Any]:
        return {**self._fingerprint, "rows": [start, stop]}

    def _path(self, start: int, stop: int) -> Path:
        return self.folder / f"{start}-{stop}.npz"
