"""The conda environment and pyproject.toml pin the same versions."""

import tomllib

import yaml


def test_conda_pins_equal_pip_pins(project):
    pip_pins = tomllib.loads((project / "pyproject.toml").read_text())["project"]["dependencies"]
    environment = yaml.safe_load((project / "envs" / "jacspec.yaml").read_text())
    conda_pins = next(item["pip"] for item in environment["dependencies"] if isinstance(item, dict))
    assert sorted(conda_pins) == sorted(pip_pins)


def test_everything_is_pinned(project):
    table = tomllib.loads((project / "pyproject.toml").read_text())
    pins = table["project"]["dependencies"] + table["project"]["optional-dependencies"]["test"]
    assert all("==" in pin for pin in pins + table["build-system"]["requires"])
