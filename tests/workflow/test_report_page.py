"""The page of a tiny sweep in Debian's Chromium, headless and without a network.

`make browser` installs Chromium. Where it is missing these tests fail: skipped, they would be
forgotten.
"""

import math
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

from conftest import TINY
from jacspec.claims.rows import read_claims
from jacspec.families.table import read_family_table
from jacspec.key import ModelKey
from jacspec.report.model_view import PLANE_CELLS, SIGNIFICANT_DIGITS, rounded
from jacspec.report.page import EXPLORED_POINTS
from jacspec.results import open_sweep

WIDE, NARROW = 1280, 400
MARKS = ".points path, .lines path, .boxes path, .box, .bars path, .hm image, .heatmaplayer image"
PAPER_MEGABYTES = 15


@pytest.fixture(scope="module")
def browser():
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    assert executable, "there is no chromium: install it with `make browser`"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-gpu"]
        )
        yield running
        running.close()


@pytest.fixture(scope="module")
def report(tiny_sweep):
    return tiny_sweep / "results" / "report.html"


@pytest.fixture
def open_page(browser, report):
    """Open the page, and check at the end that it never asked for anything but itself."""
    problems, contexts = [], []

    def opened(width: int = WIDE, scheme: str = "light", path: Path = report) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
        )
        contexts.append(context)

        def inspect(route) -> None:
            if route.request.url == path.as_uri() or route.request.url.startswith("blob:"):
                route.continue_()
            else:
                problems.append(f"request: {route.request.url[:200]}")
                route.abort()

        context.route("**/*", inspect)
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.on("console", lambda message: problems.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: problems.append(f"error: {error}"))
        page.goto(path.as_uri())
        page.wait_for_selector("#explorer[data-shown]", state="attached")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not problems


def draw_all(page: Page) -> list[str]:
    """Open what is folded, scroll to every chart, and return the names of those that are drawn."""
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    names = []
    for chart in page.locator(".chart:visible").all():
        chart.scroll_into_view_if_needed()
        page.wait_for_function("one => one.classList.contains('drawn')", arg=chart.element_handle())
        names.append(chart.get_attribute("data-chart"))
    return names


@pytest.mark.parametrize(("width", "scheme"), [(WIDE, "light"), (NARROW, "dark")])
def test_every_chart_has_marks_titles_and_a_caption(open_page, width, scheme):
    page = open_page(width, scheme)
    names = draw_all(page)
    assert {"orientation_input", "figure_1_training", "figure_6_dark", "plane_input"} <= set(names)
    for chart in page.locator(".chart:visible").all():
        name = chart.get_attribute("data-chart")
        assert chart.locator(MARKS).count() > 0, f"{name} has no marks"
        assert chart.locator(".xtitle").first.text_content().strip(), (
            f"{name} has no title on its x axis"
        )
        assert chart.locator(".ytitle").first.text_content().strip(), (
            f"{name} has no title on its y axis"
        )
        figure = chart.locator("xpath=..")
        assert figure.locator("h4").inner_text().strip(), f"{name} has no title"
        section = chart.locator("xpath=ancestor::section[1]")
        captions = section.locator(".caption, figcaption, .aside").all_inner_texts()
        assert any("ook " in text or "Compare" in text for text in captions), name
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_dark_and_light_differ(open_page):
    shades = []
    for scheme in ("light", "dark"):
        page = open_page(WIDE, scheme)
        shades.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert shades == ["rgb(255, 255, 255)", "rgb(20, 23, 28)"]


def shown_chart(page: Page, name: str, side: str = "first") -> list[dict]:
    """Return the traces of a chart of the explorer, as Plotly has them."""
    chart = page.locator(f"#{side} .chart[data-chart={name}]")
    chart.scroll_into_view_if_needed()
    page.wait_for_function("one => one.classList.contains('drawn')", arg=chart.element_handle())
    return chart.evaluate(
        "one => one.data.map(({x, y, z, name, customdata}) => ({x, y, z, name, customdata}))"
    )


