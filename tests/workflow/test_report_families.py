"""Families on the page: curves, maps and the data sets that lie in them."""

import shutil

import numpy as np
import pytest
import yaml
from playwright.sync_api import Page
from report_pages import MARKS, obstacles

from conftest import TINY
from jacspec.families.table import read_family_table
from jacspec.key import ModelKey
from jacspec.report.charts import DRAWN_DIGITS

# Half a unit in the last digit of a number that begins with 1.
ROUNDING = 0.5 * 10.0 ** (1 - DRAWN_DIGITS)
FAMILIES = {
    "line": {"source": "bernoulli", "probability": {"from": 0.1, "to": 0.9, "steps": 3}},
    "map": {
        "source": "beta",
        "alpha": {"from": 0.5, "to": 8, "steps": 2, "spacing": "logarithmic"},
        "beta": {"from": 0.5, "to": 8, "steps": 2, "spacing": "logarithmic"},
    },
}


@pytest.fixture(scope="module")
def family_report(snakemake, mnist, tiny_sweep, tmp_path_factory):
    """Return the page of the tiny sweep with families, which only models with d = 5 are shown."""
    folder = tmp_path_factory.mktemp("families")
    overlay = folder / "families.yaml"
    config = {"families": FAMILIES, "family_samples": 50, "family_latent_dims": [5]}
    overlay.write_text(yaml.safe_dump(config))
    sweep = shutil.copytree(tiny_sweep, folder / "sweep")
    page = "results/report.html"
    source = f"mnist_source={mnist}"
    snakemake(sweep, "--configfile", TINY, overlay, "--config", source, "--", page)
    return sweep / page


def family_traces(page: Page, name: str) -> list[dict]:
    """Return the traces of a chart of a family, once it is drawn with all its marks."""
    chart = page.locator(f"#families .chart[data-chart={name}]")
    chart.scroll_into_view_if_needed()
    page.wait_for_function("one => one.classList.contains('drawn')", arg=chart.element_handle())
    assert chart.locator(MARKS).count() > 0
    names = "{x, y, z, text, name}"
    return chart.evaluate(f"one => one.data.map(({names}) => ({names}))")


def hovered(page: Page, name: str, trace: int) -> str:
    """Return what is read at the first point of a trace."""
    chart = page.locator(f"#families .chart[data-chart={name}]")
    chart.evaluate(
        "(one, trace) => Plotly.Fx.hover(one, [{curveNumber: trace, pointNumber: 0}])", trace
    )
    return chart.locator(".hovertext").first.text_content()


def test_families_are_on_the_page_with_the_data_sets_that_lie_in_them(open_page, family_report):
    page = open_page(path=family_report)
    tables = family_report.parent / "paper/families"
    curves = family_traces(page, "family_line_mean_abs_input")
    (curve,) = [trace for trace in curves if trace.get("name") == "d = 5"]
    line = read_family_table(tables / "line.csv", ["probability"])
    key = ModelKey("paper", 5, 0)
    assert curve["x"] == line.positions[:, 0].tolist()
    means = line.intervals[key, "input", "mean_abs"][:, 0]
    np.testing.assert_allclose(curve["y"], means, rtol=ROUNDING)
    assert curves[-1]["text"] == ["Bernoulli(0.13)"]
    assert "Bernoulli(0.13)" in hovered(page, "family_line_mean_abs_input", len(curves) - 1)
    cells, rings = family_traces(page, "family_map_share_reversed_latent_d5")
    table = read_family_table(tables / "map.csv", ["alpha", "beta"])
    shares = table.intervals[key, "latent", "share_reversed"][:, 0].reshape(2, 2)
    np.testing.assert_allclose(np.array(cells["z"], float), shares.T, rtol=ROUNDING)
    assert (rings["x"], rings["y"], rings["text"]) == ([5], [0.8], ["Beta(5, 0.8)"])
    assert obstacles(page, "#families") == []
    with page.expect_download() as download:
        page.locator("#families a[href='paper/families/map.csv']").click()
    assert download.value.path().read_bytes() == (tables / "map.csv").read_bytes()
    page.select_option("#variant", "sgd")
    page.wait_for_selector('#explorer[data-variant="sgd"]')
    assert page.locator("#families .chart:visible").count() == 0


def test_a_sweep_without_families_has_no_place_for_them(open_page):
    page = open_page()
    assert page.locator("#families, a[href='#families']").count() == 0
