"""Statistics of the spectra of one data set under one model, with their resamples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from jacspec.claims.bootstrap import Draws, quantile_draws, ratio, resampled_sums
from jacspec.claims.evidence import MEAN_OF_CLASS, Quantity
from jacspec.statistics.eigenvalue_difference import ordered_difference
from jacspec.statistics.orientation import is_determined, is_reversed

JACOBIANS = ("input", "latent")
SHARD_COLUMNS = [
    f"{name}_{jacobian}" for jacobian in JACOBIANS for name in ("eigenvalues", "logabsdet", "sign")
]

# Sums over the eigenvalues of a point, or what is counted of it, in this order in `sums`.
_SUMS = (
    "modulus",
    "geometric_mean",
    "zeros",
    "nonzeros",
    "log_modulus",
    "squared_log_modulus",
    "argument",
    "determined",
    "reversed",
)


@dataclass(frozen=True)
class DatasetSpectra:
    """What the claims need of the spectra of n points.

    `sums` maps a Jacobian to (n, len(_SUMS)) float64, `log_modulus` and `argument` to (n, d)
    float32 with NaN in place of exact zeros; `difference` is (n,), ||lambda_I - lambda_L||^2 / d.
    """

    dataset: str
    latent_dim: int
    sums: Mapping[str, np.ndarray]
    log_modulus: Mapping[str, np.ndarray]
    argument: Mapping[str, np.ndarray]
    difference: np.ndarray

    @property
    def points(self) -> int:
        """Number of points."""
        return len(self.sums["input"])

    def mean_modulus(self, jacobian: str, count: int) -> np.ndarray:
        """Return the mean of |lambda| at each of the first `count` points, (count,)."""
        return self.sums[jacobian][:count, _SUMS.index("modulus")] / self.latent_dim


def block_spectra(dataset: str, latent_dim: int, block: Mapping[str, np.ndarray]) -> DatasetSpectra:
    """Return what the claims need of a block of points, `SHARD_COLUMNS` of a data set."""
    polar = {jacobian: _polar(block[f"eigenvalues_{jacobian}"]) for jacobian in JACOBIANS}
    return DatasetSpectra(
        dataset,
        latent_dim,
        {jacobian: _sums(block, jacobian, *parts) for jacobian, parts in polar.items()},
        {jacobian: log_modulus.astype(np.float32) for jacobian, (log_modulus, _) in polar.items()},
        {jacobian: argument.astype(np.float32) for jacobian, (_, argument) in polar.items()},
        ordered_difference(block["eigenvalues_input"], block["eigenvalues_latent"]),
    )


def joined_spectra(parts: Sequence[DatasetSpectra]) -> DatasetSpectra:
    """Join what the claims need of the successive blocks of a data set."""

    def joined(name: str) -> dict[str, np.ndarray]:
        return {
            jacobian: np.concatenate([getattr(part, name)[jacobian] for part in parts])
            for jacobian in JACOBIANS
        }

    return DatasetSpectra(
        parts[0].dataset,
        parts[0].latent_dim,
        joined("sums"),
        joined("log_modulus"),
        joined("argument"),
        np.concatenate([part.difference for part in parts]),
    )


def spectral_draws(spectra: DatasetSpectra) -> dict[Quantity, Draws]:
    """Return the statistics of the spectra of one data set, named as in the summary."""
    draws = {}
    for jacobian in JACOBIANS:
        for statistic, values in _jacobian_draws(spectra, jacobian).items():
            draws[Quantity(spectra.dataset, jacobian, statistic)] = values
    median = quantile_draws(spectra.dataset, spectra.difference[:, None], (0.5,))[0.5]
    draws[Quantity(spectra.dataset, "both", "difference_q50")] = median
    draws[Quantity(spectra.dataset, "both", "points")] = np.full_like(median, spectra.points)
    return draws


def class_draws(training: DatasetSpectra, labels: np.ndarray) -> dict[Quantity, Draws]:
    """Return the mean of |lambda| of J_L over the points of each class, `labels` (n,) integers."""
    classes = np.unique(labels)
    modulus = training.mean_modulus("latent", len(labels))
    is_class = (labels[:, None] == classes).astype(np.float64)
    sums = resampled_sums(training.dataset, np.hstack([is_class * modulus[:, None], is_class]))
    means = ratio(sums[: len(classes)], sums[len(classes) :])
    return {
        Quantity(training.dataset, "latent", f"{MEAN_OF_CLASS}{label}"): mean
        for label, mean in zip(classes.tolist(), means, strict=True)
    }


def argument_distance(spectra: DatasetSpectra, training: DatasetSpectra) -> Draws:
    """Return the Kolmogorov-Smirnov distance of |arg lambda_I| between two data sets, (1 + R,).

    Replicates are of the difference at the angle where the data differ most: they say how sure the
    distance is, not how far another angle could exceed it.
    """
    own, reference = (np.sort(s.argument["input"], axis=None) for s in (spectra, training))
    own, reference = (values[~np.isnan(values)] for values in (own, reference))
    if not (own.size and reference.size):
        return np.full_like(_share_up_to(training, 0.0), np.nan)
    angles = np.concatenate([own, reference])
    difference = (
        np.searchsorted(own, angles, side="right") / own.size
        - np.searchsorted(reference, angles, side="right") / reference.size
    )
    angle = angles[np.argmax(np.abs(difference))]
    return np.abs(_share_up_to(spectra, angle) - _share_up_to(training, angle))


def _jacobian_draws(spectra: DatasetSpectra, jacobian: str) -> dict[str, Draws]:
    sums = resampled_sums(spectra.dataset, spectra.sums[jacobian])
    total = dict(zip(_SUMS, sums, strict=True))
    eigenvalues = total["zeros"] + total["nonzeros"]
    points = eigenvalues / spectra.latent_dim
    log_mean = ratio(total["log_modulus"], total["nonzeros"])
    log_square = ratio(total["squared_log_modulus"], total["nonzeros"])
    log_quantile = quantile_draws(spectra.dataset, spectra.log_modulus[jacobian], (0.05,))
    argument_quantile = quantile_draws(spectra.dataset, spectra.argument[jacobian], (0.95,))
    return {
        "mean_abs": ratio(total["modulus"], eigenvalues),
        "geometric_mean": ratio(total["geometric_mean"], points),
        "share_zero": ratio(total["zeros"], eigenvalues),
        "log_abs_std": np.sqrt(np.maximum(log_square - log_mean**2, 0.0)),
        "log_abs_q05": log_quantile[0.05],
        "abs_arg_mean": ratio(total["argument"], total["nonzeros"]),
        "abs_arg_q95": argument_quantile[0.95],
        "share_reversed": ratio(total["reversed"], total["determined"]),
        "share_undetermined": 1.0 - ratio(total["determined"], points),
    }


def _share_up_to(spectra: DatasetSpectra, angle: float) -> Draws:
    argument = spectra.argument["input"]
    counts = np.stack(
        [
            np.count_nonzero(argument <= angle, axis=1),
            np.count_nonzero(~np.isnan(argument), axis=1),
        ],
        axis=1,
    )
    return ratio(*resampled_sums(spectra.dataset, counts.astype(np.float64)))


def _polar(eigenvalues: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values = eigenvalues.astype(np.complex128)
    zero = values == 0
    # A stand-in keeps the logarithm finite until the zeros are marked.
    log_modulus = np.log(np.abs(np.where(zero, 1.0, values)))
    return np.where(zero, np.nan, log_modulus), np.where(zero, np.nan, np.abs(np.angle(values)))


def _sums(
    block: Mapping[str, np.ndarray], jacobian: str, log_modulus: np.ndarray, argument: np.ndarray
) -> np.ndarray:
    latent_dim = log_modulus.shape[1]
    nonzeros = np.count_nonzero(~np.isnan(log_modulus), axis=1)
    sign = block[f"sign_{jacobian}"]
    columns = {
        "modulus": np.nansum(np.exp(log_modulus), axis=1),
        "geometric_mean": np.exp(block[f"logabsdet_{jacobian}"] / latent_dim),
        "zeros": latent_dim - nonzeros,
        "nonzeros": nonzeros,
        "log_modulus": np.nansum(log_modulus, axis=1),
        "squared_log_modulus": np.nansum(np.square(log_modulus), axis=1),
        "argument": np.nansum(argument, axis=1),
        "determined": is_determined(sign),
        "reversed": is_reversed(sign),
    }
    return np.stack([columns[name] for name in _SUMS], axis=1, dtype=np.float64, casting="unsafe")
