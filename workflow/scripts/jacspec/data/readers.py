"""Files of numbers, opened to be read from beginning to end in runs of rows.

Only what is asked for is in memory: a run, or one column of labels. `open_table` looks at no more
than the header where the format has one.
"""

import csv
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from jacspec.errors import UnusableDataError

# Rows read at once take about so much memory.
_RUN_BYTES = 2**22
_IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm")


@dataclass(frozen=True)
class Table:
    """An open file: `count` rows of numbers of `shape`.

    `runs()` yields the rows in order, (k, *shape) in the type that the file has. `is_levels` says
    that they are levels from 0 to 255. `column(key)` returns what else the file says of each row,
    (count,), numbers or text. `names` are those of the columns, where rows have named ones.
    """

    count: int
    shape: tuple[int, ...]
    is_levels: bool
    runs: Callable[[], Iterator[np.ndarray]]
    column: Callable[[str], np.ndarray]
    names: tuple[str, ...] = ()


def open_table(path: str, points: str | Sequence[str] | None, others: Sequence[str]) -> Table:
    """Open a file, or a folder of images; its ending says which format it has.

    `points` is the key of the points, or, in a table, the names of their columns: None for the only
    array, or for all columns but `others`, the keys of what is known besides.

    Raises
    ------
    UnusableDataError
        If there is no such file, or it is not what its ending says, lacks a key, or has no numbers.
    """
    place = Path(path)
    if not place.exists():
        raise UnusableDataError(f"{path} does not exist; write the path of a file or a folder")
    ending = place.suffix.lower()
    if ending not in _OPENERS and not place.is_dir():
        raise UnusableDataError(
            f"{path} has the ending {ending!r}; save the points as one of {', '.join(_OPENERS)}, "
            "or write the path of a folder of images"
        )
    with reported(path):
        opener = _open_folder if place.is_dir() else _OPENERS[ending]
        return opener(place, points, others)


@contextmanager
def reported(path: Path | str) -> Iterator[None]:
    """Turn whatever goes wrong with a file into an UnusableDataError."""
    try:
        yield
    except (UnusableDataError, MemoryError):
        raise
    except PermissionError as error:
        raise UnusableDataError(f"{path} may not be read; give yourself the permission") from error
    # Every library has its own exceptions for what is wrong with a file.
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UnusableDataError(f"{path} cannot be read ({reason}); save it again") from error


def _open_npy(path: Path, points: Any, others: Sequence[str]) -> Table:
    if points is not None or others:
        raise UnusableDataError(
            f"{path} holds one array without a name; leave out points, labels and split, or save "
            "several arrays as .npz"
        )
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    return _table_of_array(path, array, column=partial(_no_column, path))


def _open_npz(path: Path, points: Any, others: Sequence[str]) -> Table:
    import zipfile

    with zipfile.ZipFile(path) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist()]
        key = _key_of_points(path, points, names, others)
        with archive.open(f"{key}.npy") as member:
            shape, is_fortran, type_ = _npy_header(member)
    for other in others:
        _check_key(path, other, names)

    def column(key: str) -> np.ndarray:
        with reported(path), np.load(path, allow_pickle=False) as arrays:
            return arrays[key]

    if is_fortran:
        # Columns lie one after the other: rows can only be had from the whole.
        return _table_of_array(path, column(key), column, key)
    _check_array(path, shape, type_, key)
    return Table(
        shape[0],
        shape[1:],
        type_ == np.uint8,
        partial(_npz_runs, path, key, shape, type_),
        column,
    )


def _npz_runs(path: Path, key: str, shape: tuple[int, ...], type_: np.dtype) -> Iterator:
    import zipfile

    with reported(path), zipfile.ZipFile(path) as archive, archive.open(f"{key}.npy") as member:
        _npy_header(member)
        row_bytes = math.prod(shape[1:]) * type_.itemsize
        for rows in _row_slices(shape[0], row_bytes):
            content = member.read((rows.stop - rows.start) * row_bytes)
            yield np.frombuffer(content, type_).reshape(-1, *shape[1:])


def _npy_header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0
    return (read if version == (1, 0) else np.lib.format.read_array_header_2_0)(file)


