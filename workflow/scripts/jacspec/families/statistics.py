"""What one model makes of a family: statistics of each member, with intervals over its points."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jacspec.claims.bootstrap import (
    BLOCK_POINTS,
    MINIMUM_POINTS,
    Draws,
    interval,
    ratio,
    resampled_sums,
    resampling_weights,
)
from jacspec.claims.spectral_evidence import dataset_spectra, spectral_draws
from jacspec.data.blocks import TEST
from jacspec.data.storage import PointsFile
from jacspec.families.points import members_in_file
from jacspec.spectra.engine import SpectraEngine
from jacspec.spectra.protocols import JacobianSource
from jacspec.spectra.shards import SpectraFile

SPECTRAL_STATISTICS = (
    "share_reversed",
    "share_undetermined",
    "mean_abs",
    "abs_arg_mean",
    "log_abs_std",
)
ERROR, AUROC = "reconstruction_error_mean", "reconstruction_error_auroc"
# Resamples of so many test points take 32 MB, and blur an AUROC less than hundreds of points do.
INSIDE_POINTS = 10_000


@dataclass(frozen=True)
class MemberRow:
    """A statistic of the member at `position`, with the 95 % interval over points."""

    position: tuple[float, ...]
    jacobian: str
    statistic: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class InsideErrors:
    """Reconstruction errors of test points (m,), increasing, and how many lie below, resampled.

    `below` (m + 1, 1 + R) has the resampled number of points before each.
    """

    errors: np.ndarray
    below: np.ndarray

    @classmethod
    def of(cls, dataset: str, errors: np.ndarray, positions: np.ndarray) -> "InsideErrors":
        """Take both from errors (m,) of points at increasing `positions` (m,) of a data set."""
        order = np.argsort(errors, kind="stable")
        weights = _weights(dataset, positions).T[order]
        below = np.zeros((len(errors) + 1, weights.shape[1]))
        np.cumsum(weights, axis=0, out=below[1:])
        if len(errors) < MINIMUM_POINTS:
            below[:, 1:] = np.nan
        return cls(errors[order], below)

    def auroc(self, family: str, errors: np.ndarray) -> Draws:
        """Return how often the error of a point of a member, (n,) in all, exceeds one inside.

        Ties count half; resamples are of both sets of points.
        """
        below, up_to = (
            self.below[np.searchsorted(self.errors, errors, s)] for s in ("left", "right")
        )
        weights = _weights(family, np.arange(len(errors))).T.astype(np.float64)
        share = (below + up_to) / 2 / self.below[-1]
        auroc = ratio((weights * share).sum(axis=0), weights.sum(axis=0))
        if len(errors) < MINIMUM_POINTS:
            auroc[1:] = np.nan
        return auroc


def inside_errors(
    training_set: str, spectra: Sequence[Path], points: Sequence[Path]
) -> InsideErrors:
    """Return the errors of the first test points of a training set, from its shards in order."""
    errors, positions = [], []
    for spectra_path, points_path in zip(spectra, points, strict=True):
        with SpectraFile(spectra_path) as shard, PointsFile(points_path) as file:
            test = np.flatnonzero(file.read_split(0, file.count) == TEST)
            errors.append(shard.read(["reconstruction_error"])["reconstruction_error"][test])
            positions.append(file.first + test)
    first = slice(INSIDE_POINTS)
    return InsideErrors.of(
        training_set, np.concatenate(errors)[first], np.concatenate(positions)[first]
    )


def family_statistics(
    source: JacobianSource,
    points: PointsFile,
    inside: InsideErrors,
    *,
    eigensolver: str = "lapack",
    threads: int = 1,
) -> list[MemberRow]:
    """Return the statistics of all members, whose `points` `write_family_points` wrote.

    Raises ValueError for points of another shape than those of the model.
    """
    rows = []
    with SpectraEngine(source, eigensolver=eigensolver, threads=threads) as engine:
        for position, member in members_in_file(points):
            spectra = engine.submit(member.reshape(len(member), *source.point_shape)).result()
            columns = spectra.columns()
            gathered = dataset_spectra(points.dataset, source.latent_dim, [columns])
            draws = {
                (quantity.jacobian, quantity.statistic): values
                for quantity, values in spectral_draws(gathered).items()
                if quantity.statistic in SPECTRAL_STATISTICS
            }
            errors = columns["reconstruction_error"]
            total = resampled_sums(points.dataset, np.stack([errors, np.ones_like(errors)], axis=1))
            draws["both", ERROR] = ratio(*total)
            draws["both", AUROC] = inside.auroc(points.dataset, errors)
            rows += [
                MemberRow(position, *name, float(values[0]), *interval(values))
                for name, values in draws.items()
            ]
    return rows


def _weights(dataset: str, positions: np.ndarray) -> np.ndarray:
    """Return the resampling weights of points at increasing positions (n,), (1 + R, n) uint8."""
    blocks = positions // BLOCK_POINTS
    return np.concatenate(
        [
            resampling_weights(dataset, block)[:, positions[blocks == block] - block * BLOCK_POINTS]
            for block in np.unique(blocks).tolist()
        ],
        axis=1,
    )
