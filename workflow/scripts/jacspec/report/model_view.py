"""What the explorer shows of one model: its shards, counted into bins small enough to send around.

Counts are exact; other numbers are rounded to `SIGNIFICANT_DIGITS`; images to 256 levels. The rows
of a sample are the first ones of its data set, whose order is random.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from jacspec.atomic import replacing
from jacspec.errors import DamagedFileError, JacspecError
from jacspec.figures.samples import first_points
from jacspec.key import ModelKey
from jacspec.models.evaluable import Evaluable
from jacspec.models.loading import load_model
from jacspec.models.network import Network, reconstructions
from jacspec.provenance import sha256_of_file
from jacspec.report.images import strip_png
from jacspec.sample_sizes import SHOWN_POINTS
from jacspec.spectra.runs import PointsRun, UnrelatedFilesError
from jacspec.spectra.shards import SpectraFile

FORMAT_VERSION = 1
SIGNIFICANT_DIGITS = 4
JACOBIANS = ("input", "latent")

# The complex plane: square cells, so many from one side to the other, the middle one around 0.
PLANE_CELLS = 61
# It ends at this quantile of |lambda|, and shows the unit circle at least.
PLANE_QUANTILE = 0.99
SMALLEST_PLANE = 1.2
LOG_MODULUS_EDGES = np.linspace(-8, 4, 61)
ANGLE_EDGES = np.linspace(0, np.pi, 37)
SCATTER_POINTS = 300

_COLUMNS = (
    "eigenvalues_input",
    "eigenvalues_latent",
    "sign_input",
    "sign_latent",
    "reconstruction_error",
    "same_pattern",
)
_MODEL = (*ModelKey.COLUMNS, "weights_sha256")
# May differ between shards: a data set that was added later has those of its day.
_VERSIONS = (
    "precision",
    "code_digest",
    "torch_version",
    "numpy_version",
    "h5py_version",
)


def model_view(
    weights: Path,
    spectra: Mapping[str, Sequence[Path]],
    points: Mapping[str, PointsRun],
    *,
    factory: str | None = None,
) -> dict:
    """Return the view of one model, ready for JSON.

    `spectra` has the shards of each data set, in order, `points` the first points of each.
    `factory` builds the model, if it is no network of dense layers.
    Raises DamagedFileError if the shards are not of one model or lack points.
    """
    autoencoder = load_model(weights, factory)
    datasets: dict[str, dict] = {}
    model: dict[str, str | int] = {}
    versions: dict[str, list[str]] = {name: [] for name in _VERSIONS}
    for dataset, shards in spectra.items():
        columns, attributes = _read(shards)
        found = {name: attributes[name] for name in _MODEL}
        if model and found != model:
            raise DamagedFileError(
                f"{shards[0]} is of another model than the shards before it: delete it to have it "
                "made again"
            )
        model = found
        for name, values in versions.items():
            if attributes[name] not in values:
                values.append(attributes[name])
        datasets[dataset] = {
            "points_sha256": attributes.get("points_sha256"),
            **dataset_view(columns),
            "strip": _reconstruction_strip(autoencoder, points[dataset]),
        }
    return {"format_version": FORMAT_VERSION, **model, "versions": versions, "datasets": datasets}


def dataset_view(columns: Mapping[str, np.ndarray]) -> dict:
    """Return the counts and numbers of n points of one data set, ready for JSON.

    `columns` are `eigenvalues_*` (n, d) complex, `sign_*` (n,), `reconstruction_error` (n,) and
    `same_pattern` (n,), as in a shard.
    """
    eigenvalues = {
        jacobian: columns[f"eigenvalues_{jacobian}"].astype(np.complex128) for jacobian in JACOBIANS
    }
    moduli = {jacobian: np.abs(values) for jacobian, values in eigenvalues.items()}
    half_width = _half_width(moduli)
    few = slice(0, SCATTER_POINTS)
    difference = eigenvalues["input"][few] - eigenvalues["latent"][few]
    return {
        "points": len(columns["same_pattern"]),
        "half_width": half_width,
        "jacobians": {
            jacobian: {
                **_plane(eigenvalues[jacobian], half_width),
                **_distributions(eigenvalues[jacobian], moduli[jacobian]),
                **_shares(columns[f"sign_{jacobian}"]),
                "mean_abs": rounded(moduli[jacobian].mean()),
                "mean_abs_by_index": rounded(moduli[jacobian].mean(axis=0)),
            }
            for jacobian in JACOBIANS
        },
        "mean_error": rounded(columns["reconstruction_error"].mean()),
        "share_same_pattern": rounded(columns["same_pattern"].mean()),
        "difference": rounded(np.linalg.norm(difference, axis=1)),
        "error": rounded(columns["reconstruction_error"][few]),
        "sign": columns["sign_input"][few].tolist(),
    }


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


def _read(shards: Sequence[Path]) -> tuple[dict[str, np.ndarray], dict]:
    parts, attributes = [], {}
    for path in shards:
        with SpectraFile(path) as file:
            parts.append(file.read(_COLUMNS))
            attributes = attributes or file.attributes
    return {name: np.concatenate([part[name] for part in parts]) for name in _COLUMNS}, attributes


def _half_width(moduli: Mapping[str, np.ndarray]) -> float:
    largest = max(np.quantile(values, PLANE_QUANTILE) for values in moduli.values())
    return math.ceil(10 * max(largest, SMALLEST_PLANE)) / 10


def _plane(eigenvalues: np.ndarray, half_width: float) -> dict:
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
    return {"plane": counts.tolist(), "outside_plane": int(np.count_nonzero(~inside))}


def _distributions(eigenvalues: np.ndarray, moduli: np.ndarray) -> dict:
    nonzero = moduli > 0
    logarithms = np.log(moduli[nonzero])
    below = int(np.count_nonzero(logarithms < LOG_MODULUS_EDGES[0]))
    above = int(np.count_nonzero(logarithms > LOG_MODULUS_EDGES[-1]))
    angles = np.abs(np.angle(eigenvalues[nonzero]))
    return {
        "log_abs": np.histogram(logarithms, LOG_MODULUS_EDGES)[0].tolist(),
        "log_abs_below": below,
        "log_abs_above": above,
        "abs_arg": np.histogram(angles, ANGLE_EDGES)[0].tolist(),
        "zeros": int(np.count_nonzero(~nonzero)),
    }


def _shares(signs: np.ndarray) -> dict:
    determined = signs[signs != 0]
    reversed_ = np.mean(determined < 0) if len(determined) else np.nan
    return {
        "share_reversed": rounded(reversed_),
        "share_undetermined": rounded(np.mean(signs == 0)),
    }


def _reconstruction_strip(autoencoder: Network | Evaluable, points: PointsRun) -> str:
    sample = first_points(points, SHOWN_POINTS)
    return strip_png(replace(sample, points=reconstructions(autoencoder, sample.points)))
