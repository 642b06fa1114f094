"""What the explorer shows of one model: its shards, counted into bins small enough to send around.

Counts are exact; other numbers are rounded to `SIGNIFICANT_DIGITS`; images to 256 levels. The rows
of a sample are the first ones of its data set, whose order is random.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from jacspec.atomic import replacing
from jacspec.errors import JacspecError
from jacspec.figures.samples import first_points
from jacspec.key import ModelKey
from jacspec.models.evaluable import Evaluable
from jacspec.models.network import Network, reconstructions
from jacspec.provenance import sha256_of_file
from jacspec.report.images import strip_png
from jacspec.sample_sizes import SHOWN_POINTS
from jacspec.spectra.runs import PointsRun, SpectraRun, UnrelatedFilesError
from jacspec.statistics.dataset_statistics import JACOBIANS, DatasetStatistics

FORMAT_VERSION = 1
SIGNIFICANT_DIGITS = 4

# The complex plane: square cells, so many from one side to the other, the middle one around 0.
PLANE_CELLS = 61
# It ends at this quantile of |lambda| of the first points, and shows the unit circle at least.
PLANE_QUANTILE = 0.99
SMALLEST_PLANE = 1.2
LOG_MODULUS_EDGES = np.linspace(-8, 4, 61)
ANGLE_EDGES = np.linspace(0, np.pi, 37)
SCATTER_POINTS = 300
SCATTER_COLUMNS = ("eigenvalues_input", "eigenvalues_latent", "sign_input", "reconstruction_error")

_MODEL = (*ModelKey.COLUMNS, "weights_sha256")
# May differ between shards: a data set that was added later has those of its day.
_VERSIONS = (
    "precision",
    "code_digest",
    "torch_version",
    "numpy_version",
    "h5py_version",
)


def model_view(runs: Iterable[SpectraRun], datasets: Mapping[str, Mapping]) -> dict:
    """Return the view of one model, ready for JSON.

    `runs` are its spectra at all data sets, `datasets` the views of those.
    """
    runs = list(runs)
    return {
        "format_version": FORMAT_VERSION,
        **{name: runs[0].attributes[name] for name in _MODEL},
        "versions": {
            name: list(dict.fromkeys(value for run in runs for value in run.values(name)))
            for name in _VERSIONS
        },
        "datasets": dict(datasets),
    }


@dataclass(frozen=True)
class ShownCounts:
    """The eigenvalues of the points so far, counted by where they lie; see `dataset_view`.

    `half_width` is that of the plane, `counts` has by Jacobian what is counted, and the sums of
    |lambda| by index.
    """

    half_width: float
    counts: Mapping[str, Mapping[str, np.ndarray]]

    @classmethod
    def of(cls, eigenvalues: Mapping[str, np.ndarray], half_width: float) -> "ShownCounts":
        """Count the eigenvalues (n, d) of some points, by Jacobian."""
        return cls(
            half_width,
            {
                jacobian: {
                    **_plane(values, half_width),
                    **_distributions(values),
                    "modulus_by_index": np.abs(values).sum(axis=0),
                }
                for jacobian, values in eigenvalues.items()
            },
        )

    @classmethod
    def beginning_with(cls, block: Mapping[str, np.ndarray]) -> "ShownCounts":
        """Count the first points, which decide how wide the plane is."""
        eigenvalues = _eigenvalues(block)
        return cls.of(eigenvalues, _half_width(eigenvalues))

    def updated(self, block: Mapping[str, np.ndarray]) -> "ShownCounts":
        """Return the counts with a block of points added."""
        more = ShownCounts.of(_eigenvalues(block), self.half_width).counts
        counts = {
            jacobian: {name: value + more[jacobian][name] for name, value in own.items()}
            for jacobian, own in self.counts.items()
        }
        return ShownCounts(self.half_width, counts)


def dataset_view(
    counts: ShownCounts, statistics: DatasetStatistics, first: Mapping[str, np.ndarray]
) -> dict:
    """Return the counts and numbers of the points of one data set, ready for JSON.

    `statistics` are those of the same points as `counts`, `first` are the columns of the first of
    them, `SCATTER_POINTS` at least if there are so many.
    """
    few = {name: values[:SCATTER_POINTS] for name, values in first.items()}
    eigenvalues = _eigenvalues(few)
    difference = eigenvalues["input"] - eigenvalues["latent"]
    points = statistics.input.orientation.points
    return {
        "points": points,
        "half_width": counts.half_width,
        "jacobians": {
            jacobian: {
                **{
                    name: value.tolist()
                    for name, value in counts.counts[jacobian].items()
                    if name != "modulus_by_index"
                },
                "share_reversed": rounded(own.orientation.share_reversed),
                "share_undetermined": rounded(own.orientation.share_undetermined),
                "mean_abs": rounded(own.modulus.mean),
                "mean_abs_by_index": rounded(counts.counts[jacobian]["modulus_by_index"] / points),
            }
            for jacobian, own in (("input", statistics.input), ("latent", statistics.latent))
        },
        "mean_error": rounded(statistics.both.reconstruction_error.mean),
        "share_same_pattern": rounded(statistics.both.same_pattern.mean),
        "difference": rounded(np.linalg.norm(difference, axis=1)),
        "error": rounded(few["reconstruction_error"]),
        "sign": few["sign_input"].tolist(),
    }


def reconstruction_strip(autoencoder: Network | Evaluable, points: PointsRun) -> str:
    """Return the reconstructions of the first points side by side, a PNG in base64."""
    sample = first_points(points, SHOWN_POINTS)
    return strip_png(replace(sample, points=reconstructions(autoencoder, sample.points)))


def write_model_view(path: Path | str, view: Mapping) -> None:
    """Write a view as JSON; the same view gives the same bytes."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(view, separators=(",", ":")), encoding="utf-8")


