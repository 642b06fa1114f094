"""The measurements of the theorems against the latent dimension, a row of panels a theorem."""

from collections.abc import Mapping
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from jacspec.data.descriptions import Description
from jacspec.figures.lines import NULL_LINE, add_dataset_legend, draw_lines
from jacspec.figures.panels import label_latent_dims
from jacspec.figures.selection import Selection
from jacspec.figures.style import JACOBIAN_SYMBOLS, line_styles, study_style

SIZE = (7.2, 7.4)

INPUT, LATENT = JACOBIAN_SYMBOLS["input"], JACOBIAN_SYMBOLS["latent"]


@dataclass(frozen=True)
class Panel:
    """One measurement: which, and what stands above and beside it."""

    jacobian: str
    statistic: str
    title: str
    label: str


PANELS = (
    Panel(
        "both",
        "I.1_share_same_pattern",
        f"I.1: where {INPUT} = {LATENT} exactly",
        "share of points\nwith one pattern at $x$ and $y$",
    ),
    Panel(
        "both",
        "I.1_difference_median_other_pattern",
        f"I.1: {INPUT} against {LATENT} elsewhere",
        "median distance of spectra\n(rms of matched eigenvalues)",
    ),
    Panel(
        "latent",
        "I.2_same_set_share_fails_ordered",
        f"I.2: {LATENT} at two points of the set",
        "share of pairs\nwith spectra too far apart",
    ),
    Panel(
        "latent",
        "I.2_nearest_of_training_set_share_fails_ordered",
        f"I.2: {LATENT} at a point and the nearest training point",
        "share of pairs\nwith spectra too far apart",
    ),
    Panel(
        "input",
        "I.3_share_reversed",
        f"I.3: orientation by {INPUT}",
        r"share with $\det<0$" "\namong determined points",
    ),
    Panel(
        "input",
        "I.3_argument_distance",
        f"I.3: arguments of {INPUT} and of a random matrix",
        "distance of distributions\n(Kolmogorov-Smirnov)",
    ),
)


def draw_theorems(
    selection: Selection, datasets: Mapping[str, Description], training_set: str
) -> Figure:
    """Draw I.1, I.2 and I.3 in two panels each, one line a data set.

    `selection` has the measurements of all models, `datasets` the lines, in the
    order of the legend.
    """
    with study_style():
        figure = Figure(figsize=SIZE, layout="constrained")
        grid = figure.subplots(3, 2, sharex=True)
        styles = line_styles(datasets, {"training": training_set})
        grid[2, 0].axhline(0.5, **NULL_LINE)
        for axes, panel in zip(grid.flat, PANELS, strict=True):
            shown = {
                dataset: style
                for dataset, style in styles.items()
                # The training set has no pairs with itself but those within.
                if dataset != training_set or "nearest" not in panel.statistic
            }
            draw_lines(axes, selection, shown, jacobian=panel.jacobian, statistic=panel.statistic)
            axes.set_title(panel.title, loc="left")
            axes.set_ylabel(panel.label)
            _begin_at_zero(axes)
        label_latent_dims([(axes,) for axes in grid.flat], selection.latent_dims)
        add_dataset_legend(figure, styles, selection.seeds, Line2D([], [], **NULL_LINE))
        return figure


def _begin_at_zero(axes: Axes) -> None:
    """Put zero at the foot of the vertical axis, with room for the markers there."""
    top = max(axes.get_ylim()[1], 0.01)
    axes.set_ylim(-0.03 * top, top)
