"""All that the claims need of one model, from its spectra, its weights and the data sets."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jacspec.claims.evidence import ModelEvidence, Quantity
from jacspec.claims.reconstruction_evidence import (
    TrainingReconstructions,
    character_draws,
    likeness_draws,
    pixel_mean_draws,
)
from jacspec.claims.sample_sizes import points_looked_at
from jacspec.claims.spectral_evidence import (
    SHARD_COLUMNS,
    DatasetSpectra,
    argument_distance,
    class_draws,
    dataset_spectra,
    spectral_draws,
)
from jacspec.data.mnist import TEST
from jacspec.data.storage import PointsFile
from jacspec.errors import DamagedFileError
from jacspec.key import ModelKey
from jacspec.models.loading import load_model
from jacspec.models.network import reconstructions
from jacspec.spectra.shards import SpectraFile

_BLOCK_POINTS = 5000


@dataclass(frozen=True)
class Points:
    """The first n points of a data set, with `label` and `split` (n,) if it has any."""

    pixels: np.ndarray
    label: np.ndarray | None
    split: np.ndarray | None


def model_evidence(
    spectra_shards: Mapping[str, Sequence[Path]],
    points_shards: Mapping[str, Sequence[Path]],
    weights: Path,
    *,
    key: ModelKey,
    training_set: str,
    factory: str | None = None,
) -> ModelEvidence:
    """Return the statistics of one model on its training set and on all sets of random pixels.

    Both mappings go from a data set to its shards in order; `points_shards` may stop at
    `points_looked_at`. Other sets of images are left out: the claims are about pixels drawn at
    random. `factory` builds the model, if it is no network of dense layers. Raises DamagedFileError
    if a shard is of another model or data set, or not the next one.
    """
    points = {
        dataset: _first_points(paths, points_looked_at(dataset, training_set))
        for dataset, paths in points_shards.items()
    }
    training_points = points.pop(training_set)
    points = {dataset: own for dataset, own in points.items() if own.label is None}

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
        draws |= pixel_mean_draws(dataset, own.pixels)
    pixel_means = {
        dataset: float(draws[Quantity(dataset, "both", "pixel_mean")][0]) for dataset in points
    }
    model = load_model(weights, factory)
    split = training_points.split
    training_images = TrainingReconstructions(
        training_set,
        reconstructions(model, training_points.pixels),
        training_points.label,
        np.zeros(len(training_points.pixels), bool) if split is None else split == TEST,
    )
    images = {dataset: reconstructions(model, own.pixels) for dataset, own in points.items()}
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


def _first_points(paths: Sequence[Path], left: int) -> Points:
    parts = []
    for path in paths:
        with PointsFile(path) as file:
            count = min(left, file.count)
            label = file.read_labels(0, count) if "label" in file.columns else None
            split = file.read_split(0, count) if "split" in file.columns else None
            parts.append(Points(file.read(0, count).reshape(count, -1), label, split))
            left -= count
    pixels, label, split = (
        [getattr(part, name) for part in parts] for name in ("pixels", "label", "split")
    )
    return Points(
        np.concatenate(pixels),
        None if label[0] is None else np.concatenate(label),
        None if split[0] is None else np.concatenate(split),
    )
