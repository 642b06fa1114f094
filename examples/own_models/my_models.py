"""Two autoencoders of one's own: each function builds one, for any shape of points.

A factory must stand in one file; this one, like all that it imports of jacspec, counts as code.
"""

from math import prod

import torch
from torch import nn


class Convolutional(nn.Module):
    """Two strided convolutions, and their mirror image; images (channels, rows, columns)."""

    def __init__(self, latent_dim: int, shape: tuple[int, int, int]) -> None:
        super().__init__()
        channels, rows, columns = shape
        inner = (16, rows // 4, columns // 4)
        self.encoder = nn.Sequential(
            nn.Conv2d(channels, 8, kernel_size=4, stride=2, padding=1),
            nn.SiLU(),
            nn.Conv2d(8, 16, kernel_size=4, stride=2, padding=1),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(prod(inner), latent_dim),
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent_dim, prod(inner)),
            nn.SiLU(),
            nn.Unflatten(1, inner),
            nn.ConvTranspose2d(16, 8, kernel_size=4, stride=2, padding=1),
            nn.SiLU(),
            nn.ConvTranspose2d(8, channels, kernel_size=4, stride=2, padding=1),
            nn.Sigmoid(),
        )


class Dense(nn.Module):
    """Layers of other widths in the encoder than in the decoder, given by two methods."""

    def __init__(self, latent_dim: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = tuple(shape)
        self.inward = nn.Sequential(nn.Linear(prod(shape), 64), nn.ELU(), nn.Linear(64, latent_dim))
        self.outward = nn.Sequential(
            nn.Linear(latent_dim, 32), nn.ELU(), nn.Linear(32, prod(shape))
        )

    def encode(self, points: torch.Tensor) -> torch.Tensor:
        """Return the latent points (n, latent_dim) of `points` (n, *shape)."""
        return self.inward(points.flatten(1))

    def decode(self, latent_points: torch.Tensor) -> torch.Tensor:
        """Return the reconstructions (n, *shape) of `latent_points` (n, latent_dim)."""
        return torch.sigmoid(self.outward(latent_points)).unflatten(1, self.shape)


def convolutional(latent_dim: int, shape: tuple[int, ...]) -> nn.Module:
    """Return a convolutional autoencoder."""
    return Convolutional(latent_dim, shape)


def dense(latent_dim: int, shape: tuple[int, ...]) -> nn.Module:
    """Return one of dense layers, whose spectra are computed with proven bounds."""
    return Dense(latent_dim, shape)
