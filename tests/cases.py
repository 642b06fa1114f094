"""One list of architectures that tests run over: what people have, each as small as it can be.

Rebuilt from features of public models, with random weights. Each has at most 16 latent values.
"""

from collections import OrderedDict, namedtuple
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Normal
from torch.nn import functional
from torch.nn.utils import parametrizations, weight_norm

# What tests of every device run over; where there is no GPU, pytest lists what it skipped.
DEVICES = [
    "cpu",
    pytest.param(
        "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
    ),
]
BOTH_ENGINES = pytest.mark.parametrize("engine", ["dense", "general"])

PIXELS = 12
IMAGE = (1, 8, 8)
COLOR_IMAGE = (3, 8, 8)

Moments = namedtuple("Moments", ["log_variance", "mu"])


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


class Pair(nn.Module):
    """Two parts, and forward one behind the other."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def forward(self, points: Tensor) -> Tensor:
        return self.decoder(self.encoder(points))


def dense(
    activation: Callable[[], nn.Module] = nn.ReLU,
    output: Callable[[], nn.Module] = nn.Identity,
    *,
    behind: Callable[[int], list[nn.Module]] = lambda _: [],
    bias: bool = True,
    latent_dim: int = 3,
) -> Pair:
    """Return 12-10-8-d-8-10-12 with modules `behind` each hidden Linear before its activation."""

    def hidden(inputs: int, outputs: int) -> list[nn.Module]:
        return [nn.Linear(inputs, outputs, bias=bias), *behind(outputs), activation()]

    encoder = [*hidden(PIXELS, 10), *hidden(10, 8), nn.Linear(8, latent_dim, bias=bias)]
    decoder = [*hidden(latent_dim, 8), *hidden(8, 10), nn.Linear(10, PIXELS, bias=bias), output()]
    return Pair(nn.Sequential(*encoder), nn.Sequential(*decoder))


def batch_norm_behind_activation() -> Pair:
    return Pair(
        nn.Sequential(nn.BatchNorm1d(PIXELS), nn.Linear(PIXELS, 9), nn.ELU(), nn.BatchNorm1d(9),
                      nn.Linear(9, 4), nn.BatchNorm1d(4, affine=False)),
        nn.Sequential(nn.Linear(4, 9, bias=False), nn.BatchNorm1d(9), nn.ELU(),
                      nn.Linear(9, PIXELS), nn.Sigmoid()),
    )  # fmt: skip


def nested() -> Pair:
    def block(inputs: int, outputs: int) -> nn.Sequential:
        return nn.Sequential(OrderedDict(map=nn.Linear(inputs, outputs), act=nn.SiLU()))

    return Pair(
        nn.Sequential(nn.Flatten(), nn.Sequential(block(64, 16), block(16, 8)), nn.Linear(8, 4)),
        nn.Sequential(
            nn.Sequential(block(4, 8), nn.Sequential(block(8, 16), nn.Linear(16, 64))),
            nn.Unflatten(1, IMAGE),
        ),
    )


class Methods(nn.Module):
    """encode and decode are methods, with functions in place of modules."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(64, 12), nn.Linear(12, 4)
        self.third, self.fourth = nn.Linear(4, 12), nn.Linear(12, 64)

    def encode(self, x: Tensor) -> Tensor:
        return self.second(functional.leaky_relu(self.first(2 * x.view(x.size(0), -1) - 1), 0.2))

    def decode(self, z: Tensor) -> Tensor:
        hidden = functional.gelu(self.third(z))
        return torch.sigmoid(self.fourth(hidden)).view(-1, *IMAGE)

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))


class EncoderIsMethod(nn.Module):
    """The encoder is a method that is called encoder, beside a part that is called decoder."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(PIXELS, 4)
        self.decoder = nn.Sequential(nn.Linear(4, PIXELS), nn.Tanh())

    def encoder(self, x: Tensor) -> Tensor:
        return self.layer(x).tanh()


class Tied(nn.Module):
    """The decoder's weights are the encoder's, transposed, behind SELU, as in recommenders."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(PIXELS, 8), nn.Linear(8, 4)
        self.dropout = nn.Dropout(0.8)
        self.biases = nn.ParameterList([0.1 * torch.randn(8), 0.1 * torch.randn(PIXELS)])

    def encode(self, x: Tensor) -> Tensor:
        return self.dropout(functional.selu(self.second(functional.selu(self.first(x)))))

    def decode(self, z: Tensor) -> Tensor:
        hidden = functional.selu(functional.linear(z, self.second.weight.t(), self.biases[0]))
        return hidden @ self.first.weight + self.biases[1]


