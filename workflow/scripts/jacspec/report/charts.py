"""Pictures as charts of Plotly.

Colours are those of the light page; `page.js` exchanges them in the dark.
"""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from markupsafe import Markup, escape

from jacspec.figures.panels import (
    LATENT_DIM_LABEL,
    Axis,
    Bars,
    Boxes,
    Line,
    Panel,
    ticks_of,
)
from jacspec.figures.style import LineStyle

LEVEL_COLOR = "#777777"
BAND_OPACITY = 0.15
MAXIMAL_TICKS = 10
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
    """A chart of the page: its name there, its title in HTML, and the figure."""

    name: str
    title: str
    figure: go.Figure

    def specification(self) -> dict:
        """Return data and layout, ready for JSON."""
        content = json.loads(self.figure.to_json())
        content["layout"].pop("template", None)
        return content


# Of a vertical axis with a label of two lines, in pixels.
TWO_LINES_MARGIN = 84


@dataclass(frozen=True)
class Look:
    """Look of the lines of one member of a legend, in Plotly's words."""

    label: str
    color: str
    dash: str
    symbol: str
    width: float = 1.8


def look_of(style: LineStyle) -> Look:
    """Return the look of a line, that of the printed figures."""
    return Look(
        label=style.label,
        color=style.color,
        dash=_dash(style.dashes),
        symbol=SYMBOLS[style.marker],
        width=3.0 if style.heavy else 1.8,
    )


def looks_of(styles: Mapping[str, LineStyle]) -> dict[str, Look]:
    """Return the looks of lines, by member."""
    return {member: look_of(style) for member, style in styles.items()}


def with_subscripts(text: str) -> Markup:
    """Return a text as HTML, with the I and L of J_I and J_L below the line."""
    return Markup(re.sub(r"J_([IL])", r"J<sub>\1</sub>", str(escape(text))))


def chart_of(panel: Panel, group: str | None) -> Chart:
    """Return the chart of a panel; `group` is the legend whose switches hide its marks."""
    names = ("y", "y2")
    traces = [
        {**_listed(trace), "yaxis": name, "meta": {"group": group, "member": mark.member}}
        for name, part in zip(names, panel.parts, strict=False)
        for mark in part.marks
        for trace in TRACES[type(mark)](mark)
    ]
    # What is drawn later lies above: bands are below all lines, the training set is on top.
    traces.sort(key=lambda trace: trace.pop("rank", 0))
    shapes = [
        {**horizontal(part.level), "yref": name}
        for name, part in zip(names, panel.parts, strict=False)
        if part.level is not None
    ]
    axes = layout(panel.parts[0].axis.label, x_ticks=ticks_of(panel.latent_dims, MAXIMAL_TICKS))
    axes["yaxis"] = _axis(panel.parts[0].axis)
    if len(panel.parts) > 1:
        axes["yaxis"]["domain"] = [0.34, 1]
        axes["yaxis2"] = {**_axis(panel.parts[1].axis), "domain": [0, 0.22]}
        axes["xaxis"]["anchor"] = "y2"
    if any("\n" in part.axis.label for part in panel.parts):
        # Plotly, left to find the room for two lines by itself, draws such a chart again and again.
        axes["margin"] = {"l": TWO_LINES_MARGIN}
        for name in ("yaxis", "yaxis2")[: len(panel.parts)]:
            axes[name]["automargin"] = False
    grouped = {"boxmode": "group", "scattermode": "group", "barmode": "group"}
    is_paired = any(getattr(mark, "offset", 0) for mark in panel.parts[0].marks)
    axes |= {"shapes": shapes, **(grouped if is_paired else {})}
    return Chart(panel.name, with_subscripts(panel.title), go.Figure(traces, axes))


def layout(
    y_title: str,
    *,
    x_title: str = LATENT_DIM_LABEL,
    x_ticks: Sequence[int] = (),
    **others: object,
) -> dict:
    """Return a layout with titles on both axes."""
    x_axis = {"title": {"text": x_title}}
    if x_ticks:
        x_axis |= {"tickmode": "array", "tickvals": list(x_ticks)}
    return {"xaxis": x_axis, "yaxis": {"title": {"text": y_title}}, **others}


def horizontal(height: float) -> dict:
    """Return a broken line across the chart, as a shape of Plotly."""
    ends = {"xref": "paper", "x0": 0, "x1": 1, "y0": height, "y1": height}
    return {"type": "line", **ends, "line": {"color": LEVEL_COLOR, "dash": "6px,4px", "width": 1.3}}


