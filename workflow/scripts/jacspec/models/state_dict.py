"""Tensors in torch's zip format, written and read as NumPy arrays, without torch.

To import torch takes several times as long as to read a file, and longer than many jobs compute.

The format is that of `torch.save` since torch 1.6: a zip archive whose member ``data.pkl`` is a
pickle of the content, in which each tensor is a call of ``torch._utils._rebuild_tensor_v2`` with a
reference to one of the members ``data/0``, ``data/1``, …, the raw numbers. What is not a tensor is
in one more member, ``record.json``, which torch passes over.
"""

import io
import json
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jacspec.atomic import replacing
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

_FOLDER = "archive/"
_RECORD = "record.json"
# Where torch has its numbers begin, so that a file can be mapped into memory.
_ALIGNMENT = 64
_LOCAL_HEADER_BYTES = 30
# Of an empty OrderedDict, which is where torch keeps a tensor's hooks.
_NO_HOOKS = pickle.GLOBAL + b"collections\nOrderedDict\n" + pickle.EMPTY_TUPLE + pickle.REDUCE


@dataclass(frozen=True)
class Archive:
    """What a file holds: the `content` that was saved, and the `record` beside it or None."""

    content: Any
    record: dict[str, Any] | None


def write_archive(
    path: Path | str, tensors: Mapping[str, np.ndarray], record: Mapping[str, Any]
) -> None:
    """Write arrays by name, and a `record` that JSON can hold; the same give the same bytes.

    `torch.load` with ``weights_only=True`` returns the dictionary of tensors.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        _add(archive, "data.pkl", _pickled(tensors))
        _add(archive, "byteorder", b"little")
        for number, values in enumerate(tensors.values()):
            little_endian = np.asarray(values, values.dtype.newbyteorder("<"))
            _add(archive, f"data/{number}", little_endian.tobytes())
        _add(archive, "version", b"3\n")
        _add(archive, _RECORD, json.dumps(record, indent=1, sort_keys=True).encode())
    with replacing(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def read_archive(path: Path | str) -> Archive:
    """Return what `write_archive` or `torch.save` wrote, with arrays in place of tensors.

    The CRC-32 of every member that is read is checked. Code in the file is not run: only tensors,
    dictionaries, lists and plain values are accepted.

    Raises
    ------
    DamagedFileError
        If the file is not such an archive, is cut off, has a flipped bit, or holds code.
    FileNotFoundError
        If there is no file.
    """
    content = Path(path).read_bytes()
    with _damage_reported(path), zipfile.ZipFile(io.BytesIO(content)) as archive:
        unpickler = _Unpickler(archive)
        record_name = unpickler.folder + _RECORD
        record = (
            json.loads(archive.read(record_name)) if record_name in archive.namelist() else None
        )
        return Archive(unpickler.load(), record)


@contextmanager
def _damage_reported(path: Path | str) -> Iterator[None]:
    """Turn whatever goes wrong with an archive's bytes into a DamagedFileError with its path."""
    try:
        yield
    except MemoryError:
        raise
    # A damaged header or pickle can make a reader fail in any way.
    except Exception as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise DamagedFileError(f"{path} is damaged: {reason}") from error


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Add a member without a clock time, whose content begins at a multiple of `_ALIGNMENT`."""
    member = zipfile.ZipInfo(_FOLDER + name)
    start = archive.fp.tell() + _LOCAL_HEADER_BYTES + len(member.filename)
    padding = -(start + 4) % _ALIGNMENT
    # An extra field of a type that nothing else uses, its length, and as many zeros.
    member.extra = b"FB" + padding.to_bytes(2, "little") + bytes(padding)
    archive.writestr(member, content)


def _pickled(tensors: Mapping[str, np.ndarray]) -> bytes:
    """Return the pickle of a dictionary of tensors, whose numbers are in members 0, 1 and so on."""
    pairs = b"".join(
        _plain(name) + _tensor_call(str(number), values)
        for number, (name, values) in enumerate(tensors.items())
    )
    protocol = pickle.PROTO + b"\x02"
    return protocol + pickle.EMPTY_DICT + pickle.MARK + pairs + pickle.SETITEMS + pickle.STOP


def _tensor_call(member: str, values: np.ndarray) -> bytes:
    """Return the opcodes of the call that makes one tensor, C-contiguous and without gradient."""
    types = {np.dtype(code): name for name, code in STORAGE_TYPES.items()}
    storage_type = types[values.dtype.newbyteorder("=")]
    strides = np.empty(values.shape, np.int8).strides
    storage = (
        pickle.MARK
        + _plain("storage")
        + (pickle.GLOBAL + f"torch\n{storage_type}\n".encode())
        + (_plain(member) + _plain("cpu") + _plain(values.size))
        + (pickle.TUPLE + pickle.BINPERSID)
    )
    arguments = storage + _plain(0) + _plain(values.shape) + _plain(strides) + pickle.NEWFALSE
    return (
        (pickle.GLOBAL + b"torch._utils\n_rebuild_tensor_v2\n")
        + (pickle.MARK + arguments + _NO_HOOKS + pickle.TUPLE)
        + pickle.REDUCE
    )


def _plain(value: str | int | tuple[int, ...]) -> bytes:
    """Return the opcodes of a value, which are its pickle without the header and the end."""
    return pickle.dumps(value, protocol=2)[2:-1]


class _Unpickler(pickle.Unpickler):
    """Accepts calls of nothing but what makes a dictionary or a tensor."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        (pickled,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
        self._archive = archive
        self.folder = pickled.removesuffix("data.pkl")
        self._byte_order = BYTE_ORDERS[archive.read(f"{self.folder}byteorder")]
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
        content = self._archive.read(f"{self.folder}data/{key}")
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
