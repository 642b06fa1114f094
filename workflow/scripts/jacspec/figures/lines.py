"""Figures 2, 4 and 5: one line a data set against the latent dimension."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from jacspec.figures.panels import label_latent_dims, list_of_seeds
from jacspec.figures.selection import latent_dims_of, seeds_of, series
from jacspec.figures.style import JACOBIAN_SYMBOLS, LineStyle

if TYPE_CHECKING:
    import pandas

LEGEND_COLUMNS = 4


def draw_means(
    summary: "pandas.DataFrame", styles: Mapping[str, LineStyle], size: tuple[float, float]
) -> Figure:
    """Draw Figure 2: arithmetic and geometric means of |lambda| for both Jacobians."""
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(2, 2, sharex=True, sharey="row")
    for row, (statistic, name) in zip(
        panels,
        {"mean_abs": "arithmetic mean", "geometric_mean": "geometric mean"}.items(),
        strict=True,
    ):
        for axes, jacobian in zip(row, JACOBIAN_SYMBOLS, strict=True):
            draw_lines(axes, summary, styles, jacobian=jacobian, statistic=statistic)
            axes.set_title(f"{name}, {JACOBIAN_SYMBOLS[jacobian]}", loc="left")
        row[0].set_ylabel(rf"{name} of $|\lambda|$")
    for axes in panels[1]:
        label_latent_dims(axes, latent_dims_of(summary))
    add_dataset_legend(figure, styles, seeds_of(summary))
    return figure


def draw_deviations(
    summary: "pandas.DataFrame", styles: Mapping[str, LineStyle], size: tuple[float, float]
) -> Figure:
    """Draw Figure 4: standard deviation of log|lambda| for both Jacobians."""
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    for axes, jacobian in zip(panels, JACOBIAN_SYMBOLS, strict=True):
        draw_lines(axes, summary, styles, jacobian=jacobian, statistic="log_abs_std")
        axes.set_title(JACOBIAN_SYMBOLS[jacobian], loc="left")
        axes.set_ylim(bottom=0)
        label_latent_dims(axes, latent_dims_of(summary))
    panels[0].set_ylabel(r"standard deviation of $\ln|\lambda|$, $\lambda\neq 0$")
    add_dataset_legend(figure, styles, seeds_of(summary))
    return figure


def draw_orientation(
    summary: "pandas.DataFrame", styles: Mapping[str, LineStyle], size: tuple[float, float]
) -> Figure:
    """Draw Figure 5: share of determined points that reverse orientation, and of undetermined ones.

    The broken line at one half is what a random matrix would give (Theorem I.3). Where no point is
    determined there is no share of reversed ones, and nothing is drawn.
    """
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(2, 2, sharex=True, sharey="row", height_ratios=(3, 1))
    for column, jacobian in zip(panels.T, JACOBIAN_SYMBOLS, strict=True):
        shares, strip = column
        shares.axhline(0.5, color="#777777", linewidth=0.8, linestyle=(0, (6, 3)), zorder=1)
        draw_lines(shares, summary, styles, jacobian=jacobian, statistic="share_reversed")
        draw_lines(strip, summary, styles, jacobian=jacobian, statistic="share_undetermined")
        shares.set_title(f"sign of det {JACOBIAN_SYMBOLS[jacobian]}", loc="left")
        shares.set_ylim(-0.03, None)
        strip.set_ylim(-0.06, 1.06)
        strip.set_yticks([0, 0.5, 1])
        label_latent_dims(strip, latent_dims_of(summary))
    panels[0, 0].set_ylabel("share of reversed points\namong determined ones")
    panels[1, 0].set_ylabel("share\nundetermined")
    add_dataset_legend(figure, styles, seeds_of(summary))
    return figure


def draw_lines(
    axes: Axes,
    summary: "pandas.DataFrame",
    styles: Mapping[str, LineStyle],
    *,
    jacobian: str,
    statistic: str,
) -> None:
    """Draw one statistic of every data set: the first seed with markers, the others thin."""
    first_seed, *other_seeds = seeds_of(summary)
    for dataset, style in styles.items():
        for seed in other_seeds:
            axes.plot(
                *series(
                    summary, dataset=dataset, jacobian=jacobian, statistic=statistic, seed=seed
                ),
                color=style.color,
                linestyle=style.dashes,
                linewidth=1.0 if style.heavy else 0.6,
                alpha=0.55,
                zorder=2.9 if style.heavy else 2,
            )
        axes.plot(
            *series(
                summary, dataset=dataset, jacobian=jacobian, statistic=statistic, seed=first_seed
            ),
            **first_seed_look(style),
        )


def first_seed_look(style: LineStyle) -> dict:
    """Return the line properties of a data set, for panels and legends alike."""
    return {
        "color": style.color,
        "linestyle": style.dashes,
        "linewidth": 1.8 if style.heavy else 1.0,
        "marker": style.marker,
        "markersize": 3.4 if style.heavy else 3,
        "markeredgewidth": 0.4,
        "markeredgecolor": "white",
        "zorder": 3.5 if style.heavy else 3,
    }


def add_dataset_legend(
    figure: Figure, styles: Mapping[str, LineStyle], seeds: Sequence[int]
) -> None:
    """Add the names of the data sets below the panels, and say how the seeds are drawn."""
    handles = [Line2D([], [], label=style.label, **first_seed_look(style)) for style in styles.values()]
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=LEGEND_COLUMNS,
        handlelength=3.2,
        title=seeds_note(seeds),
    )


def seeds_note(seeds: Sequence[int]) -> str | None:
    """Return what tells the seeds apart; None if there is only one."""
    if len(seeds) == 1:
        return None
    return f"heavy lines with markers: seed {seeds[0]}; thin lines: {list_of_seeds(seeds[1:])}"
