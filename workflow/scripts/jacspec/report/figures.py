"""The paper's Figures 1 to 6 on the page, with what to look for."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from jacspec.claims.rows import ClaimRow
from jacspec.figures.marks import Styles
from jacspec.figures.paper import orientation, paper_picture
from jacspec.figures.selection import Ends, Selection
from jacspec.figures.style import NO_IMAGES
from jacspec.report.charts import Chart, chart_of

HERO = "orientation_input"
INTERVALS_OF = "share_reversed/input/"


@dataclass(frozen=True)
class PaperFigure:
    """One figure of the paper: its number, what it shows, what to look for, and its charts.

    `legend` is the group of switches that belongs to it, if any.
    """

    number: int
    title: str
    caption: str
    legend: str | None
    charts: list[Chart]


CAPTIONS = {
    1: (
        "Distance between the spectra of J_I and J_L",
        "‖λ(J_I) − λ(J_L)‖² / d at every point. Look for boxes that lie higher on the random sets "
        "than on the training set. Quantiles that are exactly 0 are drawn at the foot of the "
        "logarithmic axis, marked by triangles.",
    ),
    2: (
        "Means of |λ|",
        "Look for a training set (heavy line) that stays just below 1 and declines slowly, for "
        "random sets that end below it, and for lines of J_I that cluster by the brightness of "
        "the pixels. The geometric mean counts a point with a zero eigenvalue as 0.",
    ),
    3: (
        "Distribution of ln |λ|",
        "Look for a left tail that grows with d, and, in the strip below, for the share of exact "
        "zeros, which the boxes leave out.",
    ),
    4: (
        "Standard deviation of ln |λ|",
        "Look for random sets above the training set (heavy line). Exact zeros are left out.",
    ),
    5: (
        "Orientation reversal",
        "Look for a training set near 0 and random sets near the broken line, which is what a "
        "random matrix would give. The strip below has the share of points whose sign is "
        "undetermined: where it is high, the share above says little.",
    ),
    6: (
        "Distribution of |arg λ|",
        "Look for small angles on the training set, any angle on the bright set, and narrower "
        "boxes as sets darken. π/2 is the mean angle of a random matrix. The strip below has the "
        "shares of eigenvalues that are positive (light), not real, and negative (dark).",
    ),
}
LEGENDS = {
    1: None,
    2: "dataset",
    3: "jacobian",
    4: "dataset",
    5: "dataset",
    6: "jacobian",
}
# Figures whose caption speaks of brightness, and what it says where there is none.
ON_BRIGHTNESS = (2, 6)
NO_BRIGHTNESS = " Brightness does not apply: the points are no images."


def paper_figures(
    selection: Selection, styles: Styles, roles: Mapping[str, str]
) -> list[PaperFigure]:
    """Return all six; `roles` are the data sets with panels of Figures 1, 3 and 6."""
    has_brightness = all(style.hue != NO_IMAGES for style in styles.values())
    return [
        PaperFigure(
            number,
            title,
            caption if has_brightness or number not in ON_BRIGHTNESS else caption + NO_BRIGHTNESS,
            LEGENDS[number],
            [
                chart_of(panel, LEGENDS[number])
                for panel in paper_picture(number, selection, styles, roles).panels
            ],
        )
        for number, (title, caption) in sorted(CAPTIONS.items())
    ]


def hero(selection: Selection, styles: Styles, judged: Sequence[ClaimRow]) -> Chart:
    """Return the chart beside the verdict: the shares that J_I reverses (Figure 5).

    Bands go from the lower to the upper ends of the 95 % intervals of all seeds, which are those of
    the rows `judged`.
    """
    ends: dict[str, Ends] = {dataset: {} for dataset in styles}
    for row in judged:
        dataset = row.statistic.removeprefix(INTERVALS_OF)
        if dataset in ends and row.statistic != dataset and not math.isnan(row.high - row.low):
            ends[dataset] = {**ends[dataset], (row.latent_dim, row.seed): (row.low, row.high)}
    panel = replace(orientation(selection, styles, ends)[0], name=HERO)
    return chart_of(panel, "dataset")