@pytest.mark.parametrize(("latent_dim", "seed", "dataset"), [(5, 1, "beta_5_0.8"), (2, 0, "mnist")])
def test_the_explorer_shows_the_chosen_shards(open_page, tiny_sweep, latent_dim, seed, dataset):
    page = open_page()
    shown_chart(page, "plane_input")
    for name, value in (("seed", seed), ("dataset", dataset), ("latent_dim", latent_dim)):
        page.select_option(f"#{name}", str(value))
    page.wait_for_selector(f'#explorer[data-shown="{latent_dim} {seed} {dataset}"]')
    model = open_sweep(tiny_sweep / "results").model(latent_dim, seed, "paper")
    spectra = model.spectra(dataset)
    for jacobian, symbol in (("input", "J<sub>I</sub>"), ("latent", "J<sub>L</sub>")):
        eigenvalues = spectra[f"eigenvalues_{jacobian}"].astype(np.complex128)
        signs = spectra[f"sign_{jacobian}"]
        cells = page.locator(f"#facts tr[data-jacobian={jacobian}] td").all_inner_texts()
        assert float(cells[0]) == rounded(np.abs(eigenvalues).mean())
        determined = signs[signs != 0]
        expected = [np.mean(determined < 0), np.mean(signs == 0), np.mean(eigenvalues == 0)]
        # Shares are rounded to four significant digits, once as a share and once as a percentage.
        for cell, share in zip(cells[1:], expected, strict=True):
            tolerance = 2 * 100 * share * 0.5 * 10.0 ** (1 - SIGNIFICANT_DIGITS)
            assert abs(float(cell.removesuffix(" %")) - 100 * share) <= tolerance
        check_plane(shown_chart(page, f"plane_{jacobian}")[0], eigenvalues)
        lines = {trace["name"]: trace for trace in shown_chart(page, "modulus_by_index")}
        assert lines[symbol]["y"] == rounded(np.abs(eigenvalues).mean(axis=0))
    check_differences(shown_chart(page, "difference"), spectra)
    text = page.locator("#explorer-shown").inner_text()
    assert f"{len(spectra)} points" in text
    assert f"error {rounded(spectra['reconstruction_error'].mean()):g};" in text


def check_plane(trace: dict, eigenvalues: np.ndarray) -> None:
    """Compare all cells of the plane with a count by NumPy."""
    nonzero = eigenvalues[eigenvalues != 0]
    cell = trace["x"][1] - trace["x"][0]
    edges = np.linspace(trace["x"][0] - cell / 2, trace["x"][-1] + cell / 2, PLANE_CELLS + 1)
    expected = np.histogram2d(nonzero.imag, nonzero.real, bins=(edges, edges))[0]
    np.testing.assert_array_equal(np.array(trace["customdata"], float), expected)
    logarithms = np.array(trace["z"], float)
    with np.errstate(divide="ignore"):
        wanted = np.where(expected > 0, np.log10(expected), np.nan)
    # Two logarithms to the base of ten may differ in the last bit.
    np.testing.assert_allclose(logarithms, wanted, rtol=1e-15, atol=1e-15)


def check_differences(traces: list[dict], spectra) -> None:
    rows = spectra.read(
        ["eigenvalues_input", "eigenvalues_latent", "reconstruction_error", "sign_input"],
        stop=EXPLORED_POINTS,
    )
    difference = rows["eigenvalues_input"].astype(complex) - rows["eigenvalues_latent"]
    expected = rounded(np.linalg.norm(difference, axis=1))
    errors = rounded(rows["reconstruction_error"])
    found = 0
    for trace, sign in zip(traces, (1, -1, 0), strict=True):
        points = np.flatnonzero(rows["sign_input"] == sign).tolist()
        assert trace["x"] == [errors[point] for point in points]
        assert trace["y"] == [expected[point] for point in points]
        found += len(points)
    assert found == len(expected)


