"""Files that are either whole or absent."""

import errno
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

# What file systems say that cannot flush a folder, or anything at all: old CIFS, some of FUSE.
_CANNOT_FLUSH = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}

_log = logging.getLogger(__name__)


@contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path whose file takes the place of `path` when the block ends well.

    The temporary file lies in the folder of `path`, so that the rename is atomic, and carries host
    and process in its name, so that two writers never share one. Its content is on disk before the
    rename, where the file system can flush. If the block raises, the temporary file is removed and
    `path` is left as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{socket.gethostname()}.{os.getpid()}.tmp")
    try:
        yield temporary
        _flush_to_disk(temporary)
        temporary.replace(path)
        _flush_to_disk(path.parent)
    except BaseException:
        with suppress(FileNotFoundError):
            temporary.unlink()
        raise


def _flush_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_FLUSH:
            raise
        _warn_of_no_flush(error.strerror)
    finally:
        os.close(descriptor)


@cache
def _warn_of_no_flush(reason: str) -> None:
    """Say it once, not for every file."""
    _log.warning(
        "the file system cannot flush (%s): what was written last may be lost, or incomplete, "
        "after a power failure; check with `snakemake -j1 doctor` then",
        reason,
    )
