"""Figures of families: curves over one parameter, maps over two."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from jacspec.families.landmarks import Landmark
from jacspec.families.statistics import AUROC, ERROR
from jacspec.families.table import FamilyTable, largest_half_width
from jacspec.figures.panels import list_of_seeds
from jacspec.figures.printing import mathtext
from jacspec.figures.style import JACOBIAN_NAMES, study_style
from jacspec.key import ModelKey

WIDTH = 7.2
COLUMN_WIDTH = 1.75
ROW_HEIGHT = 1.5
MARGIN_HEIGHT = 0.8
SMALLEST_WIDTH = 4.5
COLORS = "viridis"
OTHER_SEEDS = {"linewidth": 0.6, "alpha": 0.6}
BAND_OPACITY = 0.2
TITLES_HEIGHT = 0.16
MOST_TICKS = 5


class Quantity(NamedTuple):
    """A statistic of a Jacobian, or of the points themselves (`both`)."""

    jacobian: str
    statistic: str


LABELS = {
    "share_reversed": "share reversed",
    "mean_abs": "mean |λ|",
    "abs_arg_mean": "mean |arg λ|",
    "log_abs_std": "std of ln |λ|",
    ERROR: "mean error",
    AUROC: "AUROC of the error",
}
LIMITS = {"share_reversed": (0.0, 1.0), AUROC: (0.0, 1.0)}
CHANCE = {"share_reversed": 0.5, AUROC: 0.5}
# One row of panels each.
ROWS = (
    *(
        (Quantity("input", statistic), Quantity("latent", statistic))
        for statistic in ("share_reversed", "mean_abs", "abs_arg_mean", "log_abs_std")
    ),
    (Quantity("both", ERROR), Quantity("both", AUROC)),
)


@dataclass(frozen=True)
class FamilyPicture:
    """All that a figure of a family shows.

    `labels` and `logarithmic` are of its one or two axes; `landmarks` are the data sets to mark,
    and `left_out` the models that are no better than the mean image.
    """

    table: FamilyTable
    labels: Sequence[str]
    logarithmic: Sequence[bool]
    landmarks: Sequence[Landmark]
    left_out: Sequence[ModelKey] = ()

    @property
    def seeds(self) -> list[int]:
        """The seeds of the models."""
        return sorted({key.seed for key in self.table.models})

    @property
    def latent_dims(self) -> list[int]:
        """The latent dimensions of the models."""
        return sorted({key.latent_dim for key in self.table.models})

    def values(self, key: ModelKey, quantity: Quantity) -> np.ndarray:
        """Return value, low and high at each position, (m, 3)."""
        return self.table.intervals[key, *quantity]


def draw_family(picture: FamilyPicture) -> Figure:
    """Draw curves over the parameter of a family, or maps over its two.

    Bands of curves are 95 % intervals over points, of the first seed; maps, which are of the first
    seed, have half of their largest width beside the scale of colours. Data sets are marked where
    they lie, by what all their points give.
    """
    with study_style():
        return _draw_maps(picture) if len(picture.labels) == 2 else _draw_curves(picture)


def _draw_curves(picture: FamilyPicture) -> Figure:
    figure = Figure(figsize=(WIDTH, len(ROWS) * ROW_HEIGHT + MARGIN_HEIGHT), layout="constrained")
    grid = figure.subplots(len(ROWS), 2, sharex=True)
    for row, quantities in zip(grid, ROWS, strict=True):
        for axes, quantity in zip(row, quantities, strict=True):
            _draw_curve_panel(axes, picture, quantity)
        if quantities[0].jacobian != "both":
            row[1].sharey(row[0])
            row[0].autoscale_view()
    for axes in grid[-1]:
        axes.set_xlabel(picture.labels[0])
        _set_scale(axes.xaxis, np.unique(picture.table.positions[:, 0]), picture.logarithmic[0])
    _name_landmarks(grid[0], picture.landmarks)
    figure.legend(
        handles=_legend_lines(picture), loc="outside lower center", ncols=4, handlelength=2.6
    )
    return figure


def _draw_curve_panel(axes: Axes, picture: FamilyPicture, quantity: Quantity) -> None:
    axes.set_ylabel(_label(quantity))
    if quantity.statistic in CHANCE:
        axes.axhline(CHANCE[quantity.statistic], color="#777777", linewidth=0.8, dashes=(6, 3))
        axes.set_ylim(-0.03, 1.03)
    positions = picture.table.positions[:, 0]
    for key in picture.table.models:
        color = _color(picture, key)
        value, low, high = picture.values(key, quantity).T
        if key.seed != picture.seeds[0]:
            axes.plot(positions, value, color=color, **OTHER_SEEDS)
            continue
        axes.fill_between(positions, low, high, color=color, alpha=BAND_OPACITY, linewidth=0)
        axes.plot(positions, value, color=color, linewidth=1.1)
        marked = [
            (landmark.position[0], landmark.values[key, *quantity])
            for landmark in picture.landmarks
            if (key, *quantity) in landmark.values
        ]
        axes.plot(*np.array(marked).reshape(-1, 2).T, **_landmark_look(color))


def _draw_maps(picture: FamilyPicture) -> Figure:
    dims = picture.latent_dims
    width = max(SMALLEST_WIDTH, 2 * COLUMN_WIDTH * len(dims) + 1)
    figure = Figure(
        figsize=(width, len(ROWS) * (ROW_HEIGHT + TITLES_HEIGHT) + MARGIN_HEIGHT),
        layout="constrained",
    )
    grid = figure.subplots(len(ROWS), 2 * len(dims), sharex=True, sharey=True, squeeze=False)
    keys = [key for key in picture.table.models if key.seed == picture.seeds[0]]
    for row, (first, second) in zip(grid, ROWS, strict=True):
        columns = {first: row[::2], second: row[1::2]}
        # Both Jacobians have one scale of colours; error and AUROC each have their own.
        together = [[first, second]] if first.jacobian != "both" else [[first], [second]]
        for quantities in together:
            panels = [
                (axes, key, quantity)
                for quantity in quantities
                for axes, key in zip(columns[quantity], keys, strict=True)
            ]
            _draw_map_panels(figure, picture, panels, bar_beside=list(row))
    for axes in grid[-1]:
        axes.set_xlabel(picture.labels[0])
    for axes in grid[:, 0]:
        axes.set_ylabel(picture.labels[1])
    note = f"Rings: {', '.join(landmark.title for landmark in picture.landmarks)}. "
    figure.supxlabel(
        f"{note if picture.landmarks else ''}Seed {picture.seeds[0]}.", fontsize="x-small"
    )
    return figure


def _draw_map_panels(
    figure: Figure,
    picture: FamilyPicture,
    panels: Sequence[tuple[Axes, ModelKey, Quantity]],
    bar_beside: Sequence[Axes],
) -> None:
    statistic = panels[0][2].statistic
    values = np.concatenate([picture.values(key, quantity) for _, key, quantity in panels])
    shown = values[np.isfinite(values[:, 0]), 0]
    scale = Normalize(*LIMITS.get(statistic, (shown.min(), shown.max()) if shown.size else (0, 1)))
    mesh = None
    for axes, key, quantity in panels:
        mesh = _draw_map(axes, picture, key, quantity, scale)
        symbol = mathtext(JACOBIAN_NAMES.get(quantity.jacobian, LABELS[statistic]))
        axes.set_title(f"{symbol}, $d$ = {key.latent_dim}", loc="left")
    bar = figure.colorbar(mesh, ax=bar_beside, pad=0.01, fraction=0.04)
    label = f"{LABELS[statistic]}\n(± {largest_half_width(values):.2g} at most)"
    bar.set_label(mathtext(label), fontsize="small")


def _draw_map(
    axes: Axes, picture: FamilyPicture, key: ModelKey, quantity: Quantity, scale: Normalize
):
    x, y = (np.unique(column) for column in picture.table.positions.T)
    values = picture.values(key, quantity)[:, 0].reshape(len(x), len(y)).T
    edges = [
        edges_of(centres, logarithmic)
        for centres, logarithmic in zip((x, y), picture.logarithmic, strict=True)
    ]
    mesh = axes.pcolormesh(*edges, values, norm=scale, cmap=COLORS, rasterized=True)
    axes.grid(visible=False)
    axes.set_facecolor("#dddddd")
    for axis, centres, logarithmic in zip(
        (axes.xaxis, axes.yaxis), (x, y), picture.logarithmic, strict=True
    ):
        _set_scale(axis, centres, logarithmic)
    for landmark in picture.landmarks:
        value = landmark.values.get((key, *quantity))
        face = "none" if value is None else colormaps[COLORS](scale(value))
        axes.plot(*landmark.position, **{**_landmark_look("white"), "markerfacecolor": face})
    return mesh


def _set_scale(axis: Axis, values: np.ndarray, logarithmic: bool) -> None:
    """Make an axis logarithmic if it is to be, with a few of the values written at it."""
    if not logarithmic:
        return
    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    ticks = values[:: -(-len(values) // MOST_TICKS)]
    axis.set_ticks(ticks, [f"{tick:.2g}" for tick in ticks])
    axis.set_ticks([], minor=True)


def edges_of(centres: np.ndarray, logarithmic: bool) -> np.ndarray:
    """Return the edges (n + 1,) of the cells around n increasing centres, two at least."""
    places = np.log(centres) if logarithmic else centres
    between = (places[1:] + places[:-1]) / 2
    edges = np.concatenate([[2 * places[0] - between[0]], between, [2 * places[-1] - between[-1]]])
    return np.exp(edges) if logarithmic else edges


def _name_landmarks(row: Sequence[Axes], landmarks: Sequence[Landmark]) -> None:
    """Write the names of data sets above the panels of the first row, at their positions."""
    for axes in row:
        for landmark in landmarks:
            axes.annotate(
                landmark.title,
                (landmark.position[0], 1.04),
                xycoords=axes.get_xaxis_transform(),
                rotation=35,
                fontsize=5.5,
                annotation_clip=False,
            )


def _label(quantity: Quantity) -> str:
    of = JACOBIAN_NAMES.get(quantity.jacobian)
    return mathtext(f"{LABELS[quantity.statistic]}, {of}" if of else LABELS[quantity.statistic])


def _color(picture: FamilyPicture, key: ModelKey) -> tuple[float, ...]:
    # The lightest colours of the scale cannot be told from paper.
    dims = picture.latent_dims
    return colormaps[COLORS](0.85 * dims.index(key.latent_dim) / max(1, len(dims) - 1))


def _landmark_look(color) -> dict:
    return {
        "linestyle": "none",
        "marker": "o",
        "markersize": 4.5,
        "markerfacecolor": "white",
        "markeredgecolor": color,
        "markeredgewidth": 1.0,
    }


def _legend_lines(picture: FamilyPicture) -> Iterator[Line2D]:
    seed = picture.seeds[0]
    first_of_dim = {
        key.latent_dim: key for key in reversed(picture.table.models) if key.seed == seed
    }
    lines = [
        Line2D([], [], color=_color(picture, key), linewidth=1.1, label=f"$d$ = {dim}")
        for dim, key in sorted(first_of_dim.items())
    ]
    if len(picture.seeds) > 1:
        others = list_of_seeds(picture.seeds[1:])
        lines.append(Line2D([], [], color="#555555", label=f"thin: {others}", **OTHER_SEEDS))
    if picture.landmarks:
        lines.append(Line2D([], [], label="data set of the sweep", **_landmark_look("#555555")))
    return lines
