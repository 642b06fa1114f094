"""Sealed HDF5 files: damage is told from absence, and lacking points from written ones."""

import h5py
import numpy as np
import pytest

from jacspec.errors import DamagedFileError
from jacspec.seals import check_column, damage_reported, open_sealed_hdf5, sealed_hdf5


@pytest.fixture
def sealed(tmp_path):
    path = tmp_path / "sealed.h5"
    with sealed_hdf5(path) as file:
        file.create_dataset("numbers", data=np.arange(10.0), chunks=(4,))
    return path


def test_what_was_sealed_is_read(sealed):
    with open_sealed_hdf5(sealed) as file:
        assert list(file["numbers"]) == list(range(10))


def test_the_same_content_has_the_same_bytes(sealed, tmp_path):
    with sealed_hdf5(tmp_path / "again.h5") as file:
        file.create_dataset("numbers", data=np.arange(10.0), chunks=(4,))
    assert (tmp_path / "again.h5").read_bytes() == sealed.read_bytes()


@pytest.mark.parametrize("place", [0, 63, 512, -1])
def test_a_flipped_bit_breaks_the_seal(sealed, place):
    content = bytearray(sealed.read_bytes())
    content[place] ^= 1
    sealed.write_bytes(content)
    with pytest.raises(ValueError, match="not those that were written"):
        open_sealed_hdf5(sealed)


def test_damage_names_file_and_remedy(sealed):
    sealed.write_bytes(sealed.read_bytes()[:700])
    with (
        pytest.raises(DamagedFileError, match=r"sealed\.h5 is not a whole thing \(.*\): mend it"),
        damage_reported(sealed, "thing", "mend it"),
    ):
        open_sealed_hdf5(sealed)


def test_an_absent_file_is_not_damaged(tmp_path):
    path = tmp_path / "absent.h5"
    with pytest.raises(FileNotFoundError), damage_reported(path, "thing", "mend it"):
        open_sealed_hdf5(path)


def test_columns_are_whole_and_as_expected(tmp_path):
    with h5py.File(tmp_path / "columns.h5", "w") as file:
        file.create_dataset("whole", data=np.arange(10.0), chunks=(4,))
        column = file.create_dataset("lacking", shape=(10,), dtype="<f8", chunks=(4,))
        column[:4] = 1
        check_column(file, "whole", (10,), "<f8")
        with pytest.raises(ValueError, match="whole has shape"):
            check_column(file, "whole", (9,), "<f8")
        with pytest.raises(ValueError, match="type float64"):
            check_column(file, "whole", (10,), "<f4")
        with pytest.raises(ValueError, match="lacking lacks some of its points"):
            check_column(file, "lacking", (10,), "<f8")
