"""The conda environment and pyproject.toml pin the same versions."""

import hashlib
import tomllib

import yaml
from plotly.offline import get_plotlyjs_version

from jacspec.report.page import PLOTLY

PLOTLY_SHA256 = "79542150855a52c567260e3137095dbe2b744e6d702a5cabe67da246942fba7a"


def test_conda_pins_equal_pip_pins(project):
    pip_pins = tomllib.loads((project / "pyproject.toml").read_text())["project"]["dependencies"]
    environment = yaml.safe_load((project / "envs" / "jacspec.yaml").read_text())
    conda_pins = next(item["pip"] for item in environment["dependencies"] if isinstance(item, dict))
    assert sorted(conda_pins) == sorted(pip_pins)


def test_everything_is_pinned(project):
    table = tomllib.loads((project / "pyproject.toml").read_text())
    pins = table["project"]["dependencies"] + table["project"]["optional-dependencies"]["test"]
    assert all("==" in pin for pin in pins + table["build-system"]["requires"])


def test_the_plotly_of_the_page_is_that_of_the_python_package():
    """It is plotly-cartesian.min.js of npm's plotly.js-cartesian-dist-min, unchanged."""
    content = PLOTLY.read_bytes()
    assert f"(cartesian - minified) v{get_plotlyjs_version()}".encode() in content[:100]
    assert hashlib.sha256(content).hexdigest() == PLOTLY_SHA256
