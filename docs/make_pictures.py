"""Make the pictures of README and docs from a finished sweep; `make pictures` calls it."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

DOCS = Path(__file__).parent
PAGES = {"report_wide.png": 1280, "report_narrow.png": 400}
PAGE_HEIGHT = 1000


def photograph(report: Path) -> None:
    """Take a picture of the head of the page, on a wide and on a narrow screen."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        for name, width in PAGES.items():
            page = browser.new_page(viewport={"width": width, "height": PAGE_HEIGHT})
            page.goto(report.resolve().as_uri())
            page.wait_for_selector("#explorer[data-shown]", state="attached")
            page.wait_for_function(
                "() => [...document.querySelectorAll('.chart')].every(one => one.matches('.drawn')"
                "  || !one.offsetParent || one.getBoundingClientRect().top > innerHeight)"
            )
            page.screenshot(path=DOCS / name)
        browser.close()


if __name__ == "__main__":
    photograph(Path(sys.argv[1]) / "report.html")
