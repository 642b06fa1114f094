"""Pictures drawn by matplotlib."""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import chain

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from jacspec.figures.panels import (
    MOST_COLUMNS,
    Axis,
    Bars,
    Boxes,
    Cells,
    Line,
    Panel,
    Part,
    Picture,
    Points,
    cut,
    list_of_seeds,
    split_by_hue,
    ticks_of,
)
from jacspec.figures.style import (
    BAND_OPACITY,
    HUES,
    LEVEL_COLOR,
    NO_IMAGES,
    LineStyle,
    study_style,
    tint,
)

LEVEL = {"color": LEVEL_COLOR, "linewidth": 0.9, "linestyle": (0, (6, 3)), "zorder": 1}
SEEDS_COLOR = "#555555"
THIN = {"linewidth": 0.6, "alpha": 0.6}
COLORS = "viridis"
# Of cells without a value.
BLANK = "#dddddd"
BOX_NOTE = "boxes: 25–75 %, line: median, whiskers: 5–95 %"
STRIP_HEIGHT = 0.27
# Of each of two panels side by side.
MAXIMAL_TICKS = 11
# Of lines and markers in narrow panels.
FINENESS = 0.7
# Inches.
ROW_HEIGHT = 1.5
STRIP_ROW_HEIGHT = 0.7
LEGEND_HEIGHT = 1.2
# What the size of a figure has room for.
LEGEND_ROWS = 6
LEGEND_ROW_HEIGHT = 0.145  # inches
HEADINGS = {NO_IMAGES: "no images: brightness does not apply"}


def draw_picture(picture: Picture, size: tuple[float, float]) -> Figure:
    """Draw a picture of `size`, width and height in inches; a long legend makes it higher.

    More lines than can be told apart are drawn in a column of panels for each hue.
    """
    with study_style():
        figure = Figure(figsize=size, layout="constrained")
        shown = split_by_hue(picture)
        rows = _grid(figure, shown)
        ticks = 2 * MAXIMAL_TICKS // max(shown.columns, 2)
        for row, panels in enumerate(rows):
            for column, (panel, axes) in enumerate(panels):
                _draw_panel(axes, panel, ticks, panels[column - 1][0] if column else None)
                if row == len(rows) - 1 or column >= len(rows[row + 1]):
                    axes[-1].set_xlabel(mathtext(panel.across.label))
            _add_scales(figure, panels)
        if shown is not picture:
            _make_finer(figure, len(rows), len(shown.panels[0].parts))
        _add_legend(figure, picture)
    return figure


def mathtext(text: str) -> str:
    """Return a plain text with its symbols as matplotlib sets them."""
    text = re.sub(r"J_([IL])", r"$J_{\\mathcal{\1}}$", text)
    text = re.sub(r"\|λ\|", r"$|\\,\\lambda\\,|$", text).replace("λ", r"$\lambda$")
    return re.sub(r"(?<=/ )d\b|(?<=dimension )d\b|\bd(?= = )", "$d$", text)


