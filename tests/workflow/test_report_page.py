"""The page of a tiny sweep in Debian's Chromium, headless and without a network.

`make browser` installs Chromium. Where it is missing these tests fail: skipped, they would be
forgotten.
"""

import math
import re
import shlex
import subprocess
import sys
import time

import pytest
from playwright.sync_api import Page
from report_pages import MARKS, NARROW, PAPER_MEGABYTES, check_plane, obstacles, shown_chart

from conftest import WIDE
from jacspec.claims.registry import CLAIMS
from jacspec.claims.rows import read_claims
from jacspec.results import open_sweep

# A4 between margins of a centimetre, at 96 pixels per inch.
PAPER_PIXELS = 718


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


def test_the_answer_is_on_the_first_screen(open_page):
    for width in (WIDE, NARROW):
        answer = open_page(width).locator("#answer .lead")
        box = answer.bounding_box()
        assert box["y"] + box["height"] < 900
        assert answer.inner_text().startswith("Nothing is judged: the networks of all 2 variants")


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


def test_the_command_of_a_claim_makes_its_numbers_again(open_page, tiny_sweep, project):
    page = open_page()
    page.evaluate("location.hash = '#claims/sgd/C9'")
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
    assert {claim.get_attribute("id") for claim in page.locator(".claim:visible").all()} == {
        f"sgd/C{number}" for number in CLAIMS
    }
    assert page.locator("#detection .leaderboard:visible").count() == 1
    assert draw_all(page)
    page.select_option("#variant", "paper")
    page.wait_for_selector('#explorer[data-variant="paper"]')
    assert page.locator('[id="sgd/C9"]:visible').count() == 0
    page.select_option("#variant", "sgd")
    page.locator('[id="sgd/C9"] summary').first.wait_for()


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


@pytest.mark.parametrize("copies", [0, 10])
def test_the_gallery_fits_on_paper_with_any_number_of_sets(open_page, copies):
    page = open_page(PAPER_PIXELS)
    sets = page.evaluate(
        """copies => {
          const rows = [...document.querySelectorAll("#reconstructions tr")];
          for (const row of rows)
            for (const cell of [...row.children].slice(1))
              for (let copy = 0; copy < copies; copy += 1) row.append(cell.cloneNode(true));
          return rows[0].children.length - 1;
        }""",
        copies,
    )
    assert sets >= 3 * (copies + 1)
    page.emulate_media(media="print")
    page.locator("#reconstructions img").first.scroll_into_view_if_needed()
    page.wait_for_function(
        "[...document.querySelectorAll('#reconstructions img')].every(one => one.complete)"
    )
    table = page.locator("#reconstructions").bounding_box()
    last = page.locator("#reconstructions img").nth(sets - 1).bounding_box()
    assert last["width"] >= 8
    assert max(box["x"] + box["width"] for box in (table, last)) <= PAPER_PIXELS
    assert page.evaluate("document.documentElement.scrollWidth") <= PAPER_PIXELS


def test_what_is_printed_has_dark_ink_whatever_the_screen_has(open_page):
    page = open_page(scheme="dark")
    title = "document.querySelector('#orientation .xtitle')"
    for event, ink in (("beforeprint", "rgb(28, 33, 39)"), ("afterprint", "rgb(232, 234, 237)")):
        page.evaluate(f"dispatchEvent(new Event('{event}'))")
        page.wait_for_function(f"{title} && getComputedStyle({title}).fill === '{ink}'")


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
