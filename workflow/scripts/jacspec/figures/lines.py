"""Figures 2, 4 and 5: one line a data set against the latent dimension."""

from collections.abc import Mapping, Sequence
from itertools import chain, count, product

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from jacspec.figures.panels import label_latent_dims, list_of_seeds, panel_grid
from jacspec.figures.selection import Selection
from jacspec.figures.style import JACOBIAN_SYMBOLS, MODULUS, NO_IMAGES, PALETTES, LineStyle

NULL_LINE = {
    "color": "#777777",
    "linewidth": 0.9,
    "linestyle": (0, (6, 3)),
    "zorder": 1,
    "label": "random matrix: 1/2",
}
OTHER_SEEDS_ALPHA = 0.5
OTHER_SEEDS_WIDTH = 0.6
SEEDS_COLOR = "#555555"
# What the size of a figure has room for; more columns than these do not fit its width.
LEGEND_ROWS = 6
LEGEND_COLUMNS = 6
LEGEND_ROW_HEIGHT = 0.145  # inches
HEADINGS = {NO_IMAGES: "no images: brightness does not apply"}


def draw_means(
    selection: Selection, styles: Mapping[str, LineStyle], size: tuple[float, float]
) -> Figure:
    """Draw Figure 2: arithmetic and geometric means of |lambda| for both Jacobians."""
    figure = Figure(figsize=size, layout="constrained")
    panels = panel_grid(figure, 4, strips=False)
    statistics = {"mean_abs": "arithmetic mean", "geometric_mean": "geometric mean"}
    contents = product(statistics.items(), JACOBIAN_SYMBOLS.items())
    for (axes,), ((statistic, name), (jacobian, symbol)) in zip(panels, contents, strict=True):
        draw_lines(axes, selection, styles, jacobian=jacobian, statistic=statistic)
        axes.set_title(f"{symbol}, {name}", loc="left")
    for (axes,), name in zip(panels[::2], statistics.values(), strict=True):
        axes.set_ylabel(f"{name} of ${MODULUS}$")
        axes.set_ylim(bottom=0)
    label_latent_dims(panels, selection.latent_dims)
    add_dataset_legend(figure, styles, selection.seeds)
    return figure


def draw_deviations(
    selection: Selection, styles: Mapping[str, LineStyle], size: tuple[float, float]
) -> Figure:
    """Draw Figure 4: standard deviation of log|lambda| for both Jacobians."""
    figure = Figure(figsize=size, layout="constrained")
    panels = panel_grid(figure, 2, strips=False)
    for (axes,), (jacobian, symbol) in zip(panels, JACOBIAN_SYMBOLS.items(), strict=True):
        draw_lines(axes, selection, styles, jacobian=jacobian, statistic="log_abs_std")
        axes.set_title(symbol, loc="left")
    panels[0][0].set_ylabel(rf"standard deviation of $\ln {MODULUS}$, $\lambda\neq 0$")
    panels[0][0].set_ylim(bottom=0)
    label_latent_dims(panels, selection.latent_dims)
    add_dataset_legend(figure, styles, selection.seeds)
    return figure


def draw_orientation(
    selection: Selection, styles: Mapping[str, LineStyle], size: tuple[float, float]
) -> Figure:
    """Draw Figure 5: share of determined points that reverse orientation, and of undetermined ones.

    The broken line at one half is what a random matrix would give (Theorem I.3). Where no point is
    determined there is no share of reversed ones, and nothing is drawn.
    """
    figure = Figure(figsize=size, layout="constrained")
    panels = panel_grid(figure, 2, strips=True)
    for (axes, strip), (jacobian, symbol) in zip(panels, JACOBIAN_SYMBOLS.items(), strict=True):
        axes.axhline(0.5, **NULL_LINE)
        draw_lines(axes, selection, styles, jacobian=jacobian, statistic="share_reversed")
        draw_lines(strip, selection, styles, jacobian=jacobian, statistic="share_undetermined")
        axes.set_title(symbol, loc="left")
    axes, strip = panels[0]
    axes.set_ylabel(r"share with $\det<0$" "\namong determined points")
    strip.set_ylabel("share\nundetermined", fontsize="small")
    strip.set_ylim(-0.08, 1.08)
    strip.set_yticks([0, 0.5, 1])
    label_latent_dims(panels, selection.latent_dims)
    add_dataset_legend(figure, styles, selection.seeds, Line2D([], [], **NULL_LINE))
    return figure


