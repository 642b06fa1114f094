"""HDF5 files that are sealed with the SHA-256 of their bytes, so that damage is seen first.

HDF5 has checksums of its own for chunks and metadata, but none for the heap that holds the texts of
attributes, and a flipped bit there can keep it in a loop for ever. So the user block, which HDF5
leaves to the application, begins with the SHA-256 of all bytes behind it, in hexadecimal digits.
It is compared before HDF5 sees the file.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import h5py

from jacspec.hdf5_writing import created_hdf5

# The smallest user block that HDF5 allows.
_USER_BLOCK_BYTES = 512
# Since version 1.10 the metadata of a file carry checksums, all but the texts of attributes.
_HDF5_VERSIONS = ("v110", "v110")


@contextmanager
def sealed_hdf5(path: Path) -> Iterator[h5py.File]:
    """Yield a new HDF5 file, and seal it at the end.

    Raises OSError, at the end, if anything could not be written.
    """
    with created_hdf5(path, libver=_HDF5_VERSIONS, userblock_size=_USER_BLOCK_BYTES) as file:
        yield file
    with path.open("r+b") as file:
        digest = _digest_behind_user_block(file)
        file.seek(0)
        file.write(digest)


def check_seal(path: Path) -> None:
    """Raise ValueError if a file's bytes are not those that were sealed."""
    with path.open("rb") as file:
        recorded = file.read(2 * hashlib.sha256().digest_size)
        if recorded != _digest_behind_user_block(file):
            raise ValueError("its bytes are not those that were written")


def _digest_behind_user_block(file: BinaryIO) -> bytes:
    file.seek(_USER_BLOCK_BYTES)
    return hashlib.file_digest(file, "sha256").hexdigest().encode()
