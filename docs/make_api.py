"""Write the pages of the library's docstrings to docs/api; `make docs` calls it."""

import pkgutil
from pathlib import Path

import pdoc

import jacspec

if __name__ == "__main__":
    # What the package offers at its top is imported when it is asked for.
    for name in jacspec.__all__:
        getattr(jacspec, name)
    parts = [f"jacspec.{part.name}" for part in pkgutil.iter_modules(jacspec.__path__)]
    pdoc.render.configure(docformat="numpy", math=True)
    pdoc.pdoc("jacspec", *parts, output_directory=Path(__file__).parent / "api")
