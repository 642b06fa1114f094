"""Check all results of the configuration, and say what is wrong with them (rule doctor)."""

import logging
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import job
from jacspec import layout
from jacspec.doctor import checks
from jacspec.doctor.findings import examine
from jacspec.errors import DamagedFileError
from sweep.configuration import IMAGE_SETS
from sweep.grid import Grid

Check = Callable[[Path], None]


def main(snakemake):
    """Print a line for each file that is damaged, missing or stale; fail if one is damaged."""
    config, codes = snakemake.config, snakemake.params.codes
    grid = Grid.of(config)
    paths_and_checks = [
        *raw_files(grid),
        *points(grid, config, codes),
        *models(grid, config),
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
    """Yield the raw files of images; a sweep trains on MNIST, whatever it evaluates."""
    for collection in IMAGE_SETS:
        if collection in grid.datasets:
            for name in checks.COLLECTIONS[collection].sha256:
                check = partial(checks.check_image_file, collection=collection)
                yield Path("resources", collection, name), check


def points(grid: Grid, config: dict, codes: dict) -> Iterator[tuple[Path, Check]]:
    """Yield the shards of the data sets."""
    for dataset in grid.datasets:
        script = "mnist_points.py" if dataset in IMAGE_SETS else "random_points.py"
        for shard in grid.shards(dataset):
            expected = {
                "dataset": dataset,
                "first": grid.first_point(shard),
                "count": grid.shard_points(dataset, shard),
                "sample_seed": config["sample_seed"],
                "code_digest": codes[script],
                **config["distributions"].get(dataset, {}),
            }
            path = Path(layout.DATASET_SHARD.format(dataset=dataset, shard=shard))
            yield path, partial(checks.check_points, expected=expected)


def models(grid: Grid, config: dict) -> Iterator[tuple[Path, Check]]:
    """Yield the weights and histories."""
    for latent_dim, seed in grid.models():
        yield (
            Path(layout.WEIGHTS.format(latent_dim=latent_dim, seed=seed)),
            partial(
                checks.check_weights,
                latent_dim=latent_dim,
                hidden_widths=config["autoencoder"]["hidden_widths"],
            ),
        )
        yield (
            Path(layout.TRAINING_HISTORY.format(latent_dim=latent_dim, seed=seed)),
            partial(checks.check_history, epochs=config["training"]["epochs"]),
        )


def spectra(grid: Grid, config: dict, codes: dict) -> Iterator[tuple[Path, Check]]:
    """Yield the shards of spectra."""
    for latent_dim, seed in grid.models():
        model = {"latent_dim": latent_dim, "seed": seed}
        for dataset in grid.datasets:
            for shard in grid.shards(dataset):
                check = partial(
                    checks.check_spectra,
                    count=grid.shard_points(dataset, shard),
                    expected={
                        **model,
                        "dataset": dataset,
                        "first": grid.first_point(shard),
                        "precision": config["spectra"]["precision"],
                        "code_digest": codes["compute_spectra.py"],
                    },
                    weights=Path(layout.WEIGHTS.format(**model)),
                )
                path = layout.SPECTRA_SHARD.format(**model, dataset=dataset, shard=shard)
                yield Path(path), check


def tables(grid: Grid) -> Iterator[tuple[Path, Check]]:
    """Yield the statistics of the models, and their summary."""
    counts = {dataset: grid.points(dataset) for dataset in grid.datasets}
    for latent_dim, seed in grid.models():
        yield (
            Path(layout.MODEL_STATISTICS.format(latent_dim=latent_dim, seed=seed)),
            partial(checks.check_statistics, latent_dim=latent_dim, seed=seed, points=counts),
        )
    yield (
        Path(layout.SUMMARY),
        partial(checks.check_summary, tables=[Path(table) for table in grid.statistics()]),
    )


def report(sentence: object) -> None:
    """Tell the person at the terminal as well as the log file."""
    logging.info("%s", sentence)
    print(sentence, flush=True)


if "snakemake" in globals():
    job.run(main, snakemake)
