"""The report's page in a browser: what its tests share beside the fixtures."""

import numpy as np
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from jacspec.report.model_view import PLANE_CELLS
from jacspec.report.page import DIGITS_OF_A_COUNT, with_digits

NARROW = 400
MARKS = ".points path, .lines path, .boxes path, .box, .bars path, .hm image, .heatmaplayer image"
PAPER_MEGABYTES = 15


def shown_chart(page: Page, name: str, side: str = "first") -> list[dict]:
    """Return the traces of a chart of the explorer, as Plotly has them."""
    chart = page.locator(f"#{side} .chart[data-chart={name}]")
    chart.scroll_into_view_if_needed()
    page.wait_for_function("one => one.classList.contains('drawn')", arg=chart.element_handle())
    return chart.evaluate(
        "one => one.data.map(({x, y, z, name, customdata}) => ({x, y, z, name, customdata}))"
    )


def obstacles(page: Page, part: str = "html") -> list[str]:
    """Return what is serious for somebody who cannot see or use a mouse, in a part of the page."""
    found = Axe().run(page, context=part).response["violations"]
    return [
        f"{one['id']}: {one['help']}, {len(one['nodes'])} times, {one['nodes'][0]['html'][:500]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def check_plane(trace: dict, eigenvalues: np.ndarray) -> None:
    """Compare all cells of the plane with a count by NumPy, of two digits as the page has it."""
    nonzero = eigenvalues[eigenvalues != 0]
    cell = trace["x"][1] - trace["x"][0]
    edges = np.linspace(trace["x"][0] - cell / 2, trace["x"][-1] + cell / 2, PLANE_CELLS + 1)
    counts = np.histogram2d(nonzero.imag, nonzero.real, bins=(edges, edges))[0]
    # Rows away from the real axis are counted in pairs.
    pairs = np.where(np.arange(PLANE_CELLS) == PLANE_CELLS // 2, 1, 2)[:, np.newaxis]
    rounded = with_digits((pairs * counts).ravel().tolist(), DIGITS_OF_A_COUNT)
    expected = np.reshape(rounded, counts.shape) / pairs
    np.testing.assert_array_equal(np.array(trace["customdata"], float), expected)
    logarithms = np.array(trace["z"], float)
    with np.errstate(divide="ignore"):
        wanted = np.where(expected > 0, np.log10(expected), np.nan)
    # Two logarithms to the base of ten may differ in the last bit.
    np.testing.assert_allclose(logarithms, wanted, rtol=1e-15, atol=1e-15)
