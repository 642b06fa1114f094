"""The explorer of the page: what it shows of a model, and the links that lead to its states."""

import numpy as np
import pytest
from report_pages import NARROW, check_plane, shown_chart

from jacspec.report.model_view import SIGNIFICANT_DIGITS, rounded
from jacspec.report.page import DIGITS_OF_A_POINT, EXPLORED_POINTS, with_digits
from jacspec.results import open_sweep


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


def check_differences(traces: list[dict], spectra) -> None:
    rows = spectra.read(
        ["eigenvalues_input", "eigenvalues_latent", "reconstruction_error", "sign_input"],
        stop=EXPLORED_POINTS,
    )
    difference = rows["eigenvalues_input"].astype(complex) - rows["eigenvalues_latent"]
    expected, errors = (
        with_digits(rounded(values), DIGITS_OF_A_POINT)
        for values in (np.linalg.norm(difference, axis=1), rows["reconstruction_error"])
    )
    found = 0
    for trace, sign in zip(traces, (1, -1, 0), strict=True):
        points = np.flatnonzero(rows["sign_input"] == sign).tolist()
        assert trace["x"] == [errors[point] for point in points]
        assert trace["y"] == [expected[point] for point in points]
        found += len(points)
    assert found == len(expected)


def test_a_network_of_the_evidence_leads_to_the_explorer(open_page):
    page = open_page()
    page.evaluate("location.hash = '#claims/paper/C1'")
    page.locator('[id="paper/C1"] [data-networks] tbody tr', has_text="5").nth(1).locator(
        "a"
    ).click()
    page.wait_for_selector('#explorer[data-shown="5 1 mnist"]')


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