def _axis(axis: Axis) -> dict:
    limits = [math.log10(end) for end in axis.limits] if axis.logarithmic else list(axis.limits)
    found = {
        "title": {"text": str(with_subscripts(axis.label)).replace("\n", "<br>")},
        "range": limits,
        # Without it, 0.0005 is written as 500µ.
        "exponentformat": "power",
    }
    if axis.logarithmic:
        found |= {"type": "log", "dtick": 1}
    if axis.ticks:
        heights, texts = zip(*axis.ticks, strict=True)
        found |= {"tickvals": heights, "ticktext": texts}
    return found


def _line(line: Line) -> Iterator[dict]:
    look = look_of(line.style)
    if np.any(line.high > line.low):
        x, y = _outline(line)
        yield {
            "type": "scatter",
            "x": x,
            "y": y,
            "name": f"{look.label}, band",
            "mode": "lines",
            "line": {"color": look.color, "width": 0.5},
            "fill": "toself",
            "fillcolor": look.color,
            "opacity": BAND_OPACITY,
            "hoverinfo": "skip",
            "rank": -1,
        }
    yield {
        "type": "scatter",
        "x": line.x,
        "y": line.y,
        "customdata": np.stack([line.low, line.high], axis=1),
        "name": look.label,
        "mode": "lines+markers",
        "line": {"color": look.color, "dash": look.dash, "width": look.width},
        "marker": {"symbol": look.symbol, "size": 7, "color": look.color},
        "hovertemplate": "d = %{x}: %{y:.4g} (%{customdata[0]:.4g} to %{customdata[1]:.4g})",
        "rank": 1 if line.style.heavy else 0,
    }


def _outline(line: Line) -> tuple[list[float | None], list[float | None]]:
    """Return the outlines of a band, one for each run without a gap, with a gap between them."""
    x: list[float | None] = []
    y: list[float | None] = []
    known = np.flatnonzero(~np.isnan(line.low))
    for run in np.split(known, np.flatnonzero(np.diff(known) > 1) + 1):
        there_and_back = [*run, *run[::-1]]
        x += [*line.x[there_and_back], None]
        y += [*line.low[run], *line.high[run[::-1]], None]
    return x, y


def _boxes(boxes: Boxes) -> Iterator[dict]:
    names = ("lowerfence", "q1", "median", "q3", "upperfence")
    yield {
        "type": "box",
        "x": boxes.x,
        **dict(zip(names, boxes.quantiles.T, strict=True)),
        "name": f"{with_subscripts(boxes.label)}, first seed",
        "line": {"color": boxes.color, "width": 1.3},
        "offsetgroup": boxes.member,
    }
    points = {"type": "scatter", "mode": "markers", "offsetgroup": boxes.member}
    for seed, (x, heights) in boxes.medians.items():
        yield points | {
            "x": x,
            "y": heights,
            "name": f"{with_subscripts(boxes.label)}, median, seed {seed}",
            "marker": {
                "symbol": "diamond-open",
                "size": 7,
                "color": boxes.color,
                "line": {"width": 1.5, "color": boxes.color},
            },
            "hovertemplate": "d = %{x}: %{y:.4g}",
        }
    if len(boxes.cut):
        yield points | {
            "x": boxes.cut,
            "y": np.full(len(boxes.cut), boxes.foot),
            "name": "reaches down to 0",
            "marker": {"symbol": "triangle-down", "size": 8, "color": boxes.color},
            "cliponaxis": False,
        }


def _bars(bars: Bars) -> Iterator[dict]:
    yield {
        "type": "bar",
        "x": bars.x,
        "y": bars.heights,
        "base": bars.bases,
        "name": with_subscripts(bars.label),
        "offsetgroup": bars.member,
        "marker": {"color": bars.color, "line": {"width": 0}},
        "customdata": bars.heights,
        "hovertemplate": "d = %{x}: %{customdata:.4g}",
    }


def shade(place: int, count: int) -> str:
    """Return a blue, the darker the further `place` is in `count` places."""
    share = place / (count - 1) if count > 1 else 1
    light, dark = (0x99, 0xBB, 0xDD), (0x1F, 0x2A, 0x80)
    mixed = (round(a + share * (b - a)) for a, b in zip(light, dark, strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def _listed(trace: dict) -> dict:
    """Return a trace with lists for arrays, in which JSON has null for NaN."""
    return {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in trace.items()
    }


TRACES: Mapping[type, Callable] = {Line: _line, Boxes: _boxes, Bars: _bars}


def _dash(dashes: str | tuple) -> str:
    """Return Matplotlib's dashes, in units of the line width, as Plotly's, in pixels."""
    if dashes == "-":
        return "solid"
    _offset, lengths = dashes
    return ",".join(f"{2 * length:.1f}px" for length in lengths)