def test_the_answer_is_on_the_first_screen(open_page):
    for width in (WIDE, NARROW):
        answer = open_page(width).locator("#answer .lead")
        box = answer.bounding_box()
        assert box["y"] + box["height"] < 900
        assert answer.inner_text().startswith("Nothing is judged: all 2 variants")


def test_a_short_training_is_judged_nowhere(open_page, tiny_sweep):
    page = open_page()
    verdicts = page.locator("[data-verdict]:visible")
    found = {one.get_attribute("data-verdict") for one in verdicts.all()}
    # C15 is about data, not about networks; of what there is no data for, nothing is said.
    assert found <= {"not judged", "does not apply", "reproduced", "undetermined"}
    rows = page.locator("#matrix tbody tr")
    assert rows.count() == 15
    for row in rows.all():
        cells = [cell.get_attribute("data-verdict") for cell in row.locator("[data-verdict]").all()]
        assert len(cells) == len(open_sweep(tiny_sweep / "results").variant_names)
        assert row.locator(".end").inner_text()
    assert page.locator("#orientation .verdict:visible").get_attribute("data-verdict") == (
        "not judged"
    )


def test_a_cell_of_the_matrix_leads_to_its_evidence(open_page):
    page = open_page()
    page.locator("#matrix tbody tr", has_text="C9").locator("[data-verdict] a").nth(1).click()
    claim = page.locator('[id="sgd/C9"]')
    claim.locator("table").first.wait_for()
    assert claim.evaluate("one => one.open")
    assert page.locator("#variant").input_value() == "sgd"
    assert page.locator('[id="paper/C9"]:visible').count() == 0


def networks_shown(claim) -> dict[tuple[str, str], list[str]]:
    """Return the cells of the table of networks of a claim, by latent dimension and seed."""
    rows = claim.locator("[data-networks] tbody tr").all()
    cells = [row.locator("th, td").all_inner_texts() for row in rows]
    return {(latent_dim, seed): others for latent_dim, seed, *others in cells}


@pytest.mark.parametrize(
    ("claim_name", "statistic", "statement"),
    [("C1", "main", "near_one"), ("C9", "share_reversed/input/mnist", "training_set")],
)
def test_the_evidence_has_the_value_and_the_conditions_of_every_network(
    open_page, tiny_sweep, claim_name, statistic, statement
):
    page = open_page()
    page.evaluate(f"location.hash = '#claims/paper/{claim_name}'")
    claim = page.locator(f'[id="paper/{claim_name}"]')
    claim.locator("[data-networks] select").select_option(statistic)
    shown = networks_shown(claim)
    rows = [
        row
        for row in read_claims(tiny_sweep / "results/paper/claims.csv")
        if row.claim == claim_name and row.seed is not None and row.latent_dim is not None
    ]
    numbers = [row for row in rows if row.statistic == statistic]
    assert len(numbers) == 4
    for row in numbers:
        found = shown[str(row.latent_dim), str(row.seed)]
        assert found[0] == ("–" if math.isnan(row.value) else f"{row.value:.4g}")
        if not math.isnan(row.low):
            assert found[1] == f"{row.low:.4g} to {row.high:.4g}"
    conditions = [row for row in rows if row.statistic == f"condition/{statement}"]
    assert len(conditions) == 4
    words = {1.0: "✔ holds", 0.0: "✘ does not hold"}
    for row in conditions:
        found = shown[str(row.latent_dim), str(row.seed)]
        assert found[3] == words.get(row.value, "? undetermined")


def test_a_network_of_the_evidence_leads_to_the_explorer(open_page):
    page = open_page()
    page.evaluate("location.hash = '#claims/paper/C1'")
    page.locator('[id="paper/C1"] [data-networks] tbody tr', has_text="5").nth(1).locator(
        "a"
    ).click()
    page.wait_for_selector('#explorer[data-shown="5 1 mnist"]')


