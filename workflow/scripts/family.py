"""Join the tables of a family and draw it (rule family)."""

from pathlib import Path

import job
from jacspec.detection.model_detection import read_detection
from jacspec.families.content import family_content
from jacspec.families.figure import draw_family
from jacspec.figures.saving import note_left_out, save_figure
from jacspec.statistics.summary import read_summary
from jacspec.tables import join_tables


def main(snakemake):
    """Write the table of all models; the figure leaves out those that collapsed."""
    given, axes, output = snakemake.input, snakemake.params.axes, snakemake.output
    join_tables(Path(output.table), map(Path, given.tables))
    summary = read_summary(Path(given.summary))
    detection = [row for path in _listed(given.detection) for row in read_detection(Path(path))]
    content = family_content(Path(output.table), axes, summary, detection)
    figure = draw_family(content)
    note_left_out(figure, content.left_out)
    for path in output.figures:
        save_figure(figure, Path(path))


def _listed(paths):
    """Return the paths of an input that may be one or none."""
    return [paths] if isinstance(paths, str) else list(paths)


if "snakemake" in globals():
    job.run(main, snakemake)
