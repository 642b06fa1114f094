"""The leaderboards of a variant as a page to read, in Markdown."""

from collections.abc import Sequence
from pathlib import Path

from jacspec.atomic import replacing
from jacspec.detection.leaderboard import Cell, Leaderboard, missing_sets
from jacspec.detection.scores import TITLES
from jacspec.key import ModelKey
from jacspec.markdown import markdown_table
from jacspec.statistics.collapsed_models import left_out_note

MEASURE_TITLES = {
    "auroc": "AUROC",
    "aupr_in": "AUPR, points inside as positives",
    "aupr_out": "AUPR, points outside as positives",
    "fpr_at_95_tpr": "False positives at 95 % true positives",
}
MEASURE_CAPTIONS = {
    "auroc": "1 is perfect, 0.5 is chance, less is upside down.",
    "aupr_in": "1 is perfect, 0.5 is chance, because both sets weigh the same.",
    "aupr_out": "1 is perfect, 0.5 is chance, because both sets weigh the same.",
    "fpr_at_95_tpr": (
        "The share of test points of the training set that are taken for outside, where 95 % of "
        "the points outside are found: 0 is perfect, 0.95 is chance."
    ),
}

HEAD = """# Out-of-distribution detection

How well one number about a point tells the test points of the training set from another set. A cell
is the mean over {networks}, with its 95 % interval; the best of a column is bold. Near sets are
made from points of a data set, far ones are random values. A score knows nothing but the points
that the network was trained on.
"""


def write_readable_detection(
    path: Path | str,
    boards: Sequence[Leaderboard],
    networks: int,
    left_out: Sequence[ModelKey] = (),
) -> None:
    """Write one table per measure; `left_out` are the collapsed models, which it names."""
    number = "one network" if networks == 1 else f"{networks} networks"
    notes = [left_out_note(left_out), *missing_sets(boards)]
    parts = [HEAD.format(networks=number), *(f"{note}\n" for note in notes if note)]
    parts += map(_section, boards)
    with replacing(path) as temporary:
        temporary.write_text("\n".join(parts), encoding="utf-8")


def _section(board: Leaderboard) -> str:
    header = ["Score", *(column.title for column in board.columns)]
    rows = [
        [TITLES[score], *(_cell(cell) for cell in cells)] for score, cells in board.rows.items()
    ]
    heading, caption = MEASURE_TITLES[board.measure], MEASURE_CAPTIONS[board.measure]
    return f"## {heading}\n\n{caption}\n\n{markdown_table(header, rows)}\n"


def _cell(cell: Cell) -> str:
    value = f"{cell.value:.3f}"
    shown = f"**{value}**" if cell.is_best else value
    return f"{shown} ({cell.low:.3f} to {cell.high:.3f})"
