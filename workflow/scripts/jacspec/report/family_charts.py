"""Charts of families: curves over one parameter, maps over two, data sets where they lie."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from jacspec.families.figure import (
    CHANCE,
    LIMITS,
    MOST_TICKS,
    ROWS,
    FamilyPicture,
    Quantity,
    edges_of,
)
from jacspec.families.statistics import AUROC, ERROR
from jacspec.figures.style import JACOBIAN_NAMES
from jacspec.key import ModelKey
from jacspec.report.charts import Chart, horizontal, layout, shade, with_subscripts

TITLES = {
    "share_reversed": "Share reversed",
    "mean_abs": "Mean |λ|",
    "abs_arg_mean": "Mean |arg λ|",
    "log_abs_std": "Standard deviation of ln |λ|",
    ERROR: "Mean reconstruction error",
    AUROC: "AUROC of the reconstruction error",
}
COLORS = "Viridis"
OTHER_SEEDS_WIDTH = 1.0


@dataclass(frozen=True)
class FamilyCharts:
    """The charts of a family; `marked` are the titles of the data sets that lie in it."""

    name: str
    is_map: bool
    seed: int
    marked: Sequence[str]
    charts: Sequence[Chart]


def family_charts(name: str, picture: FamilyPicture) -> FamilyCharts:
    """Return a chart of every quantity: with a curve for each model, or for each latent dimension.

    Maps, and the intervals of curves, are of the first seed.
    """
    is_map = len(picture.labels) == 2
    draw = _maps if is_map else _curves
    return FamilyCharts(
        name,
        is_map,
        picture.seeds[0],
        [landmark.title for landmark in picture.landmarks],
        [chart for row in ROWS for chart in draw(name, picture, row)],
    )


def _curves(name: str, picture: FamilyPicture, row: Sequence[Quantity]) -> list[Chart]:
    charts = []
    for quantity in row:
        traces = [trace for key in picture.table.models for trace in _curve(picture, key, quantity)]
        is_bounded = quantity.statistic in LIMITS
        shapes = [horizontal(CHANCE[quantity.statistic])] if quantity.statistic in CHANCE else []
        axes = layout(_title(quantity), x_title=picture.labels[0], shapes=shapes, showlegend=True)
        axes["legend"] = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
        axes["xaxis"] |= _scale(picture, 0)
        axes["yaxis"] |= {"range": [-0.03, 1.03]} if is_bounded else {"rangemode": "tozero"}
        charts.append(Chart(_name(name, quantity), _title(quantity), go.Figure(traces, axes)))
    are_of_both_jacobians = row[0].statistic == row[1].statistic
    if are_of_both_jacobians and row[0].statistic not in LIMITS:
        _share_vertical_axis(charts)
    return charts


def _share_vertical_axis(charts: Sequence[Chart]) -> None:
    """Give charts one range, from 0 to the greatest of their values."""
    heights = [value for chart in charts for trace in chart.figure.data for value in trace.y]
    top = np.nanmax([0.0, *heights])
    for chart in charts:
        chart.figure.update_layout(yaxis_range=[0, 1.04 * (top or 1)])


def _curve(picture: FamilyPicture, key: ModelKey, quantity: Quantity) -> Iterator[go.Scatter]:
    value, low, high = picture.values(key, quantity).T
    color = shade(picture.latent_dims.index(key.latent_dim), len(picture.latent_dims))
    is_first = key.seed == picture.seeds[0]
    yield go.Scatter(
        x=picture.table.positions[:, 0].tolist(),
        y=value.tolist(),
        customdata=np.column_stack([low, high]).tolist(),
        name=f"d = {key.latent_dim}" if is_first else f"d = {key.latent_dim}, seed {key.seed}",
        showlegend=is_first,
        mode="lines",
        line={"color": color, "width": 2.0 if is_first else OTHER_SEEDS_WIDTH},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": (high - value).tolist(),
            "arrayminus": (value - low).tolist(),
            "thickness": 1,
            "width": 2,
            "visible": is_first,
        },
        hovertemplate="%{x:.4g}: %{y:.4g} (%{customdata[0]:.4g} to %{customdata[1]:.4g})",
    )
    marked = _marked(picture, key, quantity) if is_first else []
    if marked:
        yield go.Scatter(
            x=[position[0] for _, position, _ in marked],
            y=[found for *_, found in marked],
            text=[title for title, *_ in marked],
            name=f"d = {key.latent_dim}",
            showlegend=False,
            mode="markers",
            marker={"symbol": "circle-open", "size": 10, "color": color, "line": {"width": 2}},
            hovertemplate="%{text}, %{x:.4g}: %{y:.4g}",
        )


def _maps(name: str, picture: FamilyPicture, row: Sequence[Quantity]) -> Iterator[Chart]:
    keys = [key for key in picture.table.models if key.seed == picture.seeds[0]]
    for key in keys:
        for quantity in row:
            # Both Jacobians have one scale of colours; error and AUROC each have their own.
            together = [other for other in row if other.statistic == quantity.statistic]
            values = [picture.values(one, other)[:, 0] for one in keys for other in together]
            known = np.concatenate(values)
            known = known[np.isfinite(known)]
            limits = (known.min(), known.max()) if known.size else (0, 1)
            scale = tuple(map(float, LIMITS.get(quantity.statistic, limits)))
            axes = layout(picture.labels[1], x_title=picture.labels[0])
            for place, axis in enumerate(("xaxis", "yaxis")):
                axes[axis] |= _scale(picture, place)
            traces = [
                _map(picture, key, quantity, scale),
                _rings(picture, key, quantity, scale),
            ]
            yield Chart(
                f"{_name(name, quantity)}_d{key.latent_dim}",
                f"{_title(quantity)}, d = {key.latent_dim}",
                go.Figure(traces, axes),
            )


def _map(
    picture: FamilyPicture, key: ModelKey, quantity: Quantity, scale: tuple[float, float]
) -> go.Heatmap:
    places = [np.unique(column) for column in picture.table.positions.T]
    x, y = (
        edges_of(centres, logarithmic).tolist()
        for centres, logarithmic in zip(places, picture.logarithmic, strict=True)
    )
    shape = tuple(map(len, places))
    values = picture.values(key, quantity)
    # The rows of a map are of one y, and positions are by x first.
    cells = np.column_stack([picture.table.positions, values[:, 1:]]).reshape(*shape, 4)
    return go.Heatmap(
        x=x,
        y=y,
        z=values[:, 0].reshape(shape).T.tolist(),
        customdata=cells.swapaxes(0, 1).tolist(),
        zmin=scale[0],
        zmax=scale[1],
        colorscale=COLORS,
        colorbar={"thickness": 10},
        hovertemplate="%{customdata[0]:.3g}, %{customdata[1]:.3g}: %{z:.4g} "
        "(%{customdata[2]:.4g} to %{customdata[3]:.4g})<extra></extra>",
    )


def _rings(
    picture: FamilyPicture, key: ModelKey, quantity: Quantity, scale: tuple[float, float]
) -> go.Scatter:
    marked = _marked(picture, key, quantity)
    return go.Scatter(
        x=[position[0] for _, position, _ in marked],
        y=[position[1] for _, position, _ in marked],
        text=[title for title, *_ in marked],
        customdata=[found for *_, found in marked],
        mode="markers",
        marker={
            "size": 12,
            "color": [found for *_, found in marked],
            "colorscale": COLORS,
            "cmin": scale[0],
            "cmax": scale[1],
            "line": {"color": "white", "width": 2.5},
        },
        hovertemplate="%{text}: %{customdata:.4g}<extra></extra>",
    )


def _marked(
    picture: FamilyPicture, key: ModelKey, quantity: Quantity
) -> list[tuple[str, tuple[float, ...], float]]:
    """Return title, position and value of the data sets that there is a value of."""
    return [
        (landmark.title, landmark.position, landmark.values[key, *quantity])
        for landmark in picture.landmarks
        if (key, *quantity) in landmark.values
    ]


def _title(quantity: Quantity) -> str:
    of = JACOBIAN_NAMES.get(quantity.jacobian)
    return with_subscripts(
        f"{TITLES[quantity.statistic]}, {of}" if of else TITLES[quantity.statistic]
    )


def _name(family: str, quantity: Quantity) -> str:
    return f"family_{family}_{quantity.statistic}_{quantity.jacobian}"


def _scale(picture: FamilyPicture, place: int) -> dict:
    """Return the kind of an axis; a logarithmic one has ticks at some of the values."""
    if not picture.logarithmic[place]:
        return {"type": "linear"}
    values = np.unique(picture.table.positions[:, place])
    ticks = values[:: -(-len(values) // MOST_TICKS)].tolist()
    return {"type": "log", "tickvals": ticks, "ticktext": [f"{tick:.2g}" for tick in ticks]}
