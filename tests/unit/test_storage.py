"""Shards of a data set: what is written is read back, whole, or refused."""

import fcntl
import tracemalloc
from itertools import pairwise

import h5py
import numpy as np
import pytest

from jacspec.data.blocks import PointBlock
from jacspec.data.storage import PointsFile, write_points
from jacspec.errors import DamagedFileError
from jacspec.seals import sealed_hdf5

COUNT, PIXELS = 600, 784
# Of HDF5's own structures only the heap of text attributes has no checksum.
HEAP_SIGNATURE = b"GCOL"
USER_BLOCK_BYTES, DIGEST_BYTES = 512, 64


def image_block(start, stop):
    rows = np.arange(start, stop)
    pixels = np.random.default_rng(0).integers(0, 256, (COUNT, PIXELS))[start:stop] / 255
    return PointBlock(
        pixels.astype(np.float32),
        label=rows % 10,
        split=(rows % 7 == 0).astype(np.uint8),
        source_index=rows * 3,
    )


def write_images(path, *, count=COUNT, cuts=(0, 250, 300, COUNT), attributes=None, **changes):
    blocks = [image_block(start, stop) for start, stop in pairwise(cuts)]
    arguments = {"dataset": "mnist", "first": 2000, "count": count, "compressed": True} | changes
    write_points(path, blocks, attributes=attributes or {}, **arguments)
    return blocks


def write_pixels(path, pixels, **changes):
    arguments = {"dataset": "uniform", "first": 0, "count": len(pixels), "compressed": False}
    write_points(path, [PointBlock(pixels)], attributes={}, **(arguments | changes))


def random_pixels(count):
    return np.random.default_rng(1).random((count, PIXELS), dtype=np.float32)


@pytest.mark.parametrize("compressed", [False, True])
def test_images_are_read_back_as_they_were_written(tmp_path, compressed):
    path = tmp_path / "mnist.0.h5"
    attributes = {"sample_seed": 7, "source": "MNIST, ’98", "mean": 0.5}
    write_images(path, attributes=attributes, compressed=compressed)
    with PointsFile(path) as points:
        assert (points.path, points.dataset, points.first, points.count) == (
            path,
            "mnist",
            2000,
            COUNT,
        )
        assert points.columns == ("label", "split", "source_index")
        assert points.shape == (PIXELS,)
        assert attributes.items() <= points.attributes.items()
        for start, stop in ((0, COUNT), (240, 260), (599, 600), (5, 5)):
            expected = image_block(start, stop)
            for found, wanted in (
                (points.read(start, stop), expected.points),
                (points.read_labels(start, stop), expected.label),
                (points.read_split(start, stop), expected.split),
                (points.read_source_index(start, stop), expected.source_index),
            ):
                assert found.dtype == wanted.dtype
                np.testing.assert_array_equal(found, wanted)


def test_random_pixels_are_read_back_and_have_no_labels(tmp_path):
    pixels = random_pixels(3)
    write_pixels(tmp_path / "uniform.0.h5", pixels)
    with PointsFile(tmp_path / "uniform.0.h5") as points:
        np.testing.assert_array_equal(points.read(0, 3), pixels)
        assert points.columns == ()
        with pytest.raises(ValueError, match="no label, because uniform has none"):
            points.read_labels(0, 1)


@pytest.mark.parametrize("compressed", [False, True])
def test_files_are_plain_hdf5_in_checked_chunks(tmp_path, compressed):
    write_images(tmp_path / "mnist.0.h5", compressed=compressed)
    with h5py.File(tmp_path / "mnist.0.h5") as file:
        assert dict(file.attrs) == {
            "format_version": 2,
            "dataset": "mnist",
            "first": 2000,
            "count": COUNT,
        }
        assert {name: (column.dtype.str, column.shape) for name, column in file.items()} == {
            "points": ("<f4", (COUNT, 784)),
            "label": ("<i8", (COUNT,)),
            "split": ("|u1", (COUNT,)),
            "source_index": ("<i8", (COUNT,)),
        }
        for column in file.values():
            assert column.fletcher32
            assert column.compression == ("gzip" if compressed else None)
        assert file["points"].chunks == (250, 784)


def test_equal_content_gives_equal_bytes(tmp_path):
    write_images(tmp_path / "a.h5")
    write_images(tmp_path / "b.h5")
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
    # Two files written in one second could agree in spite of the time.
    with h5py.File(tmp_path / "a.h5") as file:
        for column in file.values():
            assert h5py.h5o.get_info(column.id).mtime == 0
        assert h5py.h5o.get_info(file.id).mtime == 0


