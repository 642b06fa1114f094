"""Summaries of sweeps that have not been, for tests of what is drawn from them."""

import itertools

import numpy as np
import pandas as pd

from jacspec.figures.selection import BOX_PERCENTS

DATASETS = [
    "mnist",
    "truncated_normal",
    "uniform",
    "bernoulli_0.13",
    "bernoulli_0.25",
    "bernoulli_0.5",
    "bernoulli_0.75",
    "bernoulli_0.87",
    "beta_0.8_5",
    "beta_0.5_0.5",
    "beta_5_0.8",
]
ROLES = {
    "training": "mnist",
    "bright": "beta_5_0.8",
    "moderate": "truncated_normal",
    "dark": "bernoulli_0.13",
}
NUMBERS = range(1, 7)
COLUMNS = ["variant", "latent_dim", "seed", "dataset", "jacobian", "statistic", "value"]


def summary_of(latent_dims, seeds=(0, 1), datasets=DATASETS):
    """Return a summary whose numbers all differ, quantiles of a quantity being in order."""
    generator = np.random.default_rng(0)
    rows = []
    for latent_dim, seed, dataset in itertools.product(latent_dims, seeds, datasets):
        for jacobian in ("input", "latent"):
            names = ("mean_abs", "geometric_mean", "log_abs_std", "share_zero")
            names += ("share_reversed", "share_undetermined")
            values = dict(zip(names, generator.uniform(0.0, 1.0, size=len(names)), strict=True))
            values |= quantiles("log_abs", np.sort(generator.normal(-1.0, 2.0, size=5)))
            values |= quantiles("abs_arg", np.sort(generator.uniform(0.0, np.pi, size=5)))
            rows += [
                ("paper", latent_dim, seed, dataset, jacobian, *item) for item in values.items()
            ]
        values = quantiles("difference", np.sort(generator.lognormal(-3.0, 2.0, size=5)))
        rows += [("paper", latent_dim, seed, dataset, "both", *item) for item in values.items()]
    return pd.DataFrame(rows, columns=COLUMNS)


def quantiles(quantity, values):
    names = [f"{quantity}_q{percent:02d}" for percent in BOX_PERCENTS]
    return dict(zip(names, values, strict=True))