def test_the_command_of_a_claim_makes_its_numbers_again(open_page, tiny_sweep, project):
    page = open_page()
    command = page.locator('[id="sgd/C9"] code', has_text="snakemake").text_content()
    words = shlex.split(command)
    assert words[:5] == ["snakemake", "--cores", "1", "--force", "results/sgd/claims.csv"]
    assert "tests/workflow/tiny.yaml" in words
    # The finished sweep has been moved since.
    words[words.index("--directory") + 1] = str(tiny_sweep)
    finished = subprocess.run(
        [sys.executable, "-m", *words, "--dry-run"],
        capture_output=True,
        text=True,
        check=False,
        cwd=project,
    )
    said = finished.stdout + finished.stderr
    assert finished.returncode == 0, said
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", said, re.MULTILINE))
    assert jobs == {"claims": "1", "total": "1"}


def test_the_files_that_the_page_links_to_are_inside(open_page, report):
    page = open_page()
    page.select_option("#variant", "sgd")
    page.wait_for_selector('#explorer[data-variant="sgd"]')
    names = []
    for link in page.locator("a[href$='.csv']:visible, a[href$='.md']:visible").all():
        with page.expect_download() as download:
            link.click()
        name = link.get_attribute("href")
        assert download.value.suggested_filename == name.replace("/", "_")
        assert download.value.path().read_bytes() == (report.parent / name).read_bytes()
        names.append(name)
    wanted = ["variants.md", "variants.csv", "variance.csv", "sgd/claims.csv", "sgd/detection.md"]
    assert names == [*wanted, "sgd/detection.csv", "sgd/theorems.csv"]


def test_a_variant_can_be_chosen_for_everything_below(open_page, tiny_sweep):
    page = open_page()
    shown_chart(page, "plane_input")
    page.select_option("#variant", "sgd")
    page.wait_for_selector('#explorer[data-variant="sgd"]')
    assert page.locator("#latent_dim option").all_inner_texts() == ["2"]
    spectra = open_sweep(tiny_sweep / "results").model(2, 0, "sgd").spectra("mnist")
    page.select_option("#dataset", "mnist")
    page.wait_for_selector('#explorer[data-shown="2 0 mnist"]')
    check_plane(shown_chart(page, "plane_input")[0], spectra["eigenvalues_input"])
    link = page.locator("#figure_1 a.pdf").get_attribute("href")
    assert link == "sgd/figures/figure_1.pdf"
    assert set(page.locator(".variant-name").all_inner_texts()) == {"sgd"}
    assert draw_all(page)


def test_a_link_leads_to_a_state_of_the_explorer(open_page):
    page = open_page()
    page.evaluate("location.hash = '#explorer/paper/5/1/uniform'")
    page.wait_for_selector('#explorer[data-shown="5 1 uniform"]')
    page.select_option("#dataset", "mnist")
    page.wait_for_selector('#explorer[data-shown="5 1 mnist"]')
    assert page.evaluate("location.hash") == "#explorer/paper/5/1/mnist"


def test_two_choices_stand_side_by_side_on_the_same_axes(open_page, tiny_sweep):
    page = open_page()
    page.evaluate("location.hash = '#explorer/paper/5/1/mnist'")
    page.wait_for_selector('#explorer[data-shown="5 1 mnist"]')
    page.locator("#compare").focus()
    page.keyboard.press("Space")
    # The same model on another set, until something else is chosen.
    page.wait_for_selector('#explorer[data-second="paper 5 1 beta_5_0.8"]')
    page.select_option("#variant-2", "sgd")
    page.select_option("#dataset-2", "uniform")
    page.wait_for_selector('#explorer[data-shown="5 1 mnist"][data-second="sgd 2 0 uniform"]')
    assert page.evaluate("location.hash") == "#explorer/paper/5/1/mnist/sgd/2/0/uniform"
    sweep = open_sweep(tiny_sweep / "results")
    for side, model, dataset in (
        ("first", sweep.model(5, 1, "paper"), "mnist"),
        ("second", sweep.model(2, 0, "sgd"), "uniform"),
    ):
        spectra = model.spectra(dataset)["eigenvalues_latent"]
        check_plane(shown_chart(page, "plane_latent", side)[0], spectra)
    for name in ("plane_latent", "modulus_by_index", "angle", "difference"):
        ranges = []
        for side in ("first", "second"):
            shown_chart(page, name, side)
            chart = page.locator(f"#{side} .chart[data-chart={name}]")
            ranges.append(
                chart.evaluate("({layout}) => [layout.xaxis, layout.yaxis].map(one => one.range)")
            )
        assert ranges[0] == ranges[1], name
    boxes = [page.locator(f"#{side}").bounding_box() for side in ("first", "second")]
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
    page.locator("#compare").uncheck()
    page.locator("#second").wait_for(state="hidden")
    assert page.evaluate("location.hash") == "#explorer/paper/5/1/mnist"


