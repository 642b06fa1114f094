"""Points of one's own: every format is read back, and what cannot be used is refused."""

import csv
import tracemalloc

import h5py
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from jacspec.data.file_source import FilePoints
from jacspec.data.readers import open_table
from jacspec.data.source import SourceError
from jacspec.data.training_set import training_arrays
from jacspec.errors import UnusableDataError

COUNT = 60
SEED = 4
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


def source(path, **keys):
    return FilePoints(name="mine", path=str(path), **keys)


def in_order(points):
    """Return all columns of a source, in the order of its file."""
    columns = [block.columns() for block in points.blocks(SEED, 0, points.count)]
    joined = {name: np.concatenate([part[name] for part in columns]) for name in columns[0]}
    rows = np.argsort(joined["source_index"])
    return {name: column[rows] for name, column in joined.items()}


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


def write(content):
    return lambda path: path.write_bytes(content)


def arrays(**content):
    return lambda path: np.savez(path, **content)


def array(content, **options):
    return lambda path: np.save(path, content, **options)


def hdf5(**content):
    def save(path):
        with h5py.File(path, "w") as file:
            for name, values in content.items():
                file[name] = values

    return save


def truncated(save, share=0.5):
    def save_part(path):
        save(path)
        path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])

    return save_part


def folder(*images, name="{number}.png"):
    def save(path):
        path.mkdir()
        for number, image in enumerate(images):
            image.save(path / name.format(number=number))

    return save