def _open_hdf5(path: Path, points: Any, others: Sequence[str]) -> Table:
    import h5py

    with h5py.File(path, "r", locking=False) as file:
        names: list[str] = []
        file.visititems(
            lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None
        )
        key = _key_of_points(path, points, names, others)
        for other in others:
            _check_key(path, other, names)
        shape, type_ = file[key].shape, file[key].dtype
    _check_array(path, shape, type_, key)

    def column(key: str) -> np.ndarray:
        with reported(path), h5py.File(path, "r", locking=False) as file:
            values = file[key]
            return values.asstr()[:] if h5py.check_string_dtype(values.dtype) else values[:]

    def read_runs() -> Iterator[np.ndarray]:
        with reported(path), h5py.File(path, "r", locking=False) as file:
            for rows in _row_slices(shape[0], math.prod(shape[1:]) * type_.itemsize):
                yield file[key][rows]

    return Table(shape[0], shape[1:], type_ == np.uint8, read_runs, column)


def _table_of_array(
    path: Path, array: np.ndarray, column: Callable[[str], np.ndarray], key: str = "the array"
) -> Table:
    _check_array(path, array.shape, array.dtype, key)

    def read_runs() -> Iterator[np.ndarray]:
        for rows in _row_slices(len(array), array[:1].nbytes):
            yield np.asarray(array[rows])

    return Table(len(array), array.shape[1:], array.dtype == np.uint8, read_runs, column)


