"""Points of one's own: every format is read back, and what cannot be used is refused."""

import csv
import tracemalloc

import h5py
import numpy as np
import pandas as pd
import pytest
from file_points import COUNT, SEED, array, arrays, hdf5, in_order, source
from PIL import Image

from jacspec.data.readers import open_table
from jacspec.data.training_set import training_arrays

NAMES = ["a", "b", "c"]


@pytest.fixture
def values():
    return np.random.default_rng(0).normal(0, 5, (COUNT, 3))


@pytest.fixture
def kinds():
    return np.array(["ring", "plane", "knot"])[np.arange(COUNT) % 3]


@pytest.fixture
def parts():
    return np.where(np.arange(COUNT) < 40, "train", "test")


def save_npz(path, values, kinds, parts):
    np.savez(path, points=values, labels=kinds, split=parts)


def save_compressed(path, values, kinds, parts):
    np.savez_compressed(path, points=values, labels=kinds, split=parts)


def save_columnwise(path, values, kinds, parts):
    np.savez(path, points=np.asfortranarray(values), labels=kinds, split=parts)


def save_hdf5(path, values, kinds, parts):
    with h5py.File(path, "w") as file:
        file["points"] = values
        file.create_dataset("labels", data=kinds.astype(object), dtype=h5py.string_dtype())
        file["split"] = (parts == "test").astype(int)


def table(values, kinds, parts):
    return pd.DataFrame(values, columns=NAMES).assign(labels=kinds, split=parts)


FORMATS = {
    "mine.npz": save_npz,
    "compressed.npz": save_compressed,
    "columnwise.npz": save_columnwise,
    "mine.h5": save_hdf5,
    "mine.hdf5": save_hdf5,
    "mine.csv": lambda path, *content: table(*content).to_csv(path, index=False),
    "mine.tsv": lambda path, *content: table(*content).to_csv(path, index=False, sep="\t"),
    "mine.CSV": lambda path, *content: table(*content).to_csv(
        path, index=False, encoding="utf-8-sig", quoting=csv.QUOTE_ALL
    ),
    "mine.parquet": lambda path, *content: table(*content).to_parquet(path),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_read_back(tmp_path, name, values, kinds, parts):
    FORMATS[name](tmp_path / name, values, kinds, parts)
    is_table = name.lower().endswith(("csv", "tsv", "parquet"))
    points = source(
        tmp_path / name,
        points=None if is_table else "points",
        labels="labels",
        split="split",
    )
    assert (points.count, points.shape, points.image_shape) == (COUNT, (3,), None)
    found = in_order(points)
    np.testing.assert_array_equal(found["points"], values.astype(np.float32))
    np.testing.assert_array_equal(found["split"], parts == "test")
    assert points.label_names == ("knot", "plane", "ring")
    np.testing.assert_array_equal(np.array(points.label_names)[found["label"]], kinds)
    assert found["label"].dtype == np.int64
    low, high = points.value_range
    assert (low, high) == (np.float32(values.min()), np.float32(values.max()))
    assert points.declared_range is None
    assert points.files() == (str(tmp_path / name),)


def test_chosen_columns_are_the_points(tmp_path, values, kinds, parts):
    table(values, kinds, parts).to_csv(tmp_path / "mine.csv", index=False)
    points = in_order(source(tmp_path / "mine.csv", points=("c", "a")))["points"]
    np.testing.assert_array_equal(points, values[:, [2, 0]].astype(np.float32))


@pytest.mark.parametrize("colours", [(), (3,)])
def test_a_folder_of_images_is_read_in_the_order_of_names(tmp_path, colours):
    levels = np.random.default_rng(1).integers(0, 256, (6, 5, 4, *colours), np.uint8)
    for number, image in enumerate(levels):
        folder = tmp_path / ("train" if number < 4 else "test") / f"class_{number % 2}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{number}.png")
    (tmp_path / "README.txt").write_text("not an image")
    points = source(tmp_path, labels="folder", split="first_folder")
    shape = (3, 5, 4) if colours else (5, 4)
    assert (points.shape, points.image_shape, points.value_range) == (shape, shape, (0, 1))
    found = in_order(points)
    order = [4, 5, 0, 2, 1, 3]
    expected = levels.transpose(0, 3, 1, 2) if colours else levels
    np.testing.assert_allclose(found["points"] * 255, expected[order], atol=1e-4)
    np.testing.assert_array_equal(found["label"], [0, 1, 0, 0, 1, 1])
    np.testing.assert_array_equal(found["split"], [1, 1, 0, 0, 0, 0])
    before = points.fingerprint
    Image.fromarray(levels[1]).save(tmp_path / "train/class_0/0.png")
    assert source(tmp_path).fingerprint != before


