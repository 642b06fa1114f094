"""Write the page that a person opens (rule report)."""

from pathlib import Path

import job
from jacspec.claims.rows import read_claims
from jacspec.detection.model_detection import read_detection
from jacspec.report.judgements import read_readable_claims
from jacspec.report.model_view import read_model_view
from jacspec.report.page import Sweep, write_page
from jacspec.statistics.summary import read_summary


def main(snakemake):
    """Gather what the sweep has made, and write the page."""
    source, params = snakemake.input, snakemake.params
    sweep = Sweep(
        configuration=params.configuration,
        datasets=params.datasets,
        roles=params.roles,
        summary=read_summary(Path(source.summary)),
        views=[read_model_view(path) for path in source.views],
        points=dict(zip(params.datasets, map(Path, source.points), strict=True)),
        histories=[Path(path) for path in source.histories],
        benchmarks=Path(params.benchmarks),
        printed=params.tables,
        claims=read_claims(Path(source.claims)),
        readable_claims=read_readable_claims(Path(source.readable_claims)),
        theorems=read_summary(Path(source.theorems)),
        detection=read_detection(Path(source.detection[0])) if source.detection else (),
    )
    write_page(Path(snakemake.output[0]), sweep)


if "snakemake" in globals():
    job.run(main, snakemake)
