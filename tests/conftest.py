"""What the tests share: the project's folder and its parsed configuration."""

from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parent.parent
# What takes longest comes first: begun last, it would keep one process alone at the end.
FIRST = (
    "kills",
    "own_model_sweep",
    "reruns",
    "report_page",
    "own_data",
    "report_families",
    "extending",
    "surroundings",
    "nothing_is_lost",
    "module",
    "sweep",
    "report_explorer",
    "doctor_command",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ranks = {f"test_{name}": rank for rank, name in enumerate(FIRST)}
    items.sort(key=lambda item: ranks.get(item.path.stem, len(ranks)))


@pytest.fixture(scope="session")
def project() -> Path:
    return PROJECT


@pytest.fixture
def config() -> dict:
    return yaml.safe_load((PROJECT / "config.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def one_thread():
    """Keep small matrices from being divided among threads, which takes longer than they do."""
    # Not above: most tests do without torch, which takes long to import.
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
