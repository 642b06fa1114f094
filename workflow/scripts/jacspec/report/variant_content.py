"""What the page shows of one variant: its charts, its answer to each claim, its models."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from jacspec.claims.rows import ClaimRow
from jacspec.data.descriptions import Description
from jacspec.detection.leaderboard import Leaderboard, leaderboards, missing_sets
from jacspec.families.content import FamilyContent
from jacspec.figures.selection import Selection
from jacspec.figures.style import LineStyle, line_styles
from jacspec.report import run_record
from jacspec.report.charts import Chart, with_drawn_digits
from jacspec.report.claim_evidence import ClaimEvidence, claim_evidence
from jacspec.report.family_charts import FamilyCharts, family_charts
from jacspec.report.figures import PaperFigure, hero, paper_figures
from jacspec.report.headline import Headline, cautions, headline
from jacspec.report.measurements import detection_charts, theorem_charts
from jacspec.report.model_view import key_of_view
from jacspec.report.training_curves import training_chart
from jacspec.statistics.collapsed_models import (
    collapsed_models,
    rows_without_models,
    without_models,
)

if TYPE_CHECKING:
    import pandas

    from jacspec.detection.model_detection import DetectionRow

# Of reconstructions, of which a page has thousands: a third of the bytes of PNG, and no difference
# to the eye.
WEBP_QUALITY = 65


@dataclass(frozen=True)
class VariantResults:
    """What a variant has come to.

    `views` are those of its models (see `jacspec.report.model_view`) and `histories` their training
    histories, in the same order. `roles` names the training, bright, moderate and dark set.
    `printed` are the numbers of the tables that were drawn, and `epochs` is None for networks that
    were trained elsewhere.
    """

    name: str
    epochs: int | None
    roles: Mapping[str, str]
    summary: "pandas.DataFrame"
    theorems: "pandas.DataFrame"
    claims: Sequence[ClaimRow]
    views: Sequence[Mapping]
    histories: Sequence[Path]
    detection: "Sequence[DetectionRow]" = ()
    printed: Sequence[str] = field(default=())
    families: Mapping[str, FamilyContent] = field(default_factory=dict)


@dataclass(frozen=True)
class VariantContent:
    """The same, as the template and the script of the page take it.

    `styles` are the looks of the data sets, `strips` the reconstructions of the first points by
    seed, latent dimension and data set, as addresses that hold the images.
    """

    name: str
    training_set: str
    styles: Mapping[str, LineStyle]
    headline: Headline
    cautions: Sequence[tuple[str, str]]
    claims: Sequence[ClaimEvidence]
    hero: Chart
    figures: Sequence[PaperFigure]
    leaderboards: Sequence[Leaderboard]
    missing_sets: Sequence[str]
    detection: Sequence[Chart]
    theorems: Sequence[Chart]
    families: Sequence[FamilyCharts]
    training: Chart
    models: Sequence[Mapping[str, Any]]
    gaps: Sequence[str]
    strips: Mapping[int, Mapping[int, Mapping[str, str]]]

    @property
    def charts(self) -> list[Chart]:
        """All charts."""
        own = [chart for figure in (*self.figures, *self.families) for chart in figure.charts]
        return [self.hero, self.training, *self.detection, *self.theorems, *own]

    def scripted(self) -> dict[str, Any]:
        """Return what the script of the page needs, ready for JSON."""
        return {
            "training_set": self.training_set,
            "charts": {
                chart.name: {"title": chart.title, **with_drawn_digits(chart.specification())}
                for chart in self.charts
            },
            "strips": self.strips,
        }


def variant_content(results: VariantResults, datasets: Mapping[str, Description]) -> VariantContent:
    """Return the content of the page for one variant; `datasets` are in the order of the sweep."""
    collapsed = collapsed_models(results.summary)
    selection = Selection.of(without_models(results.summary, collapsed))
    styles = line_styles(datasets, results.roles)
    training_set = results.roles["training"]
    detection = rows_without_models(results.detection, collapsed)
    boards = leaderboards(detection, datasets)
    return VariantContent(
        name=results.name,
        training_set=training_set,
        styles=styles,
        headline=headline(results.claims, training_set),
        cautions=cautions(results.epochs, collapsed),
        claims=claim_evidence(results.claims),
        hero=hero(selection, styles, results.claims),
        figures=paper_figures(selection, styles, results.roles),
        leaderboards=boards,
        missing_sets=missing_sets(boards),
        detection=detection_charts(detection, datasets),
        theorems=theorem_charts(Selection.of(without_models(results.theorems, collapsed)), styles),
        families=[family_charts(name, own) for name, own in results.families.items()],
        training=training_chart(map(key_of_view, results.views), results.histories),
        models=[
            {
                "key": key_of_view(view),
                "weights": view["weights_sha256"],
                **run_record.last_epoch(history),
            }
            for view, history in zip(results.views, results.histories, strict=True)
        ],
        gaps=run_record.gaps(results.views, collapsed, datasets),
        strips=_strips(results.views),
    )


def _strips(views: Sequence[Mapping]) -> dict[int, dict[int, dict[str, str]]]:
    strips: dict[int, dict[int, dict[str, str]]] = {}
    for view in views:
        by_dim = strips.setdefault(view["seed"], {})
        by_dim[view["latent_dim"]] = {
            name: small_image(content["strip"]) for name, content in view["datasets"].items()
        }
    return strips


def small_image(png: str) -> str:
    """Return the address of an image that is given as PNG in base64: the same, with some loss."""
    file = io.BytesIO()
    image = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    image.save(file, format="WEBP", quality=WEBP_QUALITY, method=6)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
