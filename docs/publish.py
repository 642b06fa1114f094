"""Copy what a sweep has found into docs/results/: `python docs/publish.py FOLDER NAME`.

FOLDER is where the sweep was run, with its `results/`; NAME is the folder below docs/results/. The
tables must be those that the record of the run names, and nothing is published that is not whole.
"""

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT / "workflow" / "scripts"))

from jacspec.provenance import sha256_of_file  # noqa: E402

# What is published of a sweep, as far as it has it.
OF_THE_SWEEP = (
    "record.json",
    "report.html",
    "summary.csv",
    "claims.csv",
    "theorems.csv",
    "detection.csv",
    "variants.csv",
    "variants.md",
    "variance.csv",
    "figures/variants.png",
    "figures/specification_curve.png",
)
# What is published of its first variant.
OF_A_VARIANT = (
    "claims.md",
    "theorems.md",
    "detection.md",
    "families/*.csv",
    "figures/figure_*.png",
    "figures/table_*.png",
    "figures/family_*.png",
)


def altered(folder: Path, tables: Mapping[str, str]) -> list[str]:
    """Return the tables in a sweep's folder whose SHA-256 is not the one in `tables`."""
    return [
        name
        for name, digest in tables.items()
        if not (folder / name).is_file() or sha256_of_file(folder / name) != digest
    ]


def publish(folder: Path, target: Path) -> list[Path]:
    """Put the files of the sweep in `folder` in place of all that is in `target`; return them.

    Raises SystemExit if a table is not the one that the record of the run names.
    """
    results = folder / "results"
    record = json.loads((results / "record.json").read_text(encoding="utf-8"))
    if wrong := altered(folder, record["tables"]):
        sys.exit(f"{folder}: {', '.join(wrong)} not as in results/record.json; run snakemake again")
    first = next(iter(record["variants"]))
    found = [results / name for name in OF_THE_SWEEP if (results / name).is_file()]
    placed = {source: target / source.relative_to(results) for source in found}
    for name in OF_A_VARIANT:
        for source in sorted((results / first).glob(name)):
            placed[source] = target / source.relative_to(results / first)
    shutil.rmtree(target, ignore_errors=True)
    for source, path in placed.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, path)
    return [*placed.values()]


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    files = publish(Path(sys.argv[1]), PROJECT / "docs" / "results" / sys.argv[2])
    print(f"{len(files)} files, {sum(path.stat().st_size for path in files) / 1e6:.1f} MB")
