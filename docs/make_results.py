"""Put the numbers of docs/results/ into README.md and the pages, between their markers.

The files in docs/results/ are what the project's own commands wrote (docs/publish.py); no number of
a marked block is typed by hand, and neither is the table that docs/reruns.yaml has. Run
`python docs/make_results.py` after a change of them; a test compares.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

PROJECT = Path(__file__).parents[1]
sys.path[:0] = [str(PROJECT / "workflow" / "scripts"), str(PROJECT / "docs")]

import group_tables as of_groups  # noqa: E402
import map_tables as maps  # noqa: E402
import network_tables as of_networks  # noqa: E402
import recipe_tables as of_recipes  # noqa: E402
import result_tables as tables  # noqa: E402
import seed_tables as of_seeds  # noqa: E402
import sweep_tables as of_sweep  # noqa: E402
from published import BETWEEN, SWEEP  # noqa: E402
from rerun_table import rerun_table  # noqa: E402

# Name of a block -> the page that has it, and what makes it.
BLOCKS: dict[str, tuple[str, Callable[[], str]]] = {
    "answer": ("README.md", tables.answer_in_words),
    "cost": ("README.md", of_sweep.cost),
    "study_cost": ("README.md", of_recipes.cost),
    "recipes": ("docs/performance.md", of_recipes.seconds_per_epoch),
    "sweep_scope": ("docs/results.md", partial(tables.scope, SWEEP)),
    "sweep_claims": ("docs/results.md", of_sweep.claims),
    "sweep_orientation": ("docs/results.md", of_groups.sweep_orientation),
    "sweep_means": ("docs/results.md", of_groups.sweep_means),
    "sweep_detection": ("docs/results.md", partial(tables.detection, SWEEP)),
    "sweep_theorems": ("docs/results.md", partial(tables.theorems, SWEEP)),
    "scope": ("docs/results.md", tables.scope),
    "matrix": ("docs/results.md", tables.claims_by_variant),
    "claims": ("docs/results.md", tables.claim_by_claim),
    "orientation": ("docs/results.md", of_groups.orientation),
    "means": ("docs/results.md", of_groups.means),
    "training_time": ("docs/results.md", of_groups.training_time),
    "networks": ("docs/results.md", of_networks.networks),
    "distance": ("docs/results.md", of_networks.distance_and_orientation),
    "between_scope": ("docs/results.md", partial(tables.scope, BETWEEN)),
    "between_shares": ("docs/results.md", of_seeds.shares_of_networks),
    "between_networks": ("docs/results.md", of_seeds.reversed_between_networks),
    "between_variance": ("docs/results.md", partial(tables.variance, BETWEEN)),
    "variance": ("docs/results.md", tables.variance),
    "detection": ("docs/results.md", tables.detection),
    "leaderboard": ("docs/results.md", partial(tables.detection, maps.MAPS)),
    "theorems": ("docs/results.md", tables.theorems),
    "paths": ("docs/data.md", maps.paths),
    "default_recipe": ("docs/method.md", tables.default_recipe),
    "reruns": ("docs/configuration.md", rerun_table),
}


def with_block(text: str, name: str, block: str) -> str:
    """Return the text of a page with `block` between the markers of that name.

    Raises ValueError if the page lacks them.
    """
    begin, end = f"<!-- results: {name} begin -->", f"<!-- results: {name} end -->"
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"the lines {begin} and {end} are missing")
    return f"{before}{begin}\n\n{block}\n\n{end}{after}"


def pages() -> dict[str, str]:
    """Return the pages that have blocks, by path, with all of their blocks made anew."""
    texts: dict[str, str] = {}
    for name, (path, make) in BLOCKS.items():
        text = texts.get(path) or (PROJECT / path).read_text(encoding="utf-8")
        texts[path] = with_block(text, name, make())
    return texts


if __name__ == "__main__":
    for path, text in pages().items():
        (PROJECT / path).write_text(text, encoding="utf-8")
