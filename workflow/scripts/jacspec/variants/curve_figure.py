"""Specification curves as a picture: a statistic along all variants, and what they differ by."""

from collections.abc import Mapping, Sequence
from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from jacspec.claims.registry import CLAIMS
from jacspec.claims.thresholds import MINIMUM_EPOCHS
from jacspec.claims.verdicts import Verdict
from jacspec.figures.style import TEXT_WIDTH, study_style
from jacspec.variants.curves import Specification

CURVE_HEIGHT = 2.2
CHOICE_HEIGHT = 0.15
COLORS = {
    Verdict.REPRODUCED: ("#0077bb", "reproduced"),
    Verdict.NOT_REPRODUCED: ("#cc3311", "not reproduced"),
    Verdict.UNDETERMINED: ("#777777", "undetermined"),
    Verdict.NOT_JUDGED: ("#bbbbbb", f"not judged (fewer than {MINIMUM_EPOCHS} epochs)"),
}
NETWORK = "#999999"
BOUND = {"color": "black", "linewidth": 0.7, "linestyle": (0, (4, 2))}

Choice = tuple[str, str]


def draw_specification_curves(
    curves: Mapping[str, Sequence[Specification]], settings: Mapping[str, Mapping[str, str]]
) -> Figure:
    """Draw for each claim the statistic of every variant, sorted, above what distinguishes them.

    `settings` maps a key that differs to the value of each variant, as `differing_settings` does.
    """
    choices = [
        (key, value)
        for key, by_variant in settings.items()
        for value in dict.fromkeys(by_variant.values())
    ]
    heights = (CURVE_HEIGHT, CHOICE_HEIGHT * max(len(choices), 1))
    with study_style():
        figure = Figure(figsize=(TEXT_WIDTH, sum(heights) + 1.5), layout="constrained")
        axes = figure.subplots(2, len(curves), squeeze=False, sharex="col", height_ratios=heights)
        for column, (claim, curve) in enumerate(curves.items()):
            above, below = axes[:, column]
            judged = CLAIMS[int(claim.removeprefix("C"))]
            above.set_title(fill(f"{claim}: {judged.main}", 34), fontsize=7, loc="left")
            for bound in judged.bounds:
                above.axhline(bound, **BOUND)
            _draw_curve(above, curve)
            _draw_choices(below, curve, settings, choices)
            if column:
                below.tick_params(labelleft=False)
        figure.legend(handles=_legend(curves), loc="outside lower center", ncols=3)
    return figure


def _draw_curve(axis: Axes, curve: Sequence[Specification]) -> None:
    for x, one in enumerate(curve):
        axis.plot([x] * len(one.networks), one.networks, ".", color=NETWORK, markersize=2.5)
        color, _ = COLORS[Verdict(one.verdict)]
        axis.plot([x, x], [one.low, one.high], color=color, linewidth=1.4)
        axis.plot(x, one.value, "o", color=color, markersize=4)
    if not curve:
        axis.annotate("no number", (0.5, 0.5), xycoords="axes fraction", ha="center")
    axis.tick_params(axis="x", length=0, labelbottom=False)
    axis.grid(axis="x", visible=False)


def _draw_choices(
    axis: Axes,
    curve: Sequence[Specification],
    settings: Mapping[str, Mapping[str, str]],
    choices: Sequence[Choice],
) -> None:
    for y, (key, value) in enumerate(choices):
        chosen = [x for x, one in enumerate(curve) if settings[key][one.variant] == value]
        axis.plot(chosen, [y] * len(chosen), "s", color="black", markersize=3)
    names = [f"{key.split('.')[-1].replace('_', ' ')}: {value or 'none'}" for key, value in choices]
    axis.set_yticks(range(len(choices)), names, fontsize=6)
    axis.set_ylim(max(len(choices), 1) - 0.5, -0.5)
    axis.set_xticks(range(len(curve)), [one.variant for one in curve], rotation=90, fontsize=5.5)
    axis.tick_params(length=0)


def _legend(curves: Mapping[str, Sequence[Specification]]) -> list[Line2D]:
    there = {one.verdict for curve in curves.values() for one in curve}
    means = [
        Line2D([], [], color=color, marker="o", markersize=4, label=f"mean, {words}")
        for verdict, (color, words) in COLORS.items()
        if verdict in there
    ]
    networks = Line2D([], [], color=NETWORK, marker=".", linestyle="none", label="one network")
    bound = Line2D([], [], **BOUND, label="bound that the claim sets")
    return [*means, networks, bound]
