"""What one model makes of a family: statistics of each member, with intervals over its points."""

from dataclasses import dataclass

import numpy as np

from jacspec.claims.bootstrap import Draws, interval, ratio, resampled_sums
from jacspec.claims.spectral_evidence import block_spectra, spectral_draws
from jacspec.data.blocks import TEST
from jacspec.data.storage import PointsFile
from jacspec.data.streams import random_stream
from jacspec.detection.measures import estimated_measures
from jacspec.families.points import members_in_file
from jacspec.key import ModelKey
from jacspec.spectra.engine import SpectraEngine
from jacspec.spectra.protocols import JacobianSource
from jacspec.spectra.quantities import JacobianSpectra
from jacspec.spectra.runs import PointsRun, SpectraRun

SPECTRAL_STATISTICS = (
    "share_reversed",
    "share_undetermined",
    "mean_abs",
    "abs_arg_mean",
    "log_abs_std",
)
ERROR, AUROC = "reconstruction_error_mean", "reconstruction_error_auroc"


@dataclass(frozen=True)
class MemberRow:
    """A statistic of the member at `position`, with the 95 % interval over points."""

    position: tuple[float, ...]
    jacobian: str
    statistic: str
    value: float
    low: float
    high: float


def errors_inside(spectra: SpectraRun, points: PointsRun) -> np.ndarray:
    """Return the reconstruction errors of the test points of a set."""
    errors = spectra.read(["reconstruction_error"])["reconstruction_error"]
    return errors[points.read_split() == TEST]


def family_statistics(
    source: JacobianSource,
    points: PointsFile,
    inside: np.ndarray,
    *,
    key: ModelKey,
    eigensolver: str = "lapack",
    threads: int = 1,
) -> list[MemberRow]:
    """Return the statistics of all members, whose `points` `write_family_points` wrote.

    `inside` (m,) are the errors of points in distribution, from which those of a member are told
    for the AUROC. Resamples have the same weights for all models and members. Raises ValueError for
    points of another shape than those of the model.
    """
    rows = []
    with SpectraEngine(source, eigensolver=eigensolver, threads=threads) as engine:
        for position, member in members_in_file(points):
            spectra = engine.submit(member.reshape(len(member), *source.point_shape)).result()
            errors = spectra.reconstruction_error
            rows += [
                MemberRow(position, *name, float(draws[0]), *interval(draws))
                for name, draws in _draws(points.dataset, spectra).items()
            ]
            stream = random_stream("family", *key.fields().values(), points.dataset, *position)
            auroc = estimated_measures(inside, errors, stream)["auroc"]
            rows.append(MemberRow(position, "both", AUROC, auroc.value, auroc.low, auroc.high))
    return rows


def _draws(family: str, spectra: JacobianSpectra) -> dict[tuple[str, str], Draws]:
    """Return statistics of one member, resampled, by Jacobian and name."""
    columns = spectra.columns()
    gathered = block_spectra(family, spectra.latent.shape[1], columns)
    draws = {
        (quantity.jacobian, quantity.statistic): values
        for quantity, values in spectral_draws(gathered).items()
        if quantity.statistic in SPECTRAL_STATISTICS
    }
    errors = columns["reconstruction_error"]
    sums = resampled_sums(family, np.stack([errors, np.ones_like(errors)], axis=1))
    return draws | {("both", ERROR): ratio(*sums)}
