"""Check all results of the configuration, and say what is wrong with them (rule doctor)."""

import logging
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import job
from jacspec import layout
from jacspec.data.shards import recorded_definition
from jacspec.doctor import checks
from jacspec.doctor.findings import examine
from jacspec.errors import DamagedFileError
from sweep.grid import Grid

Check = Callable[[Path], None]


def main(snakemake):
    """Print a line for each file that is damaged, missing or stale; fail if one is damaged."""
    config, codes = snakemake.config, snakemake.params.codes
    grid = Grid.of(config)
    paths_and_checks = [
        *raw_files(grid),
        *points(grid, config, codes),
        *models(grid),
        *spectra(grid, config, codes),
        *tables(grid),
        *((Path(path), checks.check_picture) for path in snakemake.params.pictures),
    ]
    findings = [found for path, check in paths_and_checks if (found := examine(path, check))]
    for finding in findings:
        report(finding)
    conditions = [finding.condition for finding in findings]
    counts = ", ".join(f"{conditions.count(c)} {c}" for c in ("damaged", "missing", "stale"))
    report(f"{len(paths_and_checks)} files examined: {counts}")
    if "damaged" in conditions:
        raise DamagedFileError("some results are damaged; the lines above say how to mend them")


def raw_files(grid: Grid) -> Iterator[tuple[Path, Check]]:
    """Yield the raw files of the published images that the data sets are made from."""
    paths = {Path(path) for source in grid.sources.values() for path in source.files()}
    for path in sorted(paths):
        if path.parent.name in checks.COLLECTIONS and path.parts[0] == "resources":
            yield path, partial(checks.check_image_file, collection=path.parent.name)


def points(grid: Grid, config: dict, codes: dict) -> Iterator[tuple[Path, Check]]:
    """Yield the shards of the data sets."""
    for dataset, source in grid.sources.items():
        for shard in grid.shards(dataset):
            expected = {
                "dataset": dataset,
                "first": grid.first_point(shard),
                "count": grid.shard_points(dataset, shard),
                "sample_seed": config["sample_seed"],
                "code_digest": codes[dataset],
                "definition": recorded_definition(source),
            }
            path = Path(layout.DATASET_SHARD.format(dataset=dataset, shard=shard))
            yield path, partial(checks.check_points, expected=expected)


def models(grid: Grid) -> Iterator[tuple[Path, Check]]:
    """Yield the weights and histories."""
    for key in grid.models():
        variant = grid.variants[key.variant]
        yield (
            Path(key.path(layout.WEIGHTS)),
            partial(
                checks.check_weights,
                latent_dim=key.latent_dim,
                hidden_widths=variant.autoencoder["hidden_widths"],
            ),
        )
        yield (
            Path(key.path(layout.TRAINING_HISTORY)),
            partial(checks.check_history, epochs=variant.training["epochs"]),
        )


def spectra(grid: Grid, config: dict, codes: dict) -> Iterator[tuple[Path, Check]]:
    """Yield the shards of spectra."""
    for key in grid.models():
        for dataset in grid.datasets:
            for shard in grid.shards(dataset):
                check = partial(
                    checks.check_spectra,
                    count=grid.shard_points(dataset, shard),
                    expected={
                        **key.fields(),
                        "dataset": dataset,
                        "first": grid.first_point(shard),
                        "precision": config["spectra"]["precision"],
                        "code_digest": codes["compute_spectra.py"],
                    },
                    weights=Path(key.path(layout.WEIGHTS)),
                )
                yield Path(key.path(layout.SPECTRA_SHARD, dataset=dataset, shard=shard)), check


def tables(grid: Grid) -> Iterator[tuple[Path, Check]]:
    """Yield the statistics of the models, and their summaries."""
    counts = {dataset: grid.points(dataset) for dataset in grid.datasets}
    for key in grid.models():
        yield (
            Path(key.path(layout.MODEL_STATISTICS)),
            partial(checks.check_statistics, key=key, points=counts),
        )
    for variant in grid.variants:
        statistics = [Path(path) for path in grid.of_models(layout.MODEL_STATISTICS, variant)]
        yield (
            Path(layout.SUMMARY.format(variant=variant)),
            partial(checks.check_summary, tables=statistics),
        )


def report(sentence: object) -> None:
    """Tell the person at the terminal as well as the log file."""
    logging.info("%s", sentence)
    print(sentence, flush=True)


if "snakemake" in globals():
    job.run(main, snakemake)