def _grid(figure: Figure, picture: Picture) -> list[list[tuple[Panel, list[Axes]]]]:
    """Return the panels of each row, each with the axes of its parts."""
    columns = min(len(picture.panels), picture.columns)
    count = len(picture.panels[0].parts)
    rows = -(-len(picture.panels) // columns)
    grid = figure.subplots(
        rows * count,
        columns,
        sharex=True,
        squeeze=False,
        height_ratios=[1, STRIP_HEIGHT][:count] * rows,
    )
    for axes in grid[-count:, len(picture.panels) - (rows - 1) * columns :].flat:
        axes.remove()
    return [
        [
            (panel, [grid[row * count + part, column] for part in range(count)])
            for column, panel in enumerate(picture.panels[row * columns : (row + 1) * columns])
        ]
        for row in range(rows)
    ]


def _draw_panel(axes: Sequence[Axes], panel: Panel, ticks: int, beside: Panel | None) -> None:
    """Draw the parts of a panel; an axis that the panel `beside` it has too is not named again.

    The horizontal axis has so many `ticks` at most.
    """
    axes[0].set_title(mathtext(panel.title), loc="left")
    for place, (own, part) in enumerate(zip(axes, panel.parts, strict=True)):
        _draw_part(own, part)
        if beside is None or beside.parts[place].axis != part.axis:
            _name_axis(own, part.axis, is_strip=place > 0)
        else:
            own.tick_params(labelleft=False)
    _scale(axes[-1], "x", panel.across, ticks)
    axes[-1].tick_params(labelbottom=True)
    if panel.note:
        axes[0].annotate(panel.note, (0.5, 0.5), xycoords="axes fraction", ha="center", va="center")
    if panel.named:
        above = axes[0].secondary_xaxis("top")
        above.set_xticks(*zip(*panel.named, strict=True), rotation=35, ha="left", fontsize=5.5)
        above.set_xticks([], minor=True)
        above.tick_params(length=0, pad=1)
        above.spines[:].set_visible(False)


def _scale(axes: Axes, name: str, axis: Axis, ticks: int | None = None) -> None:
    """Bring an axis, `name` x or y, to its limits, with so many `ticks` at most if it has any."""
    axes.set(**{f"{name}scale": "log" if axis.logarithmic else "linear", f"{name}lim": axis.limits})
    if axis.ticks:
        own = getattr(axes, f"{name}axis")
        own.set_ticks(*zip(*ticks_of(axis.ticks, ticks or len(axis.ticks)), strict=True))
        own.set_ticks([], minor=True)


def _add_scales(figure: Figure, row: Sequence[tuple[Panel, Sequence[Axes]]]) -> None:
    """Draw the scales of colours of a row of panels beside it."""
    marks = chain.from_iterable(panel.parts[0].marks for panel, _ in row)
    beside = [axes for _, own in row for axes in own]
    # What is drawn first is farthest from the panels.
    for scale in reversed(dict.fromkeys(mark.scale for mark in marks if isinstance(mark, Cells))):
        colors = ScalarMappable(Normalize(*scale.limits), COLORS)
        bar = figure.colorbar(colors, ax=beside, pad=0.01, fraction=0.04)
        bar.set_label(mathtext(scale.label), fontsize="small")


def _make_finer(figure: Figure, rows: int, parts: int) -> None:
    """Fit the lines to narrow panels, and the height of the figure to their rows."""
    for line in chain.from_iterable(axes.lines for axes in figure.axes):
        line.set(linewidth=FINENESS * line.get_linewidth())
        line.set(markersize=FINENESS * line.get_markersize())
    heights = rows * (ROW_HEIGHT + (parts - 1) * STRIP_ROW_HEIGHT) + LEGEND_HEIGHT
    figure.set_figheight(max(figure.get_figheight(), heights))


def _name_axis(axes: Axes, axis: Axis, *, is_strip: bool) -> None:
    axes.set_ylabel(mathtext(axis.label), **({"fontsize": "small"} if is_strip else {}))


def _draw_part(axes: Axes, part: Part) -> None:
    _scale(axes, "y", part.axis)
    if part.level is not None:
        axes.axhline(part.level, **LEVEL)
    for mark in part.marks:
        DRAWERS[type(mark)](axes, mark)


def _draw_line(axes: Axes, line: Line) -> None:
    if line.has_band:
        # The edge shows the band where it has no width, at a single latent dimension.
        axes.fill_between(
            line.x, line.low, line.high, color=line.style.color, alpha=BAND_OPACITY, linewidth=0.4
        )
    thin = {**THIN, "marker": "" if len(line.x) > 1 else "."} if line.thin else {}
    axes.plot(line.x, line.y, **{**line_look(line.style), **thin})


def line_look(style: LineStyle) -> dict:
    """Return the properties of the line of a style, for panels and legends alike."""
    return {
        "color": style.color,
        "linestyle": style.dashes,
        "linewidth": 1.8 if style.heavy else 1.0,
        "marker": style.marker,
        "markersize": 3.6 if style.heavy else 3.2,
        "markeredgewidth": 0.4,
        "markeredgecolor": "white",
        "zorder": 3.5 if style.heavy else 3,
    }


def _draw_boxes(axes: Axes, boxes: Boxes) -> None:
    """Draw boxes; a position of NaN, because all eigenvalues are zero there, stays empty."""
    known = ~np.isnan(boxes.quantiles).any(axis=1)
    names = ("whislo", "q1", "med", "q3", "whishi")
    color = boxes.color
    axes.bxp(
        [dict(zip(names, row, strict=True)) for row in boxes.quantiles[known].tolist()],
        positions=boxes.x[known] + boxes.offset,
        widths=boxes.width,
        showfliers=False,
        showcaps=False,
        patch_artist=True,
        manage_ticks=False,
        boxprops={"facecolor": tint(color), "edgecolor": color, "linewidth": 0.7},
        whiskerprops={"color": color, "linewidth": 0.7},
        medianprops={"color": color, "linewidth": 1.4, "solid_capstyle": "butt"},
    )
    for x, heights in boxes.medians.values():
        axes.plot(x + boxes.offset, heights, **_diamond(color))
    look = {"color": color, "markersize": 3.5, "clip_on": False, "in_layout": False}
    axes.plot(boxes.cut + boxes.offset, np.full(len(boxes.cut), boxes.foot), "v", **look)


def _draw_bars(axes: Axes, bars: Bars) -> None:
    axes.bar(bars.x + bars.offset, bars.heights, bars.width, bars.bases, color=bars.color)


def _draw_points(axes: Axes, points: Points) -> None:
    faces = ["none"] * len(points.x)
    if points.scale:
        faces = colormaps[COLORS](Normalize(*points.scale.limits)(points.values))
    for x, y, face in zip(points.x, points.y, faces, strict=True):
        axes.plot(x, y, **_ring(points.color, face))


def _draw_cells(axes: Axes, cells: Cells) -> None:
    scale = Normalize(*cells.scale.limits)
    axes.pcolormesh(*cells.edges, cells.values, norm=scale, cmap=COLORS, rasterized=True)
    axes.grid(visible=False)
    axes.set_facecolor(BLANK)


DRAWERS: Mapping[type, Callable] = {
    Line: _draw_line,
    Boxes: _draw_boxes,
    Bars: _draw_bars,
    Points: _draw_points,
    Cells: _draw_cells,
}


def _add_legend(figure: Figure, picture: Picture) -> None:
    """Name what is drawn below the panels."""
    marks = picture.panels[0].parts[0].marks
    level = [Line2D([], [], label=picture.level, **LEVEL)] if picture.level else []
    rings = [Line2D([], [], label=picture.rings, **_ring(SEEDS_COLOR))] if picture.rings else []
    if picture.styles:
        _add_line_legend(figure, picture.styles, [*_seed_entries(picture), *level, *rings])
        return
    first, *others = picture.seeds
    if any(isinstance(mark, Cells) for mark in marks):
        figure.legend(handles=rings, title=list_of_seeds([first]), loc="outside lower center")
        return
    pairs = {mark.label: mark.color for mark in marks if isinstance(mark, Boxes) and mark.offset}
    handles = [
        Patch(facecolor=tint(color), edgecolor=color, label=mathtext(label))
        for label, color in pairs.items()
    ]
    handles += [Patch(color=color, label=mathtext(label)) for label, color in picture.shades]
    if others:
        label = f"median, {list_of_seeds(others)}"
        handles.append(Line2D([], [], label=label, **_diamond("#333333")))
    note = f"{BOX_NOTE}, {list_of_seeds([first])}" if others else BOX_NOTE
    figure.legend(handles=handles, title=note, loc="outside lower center", ncols=6)


def _add_line_legend(
    figure: Figure, styles: Mapping[str, LineStyle], others: Sequence[Line2D | Patch]
) -> None:
    """Name the lines, a column per hue, or several, and say how seeds and levels are drawn."""
    of_hue: dict[str, list[Line2D | Patch]] = {}
    for style in styles.values():
        line = Line2D([], [], label=mathtext(style.label), **line_look(style))
        of_hue.setdefault(style.hue, [_text(HEADINGS.get(style.hue, style.hue))]).append(line)
    groups = [of_hue[hue] for hue in HUES if hue in of_hue]
    columns = cut([*groups, others] if others else groups, LEGEND_ROWS, MOST_COLUMNS)
    rows = max(map(len, columns))
    full = [[*column, *(_text("") for _ in range(rows - len(column)))] for column in columns]
    figure.set_figheight(figure.get_figheight() + max(rows - LEGEND_ROWS, 0) * LEGEND_ROW_HEIGHT)
    figure.legend(
        handles=list(chain.from_iterable(full)),
        loc="outside lower center",
        ncols=len(columns),
        # A sixth column, for sets of unknown brightness, fits the width of a page only like this.
        handlelength=3.2 if len(columns) < 6 else 2.2,
        columnspacing=1.6 if len(columns) < 6 else 1.0,
    )


def _seed_entries(picture: Picture) -> list[Line2D | Patch]:
    """Return what says how seeds are drawn; nothing if a line is the only one of its member."""
    first, *others = seeds = picture.seeds
    if picture.of_first:
        label = f"95 % interval, {list_of_seeds([first])}"
        thin = f"thin: {list_of_seeds(others)}"
        return [
            Patch(color=SEEDS_COLOR, alpha=BAND_OPACITY, label=label),
            *([Line2D([], [], label=thin, color=SEEDS_COLOR, **THIN)] if others else []),
        ]
    if not others:
        return []
    label = f"mean, {list_of_seeds(seeds)}"
    return [
        Line2D([], [], label=label, linewidth=1.0, marker="o", markersize=3.2, color=SEEDS_COLOR),
        Patch(color=SEEDS_COLOR, alpha=BAND_OPACITY, label="from least to greatest"),
    ]


def _text(label: str) -> Line2D:
    """Return a legend entry without a line."""
    return Line2D([], [], linestyle="none", label=label)


def _ring(color: str, face: object = "none") -> dict:
    return {
        "marker": "o",
        "markersize": 4.5,
        "markerfacecolor": face,
        "markeredgecolor": color,
        "markeredgewidth": 1.0,
        "linestyle": "none",
        "zorder": 4,
    }


def _diamond(color: str) -> dict:
    return {
        "marker": "D",
        "markersize": 2.6,
        "markerfacecolor": "white",
        "markeredgecolor": color,
        "markeredgewidth": 0.7,
        "linestyle": "none",
        "zorder": 4,
    }
