"""The table of what a change runs again: docs/configuration.md's is made from docs/reruns.yaml.

Run as a program, it puts the table into that page.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from jacspec.markdown import markdown_table

BEGIN, END = "<!-- reruns begin -->", "<!-- reruns end -->"
PROJECT = Path(__file__).parents[3]
SOURCE = PROJECT / "docs" / "reruns.yaml"
PAGE = PROJECT / "docs" / "configuration.md"


def read_reruns() -> dict[str, Any]:
    """Return the content of docs/reruns.yaml, whose head explains it."""
    return yaml.safe_load(SOURCE.read_text(encoding="utf-8"))


def rendered(reruns: Mapping[str, Any]) -> str:
    """Return the table in Markdown: a line for each change, a column for each stage."""
    columns = ["change", *reruns["stages"]]
    rows = [
        [row["change"], *(_cell(row, stage) for stage in reruns["stages"])]
        for row in reruns["rows"]
    ]
    return markdown_table(columns, rows)


def block_of(text: str) -> str:
    """Return what stands between the markers in the text of the page."""
    return text.partition(BEGIN)[2].partition(END)[0].strip()


def with_block(text: str, block: str) -> str:
    """Return the text of the page with another block between the markers."""
    before, begin, rest = text.partition(BEGIN)
    end, after = rest.partition(END)[1:]
    if not (begin and end):
        raise ValueError(f"{PAGE} lacks the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{block}\n\n{END}{after}"


def _cell(row: Mapping[str, Any], stage: str) -> str:
    jobs = row["jobs"].get(stage)
    if jobs is None:
        return ""
    if isinstance(jobs, str):
        return "all" if jobs == "all" else "of the variant"
    return row["which"]


if __name__ == "__main__":
    PAGE.write_text(
        with_block(PAGE.read_text(encoding="utf-8"), rendered(read_reruns())), encoding="utf-8"
    )
