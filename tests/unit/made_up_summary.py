"""Summaries of sweeps that have not been, for tests of what is drawn from them."""

import itertools

import numpy as np
import pandas as pd

from jacspec.data.descriptions import Description
from jacspec.figures.drawing import draw_figure
from jacspec.figures.selection import BOX_PERCENTS

DATASETS = {
    "mnist": Description("MNIST"),
    "truncated_normal": Description("Truncated normal", brightness=0.5),
    "uniform": Description("Uniform", brightness=0.5),
    "bernoulli_0.13": Description("Bernoulli(0.13)", brightness=0.13),
    "bernoulli_0.25": Description("Bernoulli(0.25)", brightness=0.25),
    "bernoulli_0.5": Description("Bernoulli(0.5)", brightness=0.5),
    "bernoulli_0.75": Description("Bernoulli(0.75)", brightness=0.75),
    "bernoulli_0.87": Description("Bernoulli(0.87)", brightness=0.87),
    "beta_0.8_5": Description("Beta(0.8, 5)", brightness=0.14),
    "beta_0.5_0.5": Description("Beta(0.5, 0.5)", brightness=0.5),
    "beta_5_0.8": Description("Beta(5, 0.8)", brightness=0.86),
}
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
            kinds = ("share_positive", "share_complex", "share_negative")
            values |= dict(zip(kinds, generator.dirichlet([1, 1, 1]), strict=True))
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


def draw(number, summary, roles=ROLES, datasets=DATASETS):
    return draw_figure(number, summary, roles=roles, datasets=datasets)