def draw_lines(
    axes: Axes,
    selection: Selection,
    styles: Mapping[str, LineStyle],
    *,
    jacobian: str,
    statistic: str,
) -> None:
    """Draw one statistic of every data set: the first seed with markers, the others thin."""
    first_seed, *other_seeds = selection.seeds
    for dataset, style in styles.items():
        for seed in other_seeds:
            axes.plot(
                *selection.series(dataset, jacobian, statistic, seed),
                color=style.color,
                linestyle=style.dashes,
                linewidth=1.0 if style.heavy else OTHER_SEEDS_WIDTH,
                alpha=OTHER_SEEDS_ALPHA,
                zorder=2.9 if style.heavy else 2,
            )
        axes.plot(
            *selection.series(dataset, jacobian, statistic, first_seed),
            **first_seed_look(style),
        )


def first_seed_look(style: LineStyle) -> dict:
    """Return the line properties of a data set, for panels and legends alike."""
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


def add_dataset_legend(
    figure: Figure, styles: Mapping[str, LineStyle], seeds: Sequence[int], *others: Line2D
) -> None:
    """Name the data sets below the panels, one column a hue, and say how the seeds are drawn."""
    of_hue: dict[str, list[Line2D]] = {}
    for style in styles.values():
        line = Line2D([], [], label=style.label, **first_seed_look(style))
        of_hue.setdefault(style.hue, []).append(line)
    columns = [[_text(HEADINGS.get(hue, hue)), *of_hue[hue]] for hue in PALETTES if hue in of_hue]
    if seeds_and_others := [*_seed_lines(seeds), *others]:
        columns.append(seeds_and_others)
    rows, columns = _arranged(columns)
    figure.set_figheight(figure.get_figheight() + max(rows - LEGEND_ROWS, 0) * LEGEND_ROW_HEIGHT)
    figure.legend(
        handles=list(chain.from_iterable(columns)),
        loc="outside lower center",
        ncols=len(columns),
        # A sixth column, for sets of unknown brightness, fits the width of a page only like this.
        handlelength=3.2 if len(columns) < 6 else 2.2,
        columnspacing=1.6 if len(columns) < 6 else 1.0,
    )


def _arranged(columns: Sequence[list[Line2D]]) -> tuple[int, list[list[Line2D]]]:
    """Cut long columns into several, as many as fit side by side; return rows and full columns."""
    for rows in count(LEGEND_ROWS):
        cut = [column[i : i + rows] for column in columns for i in range(0, len(column), rows)]
        if len(cut) <= LEGEND_COLUMNS:
            break
    rows = max(map(len, cut))
    return rows, [[*column, *(_text("") for _ in range(rows - len(column)))] for column in cut]


def _seed_lines(seeds: Sequence[int]) -> list[Line2D]:
    """Return what tells the seeds apart; nothing if there is only one."""
    if len(seeds) == 1:
        return []
    first = {"linewidth": 1.0, "marker": "o", "markersize": 3.2, "color": SEEDS_COLOR}
    others = {"linewidth": OTHER_SEEDS_WIDTH, "alpha": OTHER_SEEDS_ALPHA, "color": SEEDS_COLOR}
    return [
        Line2D([], [], label=list_of_seeds(seeds[:1]), **first),
        Line2D([], [], label=list_of_seeds(seeds[1:]), **others),
    ]


def _text(label: str) -> Line2D:
    """Return a legend entry without a line."""
    return Line2D([], [], linestyle="none", label=label)
