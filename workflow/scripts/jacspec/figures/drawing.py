"""The six figures by number."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from jacspec.data.descriptions import Description
from jacspec.figures.paper import SIZES, paper_picture
from jacspec.figures.printing import draw_picture
from jacspec.figures.saving import note_left_out
from jacspec.figures.selection import Selection
from jacspec.figures.style import line_styles
from jacspec.statistics.collapsed_models import collapsed_models, without_models

if TYPE_CHECKING:
    import pandas


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
    collapsed = collapsed_models(summary)
    selection = Selection.of(without_models(summary, collapsed))
    picture = paper_picture(number, selection, line_styles(datasets, roles), roles)
    figure = draw_picture(picture, size or SIZES[number])
    note_left_out(figure, collapsed)
    return figure
