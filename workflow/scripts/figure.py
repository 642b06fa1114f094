"""Draw one of Figures 1 to 6 from the summary (rule figure)."""

from pathlib import Path

import job
from jacspec.data.descriptions import described
from jacspec.figures.drawing import draw_figure
from jacspec.figures.saving import save_figure
from jacspec.statistics.summary import read_summary


def main(snakemake):
    """Write the figure in the formats of the output files."""
    params = snakemake.params
    figure = draw_figure(
        int(snakemake.wildcards.number),
        read_summary(Path(snakemake.input[0])),
        roles=params.roles,
        datasets=described(params.datasets),
        size=tuple(params.size),
    )
    for path in snakemake.output:
        save_figure(figure, Path(path))


if "snakemake" in globals():
    job.run(main, snakemake)
