"""The page as one file: everything that a browser needs is inside."""

import base64
import json
import re
import shlex
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from jacspec.atomic import replacing
from jacspec.claims.registry import CLAIMS
from jacspec.claims.wording import percent
from jacspec.data.descriptions import Description
from jacspec.detection.readable import MEASURE_CAPTIONS, MEASURE_TITLES
from jacspec.detection.scores import TITLES
from jacspec.figures.samples import first_points
from jacspec.figures.style import JACOBIAN_COLORS
from jacspec.report import run_record
from jacspec.report.charts import Chart, Look, looks_of, with_subscripts
from jacspec.report.colors import dark_counterparts
from jacspec.report.family_charts import FamilyCharts
from jacspec.report.images import strip_png
from jacspec.report.measurements import score_looks
from jacspec.report.model_view import (
    ANGLE_EDGES,
    LOG_MODULUS_EDGES,
    PLANE_CELLS,
    key_of_view,
)
from jacspec.report.variant_content import VariantContent, VariantResults, variant_content
from jacspec.sample_sizes import SHOWN_POINTS
from jacspec.spectra.runs import PointsRun
from jacspec.variants.matrix import VariantVerdict, answer, matrix

FOLDER = Path(__file__).parent
# The part of Plotly that draws in a plane starts in a third of the time that all of it takes.
PLOTLY = FOLDER / "plotly" / "plotly-cartesian.min.js"
# What a view has more would not be seen in the explorer, and make up half of a study's page.
EXPLORED_POINTS = 40
DIGITS_OF_A_POINT = 3
DIGITS_OF_A_COUNT = 2
SCRIPTS = ("packs.js", "explorer.js", "evidence.js", "page.js")
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
# What views have beside the numbers that the explorer shows.
NOT_EXPLORED = ("strip", "points_sha256")
GALLERY_CLAIMS = ("C11", "C12", "C13", "C14", "C15")


@dataclass(frozen=True)
class PageSources:
    """What the page is made of.

    `datasets` has all data sets, in order, `points` the first points of each; `verdicts` are those
    of all variants on all claims. `configuration` is shown as it is. `files` are those that the
    page links to and carries along, by their names seen from it, and `options` those with which
    Snakemake makes them of this sweep.
    """

    configuration: Mapping[str, Any]
    datasets: Mapping[str, Description]
    points: Mapping[str, PointsRun]
    benchmarks: Path
    variants: Sequence[VariantResults]
    verdicts: Sequence[VariantVerdict]
    files: Mapping[str, Path]
    options: str = ""

    def command(self, file: str) -> str:
        """Return the command that makes one of `files` again."""
        path = shlex.quote(str(self.files[file]))
        return f"snakemake --cores 1 --force {path} {self.options}".rstrip()


