"""MNIST as a source: all images once, in the order that it always was."""

import hashlib

import numpy as np
import pytest

from jacspec.data import mnist
from jacspec.data.image_sources import FashionMnist, Mnist
from jacspec.data.mnist import ImageSet
from jacspec.data.source import SourceError, evaluation_order, from_definition
from jacspec.data.training_set import training_arrays

SEED, COUNT = 3, 2700


@pytest.fixture
def images(monkeypatch):
    """Put 2,700 images in place of the published ones, whose first pixels spell the position."""
    positions = np.arange(COUNT)
    grey = np.zeros((COUNT, 784), np.uint8)
    grey[:, 0], grey[:, 1] = positions // 256, positions % 256
    image_set = ImageSet(
        grey, (positions % 10).astype(np.uint8), (positions >= 2000).astype(np.uint8)
    )
    monkeypatch.setattr(mnist, "IMAGES", COUNT)
    monkeypatch.setattr(mnist, "read_images", lambda *_: image_set)


def positions_of(points):
    return np.rint(points.reshape(len(points), -1)[:, :2] * 255) @ [256, 1]


@pytest.mark.usefixtures("images")
@pytest.mark.parametrize("shape", [(784,), (28, 28), (1, 28, 28)])
def test_images_come_in_the_order_of_evaluation(shape):
    source = Mnist(name="digits", shape=shape)
    order = evaluation_order(SEED, COUNT)
    for first, count in ((0, COUNT), (450, 700), (2699, 1)):
        blocks = list(source.blocks(SEED, first, count))
        rows = order[first : first + count]
        for column, expected in (
            ("source_index", rows),
            ("label", rows % 10),
            ("split", rows >= 2000),
        ):
            found = np.concatenate([getattr(block, column) for block in blocks])
            np.testing.assert_array_equal(found, expected)
        points = np.concatenate([block.points for block in blocks])
        assert (points.shape, points.dtype) == ((count, *shape), np.float32)
        np.testing.assert_array_equal(positions_of(points), rows)


@pytest.mark.usefixtures("images")
def test_training_takes_the_images_in_the_order_of_the_files():
    training, test = training_arrays(Mnist(name="mnist"))
    np.testing.assert_array_equal(positions_of(training), np.arange(2000))
    np.testing.assert_array_equal(positions_of(test), np.arange(2000, COUNT))


@pytest.mark.usefixtures("images")
def test_images_beyond_the_last_are_refused():
    with pytest.raises(ValueError, match="points 2600 to 2700 asked for, allowed: 0 to 2700"):
        Mnist(name="mnist").blocks(SEED, 2600, 101)


def test_what_is_known_without_the_files():
    source = FashionMnist(name="clothes")
    assert (source.count, source.shape, source.image_shape) == (70_000, (784,), (28, 28))
    assert (source.value_range, source.display_name) == ((0, 1), "Fashion-MNIST")
    assert Mnist(name="mnist", shape=(1, 28, 28)).image_shape == (1, 28, 28)
    assert source.files()[0] == "resources/fashion_mnist/train-images-idx3-ubyte"
    assert from_definition(source.definition()) == source


def test_a_shape_of_another_number_of_pixels_is_refused():
    with pytest.raises(
        SourceError, match=r"data\.digits: found shape \[27, 28\]; write one of 784"
    ):
        Mnist(name="digits", shape=(27, 28))


def test_the_order_is_one_permutation_of_all_images():
    order = evaluation_order(0, 70_000)
    assert order.dtype == np.int64
    np.testing.assert_array_equal(np.sort(order), np.arange(70_000))
    assert (evaluation_order(1, 70_000) != order).any()


def test_any_beginning_of_the_order_is_a_fair_sample():
    order = evaluation_order(0, 70_000)
    for count in (500, 2000, 20_000):
        # Serfling: Hoeffding's bound also holds without replacement. One failure in a billion.
        bound = np.sqrt(np.log(2 / 1e-9) / (2 * count))
        assert abs((order[:count] >= 60_000).mean() - 1 / 7) < bound
        assert abs((order[:count] / 69_999).mean() - 1 / 2) < bound


def test_the_order_is_the_one_it_always_was():
    digest = hashlib.sha256(evaluation_order(0, 70_000).astype("<i8").tobytes()).hexdigest()
    assert digest == "b18a70891f378fb52276596cf6951611185d24e7f77e88759472748665ef9c33"
