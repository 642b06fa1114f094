"""The digest of code follows its meaning and its imports, not its comments."""

import ast
import hashlib
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from jacspec import provenance

# Where versions of Python differ in how they write a tree: f-strings, empty and new fields.
SAMPLE = """
from __future__ import annotations
import math as m
type_ = {**{"a": 1, None: ...}, b"k": 1.5e-3, 2: -3j}

@staticmethod
async def late(first, /, second: int = 0, *rest: str, only=u"text", **named) -> float | None:
    async with first as a, second:
        await a
    return f"{first!r:>{second}.3f}, {only}" "tail" f"{second=}" f"{rest[0]:{only}}"

class Shape(dict, metaclass=type):
    def area(self): pass
    def side(self, n=10**9, *, flag=True): return lambda: (yield)

def walk(x):
    global type_
    while (y := x) is not None and not x:
        try:
            x = [z for z in y if z for w in z if not w]
        except* (ValueError, OSError) as error:
            raise RuntimeError(f"") from error
        else:
            del y[1:2, ...]
        finally:
            match x:
                case {"a": [1, *others], **more} | Shape(side=None) if more: continue
                case _: break
    assert m.pi @ x, f'{x}{{braces}}'
"""
SAMPLE_DIGEST = "d177c28c6bd2766b"


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


def interpreters() -> list[str]:
    """Return the Python that runs the tests, and those of other versions that there are."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    found = [sys.executable]
    for version in ("3.11", "3.12", "3.13", "3.14"):
        # What pyenv puts on the PATH only works for the versions that are switched on.
        on_path = shutil.which(f"python{version}")
        found += [on_path] if on_path and "shims" not in on_path else []
        found += map(str, root.glob(f"{version}.*/bin/python"))
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("interpreter", interpreters())
def test_the_digest_is_the_same_in_every_version_of_python(interpreter, tmp_path, project):
    (tmp_path / "sample.py").write_text(SAMPLE)
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from jacspec.provenance import code_digest;"
        "print(code_digest([sys.argv[2]]))"
    )
    finished = subprocess.run(
        [interpreter, "-c", program, project / "workflow/scripts", tmp_path / "sample.py"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert finished.stdout.strip() == SAMPLE_DIGEST


def different_programs() -> list[str]:
    return [
        "f = 1", "f = 1.0", "f = True", "f = '1'", "f = b'1'", "f = None", "f = ...", "f = -1",
        "f: int", "f: int = 1", "f = [1]", "f = (1,)", "f = {1}", "f = [[1]]", "f = []", "f = {}",
        "f = g", "f = 'g'", "f = f'g'", "f = f'{g}'", "f = f'{g!r}'", "f = f'{g:r}'", "f, = g",
        "f(1)", "f(a=1)", "f(*a)", "f(**a)", "f[1]", "f[1:]", "f[:1]", "f[::1]", "f.g", "del f",
        "def f(a): pass", "def f(*, a): pass", "def f(a, /): pass", "def f(*a): pass",
        "def f(**a): pass", "def f(a=None): pass", "async def f(a): pass", "f = lambda a: None",
        "class f: pass", "class f(a): pass", "class f(a=1): pass", "@a\nclass f: pass",
        "import f", "import f as g", "from f import g", "from .f import g", "from . import f",
        "return_ = 1", "if f: g", "while f: g", "for f in g: h", "with f: g", "with f as g: g",
        "[f for f in g]", "{f for f in g}", "(f for f in g)", "[f for f in g if f]",
        "f < g", "f > g", "f < g < h", "f and g", "f or g", "not f", "f if g else h",
    ]  # fmt: skip


def test_different_programs_have_different_digests(tmp_path):
    digests = set()
    for program in different_programs():
        (tmp_path / "program.py").write_text(program)
        digests.add(provenance.code_digest([tmp_path / "program.py"]))
    trees = {ast.dump(ast.parse(program)) for program in different_programs()}
    assert len(digests) == len(trees) == len(different_programs())
