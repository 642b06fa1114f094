"""What the claims are judged on: statistics of every model with their resamples.

On disk, a model has a CSV for people (value and interval of every statistic) and an HDF5 file with
the draws, in the same order, and the mean images that C13 compares.
"""

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
from jacspec.tables import read_table, write_table

# Random sets whose pixel mean is this near to .5 have "mean .5"; the standard error of a sample
# mean is at most .5 / sqrt(784 * MINIMUM_POINTS) < .003.
MIDDLE_TOLERANCE = 0.02
BRIGHTNESS = ("dark", "middle", "bright")
# The two groups of the paper's section II-C: mean below .5, and at least .5.
CHARACTER_GROUPS = ("mean_below_half", "mean_half_or_more")

HEADER = (*ModelKey.COLUMNS, "dataset", "jacobian", "statistic", "value", "low", "high")
# The mean of one class of the training set's labels is the statistic of this name and the label.
MEAN_OF_CLASS = "mean_abs_class_"


class Quantity(NamedTuple):
    """A statistic of one Jacobian (`input`, `latent` or `both`) on one data set or group."""

    dataset: str
    jacobian: str
    statistic: str


@dataclass(frozen=True)
class ModelEvidence:
    """The statistics of one model.

    `draws` maps a quantity to (1 + R,) float64; `characters` maps a group of `CHARACTER_GROUPS`,
    if it has data sets, to its mean reconstruction and the resamples of it, (pixels, 1 + R)
    float32.
    """

    key: ModelKey
    draws: Mapping[Quantity, Draws]
    characters: Mapping[str, Draws]


@dataclass(frozen=True)
class Evidence:
    """The statistics of all models of one variant; what is missing reads as NaN.

    `training_set` is the data set that they were trained on, `collapsed` are those left out.
    """

    variant: str
    training_set: str
    models: Mapping[ModelKey, ModelEvidence]
    collapsed: Sequence[ModelKey] = ()

    @classmethod
    def of(
        cls,
        variant: str,
        training_set: str,
        models: Iterable[ModelEvidence],
        collapsed: Sequence[ModelKey] = (),
    ) -> "Evidence":
        """Gather the models of a variant but those that are no better than the mean image."""
        kept = {
            model.key: model
            for model in models
            if model.key.variant == variant and model.key not in collapsed
        }
        left_out = [key for key in collapsed if key.variant == variant]
        return cls(variant, training_set, kept, left_out)

    @property
    def seeds(self) -> list[int]:
        """The seeds that there are, in order."""
        return sorted({key.seed for key in self.models})

    def latent_dims(self, seed: int) -> list[int]:
        """Return the latent dimensions of a seed, in order."""
        return sorted(key.latent_dim for key in self.models if key.seed == seed)

    def model(self, latent_dim: int, seed: int) -> ModelEvidence | None:
        """Return what there is of one model."""
        return self.models.get(ModelKey(self.variant, latent_dim, seed))

    def random_sets(self, *brightness: str) -> list[str]:
        """Return the random sets, all or those of some of `BRIGHTNESS`, by their pixel means."""
        means = {
            quantity.dataset: float(draws[0])
            for model in self.models.values()
            for quantity, draws in model.draws.items()
            if quantity.statistic == "pixel_mean" and quantity.dataset != self.training_set
        }
        wanted = brightness or BRIGHTNESS
        return [name for name, mean in means.items() if brightness_of(mean) in wanted]

    def classes(self) -> list[str]:
        """Return the names of the statistics `MEAN_OF_CLASS`; none if there are no labels."""
        return sorted(
            {
                quantity.statistic
                for model in self.models.values()
                for quantity in model.draws
                if quantity.statistic.startswith(MEAN_OF_CLASS)
            }
        )

    def draws(
        self, latent_dim: int, seed: int, dataset: str, jacobian: str, statistic: str
    ) -> Draws:
        """Return a statistic of one model, (1 + R,)."""
        model = self.model(latent_dim, seed)
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
    of_model = tuple(model.key.fields().values())
    rows = (
        (*of_model, *quantity, float(draws[0]), *interval(draws))
        for quantity, draws in model.draws.items()
    )
    write_table(table, HEADER, rows)
    with replacing(draws_file) as temporary, sealed_hdf5(temporary) as file:
        file.attrs.update(model.key.fields())
        stacked = np.array(list(model.draws.values()))
        _write_array(file, "draws", stacked.reshape(-1, 1 + REPLICATES))
        for group, images in model.characters.items():
            _write_array(file, group, images.astype(np.float32))


def read_model_evidence(table: Path | str, draws_file: Path | str) -> ModelEvidence:
    """Read what `write_model_evidence` wrote.

    Raises DamagedFileError if the two files are not of one model, not in this format, or damaged.
    """
    rows = read_table(table, HEADER)
    keys = {tuple(row[name] for name in ModelKey.COLUMNS) for row in rows}
    if len(keys) != 1:
        raise DamagedFileError(f"{table}: not the statistics of a model; delete it and run again")
    variant, latent_dim, seed = keys.pop()
    key = ModelKey(variant, int(latent_dim), int(seed))
    draws_path = Path(draws_file)
    with (
        damage_reported(draws_path, "file of draws", "delete it and run again"),
        open_sealed_hdf5(draws_path) as file,
    ):
        draws = file["draws"][:]
        characters = {group: file[group][:] for group in CHARACTER_GROUPS if group in file}
        found = (ModelKey(*(file.attrs[name] for name in ModelKey.COLUMNS)), draws.shape)
    expected = (key, (len(rows), 1 + REPLICATES))
    if found != expected:
        raise DamagedFileError(
            f"{draws_file}: model and shape are {found[0]} and {found[1]}, not {key} and "
            f"{expected[1]} as {table} demands; delete both and run again"
        )
    quantities = [Quantity(row["dataset"], row["jacobian"], row["statistic"]) for row in rows]
    return ModelEvidence(key, dict(zip(quantities, draws, strict=True)), characters)


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
