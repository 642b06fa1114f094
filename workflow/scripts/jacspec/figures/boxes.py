"""Figures 1, 3 and 6: boxes at every latent dimension, one panel a representative data set.

Boxes are those of the first seed; the medians of the other seeds are small diamonds beside them.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from jacspec.figures.panels import label_latent_dims, list_of_seeds, panel_grid, smallest_gap
from jacspec.figures.selection import Selection
from jacspec.figures.style import (
    JACOBIAN_COLORS,
    JACOBIAN_SYMBOLS,
    MODULUS,
    LineStyle,
    tint,
)

DIFFERENCE_LABEL = (
    r"$\Vert\vec{\lambda}_{J_{\mathcal{I}}}-\vec{\lambda}_{J_{\mathcal{L}}}\Vert^2\,/\,d$"
)
BOX_NOTE = "boxes: 25–75 %, line: median, whiskers: 5–95 %"
# In units of the smallest gap between latent dimensions: a pair of boxes fills 0.8 of it.
PAIR_WIDTH = 0.36
PAIR_OFFSET = 0.2
SINGLE_WIDTH = 0.6


def draw_differences(
    selection: Selection,
    styles: Mapping[str, LineStyle],
    roles: Mapping[str, str],
    size: tuple[float, float],
) -> Figure:
    """Draw Figure 1: squared distance of the two spectra of a point, divided by d.

    The axis is logarithmic. A whisker whose quantile is exactly 0, as where a point and its
    reconstruction switch on the same units, goes to the lower end of the axis and ends in an arrow.
    """
    figure = Figure(figsize=size, layout="constrained")
    panels = panel_grid(figure, len(roles), strips=False)
    seeds, latent_dims = selection.seeds, selection.latent_dims
    boxes = {
        dataset: [selection.box_quantiles(dataset, "both", "difference", seed) for seed in seeds]
        for dataset in roles.values()
    }
    floor = _lower_end([quantiles for pairs in boxes.values() for _, quantiles in pairs])
    for (axes,), (role, dataset) in zip(panels, roles.items(), strict=True):
        color = styles[dataset].color
        (positions, quantiles), *others = boxes[dataset]
        width = SINGLE_WIDTH * smallest_gap(latent_dims)
        draw_boxes(axes, positions, np.maximum(quantiles, floor), color=color, width=width)
        _draw_arrows(axes, positions[quantiles[:, 0] < floor], floor, color=color)
        for other_positions, other_quantiles in others:
            medians = np.maximum(other_quantiles[:, 2], floor)
            draw_medians(axes, other_positions, medians, color=color)
        axes.set_yscale("log")
        axes.set_title(styles[dataset].heading(role), loc="left")
    label_latent_dims(panels, latent_dims)
    for (axes,) in panels[::2]:
        axes.set_ylabel(DIFFERENCE_LABEL)
        axes.set_ylim(bottom=floor)
    _add_legend(figure, [], seeds)
    return figure


def draw_moduli(
    selection: Selection,
    styles: Mapping[str, LineStyle],
    roles: Mapping[str, str],
    size: tuple[float, float],
) -> Figure:
    """Draw Figure 3: log|lambda| of both Jacobians, with the share of zeros left out below it."""
    figure = Figure(figsize=size, layout="constrained")
    panels = panel_grid(figure, len(roles), strips=True)
    for (axes, strip), (role, dataset) in zip(panels, roles.items(), strict=True):
        draw_box_pairs(axes, selection, dataset, quantity="log_abs")
        draw_zero_shares(strip, selection, dataset)
        axes.set_title(styles[dataset].heading(role), loc="left")
    label_latent_dims(panels, selection.latent_dims)
    for axes, strip in panels[::2]:
        axes.set_ylabel(rf"$\ln {MODULUS}$ of $\lambda\neq 0$")
        strip.set_ylabel("share of\n$\\lambda=0$")
        strip.set_ylim(bottom=0)
    _add_legend(figure, _jacobian_patches(), selection.seeds)
    return figure


def draw_arguments(
    selection: Selection,
    styles: Mapping[str, LineStyle],
    roles: Mapping[str, str],
    size: tuple[float, float],
) -> Figure:
    """Draw Figure 6: |arg lambda| of both Jacobians, in units of pi."""
    figure = Figure(figsize=size, layout="constrained")
    panels = panel_grid(figure, len(roles), strips=False)
    for (axes,), (role, dataset) in zip(panels, roles.items(), strict=True):
        draw_box_pairs(axes, selection, dataset, quantity="abs_arg", unit=math.pi)
        axes.set_ylim(-0.03, 1.03)
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "π/4", "π/2", "3π/4", "π"])
        axes.set_title(styles[dataset].heading(role), loc="left")
    label_latent_dims(panels, selection.latent_dims)
    for (axes,) in panels[::2]:
        axes.set_ylabel(r"$|\,\arg\,\lambda\,|$ of $\lambda\neq 0$ (rad)")
    _add_legend(figure, _jacobian_patches(), selection.seeds)
    return figure


def draw_box_pairs(
    axes: Axes, selection: Selection, dataset: str, *, quantity: str, unit: float = 1.0
) -> None:
    """Draw the boxes of both Jacobians side by side at every latent dimension."""
    gap = smallest_gap(selection.latent_dims)
    for offset, (jacobian, color) in zip(
        (-PAIR_OFFSET * gap, PAIR_OFFSET * gap), JACOBIAN_COLORS.items(), strict=True
    ):
        for index, seed in enumerate(selection.seeds):
            positions, quantiles = selection.box_quantiles(dataset, jacobian, quantity, seed)
            if index == 0:
                draw_boxes(
                    axes, positions + offset, quantiles / unit, color=color, width=PAIR_WIDTH * gap
                )
            else:
                draw_medians(axes, positions + offset, quantiles[:, 2] / unit, color=color)


def draw_zero_shares(axes: Axes, selection: Selection, dataset: str) -> None:
    """Draw the share of exact zeros among the eigenvalues, first seed, as bars below the boxes."""
    gap = smallest_gap(selection.latent_dims)
    for offset, (jacobian, color) in zip(
        (-PAIR_OFFSET * gap, PAIR_OFFSET * gap), JACOBIAN_COLORS.items(), strict=True
    ):
        positions, shares = selection.series(dataset, jacobian, "share_zero", selection.seeds[0])
        axes.bar(positions + offset, shares, PAIR_WIDTH * gap, color=color)


def draw_boxes(
    axes: Axes, positions: np.ndarray, quantiles: np.ndarray, *, color: str, width: float
) -> None:
    """Draw a box at each of k positions from its 5, 25, 50, 75 and 95 % quantiles, (k, 5).

    A position whose quantiles are NaN, because all eigenvalues are zero there, stays empty.
    """
    known = ~np.isnan(quantiles).any(axis=1)
    names = ("whislo", "q1", "med", "q3", "whishi")
    axes.bxp(
        [dict(zip(names, row, strict=True)) for row in quantiles[known].tolist()],
        positions=positions[known],
        widths=width,
        showfliers=False,
        showcaps=False,
        patch_artist=True,
        manage_ticks=False,
        boxprops={"facecolor": tint(color), "edgecolor": color, "linewidth": 0.7},
        whiskerprops={"color": color, "linewidth": 0.7},
        medianprops={"color": color, "linewidth": 1.4, "solid_capstyle": "butt"},
    )


def draw_medians(axes: Axes, positions: np.ndarray, medians: np.ndarray, *, color: str) -> None:
    """Draw a small diamond at the median of another seed, (k,), at each of k positions."""
    axes.plot(positions, medians, **_diamond(color))


def _draw_arrows(axes: Axes, positions: np.ndarray, height: float, *, color: str) -> None:
    heights = np.full(len(positions), height)
    axes.plot(positions, heights, "v", color=color, markersize=3.5, clip_on=False, in_layout=False)


def _lower_end(quantiles: Sequence[np.ndarray]) -> float:
    """Return a power of ten below every positive quantile, 1e-3 if there is none."""
    values = np.concatenate([part.ravel() for part in quantiles])
    smallest = np.min(values[values > 0], initial=1e-3)
    return 10.0 ** math.floor(math.log10(smallest))


def _jacobian_patches() -> list[Patch]:
    return [
        Patch(facecolor=tint(color), edgecolor=color, label=JACOBIAN_SYMBOLS[jacobian])
        for jacobian, color in JACOBIAN_COLORS.items()
    ]


def _add_legend(figure: Figure, handles: list, seeds: Sequence[int]) -> None:
    note = BOX_NOTE if len(seeds) == 1 else f"{BOX_NOTE}, {list_of_seeds(seeds[:1])}"
    if len(seeds) > 1:
        label = f"median, {list_of_seeds(seeds[1:])}"
        handles = [*handles, Line2D([], [], label=label, **_diamond("#333333"))]
    figure.legend(handles=handles, title=note, loc="outside lower center", ncols=3)


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
