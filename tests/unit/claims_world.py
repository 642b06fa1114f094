"""A made-up world in which the paper is right, and ways to change it, for tests of claims."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from zlib import crc32

import numpy as np

from jacspec.claims.bootstrap import REPLICATES
from jacspec.claims.evidence import (
    CHARACTER_GROUPS,
    MEAN_OF_CLASS,
    Evidence,
    ModelEvidence,
    Quantity,
    brightness_of,
)
from jacspec.claims.judgements import Judgement, judgement
from jacspec.claims.registry import CLAIMS
from jacspec.key import ModelKey

LATENT_DIMS = (2, 3, 4, 8, 12, 13, 14, 16, 18, 20)
PIXEL_MEANS = {
    "mnist": 0.131,
    "truncated_normal": 0.5,
    "uniform": 0.5,
    "bernoulli_0.13": 0.13,
    "bernoulli_0.25": 0.25,
    "bernoulli_0.5": 0.5,
    "bernoulli_0.75": 0.75,
    "bernoulli_0.87": 0.87,
    "beta_0.8_5": 0.138,
    "beta_0.5_0.5": 0.5,
    "beta_5_0.8": 0.862,
}
RANDOM_SETS = [name for name in PIXEL_MEANS if name != "mnist"]


def training_set(d: int) -> dict[tuple[str, str], float]:
    """Return the training set's statistics in a world where the paper is right."""
    values = {
        ("input", "share_zero"): 0.0,
        ("input", "log_abs_q05"): -0.1 * d,
        ("input", "log_abs_std"): 0.5,
        ("input", "share_reversed"): 0.02,
        ("input", "share_undetermined"): 0.0,
        ("input", "abs_arg_mean"): 0.1,
        ("input", "abs_arg_q95"): 0.4,
        ("both", "difference_q50"): 0.01,
        ("both", "points"): 1000,
        ("both", "pixel_mean"): PIXEL_MEANS["mnist"],
        ("both", "nearest_q50"): 0.5,
        ("both", "nearest_limit"): 1.0,
        ("both", "class_spread"): 30.0,
        ("both", "class_correlation"): 0.45,
    }
    for jacobian in ("input", "latent"):
        values[jacobian, "mean_abs"] = 0.95 - 0.01 * d
        values[jacobian, "geometric_mean"] = 0.9 - 0.01 * d
    for digit in range(10):
        values["latent", f"{MEAN_OF_CLASS}{digit}"] = 0.95 - 0.01 * d + 0.002 * (digit - 4.5)
    return values


def random_set(d: int, name: str) -> dict[tuple[str, str], float]:
    """Return a random set's statistics in a world where the paper is right."""
    brightness = brightness_of(PIXEL_MEANS[name])
    number = RANDOM_SETS.index(name)
    unsteady = 1.0 - 0.4 * (d // 2 % 2) if d >= 12 else 1.0 + 0.5 * (d % 4)
    level = {"dark": 0.6, "middle": 0.4, "bright": 0.2}[brightness] + 0.001 * number
    scattered = 0.3 + 0.03 * (7 * number % 10)
    return {
        ("input", "mean_abs"): level * unsteady,
        ("input", "geometric_mean"): level * unsteady,
        ("latent", "mean_abs"): scattered * unsteady,
        ("latent", "geometric_mean"): scattered * unsteady,
        ("input", "log_abs_std"): 1.0,
        ("input", "share_reversed"): 0.2 if brightness == "dark" else 0.5,
        ("input", "share_undetermined"): 0.0,
        ("input", "abs_arg_q95"): {"dark": 1.0, "middle": 2.0, "bright": 3.0}[brightness],
        ("input", "abs_arg_distance"): 0.3,
        ("both", "difference_q50"): 0.1,
        ("both", "points"): 1000,
        ("both", "pixel_mean"): PIXEL_MEANS[name],
        ("both", "nearest_q50"): 0.5 if d <= 4 else 5.0,
        ("both", "share_like_training"): 0.8 if d <= 4 else 0.1,
    }


@dataclass(frozen=True)
class World:
    """Evidence to be made up: what differs from a world where the paper is right.

    `values` maps a statistic to a function of (d, data set, value); `noise` maps a statistic to the
    standard deviation of its resamples.
    """

    values: dict[str, Callable[[int, str, float], float]] = field(default_factory=dict)
    noise: dict[str, float] = field(default_factory=dict)
    latent_dims: tuple[int, ...] = LATENT_DIMS
    seeds: tuple[int, ...] = (0, 1)
    random_sets: tuple[str, ...] = tuple(RANDOM_SETS)
    same_character: bool = False
    training_set: str = "mnist"

    def evidence(self, collapsed: Sequence[ModelKey] = ()) -> Evidence:
        models = (self._model(d, seed) for d in self.latent_dims for seed in self.seeds)
        return Evidence.of("paper", self.training_set, models, collapsed)

    def _model(self, d: int, seed: int) -> ModelEvidence:
        statistics = {self.training_set: training_set(d)}
        statistics |= {name: random_set(d, name) for name in self.random_sets}
        statistics |= {
            group: {("both", "spread"): 10.0, ("both", "between_within"): 0.1}
            for group in CHARACTER_GROUPS
        }
        quantities = [(name, *key) for name, own in statistics.items() for key in own]
        shape = (len(quantities), REPLICATES)
        resamples = np.random.default_rng(crc32(f"{d} {seed}".encode())).normal(size=shape)
        draws = {}
        for quantity, noise in zip(quantities, resamples, strict=True):
            dataset, jacobian, statistic = quantity
            value = statistics[dataset][jacobian, statistic]
            if statistic in self.values:
                value = self.values[statistic](d, dataset, value)
            noise *= self.noise.get(statistic, 1e-5 * value)
            draws[Quantity(*quantity)] = np.concatenate([[value], value + noise])
        characters = {group: self._character(d, seed, group) for group in CHARACTER_GROUPS}
        return ModelEvidence(ModelKey("paper", d, seed), draws, characters)

    def _character(self, d: int, seed: int, group: str) -> np.ndarray:
        name = group if self.same_character else f"{d} {seed} {group}"
        image = np.random.default_rng(crc32(name.encode())).normal(size=(784, 1))
        return np.broadcast_to(image.astype(np.float32), (784, 1 + REPLICATES))


def of_random_sets(other: float) -> Callable[[int, str, float], float]:
    return lambda _d, dataset, value: value if dataset == "mnist" else other


def of_training_set(other: float) -> Callable[[int, str, float], float]:
    return lambda _d, dataset, value: other if dataset == "mnist" else value


def against_brightness(_d: int, dataset: str, value: float) -> float:
    return value if dataset == "mnist" else PIXEL_MEANS[dataset]


def with_brightness(_d: int, dataset: str, value: float) -> float:
    # Levels as of J_I, for both Jacobians.
    levels = {"dark": 0.6, "middle": 0.4, "bright": 0.2}
    return value if dataset == "mnist" else levels[brightness_of(PIXEL_MEANS[dataset])]


def judgement_of(number: int, world: World) -> Judgement:
    return judgement(CLAIMS[number], world.evidence(), epochs=300)
