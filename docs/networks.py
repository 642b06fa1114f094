"""What training did to the networks of a sweep: how far their weights went, which units still live.

`docs/publish.py` writes it as networks.csv beside the tables of the sweep.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from jacspec import layout
from jacspec.data.storage import PointsFile
from jacspec.key import ModelKey
from jacspec.models.initial_weights import initial_parameters
from jacspec.models.network import network_of_parameters
from jacspec.models.weights import read_weights
from jacspec.spectra.jacobians import forward_pass
from jacspec.tables import write_table

COLUMNS = (*ModelKey.COLUMNS, "distance_travelled", "dataset", "units", "live_units")
POINTS = 2000


def write_networks(
    folder: Path, path: Path, keys: Iterable[ModelKey], datasets: Sequence[str]
) -> None:
    """Write a row for each network of dense layers in a sweep's `folder` and each of `datasets`.

    `distance_travelled` is the norm of the difference of all parameters to what training began
    with, relative to the norm of those. `live_units` are those of the `units` before the latent
    layer that are on at one or more of the first 2,000 points of the set.
    """
    points = {name: _first_points(folder, name) for name in datasets}
    write_table(path, COLUMNS, (row for key in keys for row in _rows(folder, key, points)))


def _rows(folder: Path, key: ModelKey, points: Mapping[str, np.ndarray]) -> Iterator[tuple]:
    architecture, parameters = read_weights(folder / key.path(layout.WEIGHTS))
    network = network_of_parameters(architecture, parameters)
    distance = distance_travelled(parameters, initial_parameters(architecture, key.seed))
    for name, own in points.items():
        *_, before_latent, _ = forward_pass(network.encoder, own).slopes
        live = int((before_latent != 0).any(axis=0).sum())
        yield *key.fields().values(), distance, name, before_latent.shape[1], live


def distance_travelled(
    parameters: Mapping[str, np.ndarray], initial: Mapping[str, np.ndarray]
) -> float:
    """Return how far the parameters are from the initial ones, in units of their norm."""
    squares = [
        (np.square(parameters[name].astype(float) - values).sum(), np.square(values).sum())
        for name, values in initial.items()
    ]
    moved, norm = np.sum(squares, axis=0)
    return float(np.sqrt(moved / norm))


def _first_points(folder: Path, dataset: str) -> np.ndarray:
    with PointsFile(folder / layout.DATASET_SHARD.format(dataset=dataset, shard=0)) as file:
        points = file.read(0, min(POINTS, file.count))
    return points.reshape(len(points), -1).astype(np.float64)
