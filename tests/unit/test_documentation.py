"""What README and the pages in docs/ say can be followed: links, code, configurations."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from fresh_process import python
from snakemake.utils import update_config

from sweep.configuration import check_configuration

PROJECT = Path(__file__).parents[2]
PAGES = sorted(
    [*PROJECT.glob("*.md"), *PROJECT.glob("docs/*.md"), PROJECT / "config" / "README.md"]
)
NAMES = [str(page.relative_to(PROJECT)) for page in PAGES]


def blocks(page: Path, language: str) -> list[str]:
    """Return the blocks of code of a page in one language."""
    return re.findall(
        rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )


def anchors(page: Path) -> set[str]:
    """Return the names by which the sections of a page are linked to."""
    prose = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.*)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_somewhere(page):
    text = page.read_text("utf-8")
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'src="([^"]+)"', text)
    for target in targets:
        if "://" not in target:
            path, _, anchor = target.partition("#")
            linked = page.parent / path if path else page
            assert linked.exists(), target
            assert not anchor or anchor in anchors(linked), target


def test_every_page_is_linked_from_the_readme():
    text = (PROJECT / "README.md").read_text("utf-8")
    for page in PROJECT.glob("docs/*.md"):
        assert f"(docs/{page.name})" in text, page.name


def test_the_readme_stays_short():
    assert len((PROJECT / "README.md").read_text("utf-8").splitlines()) <= 150


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_generated_blocks_begin_and_end(page):
    marks = re.findall(r"<!-- (?:results: )?(\S+) (begin|end) -->", page.read_text("utf-8"))
    assert marks[::2] == [(name, "begin") for name, _ in marks[::2]]
    assert marks[1::2] == [(name, "end") for name, _ in marks[::2]]


def test_the_code_of_the_readme_runs():
    (code,) = blocks(PROJECT / "README.md", "python")
    program = f"{code}\nprint(spectra.eigenvalues_input.shape, len(spectra.sign_input))"
    assert python(program) == "(100, 8) 100"


@pytest.mark.parametrize("page", ["README.md", "docs/configuration.md"])
def test_configurations_of_the_pages_are_accepted(page, config):
    for block in blocks(PROJECT / page, "yaml"):
        update_config(config, yaml.safe_load(block))
        check_configuration(config, PROJECT / "workflow" / "schemas" / "config.schema.yaml")


def test_commands_of_the_pages_are_targets_of_make():
    targets = re.findall(r"^([\w-]+):", (PROJECT / "Makefile").read_text("utf-8"), re.MULTILINE)
    named = re.compile(r"`make ([\w-]+)|^make ([\w-]+)", re.MULTILINE)
    for page in PAGES:
        for name in named.findall(page.read_text("utf-8")):
            assert "".join(name) in targets, (page.name, name)


def test_extras_that_the_pages_name_exist():
    declared = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    for page in PAGES:
        for names in re.findall(r"install [^`\n]*\[([\w,]+)\]", page.read_text("utf-8")):
            assert set(names.split(",")) <= set(declared["optional-dependencies"])
