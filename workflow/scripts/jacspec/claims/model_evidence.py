"""All that the claims need of one model, from its spectra, its weights and the data sets."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from jacspec.claims.evidence import ModelEvidence, Quantity
from jacspec.claims.reconstruction_evidence import (
    TrainingReconstructions,
    character_draws,
    likeness_draws,
    pixel_mean_draws,
)
from jacspec.claims.spectral_evidence import (
    SHARD_COLUMNS,
    DatasetSpectra,
    argument_distance,
    class_draws,
    dataset_spectra,
    spectral_draws,
)
from jacspec.data.blocks import TEST, PointBlock
from jacspec.errors import DamagedFileError
from jacspec.key import ModelKey
from jacspec.models.loading import load_model
from jacspec.models.network import reconstructions
from jacspec.sample_sizes import reconstructed_points
from jacspec.spectra.runs import PointsRun
from jacspec.spectra.shards import SpectraFile

_BLOCK_POINTS = 5000


def model_evidence(
    spectra_shards: Mapping[str, Sequence[Path]],
    points_runs: Mapping[str, PointsRun],
    weights: Path,
    *,
    key: ModelKey,
    training_set: str,
    factory: str | None = None,
) -> ModelEvidence:
    """Return the statistics of one model on its training set and on all sets of random pixels.

    `spectra_shards` has the shards of each data set in order, `points_runs` the first points of
    each, `reconstructed_points` at least. Other sets of images are left out: the claims are about
    pixels drawn at random. `factory` builds the model, if it is no network of dense layers. Raises
    DamagedFileError if a shard is of another model or data set, or not the next one.
    """
    points = {
        dataset: _flat(run.read_block(0, reconstructed_points(dataset, training_set)))
        for dataset, run in points_runs.items()
        if dataset == training_set or "label" not in run.columns
    }
    training_points = points.pop(training_set)

    def spectra_of(dataset: str) -> DatasetSpectra:
        blocks = _spectra_blocks(dataset, spectra_shards[dataset], key)
        return dataset_spectra(dataset, key.latent_dim, blocks)

    training = spectra_of(training_set)
    draws = spectral_draws(training)
    if training_points.label is not None:
        draws |= class_draws(training, training_points.label)
    for dataset in points:
        spectra = spectra_of(dataset)
        draws |= spectral_draws(spectra)
        distance = argument_distance(spectra, training)
        draws[Quantity(dataset, "input", "abs_arg_distance")] = distance

    for dataset, own in {training_set: training_points, **points}.items():
        draws |= pixel_mean_draws(dataset, own.points)
    pixel_means = {
        dataset: float(draws[Quantity(dataset, "both", "pixel_mean")][0]) for dataset in points
    }
    model = load_model(weights, factory)
    split = training_points.split
    training_images = TrainingReconstructions(
        training_set,
        reconstructions(model, training_points.points),
        training_points.label,
        np.zeros(len(training_points), bool) if split is None else split == TEST,
    )
    images = {dataset: reconstructions(model, own.points) for dataset, own in points.items()}
    draws |= likeness_draws(training_images, images)
    group_draws, characters = character_draws(training_images, images, pixel_means)
    return ModelEvidence(key, draws | group_draws, characters)


def _spectra_blocks(
    dataset: str, paths: Sequence[Path], key: ModelKey
) -> Iterator[dict[str, np.ndarray]]:
    first = 0
    for path in paths:
        expected = {"dataset": dataset, "first": first, **key.fields()}
        with SpectraFile(path) as shard:
            found = {name: shard.attributes.get(name) for name in expected}
            if found != expected:
                raise DamagedFileError(
                    f"{path} is of {found}, not of {expected}; delete it to have it made again"
                )
            yield from shard.blocks(SHARD_COLUMNS, size=_BLOCK_POINTS)
            first += shard.count


def _flat(block: PointBlock) -> PointBlock:
    return replace(block, points=block.points.reshape(len(block), -1))
