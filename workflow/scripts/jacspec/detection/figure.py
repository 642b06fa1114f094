"""AUROC against the latent dimension: a panel per data set, a line per score."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from jacspec.data.descriptions import Description
from jacspec.detection.scores import TITLES
from jacspec.figures.panels import MOST_LINES, Axis, Line, Panel, Part, Picture
from jacspec.figures.printing import draw_picture
from jacspec.figures.selection import Selection
from jacspec.figures.style import SCORE, TEXT_WIDTH, LineStyle

if TYPE_CHECKING:
    from jacspec.detection.model_detection import DetectionRow

PANEL_HEIGHT = 1.75
LEGEND_HEIGHT = 0.95
SOLID, DASHED, DOTTED = "-", (0, (4, 1.2)), (0, (1.2, 0.8))
# Okabe and Ito's colours, which stay apart in every common colour vision deficiency.
STYLES = {
    score: LineStyle(TITLES[score], *look, SCORE)
    for score, look in {
        "reconstruction_error": ("#000000", SOLID, "o"),
        "latent_distance": ("#0072b2", SOLID, "s"),
        "latent_neighbours": ("#56b4e9", SOLID, "X"),
        "log_determinant": ("#d55e00", SOLID, "^"),
        "trace": ("#e69f00", DASHED, "v"),
        "spectra_difference": ("#009e73", DASHED, "D"),
        "largest_eigenvalue": ("#cc79a7", DOTTED, "P"),
        "log_volume_encoder": ("#8a5a2b", SOLID, "h"),
        "log_volume_decoder": ("#4d6a00", DASHED, ">"),
        "smallest_singular_value_encoder": ("#777777", SOLID, "d"),
        "smallest_singular_value_decoder": ("#332288", DOTTED, "*"),
        "latent_distance_and_error": ("#b8a000", DASHED, "<"),
        "error_and_geometry": ("#882255", DOTTED, "p"),
    }.items()
}


def detection_picture(
    rows: "Sequence[DetectionRow]", descriptions: Mapping[str, Description]
) -> Picture:
    """Return AUROC of every score and data set; the broken line is chance."""
    values: dict[tuple[str, str, str, int], dict[int, float]] = {}
    for row in rows:
        if row.measure == "auroc":
            series = values.setdefault((row.dataset, "both", row.score, row.key.seed), {})
            series[row.key.latent_dim] = row.value
    selection = Selection(
        tuple(sorted({row.key.seed for row in rows})),
        tuple(sorted({row.key.latent_dim for row in rows})),
        values,
    )
    axis = Axis("AUROC", (-0.03, 1.03))
    datasets = dict.fromkeys(dataset for dataset, *_ in values)
    panels = tuple(
        Panel(
            f"detection_{dataset}",
            descriptions[dataset].title,
            selection.axis,
            (Part(axis, _lines(selection, dataset), level=0.5),),
        )
        for dataset in datasets
    )
    columns = 3 if len(panels) <= MOST_LINES else 5
    return Picture(panels, selection.seeds, min(columns, len(panels)), level="chance")


def draw_detection(
    rows: "Sequence[DetectionRow]", descriptions: Mapping[str, Description]
) -> Figure:
    """Draw AUROC, three data sets a row, or five smaller ones if they are many."""
    picture = detection_picture(rows, descriptions)
    height = PANEL_HEIGHT * 3 / max(picture.columns, 3) * -(-len(picture.panels) // picture.columns)
    return draw_picture(picture, (TEXT_WIDTH, height + LEGEND_HEIGHT))


def _lines(selection: Selection, dataset: str) -> tuple[Line, ...]:
    return tuple(
        Line(score, style, *selection.over_seeds(dataset, "both", score))
        for score, style in STYLES.items()
        if selection.has(dataset, "both", score)
    )
