"""What the panels of all figures have in common: arrangement, axis of latent dimensions, seeds."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

LATENT_DIM_LABEL = "latent dimension $d$"
MAXIMAL_TICKS = 11
STRIP_HEIGHT = 0.27


def panel_grid(figure: Figure, count: int, *, strips: bool) -> list[tuple[Axes, ...]]:
    """Return `count` panels, two a row, with one vertical axis; with `strips` each has one below.

    All strips share their vertical axis too, and all axes that of the latent dimensions.
    """
    columns = min(count, 2)
    rows = -(-count // columns)
    heights = [1, STRIP_HEIGHT] if strips else [1]
    grid = figure.subplots(
        rows * len(heights), columns, sharex=True, squeeze=False, height_ratios=heights * rows
    )
    panels = []
    for index in range(rows * columns):
        row, column = divmod(index, columns)
        panel = tuple(grid[row * len(heights) + part, column] for part in range(len(heights)))
        if index >= count:
            for axes in panel:
                axes.remove()
            continue
        for axes, first in zip(panel, panels[0] if panels else panel, strict=True):
            if axes is not first:
                axes.sharey(first)
            axes.tick_params(labelleft=column == 0)
        panels.append(panel)
    return panels


def smallest_gap(latent_dims: Sequence[int]) -> float:
    """Return the smallest distance between two latent dimensions; 1 if there is only one."""
    return float(min(np.diff(latent_dims), default=1))


def label_latent_dims(panels: Sequence[tuple[Axes, ...]], latent_dims: Sequence[int]) -> None:
    """Put a tick at the latent dimensions that were run, at every other one if they are many.

    The lowest axes of every panel has the numbers, the last panel of every column the label too.
    """
    step = -(-len(latent_dims) // MAXIMAL_TICKS)
    margin = 0.6 * smallest_gap(latent_dims)
    for panel in panels:
        panel[-1].set_xlim(latent_dims[0] - margin, latent_dims[-1] + margin)
        panel[-1].set_xticks(latent_dims[::step])
        panel[-1].tick_params(labelbottom=True)
    for panel in panels[-2:]:
        panel[-1].set_xlabel(LATENT_DIM_LABEL)


def list_of_seeds(seeds: Sequence[int]) -> str:
    """Return ``seed 1`` or ``seeds 1, 2, 3``."""
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"