def write_page(path: Path | str, sources: PageSources) -> None:
    """Write the page of a sweep, whole or not at all."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["symbols"] = with_subscripts
    environment.filters["number"] = readable_number
    environment.filters["percent"] = readable_percent
    environment.filters["packed"] = packed
    html = environment.get_template("page.html").render(_content(sources))
    with replacing(path) as temporary:
        temporary.write_text(html, encoding="utf-8")


def readable_number(value: float) -> str:
    """Return a number with three significant digits; a dash where there is none."""
    return "–" if value != value else f"{value:.3g}"


def readable_percent(value: float) -> str:
    """Return a share as a percentage; a dash where there is none."""
    return "–" if value != value else percent(value)


def packed(text: str) -> str:
    """Return a text, compressed by zlib, in base64."""
    return base64.b64encode(zlib.compress(text.encode(), level=9)).decode("ascii")


def _dense_json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, separators=(",", ":"))


def _content(sources: PageSources) -> dict[str, Any]:
    """Return the variables of the template."""
    variants = [variant_content(results, sources.datasets) for results in sources.variants]
    rows = matrix(sources.verdicts)
    return {
        "style": (FOLDER / "page.css").read_text(encoding="utf-8"),
        "script": "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in SCRIPTS),
        "plotly": packed(PLOTLY.read_text(encoding="utf-8")),
        "data": json.dumps(_page_data(sources, variants)).replace("</", "<\\/"),
        "packs": dict(_packs(sources, variants)),
        "command": sources.command,
        "answer": answer(rows),
        "matrix": rows,
        "words": {f"C{number}": claim.words for number, claim in CLAIMS.items()},
        "variants": variants,
        "variant_names": {content.name: content.name for content in variants},
        "first": variants[0],
        "claim_charts": _available(CLAIM_CHARTS, variants[0].charts),
        "gallery_claims": GALLERY_CLAIMS,
        "printed": sources.variants[0].printed,
        "measure_titles": MEASURE_TITLES,
        "measure_captions": MEASURE_CAPTIONS,
        "score_titles": TITLES,
        "detection": _union(content.detection for content in variants),
        "theorems": _union(content.theorems for content in variants),
        "families": _families(variants),
        "legends": _legends(sources.variants),
        "has_images": all(description.is_image for description in sources.datasets.values()),
        "dataset_legends": _dataset_legends(variants),
        "datasets": {name: description.title for name, description in sources.datasets.items()},
        **_run(sources),
    }


def _packs(sources: PageSources, contents: Sequence[VariantContent]) -> Iterable[tuple[str, str]]:
    """Yield name and text of what the script unpacks when it is asked for."""
    for name, path in sources.files.items():
        yield f"file-{name}", packed(path.read_text(encoding="utf-8"))
    for own, content in zip(sources.variants, contents, strict=True):
        yield f"variant-{content.name}", packed(_dense_json(content.scripted()))
        for view in own.views:
            key = key_of_view(view)
            yield f"model-{key.variant}-{key.name}", packed(_dense_json(_explored(view)))


def _page_data(sources: PageSources, variants: Sequence[VariantContent]) -> dict[str, Any]:
    """Return what the script needs besides the packs."""
    charts = [chart.specification() for content in variants for chart in content.charts]
    colors = re.findall(r"#[0-9a-f]{6}", json.dumps(charts))
    return {
        "models": {
            content.name: [[model["key"].latent_dim, model["key"].seed] for model in content.models]
            for content in variants
        },
        "inputs": {
            name: f"data:image/png;base64,{strip_png(first_points(points, SHOWN_POINTS))}"
            for name, points in sources.points.items()
        },
        "names": {name: description.title for name, description in sources.datasets.items()},
        "plane_cells": PLANE_CELLS,
        "log_modulus_edges": LOG_MODULUS_EDGES.tolist(),
        "angle_edges": ANGLE_EDGES.tolist(),
        "jacobian_colors": JACOBIAN_COLORS,
        "dark_colors": dark_counterparts([*colors, *JACOBIAN_COLORS.values()]),
    }


def _legends(results: Sequence[VariantResults]) -> dict[str, list[dict[str, str]]]:
    """Return the legends that are the same for all variants."""
    jacobians = {
        jacobian: Look(label, JACOBIAN_COLORS[jacobian], "solid", "square", 8)
        for jacobian, label in (("input", "J_I"), ("latent", "J_L"))
    }
    scores = score_looks([row for own in results for row in own.detection])
    return {"jacobian": _entries(jacobians), "score": _entries(scores)}


def _dataset_legends(
    variants: Sequence[VariantContent],
) -> list[tuple[list[str], list[dict[str, str]]]]:
    """Return the looks of the data sets with the variants that have them: by training set."""
    by_training_set: dict[str, list[VariantContent]] = {}
    for content in variants:
        by_training_set.setdefault(content.training_set, []).append(content)
    return [
        ([content.name for content in own], _entries(looks_of(own[0].styles)))
        for own in by_training_set.values()
    ]


def _entries(looks: Mapping[str, Look]) -> list[dict[str, str]]:
    return [
        {
            **asdict(look),
            "member": member,
            "marker": MARKERS[look.symbol],
            "dasharray": "none" if look.dash == "solid" else look.dash.replace("px", ""),
        }
        for member, look in looks.items()
    ]


def _run(sources: PageSources) -> dict[str, Any]:
    """Return what was run, for the last section of the page."""
    views = [view for own in sources.variants for view in own.views]
    return {
        "configuration": yaml.safe_dump(
            dict(sources.configuration), sort_keys=False, allow_unicode=True, width=80
        ),
        "stages": run_record.stages(sources.benchmarks, map(key_of_view, views)),
        "point_counts": {name: content["points"] for name, content in views[0]["datasets"].items()},
        "origins": {name: run_record.origin(points) for name, points in sources.points.items()},
        "versions": {
            name: run_record.distinct(views, name)
            for name in (
                "precision",
                "torch_version",
                "numpy_version",
                "h5py_version",
                "code_digest",
            )
        },
    }


def _explored(view: Mapping) -> dict:
    """Return what the explorer shows of a view: not the strips, and only some single points."""
    return {
        **view,
        "datasets": {
            name: _explored_dataset(content) for name, content in view["datasets"].items()
        },
    }


def _explored_dataset(content: Mapping) -> dict:
    shown = {key: value for key, value in content.items() if key not in NOT_EXPLORED}
    shown["sign"] = content["sign"][:EXPLORED_POINTS]
    for key in ("difference", "error"):
        shown[key] = with_digits(content[key][:EXPLORED_POINTS], DIGITS_OF_A_POINT)
    shown["jacobians"] = {
        jacobian: part | {"plane": with_digits(part["plane"], DIGITS_OF_A_COUNT)}
        for jacobian, part in content["jacobians"].items()
    }
    return shown


def with_digits(numbers: Sequence[float | None], digits: int) -> list[float | int | None]:
    """Return numbers with so many digits, whole ones as such, None where there is none."""
    return [
        None if number is None else type(number)(float(f"{number:.{digits}g}"))
        for number in numbers
    ]


def _available(
    wanted: Mapping[str, Sequence[str]], charts: Sequence[Chart]
) -> dict[str, list[Chart]]:
    by_name = {chart.name: chart for chart in charts}
    return {
        claim: [by_name[name] for name in names if name in by_name]
        for claim, names in wanted.items()
    }


def _families(
    variants: Sequence[VariantContent],
) -> list[tuple[FamilyCharts, list[str], list[dict[str, str]]]]:
    """Return the families with all charts of any variant, those variants, and the legend."""
    by_name: dict[str, list[tuple[str, FamilyCharts]]] = {}
    for content in variants:
        for family in content.families:
            by_name.setdefault(family.name, []).append((content.name, family))
    return [
        (
            replace(found[0][1], charts=_union(family.charts for _, family in found)),
            [variant for variant, _ in found],
            _entries({name: look for _, own in found for name, look in own.looks.items()}),
        )
        for found in by_name.values()
    ]


def _union(charts: Iterable[Sequence[Chart]]) -> list[Chart]:
    """Return the charts that any variant has, one of each name."""
    return list({chart.name: chart for own in charts for chart in own}.values())
