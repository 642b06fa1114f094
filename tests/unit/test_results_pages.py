"""README and docs say what the published results say, and those are of one run."""

import hashlib
import json
import lzma
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from snakemake.utils import update_config

from jacspec import layout
from jacspec.data.blocks import PointBlock
from jacspec.data.storage import write_points
from jacspec.key import ModelKey
from jacspec.models.architecture import Architecture
from jacspec.models.initial_weights import initial_parameters
from jacspec.models.weights import write_weights
from jacspec.report.page import packed
from jacspec.tables import read_table
from sweep.variants import variants_of

DOCS = Path(__file__).parents[2] / "docs"
sys.path.insert(0, str(DOCS))

import make_results  # noqa: E402
import map_tables  # noqa: E402
import networks  # noqa: E402
import publish  # noqa: E402
import published  # noqa: E402


def test_pages_are_made_from_the_published_results():
    for path, text in make_results.pages().items():
        written = (make_results.PROJECT / path).read_text(encoding="utf-8")
        assert written == text, f"{path}: run python docs/make_results.py"


def test_the_cost_of_the_study_is_that_of_its_configuration(config):
    overlay = yaml.safe_load((DOCS.parent / "config/study.yaml").read_text(encoding="utf-8"))
    update_config(config, overlay)
    expected = {
        name: (variant.epochs, len(variant.latent_dims) * len(variant.seeds))
        for name, variant in variants_of(config).items()
    }
    measured = pd.read_csv(published.RESULTS / "recipes.csv").set_index("variant")
    found = {row.Index: (row.epochs, row.networks) for row in measured.itertuples()}
    assert found == expected, "run: python benchmarks/recipes.py"


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


PAGE = """<p><a href="#gallery">Gallery</a>
<a class="pdf" href="mine/figures/figure_5.pdf">PDF<span> of Figure 5</span></a>
<a href="variants.csv">CSV</a></p>"""


@pytest.fixture
def sweep(tmp_path):
    """Return the folder of a sweep of one variant, with one table and its record."""
    results = tmp_path / "sweep" / "results"
    (results / "mine" / "figures").mkdir(parents=True)
    for name in ("summary.csv", "mine/other.txt", "mine/figures/figure_5.pdf"):
        (results / name).write_text(name)
    (results / "report.html").write_text(PAGE)
    (results / "figures").mkdir()
    Image.new("RGB", (3, 2), "red").save(results / "figures" / "variants.png")
    digest = hashlib.sha256(b"summary.csv").hexdigest()
    record = {"tables": {"results/summary.csv": digest}, "variants": {"mine": {}}}
    (results / "record.json").write_text(json.dumps(record))
    return results.parent


def test_what_is_published_takes_the_place_of_all_that_was(sweep, tmp_path):
    target = tmp_path / "published"
    target.mkdir()
    (target / "left over.csv").write_text("of an earlier sweep")
    published = publish.publish(sweep, target)
    names = {"record.json", "report.html", "summary.csv", "figures/variants.webp"}
    names.add("mine/figures/figure_5.pdf")
    assert {path.relative_to(target).as_posix() for path in published} == names
    assert {p.relative_to(target).as_posix() for p in target.rglob("*") if p.is_file()} == names


def test_tables_alone_are_published_without_page_and_pictures(sweep, tmp_path):
    published = publish.publish(sweep, tmp_path / "published", only_tables=True)
    assert [path.name for path in published] == ["record.json", "summary.csv"]


def test_a_published_page_has_no_link_that_leads_nowhere(sweep, tmp_path):
    target = tmp_path / "published"
    publish.publish(sweep, target)
    assert (target / "report.html").read_text() == PAGE
    record = sweep / "results" / "record.json"
    content = json.loads(record.read_text())
    content["variants"]["other"] = {}
    record.write_text(json.dumps(content))
    publish.publish(sweep, target)
    assert not (target / "mine").exists()
    assert re.findall("href", (target / "report.html").read_text()) == ["href", "href"]


def test_the_published_pages_lead_to_what_is_published():
    pages = list((DOCS / "results").glob("*/report.html"))
    assert pages
    for page in pages:
        links = re.findall(r'<a class="pdf"[^>]* href="([^"]+)"', page.read_text(encoding="utf-8"))
        assert [link for link in links if not (page.parent / link).is_file()] == []


def test_the_published_pages_carry_the_evidence_of_each_variant():
    for page in (DOCS / "results").glob("*/report.html"):
        text = page.read_text(encoding="utf-8")
        variants = re.findall(r'<script [^>]*id="variant-([^"]+)"', text)
        assert variants
        for name in variants:
            assert f'id="file-{name}/claims.csv"' in text


def record_of(sweep, table, content):
    """Write a table and its hash into the record of the run."""
    (sweep / "results" / table).write_text(content)
    path = sweep / "results" / "record.json"
    record = json.loads(path.read_text())
    digest = publish.sha256_of_file(sweep / "results" / table)
    path.write_text(json.dumps(record | {"tables": {f"results/{table}": digest}}))


def test_a_large_table_is_published_compressed(sweep, tmp_path):
    table = "variant,value,points\n" + "mine,0.5,1234567\n" * 20_000
    record_of(sweep, "summary.csv", table)
    target = tmp_path / "published"
    assert target / "summary.csv.xz" in publish.publish(sweep, target)
    assert not (target / "summary.csv").exists()
    assert lzma.decompress((target / "summary.csv.xz").read_bytes()).decode() == table
    assert len(published.published_table(target, "summary.csv")) == 20_000


