"""Read a finished sweep: models and shards as NumPy arrays and pandas frames, when asked for.

    sweep = open_sweep("results")
    spectra = sweep.model(latent_dim=8, seed=0).spectra("mnist")

Nothing but file names is read before a column is asked for.
"""

import csv
import math
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from jacspec import layout
from jacspec.data.storage import PointsFile
from jacspec.errors import DamagedFileError, JacspecError
from jacspec.key import ModelKey
from jacspec.spectra.runs import PointsRun, SpectraRun

if TYPE_CHECKING:
    import pandas
    from torch import nn

    from jacspec.models.evaluable import Evaluable
    from jacspec.models.network import Network
    from jacspec.spectra.quantities import JacobianSpectra

# Columns of one number per point: those that fit a data frame.
SCALARS = (
    "index",
    "sign_input",
    "sign_latent",
    "logabsdet_input",
    "logabsdet_latent",
    "trace_input",
    "trace_latent",
    "rank_bound_input",
    "rank_bound_latent",
    "reconstruction_error",
    "same_pattern",
)


def open_sweep(folder: Path | str = layout.RESULTS) -> "Sweep":
    """Return the sweep whose results lie in `folder`, by the names of its files alone.

    Raises JacspecError if there is no model in it.
    """
    folder = Path(folder)
    pattern = _inside(layout.WEIGHTS).format(variant="*", latent_dim="*", seed="*")
    depth = pattern.count("/")
    keys = [
        ModelKey.parse(path.parents[depth - 1].name, path.parent.name)
        for path in folder.glob(pattern)
    ]
    if not keys:
        raise JacspecError(f"{folder} has no models: run the sweep, or name its results folder")
    return Sweep(folder, tuple(sorted(keys)))


def _inside(pattern: str) -> str:
    """Return a pattern of the layout relative to the results folder."""
    return pattern.removeprefix(f"{layout.RESULTS}/")


