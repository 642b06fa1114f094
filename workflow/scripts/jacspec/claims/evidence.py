"""What the claims are judged on: statistics of every model with their resamples.

On disk, a model has a CSV for people (value and interval of every statistic) and an HDF5 file with
the draws, in the same order, and the mean images that C13 compares.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from jacspec.atomic import replacing
from jacspec.claims.bootstrap import REPLICATES, Draws, interval
from jacspec.errors import DamagedFileError
from jacspec.key import ModelKey
from jacspec.seals import damage_reported, open_sealed_hdf5, sealed_hdf5

TRAINING_SET = "mnist"
# Random sets whose pixel mean is this near to .5 have "mean .5"; the standard error of a sample
# mean is at most .5 / sqrt(784 * MINIMUM_POINTS) < .003.
MIDDLE_TOLERANCE = 0.02
BRIGHTNESS = ("dark", "middle", "bright")
# The two groups of the paper's section II-C: mean below .5, and at least .5.
CHARACTER_GROUPS = ("mean_below_half", "mean_half_or_more")

HEADER = ["latent_dim", "seed", "dataset", "jacobian", "statistic", "value", "low", "high"]
IMAGE_PIXELS = 784


class Quantity(NamedTuple):
    """A statistic of one Jacobian (`input`, `latent` or `both`) on one data set or group."""

    dataset: str
    jacobian: str
    statistic: str


@dataclass(frozen=True)
class ModelEvidence:
    """The statistics of one model.

    `draws` maps a quantity to (1 + R,) float64; `characters` maps a group of `CHARACTER_GROUPS`,
    if it has data sets, to its mean reconstruction and the resamples of it, (784, 1 + R) float32.
    """

    latent_dim: int
    seed: int
    draws: Mapping[Quantity, Draws]
    characters: Mapping[str, Draws]


@dataclass(frozen=True)
class Evidence:
    """The statistics of all models of a sweep; what is missing reads as NaN.

    `models` are keyed by latent dimension and seed. `collapsed` are those that were left out.
    """

    models: Mapping[tuple[int, int], ModelEvidence]
    collapsed: Sequence[ModelKey] = ()

    @classmethod
    def of(cls, models: Iterable[ModelEvidence], collapsed: Sequence[ModelKey] = ()) -> "Evidence":
        """Gather all models but those that are no better than the mean image."""
        by_key = {(model.latent_dim, model.seed): model for model in models}
        taken = {(key.latent_dim, key.seed) for key in collapsed}
        left = {key: model for key, model in by_key.items() if key not in taken}
        return cls(left, collapsed)

    @property
    def seeds(self) -> list[int]:
        """The seeds that there are, in order."""
        return sorted({seed for _, seed in self.models})

    def latent_dims(self, seed: int) -> list[int]:
        """Return the latent dimensions of a seed, in order."""
        return sorted(latent_dim for latent_dim, other in self.models if other == seed)

    def random_sets(self, *brightness: str) -> list[str]:
        """Return the random sets, all or those of some of `BRIGHTNESS`, by their pixel means."""
        means = {
            quantity.dataset: float(draws[0])
            for model in self.models.values()
            for quantity, draws in model.draws.items()
            if quantity.statistic == "pixel_mean" and quantity.dataset != TRAINING_SET
        }
        wanted = brightness or BRIGHTNESS
        return [name for name, mean in means.items() if brightness_of(mean) in wanted]

    def draws(
        self, latent_dim: int, seed: int, dataset: str, jacobian: str, statistic: str
    ) -> Draws:
        """Return a statistic of one model, (1 + R,)."""
        model = self.models.get((latent_dim, seed))
        found = model and model.draws.get(Quantity(dataset, jacobian, statistic))
        return np.full(1 + REPLICATES, np.nan) if found is None else found

    def curves(self, seed: int, datasets: Sequence[str], jacobian: str, statistic: str) -> Draws:
        """Return a statistic against the latent dimensions of a seed, (sets, dims, 1 + R)."""
        latent_dims = self.latent_dims(seed)
        curves = [
            [
                self.draws(latent_dim, seed, dataset, jacobian, statistic)
                for latent_dim in latent_dims
            ]
            for dataset in datasets
        ]
        return np.array(curves).reshape(len(datasets), len(latent_dims), 1 + REPLICATES)

    def curve(self, seed: int, dataset: str, jacobian: str, statistic: str) -> Draws:
        """Return a statistic of one data set against the latent dimensions, (dims, 1 + R)."""
        return self.curves(seed, [dataset], jacobian, statistic)[0]


def brightness_of(pixel_mean: float) -> str:
    """Return the group of `BRIGHTNESS` that a pixel mean belongs to."""
    if abs(pixel_mean - 0.5) <= MIDDLE_TOLERANCE:
        return "middle"
    return "dark" if pixel_mean < 0.5 else "bright"


def character_group_of(pixel_mean: float) -> str:
    """Return the group of `CHARACTER_GROUPS` that a pixel mean belongs to."""
    return CHARACTER_GROUPS[brightness_of(pixel_mean) != "dark"]


def write_model_evidence(table: Path | str, draws_file: Path | str, model: ModelEvidence) -> None:
    """Write the CSV and the HDF5 file of one model."""
    with replacing(table) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for quantity, draws in model.draws.items():
            numbers = (float(draws[0]), *interval(draws))
            writer.writerow([model.latent_dim, model.seed, *quantity, *map(repr, numbers)])
    with replacing(draws_file) as temporary, sealed_hdf5(temporary) as file:
        file.attrs.update(latent_dim=model.latent_dim, seed=model.seed)
        stacked = np.array(list(model.draws.values()))
        _write_array(file, "draws", stacked.reshape(-1, 1 + REPLICATES))
        for group, images in model.characters.items():
            _write_array(file, group, images.astype(np.float32))


def read_model_evidence(table: Path | str, draws_file: Path | str) -> ModelEvidence:
    """Read what `write_model_evidence` wrote.

    Raises DamagedFileError if the two files are not of one model, not in this format, or damaged.
    """
    with Path(table).open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    if header != HEADER or not rows:
        raise DamagedFileError(f"{table}: not the statistics of a model; delete it and run again")
    draws_path = Path(draws_file)
    with (
        damage_reported(draws_path, "file of draws", "delete it and run again"),
        open_sealed_hdf5(draws_path) as file,
    ):
        draws = file["draws"][:]
        characters = {group: file[group][:] for group in CHARACTER_GROUPS if group in file}
        found = (int(file.attrs["latent_dim"]), int(file.attrs["seed"]), draws.shape)
    latent_dim, seed = int(rows[0][0]), int(rows[0][1])
    expected = (latent_dim, seed, (len(rows), 1 + REPLICATES))
    if found != expected:
        raise DamagedFileError(
            f"{draws_file}: latent_dim, seed and shape are {found}, not {expected} as {table} "
            "demands; delete both and run again"
        )
    quantities = [Quantity(*row[2:5]) for row in rows]
    return ModelEvidence(latent_dim, seed, dict(zip(quantities, draws, strict=True)), characters)


def _write_array(file: h5py.File, name: str, array: np.ndarray) -> None:
    file.create_dataset(
        name,
        data=array,
        compression="gzip",
        compression_opts=1,
        shuffle=True,
        fletcher32=True,
        track_times=False,
    )
