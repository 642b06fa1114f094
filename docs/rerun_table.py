"""The table of what a change runs again, of docs/configuration.md, made from docs/reruns.yaml."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from jacspec.markdown import markdown_table


def read_reruns() -> dict[str, Any]:
    """Return the content of docs/reruns.yaml, whose head explains it."""
    return yaml.safe_load((Path(__file__).parent / "reruns.yaml").read_text(encoding="utf-8"))


def rerun_table() -> str:
    """Return a line for each change, a column for each stage."""
    reruns = read_reruns()
    rows = [
        [row["change"], *(_cell(row, stage) for stage in reruns["stages"])]
        for row in reruns["rows"]
    ]
    return markdown_table(["change", *reruns["stages"]], rows)


def _cell(row: Mapping[str, Any], stage: str) -> str:
    jobs = row["jobs"].get(stage)
    if jobs is None:
        return ""
    if isinstance(jobs, str):
        return "all" if jobs == "all" else "of the variant"
    return row["which"]
