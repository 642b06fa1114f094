"""Write the page that a person opens, and the record of the run (rule report)."""

from pathlib import Path

import job
from jacspec.claims.rows import read_claims
from jacspec.data.descriptions import described
from jacspec.detection.model_detection import read_detection
from jacspec.families.content import family_content
from jacspec.layout import by_dataset_of_points
from jacspec.report.model_view import key_of_view, points_of_views, read_model_view
from jacspec.report.page import PageSources, write_page
from jacspec.report.record import write_record
from jacspec.report.variant_content import VariantResults
from jacspec.statistics.summary import read_summary
from jacspec.variants.matrix import read_variants


def main(snakemake):
    """Gather what the sweep has made, and write the page and the record of the run."""
    source, params = snakemake.input, snakemake.params
    views = [read_model_view(path) for path in source.views]
    points = {
        dataset: points_of_views(shards, dataset, views)
        for dataset, shards in by_dataset_of_points(source.points).items()
    }
    models = list(zip(views, map(Path, source.histories), strict=True))
    family_tables = map(Path, source.families)
    variants = [
        VariantResults(
            name=name,
            epochs=own["epochs"],
            roles=own["roles"],
            printed=own["tables"],
            summary=read_summary(Path(source.summaries[place])),
            theorems=read_summary(Path(source.theorems[place])),
            claims=read_claims(Path(source.claims[place])),
            detection=read_detection(Path(source.detection[place])) if source.detection else (),
            views=[view for view, _ in models if key_of_view(view).variant == name],
            families={
                family: family_content(
                    next(family_tables),
                    params.families[family],
                    read_summary(Path(source.summaries[place])),
                    read_detection(Path(source.detection[place])) if source.detection else (),
                )
                for family in own["families"]
            },
            histories=[path for view, path in models if key_of_view(view).variant == name],
        )
        for place, (name, own) in enumerate(params.variants.items())
    ]
    page = Path(snakemake.output.page)
    sources = PageSources(
        configuration=params.configuration,
        datasets=described(params.datasets),
        points=points,
        benchmarks=Path(params.benchmarks),
        variants=variants,
        verdicts=read_variants(Path(source.verdicts)),
        files={Path(path).relative_to(page.parent).as_posix(): Path(path) for path in source.files},
        # Not a parameter: a sweep that is asked for in other words is the same one.
        options=snakemake.config["command_line"],
    )
    write_page(page, sources)
    tables = [source.verdicts, *source.summaries, *source.claims, *source.theorems]
    write_record(
        Path(snakemake.output.record),
        sources.configuration,
        sources.datasets,
        params.settings,
        views,
        sources.benchmarks,
        map(Path, [*tables, *source.detection]),
    )


if "snakemake" in globals():
    job.run(main, snakemake)
