"""Tables of any kind on disk."""

import math

import pytest

from jacspec.errors import DamagedFileError
from jacspec.tables import join_tables, read_table, write_table

HEADER = ("name", "value")


def test_rows_are_read_back_as_text(tmp_path):
    path = tmp_path / "table.csv"
    write_table(path, HEADER, [("a, b", 0.1 + 0.2), ("c", None), ("d", 3), ("e", math.nan)])
    assert read_table(path, HEADER) == [
        {"name": "a, b", "value": "0.30000000000000004"},
        {"name": "c", "value": ""},
        {"name": "d", "value": "3"},
        {"name": "e", "value": "nan"},
    ]


@pytest.mark.parametrize("content", ["", "name\n", "name,value\na\n", "value,name\na,1\n"])
def test_another_table_is_refused(tmp_path, content):
    path = tmp_path / "table.csv"
    path.write_text(content)
    with pytest.raises(DamagedFileError, match=r"table\.csv: not a table of name, value"):
        read_table(path, HEADER)


def test_joined_tables_have_the_rows_of_all_in_order(tmp_path):
    paths = [tmp_path / "one.csv", tmp_path / "two.csv"]
    write_table(paths[0], HEADER, [("a", 1)])
    write_table(paths[1], HEADER, [("b", 2), ("c", 3)])
    join_tables(tmp_path / "all.csv", paths)
    assert [row["name"] for row in read_table(tmp_path / "all.csv", HEADER)] == ["a", "b", "c"]


@pytest.mark.parametrize("content", ["", "other\n1\n"])
def test_tables_of_other_columns_are_not_joined(tmp_path, content):
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    write_table(good, HEADER, [("a", 1)])
    bad.write_text(content)
    with pytest.raises(DamagedFileError, match=r"bad\.csv"):
        join_tables(tmp_path / "all.csv", [good, bad])
    assert not (tmp_path / "all.csv").exists()
