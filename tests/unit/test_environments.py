"""Ranges, lock file, conda environment, citation and licences fit together."""

import hashlib
import re
import runpy
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from plotly.offline import get_plotlyjs_version

import jacspec
from jacspec.report.page import PLOTLY

PLOTLY_SHA256 = "79542150855a52c567260e3137095dbe2b744e6d702a5cabe67da246942fba7a"


@pytest.fixture
def declared(project) -> dict:
    return tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture
def environments(project) -> dict:
    return runpy.run_path(str(project / "envs" / "requirements.py"))


def all_requirements(declared: dict) -> list[Requirement]:
    groups = [declared["dependencies"], *declared["optional-dependencies"].values()]
    return [Requirement(line) for group in groups for line in group]


def test_every_requirement_is_locked_at_a_version_that_it_allows(declared, environments):
    locked = environments["locked_versions"]()
    for requirement in all_requirements(declared):
        if requirement.name != "jacspec":
            assert locked[requirement.name] in requirement.specifier, requirement


def test_requirements_are_ranges(declared):
    for requirement in all_requirements(declared):
        assert {bound.operator for bound in requirement.specifier} <= {">="}, requirement


def test_conda_has_the_locked_versions(project, environments):
    written = (project / "envs" / "jacspec.yaml").read_text(encoding="utf-8")
    assert written == environments["conda_environment"](), "run: make lock"


def test_conda_has_all_that_the_workflow_asks_for(project, declared):
    environment = yaml.safe_load((project / "envs" / "jacspec.yaml").read_text(encoding="utf-8"))
    pins = next(item["pip"] for item in environment["dependencies"] if isinstance(item, dict))
    names = {pin.partition("==")[0] for pin in pins}
    asked = {**declared["optional-dependencies"], "library": declared["dependencies"]}
    for extra in ("docs", "parquet", "test"):
        del asked[extra]
    assert names == {
        Requirement(line).name
        for lines in asked.values()
        for line in lines
        if not line.startswith("jacspec[")
    }


def test_the_oldest_versions_are_the_lower_bounds(declared, environments):
    constraints = environments["oldest_constraints"]().splitlines()
    for line in declared["dependencies"]:
        assert line.replace(">=", "==") in constraints


def test_the_citation_has_the_version_of_the_code(project):
    citation = yaml.safe_load((project / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == jacspec.__version__
    changes = (project / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## (\S+)", changes, re.MULTILINE)[1] == jacspec.__version__


def test_the_licences_are_there(project, declared):
    texts = [(project / name).read_text(encoding="utf-8") for name in declared["license-files"]]
    assert [text.split("\n")[0] for text in texts] == ["BSD 3-Clause License", "MIT License"]
    assert declared["license"] == "BSD-3-Clause AND MIT"


def test_the_plotly_of_the_page_is_that_of_the_python_package():
    """It is plotly-cartesian.min.js of npm's plotly.js-cartesian-dist-min, unchanged."""
    content = PLOTLY.read_bytes()
    assert f"(cartesian - minified) v{get_plotlyjs_version()}".encode() in content[:100]
    assert hashlib.sha256(content).hexdigest() == PLOTLY_SHA256
