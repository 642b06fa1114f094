"""The six figures by number."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from jacspec.data.descriptions import Description
from jacspec.figures.boxes import draw_arguments, draw_differences, draw_moduli
from jacspec.figures.lines import draw_deviations, draw_means, draw_orientation
from jacspec.figures.saving import note_left_out
from jacspec.figures.selection import Selection
from jacspec.figures.style import line_styles, study_style
from jacspec.statistics.collapsed_models import collapsed_models, without_models

if TYPE_CHECKING:
    import pandas

ROLES = ("training", "bright", "moderate", "dark")
# Width and height in inches; 7.2 is the text width of a two-column page.
SIZES = {1: (7.2, 5.0), 2: (7.2, 5.8), 3: (7.2, 6.6), 4: (7.2, 3.6), 5: (7.2, 4.4), 6: (7.2, 5.0)}


def draw_figure(
    number: int,
    summary: "pandas.DataFrame",
    *,
    roles: Mapping[str, str],
    datasets: Mapping[str, Description],
    size: tuple[float, float] | None = None,
) -> Figure:
    """Draw one of the paper's Figures 1 to 6 from the summary alone.

    `roles` names the data sets with the roles `training`, `bright`, `moderate` and `dark`, as far
    as there are any: they have the panels of Figures 1, 3 and 6. `datasets` are the lines of
    Figures 2, 4 and 5, in the order of the legend, and describe those with panels. `size` is width
    and height in inches. Models that are no better than the mean image are left out, and a note
    says so. Raises JacspecError if the summary lacks a number, ValueError for another figure
    number.
    """
    if number not in SIZES:
        raise ValueError(f"there is no figure {number}; choose one of {sorted(SIZES)}")
    size = size or SIZES[number]
    panels = {role: roles[role] for role in ROLES if role in roles}
    styles = line_styles(datasets, panels)
    collapsed = collapsed_models(summary)
    selection = Selection.of(without_models(summary, collapsed))
    draw: dict[int, Callable[[], Figure]] = {
        1: lambda: draw_differences(selection, styles, panels, size),
        2: lambda: draw_means(selection, styles, size),
        3: lambda: draw_moduli(selection, styles, panels, size),
        4: lambda: draw_deviations(selection, styles, size),
        5: lambda: draw_orientation(selection, styles, size),
        6: lambda: draw_arguments(selection, styles, panels, size),
    }
    with study_style():
        figure = draw[number]()
    note_left_out(figure, collapsed)
    return figure
