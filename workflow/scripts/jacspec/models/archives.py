"""Tensors in torch's zip format, whole or refused."""

import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import torch

from jacspec.atomic import replacing
from jacspec.models.state_dict import archive_damage_reported


def write_archive(path: Path | str, content: Any) -> None:
    """Write tensors in dictionaries, lists and numbers; the same content gives the same bytes."""
    buffer = BytesIO()
    torch.save(content, buffer)
    with replacing(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def read_archive(path: Path | str) -> Any:
    """Return what `write_archive` wrote, on the CPU, after checking the CRC-32 of every member.

    Code in the file is not run: only tensors and plain values are accepted.

    Raises
    ------
    DamagedFileError
        If the file is not such an archive, is cut off, has a flipped bit, or holds code.
    FileNotFoundError
        If there is no file.
    """
    content = Path(path).read_bytes()
    with archive_damage_reported(path):
        return torch.load(_verified_copy(content), weights_only=True, map_location="cpu")


def _verified_copy(content: bytes) -> BytesIO:
    """Return the archive with the members whose CRC-32 was checked, under headers made anew.

    torch's own reader checks less: a flipped bit in a header that marks a member as a directory
    makes it return tensors of whatever lay in memory.
    """
    copy = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as archive, zipfile.ZipFile(copy, "w") as verified:
        for member in archive.infolist():
            verified.writestr(member.filename, archive.read(member))
    copy.seek(0)
    return copy
