"""The statistics of one data set under one model, gathered block by block."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from jacspec.statistics.accumulators import Histogram, LogHistogram, Moments, quantile
from jacspec.statistics.eigenvalue_difference import matched_difference, ordered_difference
from jacspec.statistics.orientation import Orientation

# The first is exact in floating point, so that its multiples are; pi is a multiple of the second.
LOG_WIDTH = 2.0**-10
ARGUMENT_WIDTH = math.pi * 2.0**-12

NO_ORIENTATION = Orientation()
NO_MOMENTS = Moments()
NO_LOGARITHMS = Histogram(LOG_WIDTH)
NO_ARGUMENTS = Histogram(ARGUMENT_WIDTH)
NO_POSITIVES = LogHistogram(NO_LOGARITHMS)

JACOBIANS = ("input", "latent")
MATRIX_QUANTITIES = ("eigenvalues", "logabsdet", "sign", "trace")
POINT_QUANTITIES = ("reconstruction_error", "same_pattern")
COLUMNS = (
    *(f"{name}_{jacobian}" for jacobian in JACOBIANS for name in MATRIX_QUANTITIES),
    *POINT_QUANTITIES,
)


@dataclass(frozen=True)
class StatisticRow:
    """One number: a statistic of one Jacobian (`input`, `latent` or `both`) on one data set."""

    dataset: str
    jacobian: str
    statistic: str
    value: float


@dataclass(frozen=True)
class MatrixStatistics:
    """What has been seen of one Jacobian; eigenvalues are pooled over points and indices."""

    orientation: Orientation = NO_ORIENTATION
    positive_eigenvalues: int = 0
    negative_eigenvalues: int = 0
    modulus: Moments = NO_MOMENTS
    largest_modulus: Moments = NO_MOMENTS
    geometric_mean: Moments = NO_MOMENTS
    trace: Moments = NO_MOMENTS
    log_modulus: Moments = NO_MOMENTS
    log_modulus_histogram: Histogram = NO_LOGARITHMS
    argument: Moments = NO_MOMENTS
    argument_histogram: Histogram = NO_ARGUMENTS

    def updated(
        self,
        eigenvalues: np.ndarray,
        logabsdet: np.ndarray,
        sign: np.ndarray,
        trace: np.ndarray,
    ) -> "MatrixStatistics":
        """Return the statistics with n points added.

        `eigenvalues` (n, d) complex, `logabsdet` (n,) natural logarithm, -inf where singular,
        `sign` (n,) +1, -1 or 0 for undetermined, `trace` (n,).
        """
        latent_dim = eigenvalues.shape[1]
        nonzero = eigenvalues[eigenvalues != 0].astype(np.complex128)
        real = nonzero.real[nonzero.imag == 0]
        positive = int(np.count_nonzero(real > 0))
        modulus = np.abs(eigenvalues.astype(np.complex128))
        log_modulus = np.log(np.abs(nonzero))
        argument = np.abs(np.angle(nonzero))
        return MatrixStatistics(
            orientation=self.orientation.updated(sign),
            positive_eigenvalues=self.positive_eigenvalues + positive,
            negative_eigenvalues=self.negative_eigenvalues + len(real) - positive,
            modulus=self.modulus.updated(modulus),
            largest_modulus=self.largest_modulus.updated(modulus.max(axis=1)),
            geometric_mean=self.geometric_mean.updated(np.exp(logabsdet / latent_dim)),
            trace=self.trace.updated(trace / latent_dim),
            log_modulus=self.log_modulus.updated(log_modulus),
            log_modulus_histogram=self.log_modulus_histogram.updated(log_modulus),
            argument=self.argument.updated(argument),
            argument_histogram=self.argument_histogram.updated(argument),
        )

    def named_values(self) -> Iterator[tuple[str, float]]:
        """Yield every statistic by name; NaN where it is of no points or of no eigenvalues."""
        nonzero = self.log_modulus.count
        not_real = nonzero - self.positive_eigenvalues - self.negative_eigenvalues
        yield "points", self.orientation.points
        yield "mean_abs", self.modulus.mean
        yield "geometric_mean", self.geometric_mean.mean
        yield "geometric_mean_nonzero", math.exp(self.log_modulus.mean)
        yield "share_zero", _share(self.modulus.count - nonzero, self.modulus.count)
        yield "share_positive", _share(self.positive_eigenvalues, nonzero)
        yield "share_negative", _share(self.negative_eigenvalues, nonzero)
        yield "share_complex", _share(not_real, nonzero)
        yield "log_abs_mean", self.log_modulus.mean
        yield "log_abs_std", self.log_modulus.standard_deviation
        percents = (1, 5, 25, 50, 75, 95, 99)
        yield from _quantiles("log_abs", self.log_modulus_histogram, percents)
        yield "abs_arg_mean", self.argument.mean
        yield from _quantiles("abs_arg", self.argument_histogram, percents[1:])
        yield "share_reversed", self.orientation.share_reversed
        yield "share_undetermined", self.orientation.share_undetermined
        yield "max_abs_mean", self.largest_modulus.mean
        yield "trace_mean", self.trace.mean


@dataclass(frozen=True)
class PointStatistics:
    """What has been seen of the pairs of spectra and of the points themselves."""

    difference: Moments = NO_MOMENTS
    difference_histogram: LogHistogram = NO_POSITIVES
    matched_difference: Moments = NO_MOMENTS
    reconstruction_error: Moments = NO_MOMENTS
    reconstruction_error_histogram: LogHistogram = NO_POSITIVES
    same_pattern: Moments = NO_MOMENTS

    def updated(
        self,
        eigenvalues_input: np.ndarray,
        eigenvalues_latent: np.ndarray,
        reconstruction_error: np.ndarray,
        same_pattern: np.ndarray,
    ) -> "PointStatistics":
        """Return the statistics with n points added.

        Eigenvalues are (n, d) complex, `reconstruction_error` (n,) squared distances,
        `same_pattern` (n,) bool.
        """
        difference = ordered_difference(eigenvalues_input, eigenvalues_latent)
        matched = matched_difference(eigenvalues_input, eigenvalues_latent)
        return PointStatistics(
            difference=self.difference.updated(difference),
            difference_histogram=self.difference_histogram.updated(difference),
            matched_difference=self.matched_difference.updated(matched),
            reconstruction_error=self.reconstruction_error.updated(reconstruction_error),
            reconstruction_error_histogram=self.reconstruction_error_histogram.updated(
                reconstruction_error
            ),
            same_pattern=self.same_pattern.updated(same_pattern.astype(np.float64)),
        )

    def named_values(self) -> Iterator[tuple[str, float]]:
        """Yield every statistic by name."""
        yield "difference_mean", self.difference.mean
        yield from _quantiles("difference", self.difference_histogram, (5, 25, 50, 75, 95))
        yield "matched_difference_mean", self.matched_difference.mean
        yield "reconstruction_error_mean", self.reconstruction_error.mean
        yield from _quantiles("reconstruction_error", self.reconstruction_error_histogram, (50,))
        yield "share_same_pattern", self.same_pattern.mean


NO_MATRICES = MatrixStatistics()
NO_POINTS = PointStatistics()


@dataclass(frozen=True)
class DatasetStatistics:
    """All that has been seen of one data set under one model.

    Quantiles of log|lambda| are off by at most ``LOG_WIDTH / 2``, those of |arg lambda| by
    ``ARGUMENT_WIDTH / 2`` radians, those of the difference and of the reconstruction error by a
    factor ``exp(LOG_WIDTH / 2)``; all else is exact to rounding.
    """

    input: MatrixStatistics = NO_MATRICES
    latent: MatrixStatistics = NO_MATRICES
    both: PointStatistics = NO_POINTS

    def updated(self, block: Mapping[str, np.ndarray]) -> "DatasetStatistics":
        """Return the statistics with a block of points added, `COLUMNS` of a spectra shard."""
        matrices = {
            jacobian: getattr(self, jacobian).updated(
                *(block[f"{name}_{jacobian}"] for name in MATRIX_QUANTITIES)
            )
            for jacobian in JACOBIANS
        }
        both = self.both.updated(
            block["eigenvalues_input"],
            block["eigenvalues_latent"],
            *(block[name] for name in POINT_QUANTITIES),
        )
        return DatasetStatistics(**matrices, both=both)

    def rows(self, dataset: str) -> list[StatisticRow]:
        """Return one row per statistic, in the order input, latent, both."""
        return [
            StatisticRow(dataset, jacobian, statistic, float(value))
            for jacobian in (*JACOBIANS, "both")
            for statistic, value in getattr(self, jacobian).named_values()
        ]


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def _quantiles(
    name: str, histogram: Histogram | LogHistogram, percents: Iterable[int]
) -> Iterator[tuple[str, float]]:
    for percent in percents:
        yield f"{name}_q{percent:02d}", quantile(histogram, percent / 100)
