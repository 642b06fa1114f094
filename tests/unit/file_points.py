"""Points of a file, and all of them in the order of the file, for tests of such sources."""

import h5py
import numpy as np

from jacspec.data.file_source import FilePoints

COUNT = 60
SEED = 4


def source(path, **keys):
    return FilePoints(name="mine", path=str(path), **keys)


def in_order(points):
    """Return all columns of a source, in the order of its file."""
    columns = [block.columns() for block in points.blocks(SEED, 0, points.count)]
    joined = {name: np.concatenate([part[name] for part in columns]) for name in columns[0]}
    rows = np.argsort(joined["source_index"])
    return {name: column[rows] for name, column in joined.items()}


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
