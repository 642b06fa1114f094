"""The parts of the library lie on floors: each imports from those below it, and data flow up."""

import ast
from pathlib import Path

import jacspec

LIBRARY = Path(jacspec.__file__).parent
# From the ground, where there is what knows of no stage.
FLOORS = (
    {"atomic", "errors", "hdf5_writing", "key", "markdown", "numba_settings", "provenance"},
    {"device", "layout", "machine_code", "sample_sizes", "seals", "tables"},
    {"data", "eigensolver"},
    {"models"},
    {"spectra", "statistics"},
    {"autoencoders", "claims", "figures"},
    {"detection", "theorems", "variants", "verification"},
    {"families", "results"},
    {"report"},
    {"reduction", "__init__"},
)
FLOOR = {part: number for number, parts in enumerate(FLOORS) for part in parts}


def imported(tree):
    """Yield the modules of the library that are imported when the code runs, not for types."""
    for node in ast.iter_child_nodes(tree):
        for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        if isinstance(node, ast.ImportFrom) and node.module == "jacspec":
            yield from (f"jacspec.{name.name}" for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module.startswith("jacspec."):
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.startswith("jacspec."))
        elif not for_types:
            yield from imported(node)


def imports_between_parts():
    """Yield (module, its part, the part that it imports from)."""
    for path in sorted(LIBRARY.rglob("*.py")):
        module = path.relative_to(LIBRARY)
        for name in imported(ast.parse(path.read_text())):
            yield str(module), module.parts[0].removesuffix(".py"), name.split(".")[1]


def test_every_part_has_a_floor():
    parts = {
        path.relative_to(LIBRARY).parts[0].removesuffix(".py") for path in LIBRARY.rglob("*.py")
    }
    assert parts == set(FLOOR)


def test_no_part_imports_from_its_own_floor_or_a_higher_one():
    wrong = [
        f"{module} imports from {other}"
        for module, part, other in imports_between_parts()
        if part != other and FLOOR[part] <= FLOOR[other]
    ]
    assert not wrong


def test_most_parts_import_from_others():
    assert len({(part, other) for _, part, other in imports_between_parts()}) > 50


def test_only_the_eigensolver_and_machine_code_use_the_inside_of_numba():
    inner = ("from llvmlite", "import llvmlite", "from numba.core", "from numba.extending")
    users = {
        path.relative_to(LIBRARY).parts[0]
        for path in LIBRARY.rglob("*.py")
        if any(name in path.read_text() for name in inner)
    }
    assert users == {"eigensolver", "machine_code.py"}
