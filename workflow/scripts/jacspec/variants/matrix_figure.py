"""Claims × variants as a picture."""

import math
from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from jacspec.claims.thresholds import MINIMUM_EPOCHS
from jacspec.claims.verdicts import Verdict
from jacspec.figures.style import TEXT_WIDTH, study_style
from jacspec.variants.matrix import MatrixRow, VariantVerdict

STRENGTHS = matplotlib.colormaps["cividis"]
# Below this strength the colour is so dark that a mark must be white.
DARK = 0.45
# Where there is no strength.
BLANK = "#ececec"
MARKS = {
    Verdict.REPRODUCED: ("o", "reproduced"),
    Verdict.NOT_REPRODUCED: ("x", "not reproduced"),
    Verdict.UNDETERMINED: ("$?$", "undetermined"),
    Verdict.NOT_JUDGED: ("_", f"not judged (fewer than {MINIMUM_EPOCHS} epochs)"),
    Verdict.DOES_NOT_APPLY: (".", "does not apply"),
}


def draw_matrix(rows: Sequence[MatrixRow]) -> Figure:
    """Draw one row per claim: colour is strength, a mark the verdict, and its end is in words."""
    variants = list(dict.fromkeys(one.variant for row in rows for one in row.verdicts))
    cells = [
        (variants.index(one.variant), y, one) for y, row in enumerate(rows) for one in row.verdicts
    ]
    strengths = np.full((len(rows), len(variants)), np.nan)
    for x, y, one in cells:
        strengths[y, x] = one.strength
    with study_style():
        figure = Figure(figsize=(TEXT_WIDTH, 1.9 + 0.25 * len(rows)), layout="constrained")
        axis = figure.subplots()
        axis.grid(visible=False)
        colors = STRENGTHS.with_extremes(bad=BLANK)
        image = axis.imshow(strengths, cmap=colors, vmin=0.0, vmax=1.0, aspect="auto")
        for x, y, one in cells:
            _mark(axis, x, y, one)
        _label(axis, rows, variants)
        bar = figure.colorbar(
            ScalarMappable(image.norm, STRENGTHS),
            ax=axis,
            location="top",
            shrink=0.5,
            aspect=40,
        )
        bar.set_label("strength: share of the claim's conditions that hold")
        figure.legend(handles=_legend(cells), loc="outside lower center", ncols=3)
    return figure


def _mark(axis: Axes, x: int, y: int, one: VariantVerdict) -> None:
    marker, _ = MARKS[one.verdict]
    dark = not math.isnan(one.strength) and one.strength < DARK
    color = "white" if dark else "black"
    axis.plot(x, y, marker=marker, color=color, markersize=5, markeredgewidth=0.9)


def _label(axis: Axes, rows: Sequence[MatrixRow], variants: Sequence[str]) -> None:
    axis.set_yticks(range(len(rows)), [row.claim for row in rows])
    axis.set_xticks(range(len(variants)), variants, rotation=40, ha="right", rotation_mode="anchor")
    axis.tick_params(which="both", length=0)
    axis.spines[:].set_visible(False)
    axis.set_xticks(np.arange(len(variants) + 1) - 0.5, minor=True)
    axis.set_yticks(np.arange(len(rows) + 1) - 0.5, minor=True)
    axis.grid(which="minor", color="white", linewidth=1.5)
    ends = axis.secondary_yaxis("right")
    ends.set_yticks(range(len(rows)), [row.conclusion for row in rows])
    ends.tick_params(length=0)
    ends.spines[:].set_visible(False)


def _legend(cells: Sequence[tuple[int, int, VariantVerdict]]) -> list[Line2D]:
    there = {one.verdict for _, _, one in cells}
    return [
        Line2D([], [], color="black", marker=marker, linestyle="none", markersize=5, label=words)
        for verdict, (marker, words) in MARKS.items()
        if verdict in there
    ]