def test_memory_is_that_of_a_few_blocks(tmp_path):
    points, blocks = 500, 12
    template = random_pixels(points)

    def deliver():
        for _ in range(blocks):
            yield PointBlock(template.copy())

    tracemalloc.start()
    try:
        write_points(
            tmp_path / "uniform.0.h5",
            deliver(),
            dataset="uniform",
            first=0,
            count=points * blocks,
            attributes={},
            compressed=False,
        )
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The block at hand, the one before it until its name is bound anew, and one for HDF5.
    assert peak < 3 * template.nbytes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"count": COUNT + 1}, "600 points were delivered, allowed: exactly 601"),
        ({"count": COUNT - 1}, r"points 300 to 599 have .* of 599 points"),
        ({"count": 0}, "count is 0, allowed: 1 or more"),
    ],
)
def test_a_wrong_count_is_refused_and_leaves_nothing(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        write_images(tmp_path / "mnist.0.h5", **changes)
    assert list(tmp_path.iterdir()) == []


def test_a_failing_source_leaves_the_file_that_was_there(tmp_path):
    path = tmp_path / "uniform.0.h5"
    write_pixels(path, random_pixels(4))
    before = path.read_bytes()

    def deliver():
        yield PointBlock(random_pixels(2))
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        write_points(
            path, deliver(), dataset="u", first=0, count=4, attributes={}, compressed=False
        )
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((2, 3)), r"points is float64 \(2, 3\), allowed: float32 \(2, 3\)"),
        (np.full((2, 3), np.nan, np.float32), "not finite"),
        (np.array([[np.inf, 0], [0, -np.inf]], np.float32), "not finite"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_wrong_values_are_refused(tmp_path, values, message):
    with pytest.raises(ValueError, match=message):
        write_pixels(tmp_path / "mine.0.h5", values)


@pytest.mark.parametrize(
    ("shape", "chunk"),
    [((1,), 1000), ((30,), 1000), ((28, 28), 250), ((3, 32, 32), 50), ((600, 600), 1)],
)
def test_points_may_have_any_shape_and_any_finite_values(tmp_path, shape, chunk):
    count = 3 if shape == (600, 600) else 1001
    values = 1e30 * np.random.default_rng(2).standard_normal((count, *shape), np.float32)
    path = tmp_path / "mine.0.h5"
    write_points(
        path,
        [PointBlock(values[:1]), PointBlock(values[1:])],
        dataset="mine",
        first=0,
        count=count,
        attributes={"low": -5.0, "high": 7.0, "image_shape": [3, 1]},
        compressed=False,
    )
    with PointsFile(path) as points:
        assert (points.shape, points.value_range, points.image_shape) == (shape, (-5, 7), (3, 1))
        np.testing.assert_array_equal(points.read(0, count), values)
        np.testing.assert_array_equal(points.read_block(1, 3).points, values[1:3])
    with h5py.File(path) as file:
        assert file["points"].chunks == (chunk, *shape)


def test_blocks_of_another_shape_are_refused(tmp_path):
    blocks = [PointBlock(np.zeros((2, *shape), np.float32)) for shape in ((3,), (4,))]
    with pytest.raises(ValueError, match=r"points is float32 \(2, 4\), allowed: float32 \(2, 3\)"):
        write_points(
            tmp_path / "mine.0.h5",
            blocks,
            dataset="mine",
            first=0,
            count=4,
            attributes={},
            compressed=False,
        )


def test_a_file_of_the_first_format_says_what_to_do(tmp_path):
    path = tmp_path / "mnist.0.h5"
    with sealed_hdf5(path) as file:
        file.attrs["format_version"] = 1
    with pytest.raises(
        DamagedFileError, match=r"is in format 1 of .*: delete it and run snakemake"
    ):
        PointsFile(path)


def test_what_is_known_of_a_point_may_be_less_than_all(tmp_path):
    whole = image_block(0, 4)
    blocks = [PointBlock(whole.points, split=whole.split)]
    path = tmp_path / "shuffled.0.h5"
    write_points(
        path, blocks, dataset="shuffled", first=0, count=4, attributes={}, compressed=False
    )
    with PointsFile(path) as points:
        assert points.columns == ("split",)
        block = points.read_block(0, 4)
        np.testing.assert_array_equal(block.split, whole.split)
        assert block.label is None
        assert points.value_range is points.image_shape is None


def test_blocks_of_different_kinds_are_refused(tmp_path):
    whole = image_block(0, 2)
    for blocks in (
        [whole, PointBlock(whole.points)],
        [PointBlock(whole.points, label=whole.label), whole],
    ):
        with pytest.raises(ValueError, match="allowed: "):
            write_points(
                tmp_path / "mnist.0.h5",
                blocks,
                dataset="mnist",
                first=0,
                count=4,
                attributes={},
                compressed=True,
            )


@pytest.mark.parametrize(("start", "stop"), [(-1, 2), (2, 1), (0, COUNT + 1)])
def test_rows_that_the_file_does_not_have_are_refused(tmp_path, start, stop):
    write_images(tmp_path / "mnist.0.h5")
    with (
        PointsFile(tmp_path / "mnist.0.h5") as points,
        pytest.raises(ValueError, match="allowed: 0 to 600"),
    ):
        points.read(start, stop)


def test_a_lock_of_someone_else_is_no_obstacle(tmp_path):
    write_images(tmp_path / "mnist.0.h5")
    with (tmp_path / "mnist.0.h5").open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(BlockingIOError), h5py.File(tmp_path / "mnist.0.h5", locking=True):
            pass
        with PointsFile(tmp_path / "mnist.0.h5") as points:
            assert points.count == COUNT


def read_everything(path):
    with PointsFile(path) as points:
        rows = (0, points.count)
        return (
            points.read(*rows),
            points.read_labels(*rows),
            points.read_split(*rows),
            points.read_source_index(*rows),
        )


def test_a_truncated_file_is_reported_wherever_it_is_cut(tmp_path):
    path = tmp_path / "mnist.0.h5"
    write_images(path)
    content = path.read_bytes()
    for size in range(0, len(content), len(content) // 50):
        path.write_bytes(content[:size])
        with pytest.raises(DamagedFileError, match="delete it and run snakemake again") as caught:
            PointsFile(path)
        assert str(path) in str(caught.value)


def test_every_flipped_bit_is_reported_or_unused(tmp_path):
    path = tmp_path / "mnist.0.h5"
    write_images(path, count=30, cuts=(0, 30))
    content = path.read_bytes()
    expected = read_everything(path)
    heap = content.index(HEAP_SIGNATURE)
    spread = np.random.default_rng(0).choice(len(content), 200, replace=False).tolist()
    for position in [*range(DIGEST_BYTES), *range(heap, heap + 100), *spread]:
        damaged = bytearray(content)
        damaged[position] ^= 1 << position % 8
        path.write_bytes(damaged)
        if DIGEST_BYTES <= position < USER_BLOCK_BYTES:
            for found, wanted in zip(read_everything(path), expected, strict=True):
                np.testing.assert_array_equal(found, wanted)
        else:
            with pytest.raises(DamagedFileError, match="delete it and run snakemake again"):
                PointsFile(path)


def change_type(file):
    pixels = file["points"][:]
    del file["points"]
    file.create_dataset("points", data=pixels.astype("f8"), chunks=(250, 784))


def shorten_labels(file):
    labels = file["label"][:-1]
    del file["label"]
    file.create_dataset("label", data=labels, chunks=(250,))


def leave_out_chunks(file):
    del file["points"]
    pixels = file.create_dataset("points", (COUNT, PIXELS), "f4", chunks=(250, PIXELS))
    pixels[:250] = 1


def unchunk(file):
    pixels = file["points"][:]
    del file["points"]
    file.create_dataset("points", data=pixels)


DAMAGES = {
    "no points": lambda file: file.pop("points"),
    "no first": lambda file: file.attrs.pop("first"),
    "another count": lambda file: file.attrs.modify("count", COUNT - 1),
    "another version": lambda file: file.attrs.modify("format_version", 1),
    "another type": change_type,
    "fewer labels": shorten_labels,
    "chunks left out": leave_out_chunks,
    "no chunks": unchunk,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_files_of_another_program_are_reported_though_the_seal_fits(tmp_path, damage):
    path = tmp_path / "mnist.0.h5"
    write_images(path)
    with h5py.File(path, "r+") as file:
        damage(file)
    with pytest.raises(DamagedFileError, match="run snakemake again") as caught:
        PointsFile(path, check_seal=False)
    assert str(path) in str(caught.value)


def test_files_that_are_absent_or_no_hdf5_are_told_apart(tmp_path):
    with pytest.raises(FileNotFoundError):
        PointsFile(tmp_path / "absent.h5")
    (tmp_path / "text.h5").write_text("pixels")
    with pytest.raises(DamagedFileError):
        PointsFile(tmp_path / "text.h5")


def test_a_file_that_was_checked_is_opened_again_without_reading_it_whole(tmp_path):
    path = tmp_path / "mnist.0.h5"
    write_images(path)
    with PointsFile(path) as points:
        expected = points.read(5, 9)
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedFileError):
        PointsFile(path)
    with PointsFile(path, check_seal=False) as points:
        np.testing.assert_array_equal(points.read(5, 9), expected)
