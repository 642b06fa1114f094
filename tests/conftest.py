"""What the tests share: the project's folder and its parsed configuration."""

from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def project() -> Path:
    return PROJECT


@pytest.fixture
def config() -> dict:
    return yaml.safe_load((PROJECT / "config.yaml").read_text(encoding="utf-8"))
