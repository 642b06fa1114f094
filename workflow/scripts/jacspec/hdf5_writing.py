"""HDF5 files whose every write error is raised.

HDF5 writes chunks when objects are closed, where h5py ignores errors: on a full disk, a file that
lacks data would pass for whole, or the process crash later. Here HDF5 writes through an object that
keeps the first error, which is raised when the file is closed.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py


class _ErrorKeepingFile(io.FileIO):
    """A new file that keeps the first error of a write, and takes no more after it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "w+")
        self.error: OSError | None = None

    def write(self, content: Any) -> int:
        """Write all of `content`, or nothing more."""
        rest = memoryview(content)
        try:
            while rest and self.error is None:
                rest = rest[super().write(rest) :]
        except OSError as error:
            self.error = error
        return len(content)


@contextmanager
def created_hdf5(path: Path, **options: Any) -> Iterator[h5py.File]:
    """Yield a new HDF5 file; `options` are those of `h5py.File`.

    Raises OSError, at the end, if anything could not be written.
    """
    with _ErrorKeepingFile(path) as target:
        try:
            with h5py.File(target, "w", **options) as file:
                yield file
        finally:
            # Whatever HDF5 makes of a file that it cannot write, this is the cause.
            if target.error is not None:
                raise OSError(target.error.errno, target.error.strerror, str(path))
