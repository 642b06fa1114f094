"""Autoencoders for tests that only the general engine takes: convolutions, attention, residuals."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributions import Normal
from torch.nn import functional

from dense_architectures import PIXELS, Pair


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
