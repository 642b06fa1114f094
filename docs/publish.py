"""Copy what a sweep has found into docs/results/: `python docs/publish.py FOLDER NAME [--tables]`.

FOLDER is where the sweep was run, with its `results/`; NAME is the folder below docs/results/. The
tables must be those that the record of the run names, and nothing is published that is not whole.
Large tables are compressed, with six digits of each number. Of the pages only those links are kept
that lead somewhere, and what lies beside a page, for all variants in one, is left out of it, unless
its evidence shows it. With --tables there is neither page nor picture, and no more than what
verdicts rest on.
"""

import base64
import csv
import io
import json
import lzma
import re
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from PIL import Image

PROJECT = Path(__file__).parents[1]
sys.path[:0] = [str(PROJECT / "workflow" / "scripts"), str(PROJECT / "docs")]

from networks import write_networks  # noqa: E402

from jacspec.key import ModelKey  # noqa: E402
from jacspec.provenance import sha256_of_file  # noqa: E402
from jacspec.report.page import packed  # noqa: E402

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
# Bytes from which on a table is compressed: beside it, a page shows what it says.
LARGE = 50_000
COMPRESSED = ".xz"
# What verdicts rest on.
TABLES = ("record.json", "summary.csv", "claims.csv", "variants.csv", "variants.md", "variance.csv")
# What is published of its first variant.
OF_A_VARIANT = (
    "claims.md",
    "theorems.md",
    "detection.md",
    "families/*.csv",
    "figures/family_*.png",
)
# And, at the places that the page leads to, if there is no other variant and no family.
PICTURES = ("figures/figure_*.pdf", "figures/table_*.pdf")
PICTURED = (".html", ".png")
LINK_TO_A_PICTURE = re.compile(r'<a class="pdf".*?</a> ?', re.DOTALL)
# The largest tables that a page of its own carries, so that it can be sent.
CARRIED = ("detection.csv", "theorems.csv")
# What a page shows behind a verdict: carried, with as many digits as the table beside it.
EVIDENCE = re.compile(
    r'(?P<begin><script type="text/plain" id="file-[^"]+/claims\.csv">)(?P<table>.*?)(?=</script>)',
    re.DOTALL,
)
# More than any interval here tells apart, and half the bytes of all that a float64 has.
SIGNIFICANT_DIGITS = 6


def altered(folder: Path, tables: Mapping[str, str]) -> list[str]:
    """Return the tables in a sweep's folder whose SHA-256 is not the one in `tables`."""
    return [
        name
        for name, digest in tables.items()
        if not (folder / name).is_file() or sha256_of_file(folder / name) != digest
    ]


def publish(folder: Path, target: Path, *, only_tables: bool = False) -> list[Path]:
    """Put the files of the sweep in `folder` in place of all that is in `target`; return them.

    Raises SystemExit if a table is not the one that the record of the run names.
    """
    results = folder / "results"
    record = json.loads((results / "record.json").read_text(encoding="utf-8"))
    if wrong := altered(folder, record["tables"]):
        sys.exit(f"{folder}: {', '.join(wrong)} not as in results/record.json; run snakemake again")
    placed = {source: target / place for source, place in _chosen(results, record, only_tables)}
    shutil.rmtree(target, ignore_errors=True)
    published = [_placed(source, path) for source, path in placed.items()]
    if (target / "report.html") in published:
        has_pictures = any(path.suffix == ".pdf" for path in published)
        _adapt_page(target / "report.html", [path.name for path in published], has_pictures)
    if not only_tables and (keys := dense_networks(record["variants"])):
        with tempfile.TemporaryDirectory() as temporary:
            table = Path(temporary) / "networks.csv"
            write_networks(folder, table, keys, list(record["datasets"]))
            published.append(_placed(table, target / table.name))
    return published