@dataclass(frozen=True)
class Sweep:
    """A folder of results; `keys` are those of every model in it, in order."""

    folder: Path
    keys: tuple[ModelKey, ...]

    @property
    def variant_names(self) -> list[str]:
        """Return the names of the variants, in alphabetical order."""
        return sorted({key.variant for key in self.keys})

    @property
    def latent_dims(self) -> list[int]:
        """Return the latent dimensions, increasing."""
        return sorted({key.latent_dim for key in self.keys})

    @property
    def seeds(self) -> list[int]:
        """Return the seeds, increasing."""
        return sorted({key.seed for key in self.keys})

    @cached_property
    def datasets(self) -> list[str]:
        """Return the names of the data sets, in alphabetical order."""
        return sorted({path.name.rsplit(".", 2)[0] for path in self.folder.glob("points/*.h5")})

    def model(
        self, latent_dim: int, seed: int, variant: str | None = None, factory: str | None = None
    ) -> "Model":
        """Return a model; `variant` may be left out where the sweep has one only.

        `factory` is the function that builds the model, as ``my_models.py:build``, if it is one of
        the user's. Its file is run, so that it is never taken from what the results say; it is
        wanted for the autoencoder and for spectra of other points only. Raises JacspecError if the
        sweep has no such model, or several variants and none is named.
        """
        names = self.variant_names
        if variant is None and len(names) > 1:
            raise JacspecError(f"name one of the variants {', '.join(names)}")
        key = ModelKey(variant or names[0], latent_dim, seed)
        if key not in self.keys:
            raise JacspecError(
                f"{self.folder} has no model {key}; it has variants {', '.join(names)}, "
                f"d = {self.latent_dims}, seeds {self.seeds}"
            )
        return Model(self.folder, key, factory)

    def summary(self) -> "pandas.DataFrame":
        """Return the table of all statistics, one row per number.

        This and the other tables raise JacspecError if they are missing or damaged.
        """
        from jacspec.statistics.summary import read_summary

        return self._table("summary", read_summary)

    def claims(self) -> "pandas.DataFrame":
        """Return the table of claims, in the columns of ``claims.csv``, one row per number."""
        from jacspec.claims.rows import HEADER, read_claims

        return self._table("claims", lambda path: _frame(read_claims(path), HEADER))

    def variants(self) -> "pandas.DataFrame":
        """Return the verdicts in the columns of ``variants.csv``, one row per claim and variant."""
        from jacspec.variants.matrix import HEADER, read_variants

        return self._table("variants", lambda path: _frame(read_variants(path), HEADER))

    def _table(self, name: str, read: "Callable[[Path], pandas.DataFrame]") -> "pandas.DataFrame":
        path = self.folder / f"{name}.csv"
        try:
            return read(path)
        except FileNotFoundError as error:
            raise JacspecError(f"there is no {path}: run the sweep to its end") from error
        # A number that is none, text that is not UTF-8, or columns that are not there.
        except (ValueError, KeyError, csv.Error) as error:
            raise DamagedFileError(
                f"{path} is damaged ({error}): delete it to have it made again"
            ) from error

    def pixels(self, dataset: str, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Return points `start` to `stop - 1` of a data set, (stop - start, *shape) float32.

        They are the points of row `start` to `stop - 1` of every model's spectra. Raises
        JacspecError if there are none, or the shards are not of one sweep.
        """
        return PointsRun(_shards(self.folder / "points", dataset), dataset).read(start, stop)


@dataclass(frozen=True)
class Model:
    """One autoencoder and its spectra; `factory` is as `Sweep.model` takes it."""

    folder: Path
    key: ModelKey
    factory: str | None = None

    @cached_property
    def autoencoder(self) -> "nn.Module":
        """The autoencoder itself, in evaluation mode, on the CPU, in float32.

        Raises JacspecError if a factory builds it and none is given, or another one.
        """
        if self.factory is not None:
            return self._model.module.eval().requires_grad_(False)
        from jacspec.models.weights import load_autoencoder

        with self._factory_named():
            return load_autoencoder(self._weights)

    @cached_property
    def network(self) -> "Network":
        """Its weights as NumPy's arrays, float32, for which torch need not be imported.

        Raises JacspecError if a factory builds it: then it is no network of dense layers.
        """
        from jacspec.models.network import load_network

        with self._factory_named():
            return load_network(self._weights)

    def spectra(self, dataset: str) -> "Spectra":
        """Return the spectra at all points of a data set.

        Raises JacspecError if there are none; reading them does if the shards are not of one sweep,
        or of other weights than the model's.
        """
        folder = self.folder / self.key.variant / "spectra" / dataset
        return Spectra(tuple(_shards(folder, self.key.name)), self._weights)

    def spectra_of(self, points: np.ndarray) -> "JacobianSpectra":
        """Compute the spectra at points of one's own, in float64.

        `points` is (n, *shape), flat or as the network's points are, or one of them. Values beyond
        the range of the sweep's own points give a warning. Raises ValueError for another shape, or
        values that are not finite.
        """
        from jacspec.autoencoders.evaluation import jacobian_spectra

        shape = self._model.shape if self.factory else (self.network.input_dim,)
        points = np.atleast_1d(np.asarray(points, dtype=np.float32))
        inputs = math.prod(shape)
        if points.size == 0 or inputs not in (points.size, points.size // len(points)):
            raise ValueError(
                f"points have shape {points.shape}, but the network takes {inputs} values a point"
            )
        self._warn_if_beyond_range(points)
        autoencoder = self.autoencoder if self.factory else self.network
        return jacobian_spectra(autoencoder, points.reshape(-1, *shape))

    @cached_property
    def _model(self) -> "Evaluable":
        from jacspec.models.loading import load_model

        return load_model(self._weights, self.factory)

    @contextmanager
    def _factory_named(self) -> Iterator[None]:
        """Say of weights that are read as those of dense layers if they are of a factory."""
        try:
            yield
        except DamagedFileError:
            from jacspec.models.state_dict import read_archive

            record = read_archive(self._weights).record or {}
            if "factory" not in record:
                raise
            raise JacspecError(
                f"{self._weights} is of the factory {record['factory']['function']}, whose file "
                "would be run: name it, model(…, factory='my_models.py:build'), and ask for the "
                "autoencoder"
            ) from None

    def _warn_if_beyond_range(self, points: np.ndarray) -> None:
        known = []
        for path in self.folder.glob("points/*.0.h5"):
            with PointsFile(path) as file:
                known.append(file.value_range)
        ranges = [ends for ends in known if ends is not None]
        if not ranges:
            return
        low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
        if points.min() < low or points.max() > high:
            warnings.warn(
                f"values from {points.min():g} to {points.max():g}, but those of the sweep's "
                f"points are from {low:g} to {high:g}: scale yours likewise",
                stacklevel=3,
            )

    @property
    def _weights(self) -> Path:
        return self.folder / self.key.path(_inside(layout.WEIGHTS))


@dataclass(frozen=True)
class Spectra:
    """The spectra of one model at one data set, as if its shards were one file."""

    shards: tuple[Path, ...]
    weights: Path

    def __len__(self) -> int:
        """Return the number of points."""
        return self._run.count

    def __getitem__(self, name: str) -> np.ndarray:
        """Return a whole column, as `spectra["eigenvalues_input"]`, (n,) or (n, d)."""
        return self.read([name])[name]

    @property
    def attributes(self) -> Mapping[str, str | int]:
        """The attributes of the first shard."""
        return self._run.attributes

    @cached_property
    def _run(self) -> SpectraRun:
        return SpectraRun(self.shards, self.weights)

    def read(
        self, names: Sequence[str], start: int = 0, stop: int | None = None
    ) -> dict[str, np.ndarray]:
        """Return rows `start` to `stop - 1` (default: all) of the columns `names`."""
        return self._run.read(names, start, stop)

    def frame(self, names: Sequence[str] = SCALARS) -> "pandas.DataFrame":
        """Return columns of one number per point as a data frame, one row per point."""
        import pandas as pd

        return pd.DataFrame(self.read(names)).set_index("index")


def _frame(rows: Sequence[object], columns: Sequence[str]) -> "pandas.DataFrame":
    """Return dataclasses as a data frame, in which whole numbers may be missing."""
    import pandas as pd

    frame = pd.DataFrame(rows, columns=list(columns))
    whole = [name for name in ("latent_dim", "seed", "epochs") if name in columns]
    return frame.astype({"verdict": str, **dict.fromkeys(whole, "Int64")})


def _shards(folder: Path, name: str) -> list[Path]:
    """Return the shards ``{name}.{number}.h5`` in the order of their numbers."""
    pattern = re.compile(rf"{re.escape(name)}\.(\d+)\.h5")
    found = {
        int(match[1]): path
        for path in folder.glob("*.h5")
        if (match := pattern.fullmatch(path.name))
    }
    if not found:
        raise JacspecError(
            f"there is no {folder / name}.0.h5: is the name right, and the sweep done?"
        )
    return [found[number] for number in sorted(found)]
