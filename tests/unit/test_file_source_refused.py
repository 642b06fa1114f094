"""Files that cannot be used are refused in one sentence."""

import numpy as np
import pytest
from file_points import array, arrays, hdf5, in_order, source, write
from PIL import Image

from jacspec.data.source import SourceError
from jacspec.errors import UnusableDataError


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
