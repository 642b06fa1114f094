"""The paper's Figures 1 to 6 as charts, from the summary."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from jacspec.claims.rows import ClaimRow
from jacspec.figures.selection import Selection
from jacspec.figures.style import JACOBIAN_COLORS, NO_IMAGES, LineStyle
from jacspec.report.charts import (
    JACOBIAN_NAMES,
    Chart,
    horizontal,
    layout,
    line,
    looks_of,
    share_vertical_axis,
    strip_axes,
)

GROUPED = {"boxmode": "group", "scattermode": "group", "barmode": "group"}
REVERSED_TITLE = "share with det < 0"
HERO = "orientation"


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
        "logarithmic axis.",
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
        "boxes as sets darken. π/2 is the mean angle of a random matrix.",
    ),
}
# Figures whose caption speaks of brightness, and what it says where there is none.
ON_BRIGHTNESS = (2, 6)
NO_BRIGHTNESS = " Brightness does not apply: the points are no images."


def paper_figures(
    selection: Selection, styles: Mapping[str, LineStyle], roles: Mapping[str, str]
) -> list[PaperFigure]:
    """Return all six; `roles` are the data sets with panels of Figures 1, 3 and 6."""
    charts = {
        1: _differences(selection, styles, roles),
        2: _means(selection, styles),
        3: _box_pairs(3, selection, styles, roles, "log_abs"),
        4: _deviations(selection, styles),
        5: [orientation(selection, styles, jacobian) for jacobian in JACOBIAN_NAMES],
        6: _box_pairs(6, selection, styles, roles, "abs_arg"),
    }
    # A row is read from left to right, figures of boxes from panel to panel.
    for row in (charts[1], charts[2][:2], charts[2][2:], charts[3], charts[4], charts[5]):
        share_vertical_axis(row)
    legends = {1: None, 2: "dataset", 3: "jacobian", 4: "dataset", 5: "dataset", 6: "jacobian"}
    has_brightness = all(style.hue != NO_IMAGES for style in styles.values())
    return [
        PaperFigure(
            number,
            title,
            caption if has_brightness or number not in ON_BRIGHTNESS else caption + NO_BRIGHTNESS,
            legends[number],
            charts[number],
        )
        for number, (title, caption) in CAPTIONS.items()
    ]


def orientation(
    selection: Selection,
    styles: Mapping[str, LineStyle],
    jacobian: str,
    *,
    judged: Sequence[ClaimRow] | None = None,
) -> Chart:
    """Return the chart of reversed and undetermined points of one Jacobian (Figure 5).

    With `judged`, the rows of the central claim, it is the chart beside the verdict, with the 95 %
    intervals that they give.
    """
    shares = _lines(selection, styles, jacobian, "share_reversed", judged=judged)
    unsure = _lines(selection, styles, jacobian, "share_undetermined", axis="y2")
    axes = layout(
        REVERSED_TITLE,
        x_ticks=selection.latent_dims,
        shapes=[horizontal(0.5)],
        **strip_axes("undetermined", range=[-0.05, 1.05], tickvals=[0, 1]),
    )
    name = f"{HERO if judged is not None else 'figure_5'}_{jacobian}"
    title = f"Points whose orientation {JACOBIAN_NAMES[jacobian]} reverses"
    return Chart(name, title, go.Figure([*shares, *unsure], axes))


def _differences(
    selection: Selection, styles: Mapping[str, LineStyle], roles: Mapping[str, str]
) -> list[Chart]:
    charts = []
    foot = _lower_end(selection, roles)
    for role, dataset in roles.items():
        color = styles[dataset].color
        traces = [*_boxes(selection, dataset, "both", "difference", color, group=None, foot=foot)]
        axes = layout("‖λ(J<sub>I</sub>) − λ(J<sub>L</sub>)‖² / d", x_ticks=selection.latent_dims)
        axes["yaxis"] |= {"type": "log", "exponentformat": "power", "dtick": 1}
        charts.append(
            Chart(f"figure_1_{role}", styles[dataset].heading(role), go.Figure(traces, axes))
        )
    return charts


def _means(selection: Selection, styles: Mapping[str, LineStyle]) -> list[Chart]:
    names = {"mean_abs": "arithmetic mean", "geometric_mean": "geometric mean"}
    return [
        Chart(
            f"figure_2_{statistic}_{jacobian}",
            f"{symbol}, {name} of |λ|",
            go.Figure(
                [*_lines(selection, styles, jacobian, statistic)],
                layout(f"{name} of |λ|", x_ticks=selection.latent_dims, yaxis_rangemode="tozero"),
            ),
        )
        for statistic, name in names.items()
        for jacobian, symbol in JACOBIAN_NAMES.items()
    ]


def _deviations(selection: Selection, styles: Mapping[str, LineStyle]) -> list[Chart]:
    return [
        Chart(
            f"figure_4_{jacobian}",
            f"{symbol}, spread of ln |λ|",
            go.Figure(
                [*_lines(selection, styles, jacobian, "log_abs_std")],
                layout(
                    "standard deviation of ln |λ|",
                    x_ticks=selection.latent_dims,
                    yaxis_rangemode="tozero",
                ),
            ),
        )
        for jacobian, symbol in JACOBIAN_NAMES.items()
    ]


def _box_pairs(
    number: int,
    selection: Selection,
    styles: Mapping[str, LineStyle],
    roles: Mapping[str, str],
    quantity: str,
) -> list[Chart]:
    charts = []
    for role, dataset in roles.items():
        traces = [
            trace
            for jacobian, color in JACOBIAN_COLORS.items()
            for trace in _boxes(selection, dataset, jacobian, quantity, color, group="jacobian")
        ]
        axes = layout("ln |λ|, λ ≠ 0", x_ticks=selection.latent_dims, **GROUPED)
        if quantity == "abs_arg":
            ticks = {"tickvals": [0, math.pi / 4, math.pi / 2, 3 * math.pi / 4, math.pi]}
            ticks |= {"ticktext": ["0", "π/4", "π/2", "3π/4", "π"], "range": [-0.1, 3.25]}
            axes["yaxis"] = {"title": {"text": "|arg λ| (rad)"}, **ticks}
        else:
            traces += _zero_shares(selection, dataset)
            axes |= strip_axes("zeros", range=[0, _largest_zero_share(selection, roles)])
        title = styles[dataset].heading(role)
        charts.append(Chart(f"figure_{number}_{role}", title, go.Figure(traces, axes)))
    return charts


def _lines(
    selection: Selection,
    styles: Mapping[str, LineStyle],
    jacobian: str,
    statistic: str,
    *,
    axis: str = "y",
    judged: Sequence[ClaimRow] | None = None,
) -> Iterator[go.Scatter]:
    for dataset, look in looks_of(styles).items():
        for seed in selection.seeds:
            latent_dims, values = selection.series(dataset, jacobian, statistic, seed)
            yield line(
                latent_dims.tolist(),
                values.tolist(),
                look,
                group="dataset",
                member=dataset,
                seed=seed,
                is_first=seed == selection.seeds[0],
                intervals=_intervals(judged or (), dataset, seed, latent_dims, values),
                axis=axis,
            )


def _intervals(
    judged: Sequence[ClaimRow],
    dataset: str,
    seed: int,
    latent_dims: Sequence[int],
    values: Sequence[float],
) -> tuple[list[float], list[float]] | None:
    ends = {
        row.latent_dim: (row.low, row.high)
        for row in judged
        if (row.statistic, row.seed) == (f"share_reversed/input/{dataset}", seed)
        and not math.isnan(row.high - row.low)
    }
    if not ends:
        return None
    pairs = [ends.get(dim, (value, value)) for dim, value in zip(latent_dims, values, strict=True)]
    return [low for low, _ in pairs], [high for _, high in pairs]


def _boxes(
    selection: Selection,
    dataset: str,
    jacobian: str,
    quantity: str,
    color: str,
    *,
    group: str | None,
    foot: float = -math.inf,
) -> Iterator[go.Box | go.Scatter]:
    """Yield the boxes of the first seed, and the medians of the others, none below `foot`."""
    symbol = JACOBIAN_NAMES.get(jacobian, "")
    meta = {"group": group, "member": jacobian}
    for seed in selection.seeds:
        latent_dims, quantiles = selection.box_quantiles(dataset, jacobian, quantity, seed)
        quantiles = np.maximum(quantiles, foot)
        if seed == selection.seeds[0]:
            names = ("lowerfence", "q1", "median", "q3", "upperfence")
            yield go.Box(
                x=latent_dims.tolist(),
                **{name: column.tolist() for name, column in zip(names, quantiles.T, strict=True)},
                name=f"{symbol} seed {seed}".strip(),
                line={"color": color, "width": 1.3},
                offsetgroup=jacobian,
                meta=meta,
            )
        else:
            yield go.Scatter(
                x=latent_dims.tolist(),
                y=quantiles[:, 2].tolist(),
                name=f"{symbol} median, seed {seed}".strip(),
                offsetgroup=jacobian,
                mode="markers",
                marker={
                    "symbol": "diamond-open",
                    "size": 7,
                    "color": color,
                    "line": {"width": 1.5, "color": color},
                },
                hovertemplate="d = %{x}: %{y:.4g}",
                meta=meta,
            )


def _largest_zero_share(selection: Selection, roles: Mapping[str, str]) -> float:
    """Return the end of the strips of Figure 3; 1 % if the shares are less."""
    seed = selection.seeds[0]
    shares = [
        selection.series(dataset, jacobian, "share_zero", seed)[1]
        for dataset in roles.values()
        for jacobian in JACOBIAN_COLORS
    ]
    return 1.05 * max(0.01, np.nanmax(shares))


def _lower_end(selection: Selection, roles: Mapping[str, str]) -> float:
    """Return the power of ten below all positive quantiles of Figure 1, 1e-3 if there are none."""
    quantiles = [
        selection.box_quantiles(dataset, "both", "difference", seed)[1].ravel()
        for dataset in roles.values()
        for seed in selection.seeds
    ]
    values = np.concatenate(quantiles)
    positive = values[values > 0]
    return 10.0 ** math.floor(math.log10(positive.min())) if len(positive) else 1e-3


def _zero_shares(selection: Selection, dataset: str) -> Iterator[go.Bar]:
    for jacobian, color in JACOBIAN_COLORS.items():
        seed = selection.seeds[0]
        latent_dims, shares = selection.series(dataset, jacobian, "share_zero", seed)
        yield go.Bar(
            x=latent_dims.tolist(),
            y=shares.tolist(),
            yaxis="y2",
            name=f"{JACOBIAN_NAMES[jacobian]} share of zeros, seed {seed}",
            offsetgroup=jacobian,
            marker={"color": color},
            hovertemplate="d = %{x}: %{y:.4g}",
            meta={"group": "jacobian", "member": jacobian},
        )
