"""Charts of Plotly: what every chart of the page has in common.

Colours are those of the light page; `page.js` exchanges them in the dark.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from jacspec.figures.style import LineStyle

JACOBIAN_NAMES = {"input": "J<sub>I</sub>", "latent": "J<sub>L</sub>"}
LATENT_DIM = "latent dimension d"
OTHER_SEEDS_OPACITY = 0.55
CHANCE_COLOR = "#777777"
SYMBOLS = {
    "o": "circle",
    "s": "square",
    "^": "triangle-up",
    "D": "diamond",
    "v": "triangle-down",
    "P": "cross",
    "X": "x",
    "<": "triangle-left",
    ">": "triangle-right",
    "p": "pentagon",
    "h": "hexagon",
    "d": "diamond-tall",
    "8": "octagon",
    "*": "star",
}


@dataclass(frozen=True)
class Chart:
    """A chart of the page: its name there, its title, and the figure."""

    name: str
    title: str
    figure: go.Figure

    def specification(self) -> dict:
        """Return data and layout, ready for JSON."""
        content = json.loads(self.figure.to_json())
        content["layout"].pop("template", None)
        return content


@dataclass(frozen=True)
class Look:
    """Look of the lines of one member of a legend, in Plotly's words."""

    label: str
    color: str
    dash: str
    symbol: str
    width: float = 1.8


def looks_of(styles: Mapping[str, LineStyle]) -> dict[str, Look]:
    """Return the looks of data sets, those of the printed figures."""
    return {
        dataset: Look(
            label=style.label,
            color=style.color,
            dash=_dash(style.dashes),
            symbol=SYMBOLS[style.marker],
            width=3.0 if style.heavy else 1.8,
        )
        for dataset, style in styles.items()
    }


def line(
    x: Sequence[float],
    y: Sequence[float],
    look: Look,
    *,
    group: str,
    member: str,
    seed: int,
    is_first: bool,
    intervals: tuple[Sequence[float], Sequence[float]] | None = None,
    axis: str = "y",
) -> go.Scatter:
    """Return the line of one seed; `group` and `member` say which switch hides it.

    The first seed has markers, the others are thin. `intervals` are their low and high ends.
    """
    return go.Scatter(
        x=list(x),
        y=list(y),
        yaxis=axis,
        name=f"{look.label}, seed {seed}",
        mode="lines+markers" if is_first else "lines",
        line={"color": look.color, "dash": look.dash, "width": look.width if is_first else 1.1},
        marker={"symbol": look.symbol, "size": 7, "color": look.color},
        error_y=_error_bars(y, intervals),
        opacity=1 if is_first else OTHER_SEEDS_OPACITY,
        hovertemplate="d = %{x}: %{y:.4g}",
        meta={"group": group, "member": member},
    )


def layout(
    y_title: str, *, x_title: str = LATENT_DIM, x_ticks: Sequence[float] = (), **others: object
) -> dict:
    """Return a layout with titles on both axes."""
    x_axis = {"title": {"text": x_title}}
    if x_ticks:
        step = -(-len(x_ticks) // 10)
        x_axis |= {"tickmode": "array", "tickvals": list(x_ticks[::step])}
    return {"xaxis": x_axis, "yaxis": {"title": {"text": y_title}}, **others}


def horizontal(height: float) -> dict:
    """Return a broken line across the chart, as a shape of Plotly."""
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": height,
        "y1": height,
        "line": {"color": CHANCE_COLOR, "dash": "6px,4px", "width": 1.3},
    }


def strip_axes(title: str, **strip: object) -> dict:
    """Return the axes of a chart with a strip `y2` below the main panel `y`."""
    return {
        "yaxis_domain": [0.34, 1],
        "yaxis2": {"title": {"text": title}, "domain": [0, 0.22], **strip},
        "xaxis_anchor": "y2",
    }


def shade(place: int, count: int) -> str:
    """Return a blue, the darker the further `place` is in `count` places."""
    share = place / (count - 1) if count > 1 else 1
    light, dark = (0x99, 0xBB, 0xDD), (0x1F, 0x2A, 0x80)
    mixed = (round(a + share * (b - a)) for a, b in zip(light, dark, strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def share_vertical_axis(charts: Sequence[Chart]) -> None:
    """Give the main panels of `charts` one range, that of all their values."""
    names = ("y", "lowerfence", "upperfence")
    values = [
        value
        for chart in charts
        for trace in chart.figure.data
        if (getattr(trace, "yaxis", None) or "y") == "y"
        for name in names
        for value in getattr(trace, name, None) or ()
        if math.isfinite(value)
    ]
    if not values:
        return
    low, high = min(values), max(values)
    axis = charts[0].figure.layout.yaxis
    if axis.type == "log":
        low, high = math.log10(low), math.log10(high)
    margin = 0.04 * (high - low or 1)
    bottom = 0 if axis.rangemode == "tozero" else low - margin
    for chart in charts:
        chart.figure.update_layout(yaxis_range=[bottom, high + margin])


def _error_bars(
    values: Sequence[float], intervals: tuple[Sequence[float], Sequence[float]] | None
) -> dict | None:
    if intervals is None:
        return None
    low, high = intervals
    return {
        "type": "data",
        "symmetric": False,
        "array": [top - value for value, top in zip(values, high, strict=True)],
        "arrayminus": [value - bottom for value, bottom in zip(values, low, strict=True)],
        "thickness": 1.2,
        "width": 3,
    }


def _dash(dashes: str | tuple) -> str:
    """Return Matplotlib's dashes, in units of the line width, as Plotly's, in pixels."""
    if dashes == "-":
        return "solid"
    _offset, lengths = dashes
    return ",".join(f"{2 * length:.1f}px" for length in lengths)
