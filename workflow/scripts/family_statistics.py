"""Compute what one model makes of all sets of a family (rule family_statistics)."""

from pathlib import Path

import job
from jacspec.data.storage import PointsFile
from jacspec.device import available_device
from jacspec.families.points import parameters_in_file
from jacspec.families.statistics import errors_inside, family_statistics
from jacspec.families.table import write_family_table
from jacspec.key import ModelKey
from jacspec.spectra.runs import PointsRun, SpectraRun
from jacspec.spectra.sources import source_of_weights


def main(snakemake):
    """Write the table."""
    given, params = snakemake.input, snakemake.params
    source = source_of_weights(
        given.weights,
        params.precision,
        available_device(snakemake.config["device"]),
        factory=params.factory,
    )
    spectra, training_points = (
        [Path(path) for path in paths] for paths in (given.training_spectra, given.training_points)
    )
    inside = errors_inside(
        SpectraRun(spectra, Path(given.weights), training_points), PointsRun(training_points)
    )
    key = ModelKey.of(snakemake.wildcards)
    with PointsFile(Path(given.points)) as points:
        rows = family_statistics(
            source,
            points,
            inside,
            key=key,
            eigensolver=params.eigensolver,
            threads=snakemake.threads,
        )
        write_family_table(
            Path(snakemake.output[0]),
            rows,
            key=key,
            family=points.dataset,
            parameters=parameters_in_file(points),
        )


if "snakemake" in globals():
    job.run(main, snakemake)
