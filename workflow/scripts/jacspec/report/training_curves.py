"""How the loss fell while the models of a variant were trained."""

import csv
from collections.abc import Iterable
from pathlib import Path

import plotly.graph_objects as go

from jacspec.figures.style import latent_dim_styles
from jacspec.key import ModelKey
from jacspec.report.charts import Chart

# Losses are shown at so many epochs at most; a curve has no more to show at this size.
SHOWN_EPOCHS = 100


def training_chart(keys: Iterable[ModelKey], histories: Iterable[Path]) -> Chart:
    """Return the chart of the test loss of all models against the epoch, darker with larger d.

    Models that were trained elsewhere have no history, and no curve.
    """
    histories_of = zip(keys, histories, strict=True)
    curves = [(key, *losses) for key, path in histories_of if any(losses := _losses(path))]
    styles = latent_dim_styles(sorted({key.latent_dim for key, *_ in curves}))
    traces = [
        go.Scatter(
            x=epochs,
            y=losses,
            name=f"d = {key.latent_dim}, seed {key.seed}",
            mode="lines" if len(epochs) > 1 else "markers",
            line={"color": styles[key.latent_dim].color, "width": 1.4},
            hovertemplate="epoch %{x}: %{y:.4g}",
        )
        for key, epochs, losses in curves
    ]
    loss = {"title": {"text": "test loss"}, "type": "log", "exponentformat": "power"}
    axes = {"xaxis": {"title": {"text": "epoch"}}, "yaxis": loss}
    return Chart("training", "Test loss while training", go.Figure(traces, axes))


def _losses(history: Path) -> tuple[list[int], list[float]]:
    with history.open(encoding="utf-8", newline="") as file:
        rows = [*csv.DictReader(file)]
    if not rows:
        return [], []
    step = -(-len(rows) // SHOWN_EPOCHS)
    shown = rows[::step] if rows[-1] in rows[::step] else [*rows[::step], rows[-1]]
    return [int(row["epoch"]) for row in shown], [float(row["test_loss"]) for row in shown]