def test_a_link_leads_to_two_choices_side_by_side(open_page):
    page = open_page(NARROW)
    page.evaluate("location.hash = '#explorer/sgd/2/0/uniform/paper/5/1/mnist'")
    page.wait_for_selector('#explorer[data-shown="2 0 uniform"][data-second="paper 5 1 mnist"]')
    assert page.locator("#variant").input_value() == "sgd"
    assert page.locator("#compare").is_checked()
    boxes = [page.locator(f"#{side}").bounding_box() for side in ("first", "second")]
    assert boxes[0]["y"] + boxes[0]["height"] <= boxes[1]["y"]
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW


def test_a_link_to_what_there_is_not_leaves_a_choice_that_there_is(open_page):
    page = open_page()
    page.evaluate("location.hash = '#explorer/sgd/5/1/uniform'")
    page.wait_for_selector('#explorer[data-variant="sgd"][data-shown="2 0 uniform"]')


def test_all_sets_are_switched_at_once(open_page):
    page = open_page()
    boxes = page.locator('#orientation input[data-group="dataset"]:visible')
    page.locator("#orientation [data-none]:visible").click()
    assert not any(box.is_checked() for box in boxes.all())
    page.locator("#orientation [data-all]:visible").click()
    assert all(box.is_checked() for box in boxes.all())


def test_the_page_prints_with_every_chart_drawn(open_page):
    page = open_page()
    # The browser does not wait: what is drawn after the printing is not on the paper.
    page.evaluate(
        """addEventListener("afterprint", () => {
          window.blank = [...document.querySelectorAll(".chart")]
            .filter((one) => one.offsetParent && !one.matches(".drawn"))
            .map((one) => one.dataset.chart);
        })"""
    )
    page.pdf()
    assert page.evaluate("blank") == []


def test_what_is_printed_has_dark_ink_whatever_the_screen_has(open_page):
    page = open_page(scheme="dark")
    title = "document.querySelector('#orientation .xtitle')"
    for event, ink in (("beforeprint", "rgb(28, 33, 39)"), ("afterprint", "rgb(232, 234, 237)")):
        page.evaluate(f"dispatchEvent(new Event('{event}'))")
        page.wait_for_function(f"{title} && getComputedStyle({title}).fill === '{ink}'")