class Variational(nn.Module):
    """A convolutional one with two heads, sampling in forward; what encode returns is `form`ed."""

    def __init__(self, form: Callable[[Tensor, Tensor], Any]) -> None:
        super().__init__()
        self.form = form
        self.features = nn.Sequential(
            nn.Conv2d(1, 4, 3, 2, 1), nn.BatchNorm2d(4), nn.LeakyReLU(), nn.Flatten()
        )
        self.fc_mu, self.fc_var = nn.Linear(64, 5), nn.Linear(64, 5)
        self.widen = nn.Linear(5, 64)
        self.layers = nn.Sequential(
            nn.ConvTranspose2d(4, 4, 3, 2, 1, 1),
            nn.LeakyReLU(),
            nn.Conv2d(4, 1, 3, 1, 1),
            nn.Tanh(),
        )

    def encode(self, x: Tensor) -> Any:
        features = self.features(x)
        return self.form(self.fc_mu(features), self.fc_var(features))

    def decode(self, z: Tensor) -> Tensor:
        return self.layers(self.widen(z).view(-1, 4, 4, 4))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.features(x)
        mu, log_variance = self.fc_mu(features), self.fc_var(features)
        sample = mu + torch.randn_like(mu) * (log_variance / 2).exp()
        return self.decode(sample), mu


class DenseMoments(nn.Module):
    """A dense one with two heads, of which the trace keeps the one that is meant."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.heads = nn.Linear(PIXELS, 8), nn.ModuleList([nn.Linear(8, 3)] * 2)
        self.decode = nn.Sequential(nn.Linear(3, 8), nn.Softplus(), nn.Linear(8, PIXELS))

    def encode(self, x: Tensor) -> Moments:
        hidden = torch.tanh(self.body(x))
        return Moments(self.heads[1](hidden), self.heads[0](hidden))


class Outputs(OrderedDict):
    """Tensors by name, as libraries of generative models return them."""


class DictEncoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU())
        self.embedding, self.log_var = nn.Linear(16, 4), nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Outputs:
        hidden = self.body(x)
        return Outputs(embedding=self.embedding(hidden), log_covariance=self.log_var(hidden))


class DictDecoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 64), nn.Sigmoid())

    def forward(self, z: Tensor) -> Outputs:
        return Outputs(reconstruction=self.body(z).reshape(-1, *IMAGE))


class DictParts(Pair):
    """Both parts return dictionaries, and forward wants one."""

    def __init__(self) -> None:
        super().__init__(DictEncoder(), DictDecoder())

    def forward(self, inputs: dict[str, Tensor]) -> Outputs:
        z = self.encoder(inputs["data"])["embedding"]
        return Outputs(recon_x=self.decoder(z)["reconstruction"], z=z)


class Residual(nn.Module):
    """A block that adds its input."""

    def __init__(self, *inner: nn.Module) -> None:
        super().__init__()
        self.inner = nn.Sequential(*inner)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.inner(x)


class Attention(nn.Module):
    """One head over the places of (n, places, channels)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.maps = nn.ModuleList(nn.Linear(channels, channels) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = (layer(x) for layer in self.maps)
        weights = (query @ key.transpose(1, 2) / x.shape[2] ** 0.5).softmax(dim=2)
        return weights @ value


class Latent(nn.Module):
    """A part whose output is a distribution, as in latent diffusion."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Normal:
        mean, log_variance = self.inner(x).chunk(2, dim=1)
        return Normal(mean, (log_variance / 2).exp())


class Normalized(nn.Module):
    """Divides each row by its norm: latent points on a sphere, so that both ranks are d - 1."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.normalize(x, dim=1)


class Sine(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(3 * x)


class Log1p(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.log1p(x)


def convolutional() -> Pair:
    return Pair(
        nn.Sequential(nn.Conv2d(1, 4, 3, 2, 1), nn.ReLU(), nn.Conv2d(4, 8, 3, 2, 1), nn.ReLU(),
                      nn.Flatten(), nn.Linear(32, 6)),
        nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Unflatten(1, (8, 2, 2)),
                      nn.ConvTranspose2d(8, 4, 3, 2, 1, 1), nn.ReLU(),
                      nn.ConvTranspose2d(4, 1, 3, 2, 1, 1), nn.Sigmoid()),
    )  # fmt: skip


def latent_maps() -> Pair:
    return Pair(
        nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU(inplace=True), nn.Conv2d(4, 2, 3, 2, 1)),
        nn.Sequential(nn.ReLU(inplace=True), nn.ConvTranspose2d(2, 4, 2, 2), nn.Hardswish(),
                      nn.ConvTranspose2d(4, 3, 2, 2)),
    )  # fmt: skip


def pooled(pool: nn.Module, upsampling: str) -> Pair:
    return Pair(
        nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), pool,
                      nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), pool,
                      nn.Conv2d(4, 1, 1)),
        nn.Sequential(nn.Upsample(scale_factor=2, mode=upsampling), nn.Conv2d(1, 4, 3, padding=1),
                      nn.ReLU(), nn.Upsample(scale_factor=2, mode=upsampling),
                      nn.Conv2d(4, 1, 3, padding=1)),
    )  # fmt: skip


