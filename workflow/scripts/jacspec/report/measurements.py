"""Charts of out-of-distribution detection and of the theorems."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from jacspec.data.descriptions import Description
from jacspec.detection.scores import TITLES
from jacspec.figures.selection import Selection
from jacspec.figures.style import LineStyle
from jacspec.report.charts import Chart, Look, horizontal, layout, line, looks_of

if TYPE_CHECKING:
    from jacspec.detection.model_detection import DetectionRow

# Okabe and Ito's colours, which stay apart in every common colour vision deficiency; those of the
# printed figure.
SCORE_LOOKS = {
    score: Look(TITLES[score], *look)
    for score, look in {
        "reconstruction_error": ("#000000", "solid", "circle"),
        "latent_distance": ("#0072b2", "solid", "square"),
        "latent_neighbours": ("#56b4e9", "solid", "x"),
        "log_determinant": ("#d55e00", "solid", "triangle-up"),
        "trace": ("#e69f00", "8px,3px", "triangle-down"),
        "spectra_difference": ("#009e73", "8px,3px", "diamond"),
        "largest_eigenvalue": ("#cc79a7", "3px,2px", "cross"),
        "log_volume_encoder": ("#8a5a2b", "solid", "hexagon"),
        "log_volume_decoder": ("#4d6a00", "8px,3px", "triangle-right"),
        "smallest_singular_value_encoder": ("#777777", "solid", "diamond-tall"),
        "smallest_singular_value_decoder": ("#332288", "3px,2px", "star"),
        "latent_distance_and_error": ("#b8a000", "8px,3px", "triangle-left"),
        "error_and_geometry": ("#882255", "3px,2px", "pentagon"),
    }.items()
}

# Jacobian, statistic, title, unit of the vertical axis.
THEOREM_PANELS = (
    (
        "both",
        "I.1_share_same_pattern",
        "I.1: where J<sub>I</sub> = J<sub>L</sub> exactly",
        "share with one pattern at x and y",
    ),
    (
        "both",
        "I.1_difference_median_other_pattern",
        "I.1: J<sub>I</sub> against J<sub>L</sub> elsewhere",
        "median distance of spectra (rms)",
    ),
    (
        "latent",
        "I.2_same_set_share_fails_ordered",
        "I.2: J<sub>L</sub> at two points of the set",
        "share of pairs that fail",
    ),
    (
        "latent",
        "I.2_nearest_of_training_set_share_fails_ordered",
        "I.2: J<sub>L</sub> at a point and the nearest training point",
        "share of pairs that fail",
    ),
    (
        "input",
        "I.3_share_reversed",
        "I.3: orientation by J<sub>I</sub>",
        "share with det < 0, of determined points",
    ),
    (
        "input",
        "I.3_argument_distance",
        "I.3: arguments of J<sub>I</sub> against a random matrix",
        "Kolmogorov–Smirnov distance",
    ),
)


def score_looks(rows: "Sequence[DetectionRow]") -> dict[str, Look]:
    """Return the look of every score that there is, in the order of the table."""
    return {score: SCORE_LOOKS[score] for score in dict.fromkeys(row.score for row in rows)}


def detection_charts(
    rows: "Sequence[DetectionRow]", datasets: Mapping[str, Description]
) -> list[Chart]:
    """Return a chart of AUROC against the latent dimension for every data set."""
    looks = score_looks(rows)
    series: dict[tuple[str, str, int], dict[int, float]] = {}
    for row in rows:
        if row.measure == "auroc":
            series.setdefault((row.dataset, row.score, row.key.seed), {})[row.key.latent_dim] = (
                row.value
            )
    first_seed = min((seed for *_, seed in series), default=0)
    latent_dims = sorted({row.key.latent_dim for row in rows})
    charts = []
    for dataset in dict.fromkeys(dataset for dataset, *_ in series):
        lines = [
            line(
                sorted(by_dim),
                [by_dim[dim] for dim in sorted(by_dim)],
                looks[score],
                group="score",
                member=score,
                seed=seed,
                is_first=seed == first_seed,
            )
            for (name, score, seed), by_dim in series.items()
            if name == dataset
        ]
        axes = layout("AUROC", x_ticks=latent_dims, shapes=[horizontal(0.5)])
        axes["yaxis"]["range"] = [-0.03, 1.03]
        charts.append(
            Chart(f"detection_{dataset}", datasets[dataset].title, go.Figure(lines, axes))
        )
    return charts


def theorem_charts(selection: Selection, styles: Mapping[str, LineStyle]) -> list[Chart]:
    """Return a chart of every panel that was measured, one line a data set."""
    charts = []
    for jacobian, statistic, title, unit in THEOREM_PANELS:
        lines = [
            line(
                *map(list, selection.series(dataset, jacobian, statistic, seed)),
                look,
                group="dataset",
                member=dataset,
                seed=seed,
                is_first=seed == selection.seeds[0],
            )
            for dataset, look in looks_of(styles).items()
            for seed in selection.seeds
            if (dataset, jacobian, statistic, seed) in selection.values
        ]
        shapes = [horizontal(0.5)] if statistic == "I.3_share_reversed" else []
        axes = layout(unit, x_ticks=selection.latent_dims, shapes=shapes)
        axes["yaxis"]["rangemode"] = "tozero"
        if lines:
            charts.append(Chart(f"theorem_{statistic}", title, go.Figure(lines, axes)))
    return charts
