"""One list of architectures that tests run over: what people have, each as small as it can be.

Rebuilt from features of public models, with random weights. Each has at most 16 latent values.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, weight_norm

from dense_architectures import (
    IMAGE,
    PIXELS,
    DenseMoments,
    DictParts,
    EncoderIsMethod,
    Methods,
    Pair,
    Tied,
    batch_norm_behind_activation,
    dense,
    nested,
    with_weight_norm,
)
from general_architectures import (
    Normalized,
    Sine,
    Variational,
    convolutional,
    counts,
    latent_diffusion,
    latent_maps,
    patches,
    pooled,
    residual,
    separable,
    time_series,
)

# What tests of every device run over; where there is no GPU, pytest lists what it skipped.
DEVICES = [
    "cpu",
    pytest.param(
        "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
    ),
]
BOTH_ENGINES = pytest.mark.parametrize("engine", ["dense", "general"])

COLOR_IMAGE = (3, 8, 8)


@dataclass(frozen=True)
class Case:
    """An architecture: `build` makes it, points have `shape`, and `engine` is the one that fits.

    `options` go to `jacobian_spectra`.
    """

    name: str
    build: Callable[[], nn.Module]
    shape: tuple[int, ...]
    engine: str
    options: dict[str, Any] = field(default_factory=dict)

    def module(self) -> nn.Module:
        """Return the module, float32 in training mode, the same at each call."""
        with torch.random.fork_rng():
            torch.manual_seed(0)
            module = self.build()
            for part in module.modules():
                if isinstance(part, nn.modules.batchnorm._BatchNorm):
                    part.running_mean.uniform_(-0.2, 0.2)
                    part.running_var.uniform_(0.5, 1.5)
                    if part.affine:
                        nn.init.uniform_(part.weight, 0.5, 1.5)
                        nn.init.uniform_(part.bias, -0.2, 0.2)
        return module

    def points(self, count: int) -> np.ndarray:
        """Return points (count, *shape) on [0, 1], float64."""
        return np.random.default_rng(len(self.name)).random((count, *self.shape))


CASES = (
    Case("paper", lambda: dense(output=nn.Tanh), (PIXELS,), "dense"),
    Case("sigmoid output", lambda: dense(output=nn.Sigmoid), (PIXELS,), "dense"),
    Case("leaky ReLU", lambda: dense(nn.LeakyReLU, nn.Sigmoid), (PIXELS,), "dense"),
    Case("softplus", lambda: dense(nn.Softplus, nn.Tanh), (PIXELS,), "dense"),
    Case(
        "batch norm",
        lambda: dense(behind=lambda width: [nn.BatchNorm1d(width)]),
        (PIXELS,),
        "dense",
    ),
    Case("batch norm behind activation", batch_norm_behind_activation, (PIXELS,), "dense"),
    Case("dropout", lambda: dense(nn.ELU, behind=lambda _: [nn.Dropout(0.5)]), (PIXELS,), "dense"),
    Case("no bias", lambda: dense(nn.SELU, bias=False), (PIXELS,), "dense"),
    Case("nested", nested, IMAGE, "dense"),
    Case("methods", Methods, IMAGE, "dense"),
    Case("encoder is a method", EncoderIsMethod, (PIXELS,), "dense"),
    Case("tied", Tied, (PIXELS,), "dense"),
    Case("weight norm", lambda: with_weight_norm(weight_norm), (PIXELS,), "dense"),
    Case(
        "weight norm as parametrization",
        lambda: with_weight_norm(parametrizations.weight_norm),
        (PIXELS,),
        "dense",
    ),
    Case("moments by name", DenseMoments, (PIXELS,), "dense"),
    Case("dictionaries", DictParts, IMAGE, "dense"),
    Case("one latent value", lambda: dense(nn.Sigmoid, latent_dim=1), (PIXELS,), "dense"),
    Case("wide latent layer", lambda: dense(nn.GELU, latent_dim=PIXELS), (PIXELS,), "dense"),
    Case("convolutional", convolutional, IMAGE, "general"),
    Case("latent maps", latent_maps, COLOR_IMAGE, "general"),
    Case("residual", residual, (PIXELS,), "general"),
    Case("max pooling", lambda: pooled(nn.MaxPool2d(2), "nearest"), IMAGE, "general"),
    Case("average pooling", lambda: pooled(nn.AvgPool2d(2), "bilinear"), IMAGE, "general"),
    Case(
        "variational, tuple",
        lambda: Variational(lambda mu, log_variance: (mu, log_variance)),
        IMAGE,
        "general",
        {"encode_output": 0},
    ),
    Case(
        "variational, list",
        lambda: Variational(lambda mu, log_variance: [log_variance, mu]),
        IMAGE,
        "general",
        {"encode_output": -1},
    ),
    Case(
        "variational, dictionary",
        lambda: Variational(lambda mu, log_variance: {"logvar": log_variance, "mu": mu}),
        IMAGE,
        "general",
    ),
    Case("latent diffusion", latent_diffusion, COLOR_IMAGE, "general", {"encode_output": "mean"}),
    Case("patches", patches, IMAGE, "general"),
    Case("time series", time_series, (2, 16), "general"),
    Case("separable", separable, COLOR_IMAGE, "general"),
    Case("counts", counts, (PIXELS,), "general"),
    Case("sine", lambda: dense(Sine), (PIXELS,), "general"),
)
# Latent points on a sphere: both Jacobians are singular, which no bound of the rank says.
SINGULAR = Case(
    "sphere",
    lambda: Pair(
        nn.Sequential(nn.Linear(PIXELS, 8), nn.ELU(), nn.Linear(8, 4), Normalized()),
        nn.Sequential(nn.Linear(4, 8), nn.ELU(), nn.Linear(8, PIXELS)),
    ),
    (PIXELS,),
    "general",
)