def test_a_large_table_is_published_with_six_digits_of_each_number():
    rows = ["value,points,name", "0.12345678901,1234567,0.1.2", "1.2345678901e-17,,nan", "inf,3,"]
    assert publish.shortened("\n".join(rows) + "\n").splitlines() == [
        "value,points,name",
        "0.123457,1234567,0.1.2",
        "1.23457e-17,,nan",
        "inf,3,",
    ]


def test_a_picture_is_published_smaller_with_every_pixel(sweep, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    source = sweep / "results" / "figures" / "variants.png"
    Image.fromarray(pixels).save(source)
    publish.publish(sweep, tmp_path / "published")
    with Image.open(tmp_path / "published" / "figures" / "variants.webp") as picture:
        np.testing.assert_array_equal(np.asarray(picture), pixels)


CARRYING = """<p><a data-file="detection.csv" href="mine/detection.csv">detection.csv</a>
<a data-file="claims.csv" href="mine/claims.csv">claims.csv</a></p>
<script type="text/plain" id="file-mine/claims.csv">EVIDENCE</script>
<script type="text/plain" id="file-mine/detection.csv">lies beside</script>
""".replace("EVIDENCE", packed("value\n0.12345678901\n"))
SHORTENED = packed("value\n0.123457\n")


def test_a_table_beside_a_published_page_is_not_carried_by_it(sweep, tmp_path):
    (sweep / "results" / "report.html").write_text(CARRYING)
    record_of(sweep, "detection.csv", "score,value\n")
    publish.publish(sweep, tmp_path / "published")
    page = (tmp_path / "published" / "report.html").read_text()
    assert '<a href="detection.csv">detection.csv</a>' in page
    assert f'id="file-mine/claims.csv">{SHORTENED}</script>' in page
    assert 'data-file="claims.csv"' in page
    assert "lies beside" not in page and "file-mine/detection.csv" not in page


def test_a_table_that_is_not_beside_a_published_page_stays_in_it(sweep, tmp_path):
    (sweep / "results" / "report.html").write_text(CARRYING)
    publish.publish(sweep, tmp_path / "published")
    page = (tmp_path / "published" / "report.html").read_text()
    assert "lies beside" in page and 'data-file="detection.csv"' in page


def test_a_table_that_is_not_the_record_s_is_not_published(sweep, tmp_path):
    (sweep / "results" / "summary.csv").write_text("edited")
    with pytest.raises(SystemExit, match=r"results/summary\.csv not as in results/record\.json"):
        publish.publish(sweep, tmp_path / "published")
    assert not (tmp_path / "published").exists()


@pytest.mark.parametrize(
    ("values", "first"),
    [
        ([0.5, 0.95, 0.9, 0.95, 0.99], "0.75"),
        ([0.95, 0.95, 0.95, 0.95, 0.95], "0.00"),
        ([0.99, 0.99, 0.99, 0.99, 0.5], "nowhere"),
        ([0.99, float("nan"), 0.99, 0.99, 0.99], "0.50"),
    ],
)
def test_a_curve_is_above_a_bound_from_where_it_never_falls_below_again(values, first):
    curve = pd.Series(values, index=[0, 0.25, 0.5, 0.75, 1])
    assert map_tables.first_weight(curve, 0.95) == first


def test_how_far_weights_went_is_in_units_of_where_they_began():
    initial = {"weight": np.full((2, 2), 1.0), "bias": np.zeros(3)}
    parameters = {"weight": np.full((2, 2), -1.0), "bias": np.array([0.0, 3.0, 0.0])}
    # sqrt(4 * 2^2 + 3^2) / 2
    assert networks.distance_travelled(parameters, initial) == 2.5


def test_units_that_no_point_turns_on_are_not_live(tmp_path):
    key = ModelKey("mine", 2, 0)
    architecture = Architecture(2, (4, 3), 5)
    parameters = initial_parameters(architecture, 0)
    # Of three units before the latent layer, one is always off, and one off at all points but one.
    parameters["encoder.2.weight"][:] = 0
    parameters["encoder.2.bias"][:] = [-1, 1, -1]
    parameters["encoder.0.weight"][:] = 0
    parameters["encoder.0.weight"][0, 0] = parameters["encoder.2.weight"][2, 0] = 1
    parameters["encoder.0.bias"][:] = 0
    weights = tmp_path / key.path(layout.WEIGHTS)
    weights.parent.mkdir(parents=True)
    write_weights(weights, architecture, parameters, {})
    points = np.zeros((6, 5), dtype=np.float32)
    points[4, 0] = 2
    file = tmp_path / layout.DATASET_SHARD.format(dataset="noise", shard=0)
    file.parent.mkdir(parents=True)
    write_points(
        file,
        [PointBlock(points)],
        dataset="noise",
        first=0,
        count=len(points),
        attributes={},
        compressed=False,
    )
    networks.write_networks(tmp_path, tmp_path / "networks.csv", [key], ["noise"])
    (row,) = read_table(tmp_path / "networks.csv", networks.COLUMNS)
    assert (row["variant"], row["dataset"], row["units"], row["live_units"]) == (
        *("mine", "noise"),
        *("3", "2"),
    )


def test_tables_published_are_the_joined_ones_of_their_record():
    study = DOCS / "results" / "study"
    tables = json.loads((study / "record.json").read_text(encoding="utf-8"))["tables"]
    assert tables["results/variants.csv"] == publish.sha256_of_file(study / "variants.csv")