def _chosen(
    results: Path, record: Mapping[str, Any], only_tables: bool
) -> Iterator[tuple[Path, Path]]:
    """Yield the files to be published, and their places seen from the target."""
    first = results / next(iter(record["variants"]))
    has_families = any(first.glob("families/*.csv"))
    for name in TABLES if only_tables else OF_THE_SWEEP:
        # What families have to show is themselves; the page would be a seventh of all files.
        left_out = has_families and Path(name).suffix in PICTURED
        if (results / name).is_file() and not left_out:
            yield results / name, Path(name)
    if only_tables:
        return
    for source in _matching(first, OF_A_VARIANT):
        yield source, source.relative_to(first)
    if len(record["variants"]) == 1 and not has_families:
        for source in _matching(first, PICTURES):
            yield source, source.relative_to(results)


def dense_networks(variants: Mapping[str, Mapping[str, Any]]) -> list[ModelKey]:
    """Return the keys of the networks that the sweep trained by itself."""
    return [
        ModelKey(name, latent_dim, seed)
        for name, settings in variants.items()
        if not {"factory", "weights"} & settings.get("autoencoder", {}).keys()
        for latent_dim in settings.get("latent_dims", [])
        for seed in settings.get("seeds", [])
    ]


def _matching(folder: Path, patterns: Iterable[str]) -> list[Path]:
    return [path for pattern in patterns for path in sorted(folder.glob(pattern))]


def _adapt_page(page: Path, beside: Iterable[str], has_pictures: bool) -> None:
    text = page.read_text(encoding="utf-8")
    if not has_pictures:
        text = LINK_TO_A_PICTURE.sub("", text)
    for published in beside:
        name = published.removesuffix(COMPRESSED)
        if name in CARRIED:
            carried = rf'<script type="text/plain" id="file-[^"]+/{name}">.*?</script>\n?'
            text = re.sub(carried, "", text, flags=re.DOTALL)
            link = rf'<a data-file="{name}" href="[^"]+">{name}</a>'
            text = re.sub(link, f'<a href="{published}">{published}</a>', text)
    page.write_text(EVIDENCE.sub(_shortened_evidence, text), encoding="utf-8")


def _shortened_evidence(found: re.Match[str]) -> str:
    table = zlib.decompress(base64.b64decode(found["table"])).decode()
    return found["begin"] + packed(shortened(table))


def _placed(source: Path, path: Path) -> Path:
    """Copy a file, large tables shortened, pictures smaller without loss, and return its place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if source.suffix == ".csv" and source.stat().st_size > LARGE:
        path = path.with_name(f"{path.name}{COMPRESSED}")
        table = shortened(source.read_text(encoding="utf-8")).encode()
        path.write_bytes(lzma.compress(table, preset=9 | lzma.PRESET_EXTREME))
    elif source.suffix == ".png":
        path = path.with_suffix(".webp")
        with Image.open(source) as picture:
            picture.convert("RGB").save(path, lossless=True, quality=100, method=6)
    else:
        shutil.copy2(source, path)
    return path


def shortened(table: str) -> str:
    """Return a CSV table with its numbers, but for whole ones, rounded to `SIGNIFICANT_DIGITS`."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    for row in csv.reader(io.StringIO(table)):
        writer.writerow([_shortened_cell(cell) for cell in row])
    return target.getvalue()


def _shortened_cell(cell: str) -> str:
    try:
        int(cell)
    except ValueError:
        try:
            return f"{float(cell):.{SIGNIFICANT_DIGITS}g}"
        except ValueError:
            return cell
    return cell


if __name__ == "__main__":
    only_tables = sys.argv[3:] == ["--tables"]
    if len(sys.argv) != 3 + only_tables:
        sys.exit(__doc__)
    place = PROJECT / "docs" / "results" / sys.argv[2]
    files = publish(Path(sys.argv[1]), place, only_tables=only_tables)
    print(f"{len(files)} files, {sum(path.stat().st_size for path in files) / 1e6:.1f} MB")