def residual() -> Pair:
    return Pair(
        nn.Sequential(nn.Linear(PIXELS, 8), Residual(nn.ReLU(), nn.Linear(8, 8)), nn.Linear(8, 4)),
        nn.Sequential(nn.Linear(4, 8), Residual(nn.GELU(), nn.Linear(8, 8)), nn.Linear(8, PIXELS)),
    )


def latent_diffusion() -> Pair:
    def block(channels: int) -> Residual:
        return Residual(
            nn.GroupNorm(2, channels), nn.SiLU(), nn.Conv2d(channels, channels, 3, 1, 1)
        )

    attention = nn.Sequential(nn.Flatten(2), _Swapped(Attention(4)), nn.Unflatten(2, (2, 2)))
    return Pair(
        Latent(nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), block(4), nn.Conv2d(4, 4, 3, 2, 1),
                             attention, nn.Conv2d(4, 4, 1))),
        nn.Sequential(nn.Conv2d(2, 4, 1), block(4), nn.Upsample(scale_factor=4),
                      nn.Conv2d(4, 3, 3, 1, 1)),
    )  # fmt: skip


class _Swapped(nn.Module):
    """Applies a module to (n, places, channels), given (n, channels, places)."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x.transpose(1, 2)).transpose(1, 2)


def patches() -> Pair:
    """Return a transformer of four patches with layer norm."""
    return Pair(
        nn.Sequential(nn.Conv2d(1, 6, 4, 4), nn.Flatten(2),
                      _Swapped(nn.Sequential(Residual(nn.LayerNorm(6), Attention(6)),
                                             Residual(nn.LayerNorm(6), nn.Linear(6, 6), nn.GELU()),
                                             nn.Linear(6, 2)))),
        nn.Sequential(_Swapped(nn.Sequential(nn.Linear(2, 6), Residual(nn.LayerNorm(6),
                                                                       Attention(6)))),
                      nn.Unflatten(2, (2, 2)), nn.ConvTranspose2d(6, 1, 4, 4)),
    )  # fmt: skip


def time_series() -> Pair:
    return Pair(
        nn.Sequential(nn.Conv1d(2, 4, 5, 2, 2, padding_mode="circular"), nn.Tanh(),
                      nn.AvgPool1d(2), nn.Flatten(), nn.Linear(16, 4)),
        nn.Sequential(nn.Linear(4, 16), nn.Unflatten(1, (4, 4)), nn.Upsample(scale_factor=4),
                      nn.Conv1d(4, 2, 5, 1, 2), nn.Sigmoid()),
    )  # fmt: skip


def separable() -> Pair:
    return Pair(
        nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1, groups=3), nn.Conv2d(6, 4, 1), nn.ELU(),
                      nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 8)),
        nn.Sequential(nn.Linear(8, 16), nn.Unflatten(1, (4, 2, 2)), nn.InstanceNorm2d(4),
                      nn.Conv2d(4, 48, 3, 1, 2, dilation=2), nn.PReLU(48), nn.PixelShuffle(4)),
    )  # fmt: skip


def counts() -> Pair:
    """Return one of counts: log1p of them goes in, and what is expected comes out."""
    return Pair(
        nn.Sequential(Log1p(), nn.Linear(PIXELS, 8), nn.LayerNorm(8), nn.ReLU(), nn.Linear(8, 3)),
        nn.Sequential(nn.Linear(3, 8), nn.Mish(), nn.Linear(8, PIXELS), nn.Softmax(dim=1)),
    )


def with_weight_norm(norm: Callable[[nn.Module], nn.Module]) -> Pair:
    module = dense(nn.Tanh)
    norm(module.encoder[0])
    norm(module.decoder[2])
    return module


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
