"""A tiny sweep on real MNIST, run once by Snakemake itself, for all tests of the workflow."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from preloaded import run_snakemake

if TYPE_CHECKING:
    from playwright.sync_api import Page

TINY = Path(__file__).parent / "tiny.yaml"
# Of a screen, in pixels.
WIDE = 1280


@pytest.fixture(scope="session")
def snakemake(project) -> Callable[..., subprocess.CompletedProcess]:
    """Run Snakemake on the project's Snakefile, in a folder of one's own."""

    def run(folder: Path, *arguments: str, succeeds: bool = True) -> subprocess.CompletedProcess:
        finished = run_snakemake(_arguments(project, folder, arguments), project)
        return _checked(finished, succeeds)

    return run


def _arguments(project: Path, folder: Path, arguments: Sequence[str]) -> list[str]:
    given = ["--snakefile", project / "Snakefile", "--directory", folder, "--cores", "2"]
    return [str(argument) for argument in (*given, *arguments)]


def _checked(finished: subprocess.CompletedProcess, succeeds: bool) -> subprocess.CompletedProcess:
    output = finished.stdout + finished.stderr
    assert (finished.returncode == 0) == succeeds, output[-6000:]
    return finished


@pytest.fixture(scope="session")
def shared(tmp_path_factory) -> Path:
    """Return a folder that all processes of a test run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def _made_once(made: Path, make: Callable[[], None]) -> None:
    """Call `make` in the process that comes first, while others wait for it to leave `made`."""
    with made.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            make()


@pytest.fixture(scope="session")
def mnist(snakemake, shared, project) -> Path:
    """Return the project's own folder of the raw files, which Snakemake has fetched."""
    fetched = shared / "mnist_fetched"

    def fetch() -> None:
        snakemake(project, "fetch_mnist")
        fetched.touch()

    _made_once(fetched, fetch)
    return project / "resources" / "mnist"


@pytest.fixture(scope="session")
def tiny_sweep(snakemake, mnist, shared, tmp_path_factory) -> Path:
    """Return the folder of a finished tiny sweep, made once and copied by each process."""
    made, folder = shared / "tiny_sweep_made", shared / "tiny_sweep_unfinished"

    def run() -> None:
        snakemake(folder, "--configfile", TINY, "--config", f"mnist_source={mnist}")
        folder.rename(made)

    _made_once(made, run)
    return shutil.copytree(made, tmp_path_factory.getbasetemp() / "tiny_sweep")


@pytest.fixture
def clone(project, tmp_path) -> Path:
    """Return a second checkout, which shares an environment with the first one."""
    folder = tmp_path / "clone"
    for name in ("workflow", "profiles", "envs"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(project / name, folder / name, ignore=ignored)
    for name in ("Snakefile", "config.yaml"):
        shutil.copy2(project / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def browser():
    # Most tests of the workflow open no page.
    from playwright.sync_api import sync_playwright

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

    def opened(width: int = WIDE, scheme: str = "light", path: Path = report) -> "Page":
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
