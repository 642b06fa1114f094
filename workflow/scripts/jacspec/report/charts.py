"""Pictures as charts of Plotly.

Colours are those of the light page; `page.js` exchanges them in the dark.
"""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from markupsafe import Markup, escape

from jacspec.figures.panels import (
    LATENT_DIM_LABEL,
    Axis,
    Bars,
    Boxes,
    Cells,
    Line,
    Panel,
    Points,
    ticks_of,
)
from jacspec.figures.style import BAND_OPACITY, LEVEL_COLOR, LineStyle

THIN_WIDTH = 1.0
INTERVAL = "(%{customdata[0]:.4g} to %{customdata[1]:.4g})"
COLORS = "Viridis"
MAXIMAL_TICKS = 10
# Finer than a pixel, and than what labels show; all of them would be a seventh of a study's page.
DRAWN_DIGITS = 5
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


def with_drawn_digits(specification: Mapping) -> dict:
    """Return a specification with no more digits than can be seen, `DRAWN_DIGITS`."""
    return json.loads(
        json.dumps(specification), parse_float=lambda text: float(f"{float(text):.{DRAWN_DIGITS}g}")
    )


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
    place = "d = %{x}" if panel.across.label == LATENT_DIM_LABEL else "%{x:.4g}"
    traces = [
        {**_listed(trace), "yaxis": name, "meta": {"group": group, "member": mark.member}}
        for name, part in zip(names, panel.parts, strict=False)
        for mark in part.marks
        for trace in TRACES[type(mark)](mark, place)
    ]
    # What is drawn later lies above: bands are below all lines, the training set is on top.
    traces.sort(key=lambda trace: trace.pop("rank", 0))
    shapes = [
        {**horizontal(part.level), "yref": name}
        for name, part in zip(names, panel.parts, strict=False)
        if part.level is not None
    ]
    axes = {"xaxis": _axis(panel.across), "yaxis": _axis(panel.parts[0].axis)}
    if len(panel.parts) > 1:
        axes["yaxis"]["domain"] = [0.34, 1]
        axes["yaxis2"] = {**_axis(panel.parts[1].axis), "domain": [0, 0.22]}
        axes["xaxis"]["anchor"] = "y2"
    if any("\n" in part.axis.label for part in panel.parts):
        # Plotly, left to find the room for two lines by itself, draws such a chart again and again.
        axes["margin"] = {"l": TWO_LINES_MARGIN}
        for name in ("yaxis", "yaxis2")[: len(panel.parts)]:
            axes[name]["automargin"] = False
    if panel.note:
        text = panel.note.replace("\n", "<br>")
        middle = {"xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5, "showarrow": False}
        axes["annotations"] = [{"text": text, **middle}]
    grouped = {"boxmode": "group", "scattermode": "group", "barmode": "group"}
    is_paired = any(getattr(mark, "offset", 0) for mark in panel.parts[0].marks)
    axes |= {"shapes": shapes, **(grouped if is_paired else {})}
    return Chart(panel.name, with_subscripts(panel.title), go.Figure(traces, axes))


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
        places, texts = zip(*ticks_of(axis.ticks, MAXIMAL_TICKS), strict=True)
        found |= {"tickvals": places, "ticktext": texts}
    return found


def _line(line: Line, place: str) -> Iterator[dict]:
    look = look_of(line.style)
    if line.has_band:
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
        "mode": "lines" if line.thin and len(line.x) > 1 else "lines+markers",
        "line": {
            "color": look.color,
            "dash": look.dash,
            "width": THIN_WIDTH if line.thin else look.width,
        },
        "marker": {"symbol": look.symbol, "size": 7, "color": look.color},
        "hovertemplate": f"{place}: %{{y:.4g}} {INTERVAL}",
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


def _boxes(boxes: Boxes, place: str) -> Iterator[dict]:
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
            "hovertemplate": f"{place}: %{{y:.4g}}",
        }
    if len(boxes.cut):
        yield points | {
            "x": boxes.cut,
            "y": np.full(len(boxes.cut), boxes.foot),
            "name": "reaches down to 0",
            "marker": {"symbol": "triangle-down", "size": 8, "color": boxes.color},
            "cliponaxis": False,
        }


def _bars(bars: Bars, place: str) -> Iterator[dict]:
    yield {
        "type": "bar",
        "x": bars.x,
        "y": bars.heights,
        "base": bars.bases,
        "name": with_subscripts(bars.label),
        "offsetgroup": bars.member,
        "marker": {"color": bars.color, "line": {"width": 0}},
        "customdata": bars.heights,
        "hovertemplate": f"{place}: %{{customdata:.4g}}",
    }


def _points(points: Points, place: str) -> Iterator[dict]:
    ring = {"symbol": "circle-open", "size": 10, "color": points.color, "line": {"width": 2}}
    if points.scale:
        low, high = points.scale.limits
        colors = {"color": points.values, "colorscale": COLORS, "cmin": low, "cmax": high}
        ring = {"size": 12, **_listed(colors), "line": {"color": points.color, "width": 2.5}}
    yield {
        "type": "scatter",
        "x": points.x,
        "y": points.y,
        "text": points.names,
        "mode": "markers",
        "marker": ring,
        "customdata": points.values if points.scale else points.y,
        "hovertemplate": f"%{{text}}, {place}: %{{customdata:.4g}}<extra></extra>",
        "rank": 2,
    }


def _cells(cells: Cells, _place: str) -> Iterator[dict]:
    x, y = cells.edges
    low, high = cells.scale.limits
    # The middle of a cell, which on a logarithmic axis Plotly takes for another one.
    places = np.meshgrid(cells.x, cells.y)
    yield {
        "type": "heatmap",
        "x": x,
        "y": y,
        "z": cells.values,
        "customdata": np.stack([cells.low, cells.high, *places], axis=2),
        "zmin": low,
        "zmax": high,
        "colorscale": COLORS,
        "colorbar": {"thickness": 10},
        "hovertemplate": "%{customdata[2]:.3g}, %{customdata[3]:.3g}: %{z:.4g} "
        f"{INTERVAL}<extra></extra>",
    }


def _listed(trace: dict) -> dict:
    """Return a trace with lists for arrays, in which JSON has null for NaN."""
    return {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in trace.items()
    }


TRACES: Mapping[type, Callable] = {
    Line: _line,
    Boxes: _boxes,
    Bars: _bars,
    Points: _points,
    Cells: _cells,
}


def _dash(dashes: str | tuple) -> str:
    """Return Matplotlib's dashes, in units of the line width, as Plotly's, in pixels."""
    if dashes == "-":
        return "solid"
    _offset, lengths = dashes
    return ",".join(f"{2 * length:.1f}px" for length in lengths)
