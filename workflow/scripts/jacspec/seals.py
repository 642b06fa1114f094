"""HDF5 files that are sealed with the SHA-256 of their bytes, so that damage is seen first.

HDF5 has checksums of its own for chunks and metadata, but none for the heap that holds the texts of
attributes, and a flipped bit there can keep it in a loop for ever. So the user block, which HDF5
leaves to the application, begins with the SHA-256 of all bytes behind it, in hexadecimal digits.
It is compared before HDF5 sees the file.
"""

import hashlib
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import h5py
import numpy as np

from jacspec.errors import DamagedFileError
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


def open_sealed_hdf5(path: Path, *, check_seal: bool = True) -> h5py.File:
    """Open a sealed file to read it; raises ValueError if its bytes are not those sealed.

    Without `check_seal` that is not asked, which spares reading the whole file once more.
    """
    if check_seal:
        _check_seal(path)
    # Files are never changed in place: locks protect nothing, and some file systems refuse them.
    return h5py.File(path, "r", locking=False)


@contextmanager
def damage_reported(path: Path, content: str, remedy: str) -> Iterator[None]:
    """Turn whatever goes wrong with a file into a DamagedFileError that says what to do.

    A file that is absent or unreadable raises the usual OSError, too little memory MemoryError.
    """
    try:
        yield
    except (FileNotFoundError, PermissionError, IsADirectoryError, MemoryError):
        raise
    # h5py turns the same damage into different exceptions, depending on where it lies.
    except Exception as error:
        raise DamagedFileError(f"{path} is not a whole {content} ({error}): {remedy}") from error


def check_column(file: h5py.File, name: str, shape: tuple[int, ...], type_: str) -> None:
    """Raise ValueError if a chunked column has another shape or type, or lacks some points."""
    column = file[name]
    if column.shape != shape or column.dtype != np.dtype(type_):
        raise ValueError(f"{name} has shape {column.shape} and type {column.dtype}")
    # A chunk that was never written would silently read as zeros.
    if column.id.get_num_chunks() != math.ceil(shape[0] / column.chunks[0]):
        raise ValueError(f"{name} lacks some of its points")


def _check_seal(path: Path) -> None:
    with path.open("rb") as file:
        recorded = file.read(2 * hashlib.sha256().digest_size)
        if recorded != _digest_behind_user_block(file):
            raise ValueError("its bytes are not those that were written")


def _digest_behind_user_block(file: BinaryIO) -> bytes:
    file.seek(_USER_BLOCK_BYTES)
    return hashlib.file_digest(file, "sha256").hexdigest().encode()
