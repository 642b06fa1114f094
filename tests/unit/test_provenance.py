"""The digest of code follows its meaning and its imports, not its comments."""

import hashlib
import textwrap

import pytest

from jacspec import provenance


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Make a package of three modules: a imports b, b imports c."""
    folder = tmp_path / "jacspec"
    (folder / "stage").mkdir(parents=True)
    sources = {
        "a.py": "from jacspec.stage.b import twice\n\ndef four(x):\n    return twice(twice(x))\n",
        "stage/b.py": "from jacspec.stage import c\n\ndef twice(x):\n    return c.add(x, x)\n",
        "stage/c.py": 'def add(x, y):\n    """Add."""\n    return x + y\n',
        "stage/__init__.py": "",
        "__init__.py": "",
    }
    for name, source in sources.items():
        (folder / name).write_text(source)
    monkeypatch.setattr(provenance, "PACKAGE_FOLDER", folder)
    return folder


def edited(path, old, new):
    source = path.read_text()
    assert old in source
    path.write_text(source.replace(old, new))


def test_an_edit_anywhere_below_changes_the_digest(package):
    before = provenance.code_digest([package / "a.py"])
    edited(package / "stage" / "c.py", "x + y", "y + x + 0")
    assert provenance.code_digest([package / "a.py"]) != before


def test_an_edit_above_changes_nothing_below(package):
    before = provenance.code_digest([package / "stage" / "c.py"])
    edited(package / "a.py", "twice(twice(x))", "twice(x) * 2")
    assert provenance.code_digest([package / "stage" / "c.py"]) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""Add."""', '"""Return the sum."""'),
        ("    return x + y", "    # a comment\n    return x + y"),
        ("    return x + y", "    return (x +\n            y)"),
        ('    """Add."""\n', ""),
    ],
)
def test_words_and_layout_do_not_count(package, old, new):
    before = provenance.code_digest([package / "a.py"])
    edited(package / "stage" / "c.py", old, new)
    assert provenance.code_digest([package / "a.py"]) == before


def test_an_import_inside_a_function_counts(package):
    (package / "late.py").write_text(
        textwrap.dedent("""
            def late():
                from jacspec.stage import c

                return c.add(1, 2)
        """)
    )
    before = provenance.code_digest([package / "late.py"])
    edited(package / "stage" / "c.py", "x + y", "x - y")
    assert provenance.code_digest([package / "late.py"]) != before


def test_sha256_of_a_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"spectrum" * 100_000)
    assert provenance.sha256_of_file(path) == hashlib.sha256(path.read_bytes()).hexdigest()
