"""The page as one file: everything that a browser needs is inside."""

import base64
import json
import re
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from jacspec.atomic import replacing
from jacspec.claims.rows import ClaimRow
from jacspec.figures.selection import Selection
from jacspec.figures.style import JACOBIAN_COLORS, display_name, line_styles
from jacspec.key import ModelKey
from jacspec.report import run_record
from jacspec.report.charts import Chart, Look, looks_of
from jacspec.report.colors import dark_counterparts
from jacspec.report.figures import orientation, paper_figures
from jacspec.report.headline import cautions, headline
from jacspec.report.images import strip_png
from jacspec.report.judgements import ReadableClaim
from jacspec.report.measurements import detection_charts, score_looks, theorem_charts
from jacspec.report.model_view import (
    ANGLE_EDGES,
    LOG_MODULUS_EDGES,
    PLANE_CELLS,
    key_of_view,
    sample_pixels,
)
from jacspec.statistics.collapsed_models import (
    collapsed_models,
    rows_without_models,
    without_models,
)

if TYPE_CHECKING:
    import pandas

    from jacspec.detection.model_detection import DetectionRow

FOLDER = Path(__file__).parent
# The part of Plotly that draws in a plane starts in a third of the time that all of it takes.
PLOTLY = FOLDER / "plotly" / "plotly-cartesian.min.js"
MARKERS = {
    "circle": "●",
    "square": "■",
    "triangle-up": "▲",
    "diamond": "◆",
    "triangle-down": "▼",
    "cross": "✚",
    "x": "✖",
    "triangle-left": "◀",
    "triangle-right": "▶",
    "pentagon": "⬟",
    "hexagon": "⬢",
    "diamond-tall": "♦",
    "octagon": "⯃",
    "star": "★",
}
# The charts that show what a claim is about.
CLAIM_CHARTS = {
    "C1": ("figure_2_mean_abs_input", "figure_2_mean_abs_latent"),
    "C2": ("figure_2_mean_abs_input", "figure_2_geometric_mean_input"),
    "C3": ("figure_3_training",),
    "C4": ("figure_1_training", "figure_1_bright"),
    "C5": ("figure_2_mean_abs_input", "figure_2_mean_abs_latent"),
    "C6": ("figure_2_mean_abs_input", "figure_2_mean_abs_latent"),
    "C7": ("figure_2_geometric_mean_input", "figure_2_geometric_mean_latent"),
    "C8": ("figure_4_input",),
    "C9": ("figure_5_input",),
    "C10": ("figure_6_training", "figure_6_bright"),
    "C14": ("figure_2_mean_abs_latent",),
}
GALLERY_CLAIMS = ("C11", "C12", "C13", "C14", "C15")


@dataclass(frozen=True)
class Sweep:
    """What the page is made of.

    `roles` names the training, bright, moderate and dark set. `views` are those of all models (see
    `model_view`), `points` the first shard of each data set, `histories` the training history of
    each model, in the order of `views`. The tables of later stages are empty where a sweep has
    none. `configuration` is shown as it is.
    """

    configuration: Mapping[str, Any]
    datasets: Sequence[str]
    roles: Mapping[str, str]
    summary: "pandas.DataFrame"
    views: Sequence[Mapping]
    points: Mapping[str, Path]
    histories: Sequence[Path]
    benchmarks: Path
    claims: Sequence[ClaimRow] = ()
    readable_claims: Sequence[ReadableClaim] = ()
    detection: "Sequence[DetectionRow]" = ()
    theorems: "pandas.DataFrame | None" = None
    printed: Sequence[str] = field(default=())