def read_model_view(path: Path | str) -> dict:
    """Read a view; raises JacspecError if the file is not one of this version."""
    try:
        view = json.loads(Path(path).read_text(encoding="utf-8"))
        if view["format_version"] == FORMAT_VERSION:
            return view
    except (ValueError, KeyError, TypeError):
        pass
    raise JacspecError(f"{path} is no view of a model in this format: delete it and run again")


def key_of_view(view: Mapping) -> ModelKey:
    """Return the key of the model that a view is of."""
    return ModelKey(*(view[name] for name in ModelKey.COLUMNS))


def points_of_views(shards: Sequence[Path], dataset: str, views: Iterable[Mapping]) -> PointsRun:
    """Return the first points of a data set, from `shards`, to be shown beside `views` of models.

    Raises UnrelatedFilesError if the views are of other points.
    """
    sha256 = sha256_of_file(shards[0])
    for view in views:
        if view["datasets"][dataset]["points_sha256"] not in (None, sha256):
            raise UnrelatedFilesError(
                f"{shards[0]} has other points than those that were reduced for {key_of_view(view)}"
                "; run snakemake doctor, which says how to make the model's view again"
            )
    return PointsRun(shards, dataset)


def rounded(values: np.ndarray | float) -> list | float | None:
    """Return numbers rounded to `SIGNIFICANT_DIGITS`, as JSON has them: NaN becomes None."""
    if np.ndim(values):
        return [rounded(value) for value in values]
    return float(f"{values:.{SIGNIFICANT_DIGITS - 1}e}") if math.isfinite(values) else None


def _eigenvalues(columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {
        jacobian: columns[f"eigenvalues_{jacobian}"].astype(np.complex128) for jacobian in JACOBIANS
    }


def _half_width(eigenvalues: Mapping[str, np.ndarray]) -> float:
    largest = max(np.quantile(np.abs(values), PLANE_QUANTILE) for values in eigenvalues.values())
    return math.ceil(10 * max(largest, SMALLEST_PLANE)) / 10


def _plane(eigenvalues: np.ndarray, half_width: float) -> dict[str, np.ndarray]:
    """Count nonzero eigenvalues (n, d) by real part and |imaginary part|.

    Non-real eigenvalues come in conjugate pairs: row r > 0 counts both rows r above and r below
    the real axis, row 0 the one around it.
    """
    values = eigenvalues[eigenvalues != 0]
    cell = 2 * half_width / PLANE_CELLS
    rows = np.floor(np.abs(values.imag) / cell + 0.5).astype(int)
    columns = np.floor((values.real + half_width) / cell).astype(int)
    height = PLANE_CELLS // 2 + 1
    inside = (rows < height) & (columns >= 0) & (columns < PLANE_CELLS)
    counts = np.bincount(
        rows[inside] * PLANE_CELLS + columns[inside], minlength=height * PLANE_CELLS
    )
    return {"plane": counts, "outside_plane": np.sum(~inside)}


def _distributions(eigenvalues: np.ndarray) -> dict[str, np.ndarray]:
    nonzero = eigenvalues[eigenvalues != 0]
    logarithms = np.log(np.abs(nonzero))
    return {
        "log_abs": np.histogram(logarithms, LOG_MODULUS_EDGES)[0],
        "log_abs_below": np.sum(logarithms < LOG_MODULUS_EDGES[0]),
        "log_abs_above": np.sum(logarithms > LOG_MODULUS_EDGES[-1]),
        "abs_arg": np.histogram(np.abs(np.angle(nonzero)), ANGLE_EDGES)[0],
        "zeros": np.sum(eigenvalues == 0),
    }
