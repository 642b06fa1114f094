"""AUROC against the latent dimension: a panel a data set, a line a score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from jacspec.data.descriptions import Description
from jacspec.detection.model_detection import DetectionRow
from jacspec.figures.panels import LATENT_DIM_LABEL, label_latent_dims, list_of_seeds
from jacspec.figures.style import study_style

WIDTH = 7.2
PANEL_HEIGHT = 1.75
LEGEND_HEIGHT = 0.95
COLUMNS = 3


@dataclass(frozen=True)
class ScoreStyle:
    """Look of one score."""

    label: str
    color: str
    marker: str


# Okabe and Ito's colours, which stay apart in every common colour vision deficiency.
STYLES = {
    "reconstruction_error": ScoreStyle("reconstruction error", "#000000", "o"),
    "latent_distance": ScoreStyle("Mahalanobis distance of $z$", "#0072b2", "s"),
    "latent_neighbours": ScoreStyle("distance of $z$ to its 10th neighbour", "#56b4e9", "X"),
    "log_determinant": ScoreStyle(
        r"$\ln\,\det\,J_{\mathcal{I}}\,/\,d$, distance from 0", "#d55e00", "^"
    ),
    "trace": ScoreStyle(r"$\mathrm{tr}\,J_{\mathcal{I}}\,/\,d$, distance from 1", "#e69f00", "v"),
    "spectra_difference": ScoreStyle(
        r"distance of spectra of $J_{\mathcal{I}}$, $J_{\mathcal{L}}$", "#009e73", "D"
    ),
    "largest_eigenvalue": ScoreStyle(r"largest eigenvalue of $J_{\mathcal{I}}$", "#cc79a7", "P"),
    "log_volume_encoder": ScoreStyle(
        r"$\ln$ volume of $D\,\mathrm{enc}$, from median", "#8a5a2b", "h"
    ),
    "log_volume_decoder": ScoreStyle(
        r"$\ln$ volume of $D\,\mathrm{dec}$, from median", "#4d6a00", ">"
    ),
    "smallest_singular_value_encoder": ScoreStyle(
        r"$\ln\,\sigma_{\min}$ of $D\,\mathrm{enc}$, from median", "#777777", "d"
    ),
    "smallest_singular_value_decoder": ScoreStyle(
        r"$\ln\,\sigma_{\min}$ of $D\,\mathrm{dec}$, from median", "#332288", "*"
    ),
    "latent_distance_and_error": ScoreStyle("Mahalanobis distance + error", "#b8a000", "<"),
    "error_and_geometry": ScoreStyle("error + geometry", "#882255", "p"),
}
OTHER_SEEDS = {"linewidth": 0.6, "alpha": 0.5}
CHANCE = {"color": "#777777", "linewidth": 0.9, "linestyle": (0, (6, 3)), "zorder": 1}


def draw_detection(rows: Sequence[DetectionRow], descriptions: Mapping[str, Description]) -> Figure:
    """Draw AUROC; the first seed has markers, the others are thin, chance is the broken line."""
    series: dict[tuple[str, str, int], dict[int, float]] = {}
    for row in rows:
        if row.measure == "auroc":
            series.setdefault((row.dataset, row.score, row.key.seed), {})[row.key.latent_dim] = (
                row.value
            )
    datasets = list(dict.fromkeys(row.dataset for row in rows))
    scores = {row.score for row in rows}
    seeds = sorted({row.key.seed for row in rows})
    latent_dims = sorted({row.key.latent_dim for row in rows})
    columns = min(COLUMNS, len(datasets))
    grid_rows = -(-len(datasets) // columns)
    with study_style():
        figure = Figure(
            figsize=(WIDTH, PANEL_HEIGHT * grid_rows + LEGEND_HEIGHT), layout="constrained"
        )
        grid = figure.subplots(grid_rows, columns, sharex=True, sharey=True, squeeze=False)
        for axes in grid.flat[len(datasets) :]:
            axes.remove()
        for axes, dataset in zip(grid.flat, datasets, strict=False):
            axes.set_title(descriptions[dataset].title, loc="left")
            axes.axhline(0.5, **CHANCE)
            for (name, score, seed), by_dim in series.items():
                if name == dataset:
                    _draw_line(axes, by_dim, STYLES[score], is_first=seed == seeds[0])
        grid[0, 0].set_ylim(-0.03, 1.03)
        for row in grid:
            row[0].set_ylabel("AUROC")
        panels = grid.flat[: len(datasets)]
        label_latent_dims([(axes,) for axes in panels], latent_dims)
        for axes in panels[-columns:]:
            axes.set_xlabel(LATENT_DIM_LABEL)
        figure.legend(
            handles=_legend_lines([name for name in STYLES if name in scores], seeds),
            loc="outside lower center",
            ncols=3,
            handlelength=3.2,
        )
    return figure


def _draw_line(axes: Axes, by_dim: dict[int, float], style: ScoreStyle, *, is_first: bool) -> None:
    latent_dims = sorted(by_dim)
    values = [by_dim[latent_dim] for latent_dim in latent_dims]
    if is_first:
        axes.plot(latent_dims, values, **_first_seed_look(style))
    else:
        axes.plot(latent_dims, values, color=style.color, **OTHER_SEEDS)


def _first_seed_look(style: ScoreStyle) -> dict:
    return {
        "color": style.color,
        "linewidth": 1.0,
        "marker": style.marker,
        "markersize": 3.2,
        "markeredgewidth": 0.4,
        "markeredgecolor": "white",
    }


def _legend_lines(scores: Sequence[str], seeds: Sequence[int]) -> list[Line2D]:
    styles = [STYLES[score] for score in scores]
    lines = [Line2D([], [], label=style.label, **_first_seed_look(style)) for style in styles]
    lines.append(Line2D([], [], label="chance", **CHANCE))
    if len(seeds) > 1:
        label = f"thin: {list_of_seeds(seeds[1:])}"
        lines.append(Line2D([], [], label=label, color="#555555", **OTHER_SEEDS))
    return lines
