"""What a result was made from: digests of code and files, versions of libraries.

Only the standard library is used, because every cluster job evaluates this at start-up.
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

PACKAGE_FOLDER = Path(__file__).parent
RECORDED_LIBRARIES = ("torch", "numpy", "h5py")


def code_digest(sources: Iterable[Path | str]) -> str:
    """Return 16 hexadecimal digits that change when the code of `sources` or what it imports does.

    `sources` are Python files. Every module of this package that they import, directly or through
    one another, counts. The digest is taken over syntax trees without docstrings, so that comments,
    docstrings and formatting do not change it.
    """
    pending = [Path(source).resolve() for source in sources]
    dumps: dict[Path, str] = {}
    while pending:
        path = pending.pop()
        if path not in dumps:
            dumps[path], modules = _dump_and_imports(path.read_text(encoding="utf-8"), str(path))
            pending.extend(file for module in modules for file in _files_of_module(module))
    digest = hashlib.sha256()
    for path in sorted(dumps, key=lambda path: path.name + str(path)):
        digest.update(f"{path.name}\n{dumps[path]}\n".encode())
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
def _dump_and_imports(source: str, path: str) -> tuple[str, tuple[str, ...]]:
    """Return the syntax tree of a module without docstrings, as text, and what it may import."""
    tree = ast.parse(source, filename=path)
    statements = list(_statements(tree))
    modules = tuple(name for node in statements for name in _imported_modules(node))
    for node in statements:
        _remove_docstring(node)
    return ast.dump(tree), modules


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
