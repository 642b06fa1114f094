"""Charts of families: the panels of their figures, on the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from jacspec.families.content import FamilyContent
from jacspec.families.figure import family_picture
from jacspec.report.charts import Chart, Look, chart_of, looks_of


@dataclass(frozen=True)
class FamilyCharts:
    """The charts of a family, and the looks of its curves by member of the legend.

    `marked` are the titles of the data sets that lie in it.
    """

    name: str
    is_map: bool
    seed: int
    marked: Sequence[str]
    looks: Mapping[str, Look]
    charts: Sequence[Chart]


def family_charts(name: str, content: FamilyContent) -> FamilyCharts:
    """Return a chart of every panel of the figure of a family."""
    picture = family_picture(content)
    return FamilyCharts(
        name,
        content.is_map,
        content.seeds[0],
        [landmark.title for landmark in content.landmarks],
        looks_of(picture.styles),
        [
            chart_of(replace(panel, name=f"family_{name}_{panel.name}"), "latent_dim")
            for panel in picture.panels
        ],
    )
