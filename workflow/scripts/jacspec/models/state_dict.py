"""Tensors of a file in torch's zip format as NumPy arrays, without torch.

To import torch takes several times as long as to read the file, and longer than many jobs compute.

The format is that of `torch.save` since torch 1.6: a zip archive whose member ``data.pkl`` is a
pickle of the content, in which each tensor is a call of ``torch._utils._rebuild_tensor_v2`` with a
reference to one of the members ``data/0``, ``data/1``, …, the raw numbers.
"""

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from jacspec.errors import DamagedFileError

STORAGE_TYPES = {
    "FloatStorage": "f4",
    "DoubleStorage": "f8",
    "HalfStorage": "f2",
    "LongStorage": "i8",
    "IntStorage": "i4",
    "ShortStorage": "i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}
BYTE_ORDERS = {b"little": "<", b"big": ">"}


def read_state_dict(path: Path | str) -> Any:
    """Return what `torch.save` wrote, dictionaries of tensors, with arrays in their place.

    The CRC-32 of every member that is read is checked. Code in the file is not run: only tensors
    and plain values are accepted.

    Raises
    ------
    DamagedFileError
        If the file is not such an archive, is cut off, has a flipped bit, or holds code.
    FileNotFoundError
        If there is no file.
    """
    content = Path(path).read_bytes()
    with archive_damage_reported(path), zipfile.ZipFile(io.BytesIO(content)) as archive:
        return _Unpickler(archive).load()


@contextmanager
def archive_damage_reported(path: Path | str) -> Iterator[None]:
    """Turn whatever goes wrong with an archive's bytes into a DamagedFileError with its path."""
    try:
        yield
    except MemoryError:
        raise
    # A damaged header or pickle can make a reader fail in any way.
    except Exception as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise DamagedFileError(f"{path} is damaged: {reason}") from error


class _Unpickler(pickle.Unpickler):
    """Accepts calls of nothing but what makes a dictionary or a tensor."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        (pickled,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
        self._archive = archive
        self._folder = pickled.removesuffix("data.pkl")
        self._byte_order = BYTE_ORDERS[archive.read(f"{self._folder}byteorder")]
        super().__init__(io.BytesIO(archive.read(pickled)))

    def find_class(self, module: str, name: str) -> Callable | str:
        """Return what the file may call, or the name of a type of numbers."""
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _array
        if module == "torch" and name in STORAGE_TYPES:
            return STORAGE_TYPES[name]
        raise pickle.UnpicklingError(f"it calls {module}.{name}, which is no tensor")

    def persistent_load(self, reference: tuple) -> np.ndarray:
        """Return the numbers (count,) that the file refers to."""
        _, type_, key, _, count = reference
        content = self._archive.read(f"{self._folder}data/{key}")
        return np.frombuffer(content, f"{self._byte_order}{type_}", count)


def _array(
    storage: np.ndarray, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any
) -> np.ndarray:
    """Return a tensor's copy in native byte order; NumPy refuses shapes beyond the storage."""
    size = storage.itemsize
    view = np.ndarray(
        shape, storage.dtype, storage, offset * size, [stride * size for stride in strides]
    )
    return view.astype(storage.dtype.newbyteorder("="))
