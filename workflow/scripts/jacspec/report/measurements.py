"""Charts of out-of-distribution detection and of the theorems."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from jacspec.data.descriptions import Description
from jacspec.detection.figure import STYLES, detection_picture
from jacspec.figures.selection import Selection
from jacspec.figures.style import LineStyle
from jacspec.report.charts import Chart, Look, chart_of, look_of
from jacspec.theorems.figure import theorems_picture

if TYPE_CHECKING:
    from jacspec.detection.model_detection import DetectionRow


def score_looks(rows: "Sequence[DetectionRow]") -> dict[str, Look]:
    """Return the look of every score that there is, in the order of the table."""
    return {score: look_of(STYLES[score]) for score in dict.fromkeys(row.score for row in rows)}


def detection_charts(
    rows: "Sequence[DetectionRow]", datasets: Mapping[str, Description]
) -> list[Chart]:
    """Return a chart of AUROC against the latent dimension for every data set."""
    return [chart_of(panel, "score") for panel in detection_picture(rows, datasets).panels]


def theorem_charts(selection: Selection, styles: Mapping[str, LineStyle]) -> list[Chart]:
    """Return a chart of every panel that was measured, one line per data set."""
    return [chart_of(panel, "dataset") for panel in theorems_picture(selection, styles).panels]
