"""What a result was made from: digests of code and files, versions of libraries.

Only the standard library is used, because every cluster job evaluates this at start-up.
"""

import ast
import hashlib
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib.metadata import version
from itertools import groupby
from pathlib import Path

PACKAGE_FOLDER = Path(__file__).parent
RECORDED_LIBRARIES = ("torch", "numpy", "h5py")


def code_digest(sources: Iterable[Path | str]) -> str:
    """Return 16 hexadecimal digits that change when the code of `sources` or what it imports does.

    `sources` are Python files. Every module of this package that they import, directly or through
    one another, counts. The digest is taken over syntax trees without docstrings, so that comments,
    docstrings and formatting do not change it, and neither does the version of Python.
    """
    pending = [Path(source).resolve() for source in sources]
    meanings: dict[Path, str] = {}
    while pending:
        path = pending.pop()
        if path not in meanings:
            source = path.read_text(encoding="utf-8")
            meanings[path], modules = _meaning_and_imports(source, str(path))
            pending.extend(file for module in modules for file in _files_of_module(module))
    digest = hashlib.sha256()
    for path in sorted(meanings, key=lambda path: path.name + str(path)):
        digest.update(f"{path.name}\n{meanings[path]}\n".encode())
    return digest.hexdigest()[:16]


def sha256_of_file(path: Path | str) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits, reading it piece by piece."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def library_versions(*libraries: str) -> dict[str, str]:
    """Return the versions of `libraries`, as ``{"torch_version": "2.13.0", …}``.

    Without arguments, those that spectra depend on. The suffix that tells a CPU build from a CUDA
    build is left out: both are the same release.
    """
    return {
        f"{library}_version": version(library).partition("+")[0]
        for library in libraries or RECORDED_LIBRARIES
    }


# Rules share most of their modules, and every job of a cluster parses them all.
@cache
def _meaning_and_imports(source: str, path: str) -> tuple[str, tuple[str, ...]]:
    """Return the syntax tree of a module without docstrings, as text, and what it may import."""
    tree = ast.parse(source, filename=path)
    statements = list(_statements(tree))
    modules = tuple(name for node in statements for name in _imported_modules(node))
    for node in statements:
        _remove_docstring(node)
    return _written_out(tree), modules


# What some versions of Python leave out or add for the same program, or what follows from the rest.
_FIELDS_WITHOUT_MEANING = frozenset({"ctx", "kind", "type_comment", "type_ignores"})


def _written_out(tree: ast.AST) -> str:
    """Return a syntax tree as text that is the same in every version of Python.

    Unlike `ast.dump`, it leaves out fields that are absent or empty, as a version does that does
    not know them, and does not depend on how the text of an f-string is cut into pieces.
    """
    pieces: list[str] = []
    _write_out(tree, pieces.append)
    return "".join(pieces)


def _write_out(value: object, write: Callable[[str], None]) -> None:
    if isinstance(value, ast.AST):
        write(type(value).__name__)
        write("(")
        for name in value._fields:
            inner = getattr(value, name, None)
            if inner is None or inner == [] or name in _FIELDS_WITHOUT_MEANING:
                continue
            write(name)
            write("=")
            _write_out(_joined(inner) if isinstance(value, ast.JoinedStr) else inner, write)
            write(",")
        write(")")
    elif isinstance(value, list):
        write("[")
        for item in value:
            _write_out(item, write)
            write(",")
        write("]")
    else:
        write(repr(value))


def _joined(parts: list[ast.expr]) -> list[ast.expr]:
    """Join the texts of an f-string that follow one another, and leave out empty ones."""
    joined: list[ast.expr] = []
    for are_texts, group in groupby(parts, lambda part: isinstance(part, ast.Constant)):
        if are_texts:
            text = "".join(part.value for part in group)
            joined.extend([ast.Constant(text)] if text else [])
        else:
            joined.extend(group)
    return joined


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield a module and all its statements; their expressions, the bulk of it, are left out."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        yield node
        for block in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(node, block, ())
            # The body of an expression is no list.
            if isinstance(inner, list):
                pending.extend(inner)


def _imported_modules(node: ast.AST) -> Iterator[str]:
    """Yield the modules that a statement imports; some are attributes of modules instead."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _files_of_module(name: str) -> Iterable[Path]:
    package, *rest = name.split(".")
    if package != PACKAGE_FOLDER.name:
        return
    candidate = PACKAGE_FOLDER.joinpath(*rest).with_suffix(".py") if rest else None
    if candidate is not None and candidate.is_file():
        yield candidate.resolve()


def _remove_docstring(node: ast.AST) -> None:
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        first = node.body[0] if node.body else None
        if (
            isinstance(first, ast.Expr)
            and isinstance(first.value, ast.Constant)
            and isinstance(first.value.value, str)
        ):
            node.body = node.body[1:] or [ast.Pass()]