def test_bytes_are_levels_and_other_numbers_stay(tmp_path):
    np.save(tmp_path / "bytes.npy", np.arange(12, dtype=np.uint8).reshape(4, 3) * 20)
    np.save(tmp_path / "numbers.npy", np.arange(12).reshape(4, 3) * 20)
    levels = source(tmp_path / "bytes.npy")
    assert levels.value_range == levels.declared_range == (0, 1)
    numbers = source(tmp_path / "numbers.npy")
    assert numbers.value_range == (0, 220)
    np.testing.assert_allclose(
        in_order(levels)["points"] * 255, in_order(numbers)["points"], atol=1e-4
    )


def test_rows_can_be_given_a_shape(tmp_path, values):
    np.save(tmp_path / "mine.npy", np.hstack([values, values]))
    points = source(tmp_path / "mine.npy", shape=(2, 3), range=(-50, 50))
    assert (points.shape, points.image_shape, points.value_range) == ((2, 3), (2, 3), (-50, 50))
    np.testing.assert_array_equal(
        in_order(points)["points"], np.stack([values, values], 1).astype(np.float32)
    )


def test_black_pixels_at_the_edge_of_images_are_no_fault(tmp_path, values):
    images = np.pad(values[:, None, :], ((0, 0), (1, 1), (1, 1)))
    np.save(tmp_path / "mine.npy", images)
    assert source(tmp_path / "mine.npy").value_range[1] == np.float32(values.max())


def test_points_do_not_depend_on_the_run_and_come_in_a_random_order(tmp_path, values):
    np.save(tmp_path / "mine.npy", np.tile(values, (40, 1)) + np.arange(2400)[:, None])
    points = source(tmp_path / "mine.npy")
    whole = np.concatenate([block.points for block in points.blocks(SEED, 0, 2400)])
    for first, count in ((0, 1), (999, 2), (1500, 900)):
        part = np.concatenate([block.points for block in points.blocks(SEED, first, count)])
        np.testing.assert_array_equal(part, whole[first : first + count])
    order = np.concatenate([block.source_index for block in points.blocks(SEED, 0, 2400)])
    np.testing.assert_array_equal(np.sort(order), np.arange(2400))
    assert (order[:-1] < order[1:]).mean() < 0.6


def test_a_share_is_held_out_where_there_is_no_split(tmp_path, values):
    np.save(tmp_path / "mine.npy", values)
    for share, test in ((0.15, 9), (0.001, 1), (0.999, COUNT - 1)):
        points = source(tmp_path / "mine.npy", test_share=share)
        training, held_out = training_arrays(points)
        assert (len(training), len(held_out)) == (COUNT - test, test)
        joined = np.concatenate([training, held_out])
        np.testing.assert_array_equal(
            np.sort(joined, axis=0), np.sort(values.astype(np.float32), axis=0)
        )
        assert (points.row_split == source(tmp_path / "mine.npy", test_share=share).row_split).all()


@pytest.mark.parametrize("ending", ["npy", "npz", "h5", "csv"])
def test_a_large_file_is_not_read_whole(tmp_path, ending, monkeypatch):
    count, width = (4_000, 20) if ending == "csv" else (40_000, 200)
    large = np.random.default_rng(3).random((count, width), np.float32)
    path = tmp_path / f"large.{ending}"
    match ending:
        case "npy":
            np.save(path, large)
        case "npz":
            np.savez_compressed(path, x=large)
        case "h5":
            with h5py.File(path, "w") as file:
                file["x"] = large
        case "csv":
            pd.DataFrame(large).add_prefix("x").to_csv(path, index=False)
            # A table that is longer than one run of its reader would take minutes to write.
            monkeypatch.setattr("jacspec.data.readers._RUN_BYTES", 16_000)
    size = large.nbytes
    del large
    source(path).value_range  # noqa: B018 - imports what it takes
    monkeypatch.setattr("jacspec.data.room.MEMORY_BYTES", 1000)
    tracemalloc.start()
    try:
        points = source(path)
        total = sum(block.points.sum(dtype=np.float64) for block in points.blocks(0, 0, 3000))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 0.45 < total / 3000 / width < 0.55
    # Of 32 MB, runs of 4 MiB with their copies, and the blocks; a CSV file takes many objects.
    assert peak < (0.8 * size if ending != "csv" else 4 * size)


@pytest.mark.parametrize("name", ["a.npz", "a.npy", "a.h5"])
def test_a_header_is_all_that_is_read_at_first(tmp_path, name):
    large = np.ones((20_000, 50))
    {"a.npz": arrays(x=large), "a.npy": array(large), "a.h5": hdf5(x=large)}[name](tmp_path / name)
    open_table(str(tmp_path / name), None, [])  # imports what it takes
    tracemalloc.start()
    try:
        table = open_table(str(tmp_path / name), None, [])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (table.count, table.shape) == (20_000, (50,))
    assert peak < large.nbytes / 10