def obstacles(page: Page, part: str = "html") -> list[str]:
    """Return what is serious for somebody who cannot see or use a mouse, in a part of the page."""
    found = Axe().run(page, context=part).response["violations"]
    return [
        f"{one['id']}: {one['help']}, {len(one['nodes'])} times, {one['nodes'][0]['html'][:500]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_anybody_from_using_the_page(open_page, scheme):
    page = open_page(WIDE, scheme)
    page.locator("#compare").check()
    page.locator("#second").wait_for()
    draw_all(page)
    assert obstacles(page) == []


def test_everything_is_reached_by_keyboard(open_page):
    page = open_page()
    reached = set()
    for _ in range(400):
        page.keyboard.press("Tab")
        element = page.evaluate(
            "document.activeElement.id || document.activeElement.dataset.member"
        )
        reached.add(element)
        if element == "gallery-seed":
            break
    assert {"compare", "latent_dim", "seed", "dataset", "gallery-seed", "mnist"} <= reached
    page.locator("#latent_dim").focus()
    before = page.locator("#explorer").get_attribute("data-shown")
    page.keyboard.press("ArrowUp")
    page.wait_for_function(
        "before => document.getElementById('explorer').dataset.shown !== before", arg=before
    )


def test_a_switch_hides_a_data_set_everywhere(open_page):
    page = open_page()
    draw_all(page)
    box = page.locator('#orientation input[data-member="mnist"]')
    box.uncheck()
    page.wait_for_function(
        "() => ['orientation_input', 'figure_2_mean_abs_latent'].every(name =>"
        "  document.querySelector(`[data-chart=${name}]`).data.every(trace =>"
        "    (trace.meta.member === 'mnist') === (trace.visible === false)))"
    )
    assert not page.locator('#figure_4 input[data-member="mnist"]').is_checked()


def test_the_gallery_follows_the_seed(open_page, tiny_sweep):
    page = open_page()
    cells = page.locator("#reconstructions img")
    sweep = open_sweep(tiny_sweep / "results")
    assert cells.count() == len(sweep.datasets) * (1 + len(sweep.latent_dims))
    before = cells.last.get_attribute("src")
    page.select_option("#gallery-seed", "1")
    assert cells.last.get_attribute("src") != before


FAMILIES = {
    "line": {"source": "bernoulli", "probability": {"from": 0.1, "to": 0.9, "steps": 3}},
    "map": {
        "source": "beta",
        "alpha": {"from": 0.5, "to": 8, "steps": 2, "spacing": "logarithmic"},
        "beta": {"from": 0.5, "to": 8, "steps": 2, "spacing": "logarithmic"},
    },
}


@pytest.fixture(scope="module")
def family_report(snakemake, tiny_sweep, tmp_path_factory, project):
    """Return the page of the tiny sweep with families, which only models with d = 5 are shown."""
    folder = tmp_path_factory.mktemp("families")
    overlay = folder / "families.yaml"
    config = {"families": FAMILIES, "family_samples": 50, "family_latent_dims": [5]}
    overlay.write_text(yaml.safe_dump(config))
    sweep = shutil.copytree(tiny_sweep, folder / "sweep")
    mnist = f"mnist_source={project}/resources/mnist"
    page = "results/report.html"
    snakemake(sweep, "--configfile", TINY, overlay, "--config", mnist, "--", page)
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
    assert curve["y"] == line.intervals[key, "input", "mean_abs"][:, 0].tolist()
    assert curves[-1]["text"] == ["Bernoulli(0.13)"]
    assert "Bernoulli(0.13)" in hovered(page, "family_line_mean_abs_input", len(curves) - 1)
    cells, rings = family_traces(page, "family_map_share_reversed_latent_d5")
    table = read_family_table(tables / "map.csv", ["alpha", "beta"])
    shares = table.intervals[key, "latent", "share_reversed"][:, 0].reshape(2, 2)
    np.testing.assert_array_equal(np.array(cells["z"], float), shares.T)
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


def test_first_view(open_page, report, capsys):
    """Tell how long the first view takes; the time is not judged."""
    started = time.perf_counter()
    page = open_page()
    page.locator(".chart:visible").first.scroll_into_view_if_needed()
    page.wait_for_selector(".chart.drawn")
    seconds = time.perf_counter() - started
    paint = page.evaluate("performance.getEntriesByType('paint').at(-1).startTime / 1000")
    with capsys.disabled():
        print(f"\nreport.html: text after {paint:.2f} s, first chart after {seconds:.2f} s")
    assert page.locator("#answer .lead").inner_text().strip()
    assert report.stat().st_size < PAPER_MEGABYTES * 1e6