def broken_image(path):
    path.mkdir()
    (path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")


def changed(position, value):
    values = np.arange(12.0).reshape(4, 3)
    values[position] = value
    return values


GOOD = np.arange(12.0).reshape(4, 3)
GREY, SMALL = (Image.fromarray(np.zeros((size, 5), np.uint8)) for size in (5, 4))

# name -> file name, what makes it, keys of the entry, what is said.
REFUSED = {
    "no file": ("a.npy", lambda _: None, {}, "does not exist; write the path"),
    "unknown ending": ("a.mat", write(b"x"), {}, r"has the ending '\.mat'; save the points as one"),
    "no ending": ("a", write(b"x"), {}, "has the ending ''"),
    "empty npy": ("a.npy", write(b""), {}, r"cannot be read \(.*\); save it again"),
    "no npy": ("a.npy", write(b"numbers"), {}, r"cannot be read \(.*\); save it again"),
    "truncated npy": ("a.npy", truncated(array(np.zeros((9, 99)))), {}, "cannot be read"),
    "pickled npy": ("a.npy", array(np.array([[{}], [{}]]), allow_pickle=True), {}, "cannot be re"),
    "one number": ("a.npy", array(np.float64(3)), {}, r"has shape \[\]; save rows of points"),
    "one row": ("a.npy", array(np.zeros(5)), {}, r"has shape \[5\]; save rows of points"),
    "no rows": ("a.npy", array(np.zeros((0, 5))), {}, r"has shape \[0, 5\]"),
    "no columns": ("a.npy", array(np.zeros((5, 0))), {}, r"has shape \[5, 0\]"),
    "one point": ("a.npy", array(np.ones((1, 5))), {}, "has one point; save two or more"),
    "complex": ("a.npy", array(GOOD * 1j), {}, "holds complex128; save real numbers"),
    "text": ("a.npy", array(GOOD.astype(str)), {}, "holds <U32; save real numbers"),
    "dates": ("a.npy", array(GOOD.astype("M8[s]")), {}, r"holds datetime64\[s\]; save real"),
    "records": ("a.npy", array(np.zeros((2, 2), "f4,f4")), {}, "save real numbers"),
    "NaN": ("a.npy", array(changed((2, 1), np.nan)), {}, "column 1 in row 2 is nan; save finite"),
    "infinite": ("a.npy", array(changed((0, 2), np.inf)), {}, "column 2 in row 0 is inf; save fin"),
    "too large": ("a.npy", array(changed((1, 0), 1e39)), {}, r"1e\+39; save finite .* float32"),
    "constant column": (
        "a.npy",
        array(changed((slice(None), 1), 7)),
        {},
        "column 1 is 7.0 in every row; leave it out",
    ),
    "all alike": ("a.npy", array(np.ones((4, 3, 3))), {}, "column 0 is 1.0 in every row"),
    "outside the range": ("a.npy", array(GOOD), {"range": (0, 5)}, r"is 6\.0; .*range \[0, 5\]"),
    "another shape": ("a.npy", array(GOOD), {"shape": (2, 2)}, r"found shape \[2, 2\], but .* 3 v"),
    "range upside down": ("a.npy", array(GOOD), {"range": (5, 0)}, "write the lower bound first"),
    "share above 1": ("a.npy", array(GOOD), {"test_share": 1.5}, "found test_share 1.5; write a"),
    "labels of an npy": ("a.npy", array(GOOD), {"labels": "y"}, "holds one array without a name"),
    "no npz": ("a.npz", write(b"PK numbers"), {}, "cannot be read"),
    "truncated npz": ("a.npz", truncated(arrays(x=GOOD)), {}, "cannot be read"),
    "which array": ("a.npz", arrays(x=GOOD, y=GOOD), {}, "holds x, y; name the array"),
    "no such array": ("a.npz", arrays(x=GOOD), {"points": "X"}, "has no 'X'; write one of x"),
    "columns of an npz": ("a.npz", arrays(x=GOOD), {"points": ("x", "y")}, "write the name of one"),
    "no such labels": ("a.npz", arrays(x=GOOD), {"labels": "y"}, "has no 'y'; write one of x"),
    "fewer labels": (
        "a.npz",
        arrays(x=GOOD, y=[1, 2, 3]),
        {"labels": "y"},
        r"y has shape \[3\]; save one value for each of the 4 points",
    ),
    "labels in columns": (
        "a.npz",
        arrays(x=GOOD, y=np.eye(4)),
        {"points": "x", "labels": "y"},
        r"y has shape \[4, 4\]; save one value",
    ),
    "labels between": (
        "a.npz",
        arrays(x=GOOD, y=[0, 1, 2, 0.5]),
        {"labels": "y"},
        "y has labels that are not whole; save whole numbers or text",
    ),
    "labels not known": (
        "a.npz",
        arrays(x=GOOD, y=[0, 1, 2, np.nan]),
        {"labels": "y"},
        "y has labels that are not whole",
    ),
    "unknown split": (
        "a.npz",
        arrays(x=GOOD, s=["train", "test", "valid", "test"]),
        {"split": "s"},
        "s has 'valid'; save 0 or train for training",
    ),
    "all for training": (
        "a.npz",
        arrays(x=GOOD, s=np.zeros(4, int)),
        {"split": "s"},
        "s has 0 for every point; save some of each",
    ),
    "no hdf5": ("a.h5", write(b"numbers"), {}, "cannot be read"),
    "nothing in hdf5": ("a.h5", hdf5(), {}, "holds nothing; name the array"),
    "a group": ("a.h5", hdf5(**{"x/y": GOOD, "x/z": GOOD}), {"points": "x"}, "has no 'x'; write o"),
    "empty csv": ("a.csv", write(b""), {}, "is empty; save a line of column names"),
    "no header": ("a.csv", write(b"1,2\n3,4\n5,7\n"), {}, "has numbers in its first line"),
    "no lines": ("a.csv", write(b"x,y\n"), {}, "has no rows below its header"),
    "two columns alike": ("a.csv", write(b"x,x\n3,4\n5,7\n"), {}, "has two columns 'x'; give each"),
    "words": ("a.csv", write(b"x,y\n1,2\n3,ill\n"), {}, "column y has 'ill' in row 1; save numb"),
    "empty cell": ("a.csv", write(b"x,y\n1,2\n3,\n"), {}, "column y in row 1 is nan"),
    "long line": ("a.csv", write(b"x,y\n1,2\n3,4,5\n"), {}, "cannot be read"),
    "all lines long": ("a.csv", write(b"x,y\n1,2,3\n3,4,5\n"), {}, "has more values in a line"),
    "no such column": ("a.csv", write(b"x,y\n1,2\n"), {"points": ("x", "z")}, "has no 'z'; write"),
    "labels only": ("a.csv", write(b"y\n1\n2\n"), {"labels": "y"}, "has no columns left"),
    "not unicode": ("a.csv", write("x,é\n1,2\n3,4\n".encode("latin-1")), {}, "cannot be read"),
    "no parquet": ("a.parquet", write(b"numbers"), {}, "cannot be read"),
    "no images": ("a", lambda path: path.mkdir(), {}, "has no images; save some as one of"),
    "points of a folder": ("a", folder(GREY), {"points": "x"}, "is a folder of images; leave out"),
    "images of two sizes": ("a", folder(GREY, SMALL), {}, r"has shape \[4, 5\], .* \[5, 5\]; save"),
    "grey and colour": ("a", folder(GREY, GREY.convert("RGB")), {}, r"has shape \[3, 5, 5\]"),
    "transparent": ("a", folder(GREY.convert("RGBA")), {}, "has the colour mode RGBA; save grey"),
    "no image": ("a", broken_image, {}, "cannot be read"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_used_is_refused_in_one_sentence(tmp_path, case):
    name, make, keys, message = case
    make(tmp_path / name)
    with pytest.raises((UnusableDataError, SourceError), match=message) as caught:
        in_order(source(tmp_path / name, **keys))
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert "; " in sentence
    assert str(tmp_path / name) in sentence or sentence.startswith("data.mine: ")


def test_parquet_without_pyarrow_says_what_is_missing(tmp_path, monkeypatch):
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(UnusableDataError, match="needs the package pyarrow; install it"):
        source(tmp_path / "a.parquet")


def test_a_file_that_may_not_be_read_says_so(tmp_path, monkeypatch):
    np.save(tmp_path / "a.npy", GOOD)

    def refuse(*_, **__):
        raise PermissionError("no")

    monkeypatch.setattr("numpy.load", refuse)
    with pytest.raises(UnusableDataError, match="may not be read; give yourself the permission"):
        source(tmp_path / "a.npy")


def test_blank_lines_are_told_from_rows(tmp_path):
    (tmp_path / "a.csv").write_text('x,y\n1,2\n\n"3\n",4\n5,6\n')
    with pytest.raises(UnusableDataError, match="has 3 rows of numbers but 4 lines"):
        in_order(source(tmp_path / "a.csv"))


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