def write_page(path: Path | str, sweep: Sweep) -> None:
    """Write the page of a sweep, whole or not at all."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["symbols"] = with_subscripts
    html = environment.get_template("page.html").render(_content(sweep))
    with replacing(path) as temporary:
        temporary.write_text(html, encoding="utf-8")


def with_subscripts(text: str) -> Markup:
    """Return a text as HTML, with the I and L of J_I and J_L below the line."""
    return Markup(re.sub(r"J_([IL])", r"J<sub>\1</sub>", str(escape(text))))


def packed(text: str) -> str:
    """Return a text, compressed by zlib, in base64."""
    return base64.b64encode(zlib.compress(text.encode(), level=9)).decode("ascii")


def _content(sweep: Sweep) -> dict[str, Any]:
    """Return the variables of the template."""
    collapsed = collapsed_models(sweep.summary)
    selection = Selection.of(without_models(sweep.summary, collapsed))
    styles = line_styles(sweep.datasets, sweep.roles)
    figures = paper_figures(selection, styles, sweep.roles)
    hero = orientation(selection, styles, "input", judged=sweep.claims)
    detection = detection_charts(rows_without_models(sweep.detection, collapsed))
    theorems = (
        []
        if sweep.theorems is None
        else theorem_charts(Selection.of(without_models(sweep.theorems, collapsed)), styles)
    )
    charts = [hero, *detection, *theorems, *(chart for fig in figures for chart in fig.charts)]
    training_set = sweep.roles["training"]
    return {
        "style": (FOLDER / "page.css").read_text(encoding="utf-8"),
        "script": (FOLDER / "page.js").read_text(encoding="utf-8"),
        "plotly": packed(PLOTLY.read_text(encoding="utf-8")),
        "data": json.dumps(_page_data(sweep, charts)).replace("</", "<\\/"),
        "models": {
            key_of_view(view).name: packed(json.dumps(_without_strips(view)))
            for view in sweep.views
        },
        "headline": headline(sweep.claims, training_set),
        "cautions": cautions(sweep.configuration["training"]["epochs"], collapsed),
        "hero": hero,
        "claims": sweep.readable_claims,
        "claim_charts": _available(CLAIM_CHARTS, charts),
        "gallery_claims": GALLERY_CLAIMS,
        "figures": figures,
        "printed": sweep.printed,
        "detection": detection,
        "theorems": theorems,
        "legends": _legends(sweep, looks_of(styles)),
        "dim_texts": _texts(view["latent_dim"] for view in sweep.views),
        "seed_texts": _texts(view["seed"] for view in sweep.views),
        "seeds": selection.seeds,
        "datasets": {dataset: display_name(dataset) for dataset in sweep.datasets},
        "training_set": training_set,
        **_run(sweep, collapsed),
    }


def _page_data(sweep: Sweep, charts: Sequence[Chart]) -> dict[str, Any]:
    """Return what the script needs besides the models."""
    strips: dict[int, dict[int, dict[str, str]]] = {}
    for view in sweep.views:
        by_dim = strips.setdefault(view["seed"], {})
        by_dim[view["latent_dim"]] = {
            name: content["strip"] for name, content in view["datasets"].items()
        }
    specifications = {chart.name: chart.specification() for chart in charts}
    colors = re.findall(r"#[0-9a-f]{6}", json.dumps(specifications))
    return {
        "charts": specifications,
        "strips": strips,
        "inputs": {name: strip_png(sample_pixels(path)) for name, path in sweep.points.items()},
        "names": {dataset: display_name(dataset) for dataset in sweep.datasets},
        "training_set": sweep.roles["training"],
        "plane_cells": PLANE_CELLS,
        "log_modulus_edges": LOG_MODULUS_EDGES.tolist(),
        "angle_edges": ANGLE_EDGES.tolist(),
        "jacobian_colors": JACOBIAN_COLORS,
        "dark_colors": dark_counterparts([*colors, *JACOBIAN_COLORS.values()]),
    }


def _legends(sweep: Sweep, dataset_looks: Mapping[str, Look]) -> dict[str, list[dict[str, str]]]:
    jacobians = {
        jacobian: Look(label, JACOBIAN_COLORS[jacobian], "solid", "square", 8)
        for jacobian, label in (("input", "J_I"), ("latent", "J_L"))
    }
    groups = {
        "dataset": dataset_looks,
        "score": score_looks(sweep.detection),
        "jacobian": jacobians,
    }
    return {
        group: [
            {
                **asdict(look),
                "member": member,
                "marker": MARKERS[look.symbol],
                "dasharray": "none" if look.dash == "solid" else look.dash.replace("px", ""),
            }
            for member, look in looks.items()
        ]
        for group, looks in groups.items()
    }


def _run(sweep: Sweep, collapsed: Collection[ModelKey]) -> dict[str, Any]:
    """Return what was run, for the last section of the page."""
    missing = [
        words
        for words, rows in (
            ("the claims were not judged", sweep.claims),
            ("out-of-distribution detection was not measured", sweep.detection),
            ("the theorems were not measured", [] if sweep.theorems is None else ["measured"]),
        )
        if not len(rows)
    ]
    return {
        "configuration": yaml.safe_dump(
            dict(sweep.configuration), sort_keys=False, allow_unicode=True, width=80
        ),
        "stages": run_record.stages(sweep.benchmarks),
        "models_run": [
            {
                "latent_dim": view["latent_dim"],
                "seed": view["seed"],
                "weights": view["weights_sha256"],
                **run_record.last_epoch(history),
            }
            for view, history in zip(sweep.views, sweep.histories, strict=True)
        ],
        "point_counts": {
            name: content["points"] for name, content in sweep.views[0]["datasets"].items()
        },
        "origins": {name: run_record.origin(path) for name, path in sweep.points.items()},
        "versions": {
            name: run_record.distinct(sweep.views, name)
            for name in (
                "precision",
                "torch_version",
                "numpy_version",
                "h5py_version",
                "code_digest",
            )
        },
        "gaps": [*missing, *run_record.gaps(sweep.views, collapsed)],
    }


def _without_strips(view: Mapping) -> dict:
    datasets = {
        name: {key: value for key, value in content.items() if key != "strip"}
        for name, content in view["datasets"].items()
    }
    return {**view, "datasets": datasets}


def _available(
    wanted: Mapping[str, Sequence[str]], charts: Sequence[Chart]
) -> dict[str, list[Chart]]:
    by_name = {chart.name: chart for chart in charts}
    return {
        claim: [by_name[name] for name in names if name in by_name]
        for claim, names in wanted.items()
    }


def _texts(values: Iterable[int]) -> dict[int, int]:
    return {value: value for value in sorted(set(values))}
