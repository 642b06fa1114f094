"""README and docs say what the published results say, and those are of one run."""

import hashlib
import json
import re
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
sys.path.insert(0, str(DOCS))

import make_results  # noqa: E402
import publish  # noqa: E402


def test_pages_are_made_from_the_published_results():
    for path, text in make_results.pages().items():
        written = (make_results.PROJECT / path).read_text(encoding="utf-8")
        assert written == text, f"{path}: run python docs/make_results.py"


def test_every_marker_has_a_block_that_is_made():
    root = make_results.PROJECT
    markers = {
        (name, str(page.relative_to(root)))
        for page in (root / "README.md", *(root / "docs").glob("*.md"))
        for name in re.findall(r"<!-- results: (\S+) begin -->", page.read_text(encoding="utf-8"))
    }
    assert markers == {(name, path) for name, (path, _) in make_results.BLOCKS.items()}


def test_a_block_takes_the_place_of_what_is_between_its_markers():
    page = "before\n<!-- results: a begin -->\n\nold\n\n<!-- results: a end -->\nafter\n"
    assert make_results.with_block(page, "a", "new") == page.replace("old", "new")
    with pytest.raises(ValueError, match="results: b begin"):
        make_results.with_block(page, "b", "new")


@pytest.fixture
def sweep(tmp_path):
    """Return the folder of a sweep of one variant, with one table and its record."""
    results = tmp_path / "sweep" / "results"
    (results / "mine" / "figures").mkdir(parents=True)
    for name in ("summary.csv", "report.html", "mine/figures/figure_5.png", "mine/other.txt"):
        (results / name).write_text(name)
    digest = hashlib.sha256(b"summary.csv").hexdigest()
    record = {"tables": {"results/summary.csv": digest}, "variants": {"mine": {}}}
    (results / "record.json").write_text(json.dumps(record))
    return results.parent


def test_what_is_published_takes_the_place_of_all_that_was(sweep, tmp_path):
    target = tmp_path / "published"
    target.mkdir()
    (target / "left over.csv").write_text("of an earlier sweep")
    published = publish.publish(sweep, target)
    names = {"record.json", "report.html", "summary.csv", "figures/figure_5.png"}
    assert {path.relative_to(target).as_posix() for path in published} == names
    assert {p.relative_to(target).as_posix() for p in target.rglob("*") if p.is_file()} == names


def test_a_table_that_is_not_the_record_s_is_not_published(sweep, tmp_path):
    (sweep / "results" / "summary.csv").write_text("edited")
    with pytest.raises(SystemExit, match=r"results/summary\.csv not as in results/record\.json"):
        publish.publish(sweep, tmp_path / "published")
    assert not (tmp_path / "published").exists()


def test_tables_published_are_the_joined_ones_of_their_record():
    study = DOCS / "results" / "study"
    tables = json.loads((study / "record.json").read_text(encoding="utf-8"))["tables"]
    assert tables["results/variants.csv"] == publish.sha256_of_file(study / "variants.csv")
