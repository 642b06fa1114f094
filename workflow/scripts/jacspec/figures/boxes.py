"""Figures 1, 3 and 6: boxes at every latent dimension, one panel a representative data set.

Boxes are those of the first seed; the medians of the other seeds are drawn as small diamonds.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from jacspec.figures.panels import label_latent_dims, list_of_seeds, panel_grid, smallest_gap
from jacspec.figures.selection import box_quantiles, latent_dims_of, seeds_of, series
from jacspec.figures.style import JACOBIAN_COLORS, JACOBIAN_SYMBOLS, LineStyle, role_title

if TYPE_CHECKING:
    import pandas

BOX_NOTE = "boxes: 25–75 %, bars: medians, whiskers: 5–95 %"
DIFFERENCE_LABEL = (
    r"$\Vert\vec{\lambda}_{J_{\mathcal{I}}}-\vec{\lambda}_{J_{\mathcal{L}}}\Vert^2\,/\,d$"
)
DIAMOND = {"marker": "D", "markersize": 2.4, "linestyle": "none", "markeredgewidth": 0.5}
BOX_EDGE = 0.6
ZEROS_COLOR_ALPHA = 0.8


def draw_differences(
    summary: "pandas.DataFrame",
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
    seeds, latent_dims = seeds_of(summary), latent_dims_of(summary)
    boxes = {
        (dataset, seed): box_quantiles(
            summary, dataset=dataset, jacobian="both", quantity="difference", seed=seed
        )
        for dataset in roles.values()
        for seed in seeds
    }
    floor = _floor(np.concatenate([quantiles.ravel() for _, quantiles in boxes.values()]))
    for (axes,), (role, dataset) in zip(panels, roles.items(), strict=True):
        color = styles[dataset].color
        for seed in seeds:
            positions, quantiles = boxes[dataset, seed]
            shown = np.maximum(quantiles, floor)
            if seed == seeds[0]:
                draw_boxes(axes, positions, shown, color=color, width=0.6 * smallest_gap(latent_dims))
                down = positions[quantiles[:, 0] < floor]
                axes.plot(down, np.full(len(down), floor), "v", color=color, markersize=3, clip_on=False)
            else:
                draw_medians(axes, positions, shown[:, 2], color=color)
        axes.set_yscale("log")
        axes.set_ylim(bottom=floor)
        axes.set_title(role_title(role, dataset), loc="left")
        label_latent_dims(axes, latent_dims)
    for axes in figure.axes[::2]:
        axes.set_ylabel(DIFFERENCE_LABEL)
    add_box_legend(figure, {}, seeds, extra=[])
    return figure


def draw_moduli(
    summary: "pandas.DataFrame", roles: Mapping[str, str], size: tuple[float, float]
) -> Figure:
    """Draw Figure 3: log|lambda| of both Jacobians, and below it the share of zeros left out."""
    figure = Figure(figsize=size, layout="constrained")
    panels = panel_grid(figure, len(roles), strips=True)
    latent_dims = latent_dims_of(summary)
    width = 0.36 * smallest_gap(latent_dims)
    for (axes, strip), (role, dataset) in zip(panels, roles.items(), strict=True):
        draw_box_pairs(axes, summary, dataset, quantity="log_abs")
        axes.set_title(role_title(role, dataset), loc="left")
        for jacobian, offset in zip(JACOBIAN_COLORS, (-0.55 * width, 0.55 * width), strict=True):
            positions, shares = series(
                summary,
                dataset=dataset,
                jacobian=jacobian,
                statistic="share_zero",
                seed=seeds_of(summary)[0],
            )
            strip.bar(positions + offset, shares, width, color=JACOBIAN_COLORS[jacobian])
        label_latent_dims(strip, latent_dims)
    _label_left(panels, [r"$\ln|\lambda|$,  $\lambda\neq 0$", "share of\n$\\lambda=0$"])
    return figure