def _open_csv(path: Path, points: Any, others: Sequence[str], separator: str = ",") -> Table:
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file, delimiter=separator)
        header, first = next(lines, []), next(lines, [])
    with path.open("rb") as file:
        count = sum(1 for line in file if line.strip()) - 1
    _check_header(path, header)
    # pandas would take the first ones for names of rows.
    if len(first) > len(header):
        raise UnusableDataError(f"{path} has more values in a line than names; save it again")
    names = _column_names(path, points, header, others)
    if count < 1:
        raise UnusableDataError(f"{path} has no rows below its header; save some points")

    def read(columns: Sequence[str] | None, rows: int | None) -> Any:
        import pandas as pd

        return pd.read_csv(
            path, sep=separator, encoding="utf-8-sig", usecols=columns, chunksize=rows
        )

    def read_runs() -> Iterator[np.ndarray]:
        rows = max(1, _RUN_BYTES // (8 * len(header)))
        # All columns, because lines that are too long are not noticed when some are chosen.
        with reported(path), read(None, rows) as parts:
            for part in parts:
                yield _numbers(path, part[list(names)])

    def column(key: str) -> np.ndarray:
        with reported(path):
            return read([key], None)[key].to_numpy()

    return Table(count, (len(names),), False, read_runs, column, names)


def _numbers(path: Path, part: Any) -> np.ndarray:
    """Return the numbers of a part of a table, (rows, columns) float64; an empty cell is NaN."""
    import pandas as pd

    for name in part.columns:
        if not pd.api.types.is_numeric_dtype(part[name]):
            is_text = part[name].notna() & pd.to_numeric(part[name], errors="coerce").isna()
            found = part[name][is_text].iloc[0] if is_text.any() else part[name].iloc[0]
            raise UnusableDataError(
                f"{path}: column {name} has {found!r} in row {is_text.idxmax()}; save numbers, or "
                "name the columns to use as points"
            )
    return part.to_numpy(np.float64)


def _check_header(path: Path, header: Sequence[str]) -> None:
    if not header:
        raise UnusableDataError(f"{path} is empty; save a line of column names and rows of numbers")
    repeated = next((name for name in header if header.count(name) > 1), None)
    if repeated is not None:
        raise UnusableDataError(f"{path} has two columns {repeated!r}; give each its own name")
    if all(_is_number(name) for name in header):
        raise UnusableDataError(
            f"{path} has numbers in its first line; save the names of the columns there"
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _open_parquet(path: Path, points: Any, others: Sequence[str]) -> Table:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise UnusableDataError(
            f"{path} needs the package pyarrow; install it, or save the points as .npz"
        ) from error
    file = parquet.ParquetFile(path)
    names = _column_names(path, points, file.schema_arrow.names, others)

    def column(key: str) -> np.ndarray:
        with reported(path):
            return parquet.read_table(path, columns=[key])[key].to_numpy()

    def read_runs() -> Iterator[np.ndarray]:
        with reported(path):
            rows = max(1, _RUN_BYTES // (8 * len(names)))
            for batch in parquet.ParquetFile(path).iter_batches(rows, columns=list(names)):
                yield _numbers(path, batch.to_pandas()[list(names)])

    return Table(file.metadata.num_rows, (len(names),), False, read_runs, column, names)


def _open_folder(path: Path, points: Any, others: Sequence[str]) -> Table:
    if points is not None or not set(others) <= {"folder", "first_folder"}:
        raise UnusableDataError(
            f"{path} is a folder of images; leave out points, and write labels: folder (where an "
            "image lies) and split: first_folder (train or test)"
        )
    images = sorted(p for p in path.rglob("*") if p.suffix.lower() in _IMAGE_ENDINGS)
    if not images:
        raise UnusableDataError(f"{path} has no images; save some as one of {_IMAGE_ENDINGS}")
    first = _image(images[0])

    def read_runs() -> Iterator[np.ndarray]:
        for rows in _row_slices(len(images), first.nbytes):
            levels = np.empty((rows.stop - rows.start, *first.shape), np.uint8)
            for row, image in enumerate(images[rows]):
                found = _image(image)
                if found.shape != first.shape:
                    raise UnusableDataError(
                        f"{image} has shape {list(found.shape)}, {images[0]} has "
                        f"{list(first.shape)}; save all images in one size and colour mode"
                    )
                levels[row] = found
            yield levels

    def column(key: str) -> np.ndarray:
        folder = -1 if key == "folder" else 0
        folders = [image.relative_to(path).parts[:-1] or ("",) for image in images]
        return np.array([parts[folder] for parts in folders])

    return Table(len(images), first.shape, True, read_runs, column)


def _image(path: Path) -> np.ndarray:
    """Return the levels of an image, (rows, columns) if grey, else (3, rows, columns)."""
    from PIL import Image

    with reported(path), Image.open(path) as image:
        if image.mode not in ("1", "L", "P", "RGB"):
            raise UnusableDataError(
                f"{path} has the colour mode {image.mode}; save grey levels or RGB, 8 bits each"
            )
        mode = "L" if image.mode in ("1", "L") else "RGB"
        levels = np.asarray(image.convert(mode))
    return levels if levels.ndim == 2 else levels.transpose(2, 0, 1)


def _no_column(path: Path, key: str) -> np.ndarray:
    raise UnusableDataError(f"{path} has no {key}")


def _key_of_points(path: Path, points: Any, names: Sequence[str], others: Sequence[str]) -> str:
    if points is None:
        candidates = [name for name in names if name not in others]
        if len(candidates) != 1:
            raise UnusableDataError(
                f"{path} holds {', '.join(names) or 'nothing'}; name the array to use as points"
            )
        return candidates[0]
    if not isinstance(points, str):
        raise UnusableDataError(f"{path} has arrays; write the name of one of them as points")
    _check_key(path, points, names)
    return points


def _column_names(
    path: Path, points: Any, names: Sequence[str], others: Sequence[str]
) -> tuple[str, ...]:
    chosen = [points] if isinstance(points, str) else points
    chosen = chosen or [name for name in names if name not in others]
    for name in (*chosen, *others):
        _check_key(path, name, names)
    if not chosen:
        raise UnusableDataError(f"{path} has no columns left for points; save some")
    return tuple(chosen)


def _check_key(path: Path, key: str, names: Sequence[str]) -> None:
    if key not in names:
        some = ", ".join(names[:20]) or "nothing"
        raise UnusableDataError(f"{path} has no {key!r}; write one of {some}")


def _check_array(path: Path, shape: tuple[int, ...], type_: np.dtype, key: str) -> None:
    if type_.kind not in "biuf":
        raise UnusableDataError(f"{path}: {key} holds {type_}; save real numbers")
    if len(shape) < 2 or 0 in shape:
        raise UnusableDataError(
            f"{path}: {key} has shape {list(shape)}; save rows of points, (n, ...), none of them "
            "empty"
        )


def _row_slices(count: int, row_bytes: int) -> Iterator[slice]:
    size = max(1, _RUN_BYTES // max(row_bytes, 1))
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


_OPENERS: dict[str, Callable[[Path, Any, Sequence[str]], Table]] = {
    ".npy": _open_npy,
    ".npz": _open_npz,
    ".h5": _open_hdf5,
    ".hdf5": _open_hdf5,
    ".csv": _open_csv,
    ".tsv": partial(_open_csv, separator="\t"),
    ".parquet": _open_parquet,
}
