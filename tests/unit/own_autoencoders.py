"""Autoencoders that factories build, for the tests of training and of spectra."""

from math import prod

import torch
from torch import nn


class Convolutional(nn.Module):
    """Convolutions, batch norm and dropout: states beside the parameters, and chance."""

    def __init__(self, latent_dim, shape):
        super().__init__()
        channels, rows, columns = shape
        inner = (4, rows // 2, columns // 2)
        self.encoder = nn.Sequential(
            nn.Conv2d(channels, 4, 4, 2, 1),
            nn.BatchNorm2d(4),
            nn.SiLU(),
            nn.Dropout(0.2),
            nn.Flatten(),
            nn.Linear(prod(inner), latent_dim),
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent_dim, prod(inner)),
            nn.SiLU(),
            nn.Unflatten(1, inner),
            nn.ConvTranspose2d(4, channels, 4, 2, 1),
            nn.Sigmoid(),
        )


class Dense(nn.Module):
    """Two layers in each half, given by methods."""

    def __init__(self, latent_dim, shape):
        super().__init__()
        self.shape = shape
        self.first = nn.Linear(prod(shape), 8)
        self.second = nn.Linear(8, latent_dim)
        self.third = nn.Linear(latent_dim, prod(shape))

    def encode(self, points):
        return self.second(torch.relu(self.first(points.flatten(1))))

    def decode(self, latent_points):
        return torch.sigmoid(self.third(latent_points)).unflatten(1, self.shape)


def convolutional(latent_dim, shape):
    return Convolutional(latent_dim, shape)


def dense(latent_dim, shape):
    return Dense(latent_dim, shape)


class Pair(nn.Module):
    """An encoder and a decoder."""

    def __init__(self, encoder, decoder):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder


class Normalized(nn.Module):
    """Points of the unit sphere."""

    def forward(self, values):
        return nn.functional.normalize(values)


def sphere(latent_dim, shape):
    """Return one with singular Jacobians, which no bound of the rank says."""
    pixels = prod(shape)
    return Pair(
        nn.Sequential(nn.Flatten(), nn.Linear(pixels, 8), nn.ELU(), nn.Linear(8, latent_dim)),
        nn.Sequential(Normalized(), nn.Linear(latent_dim, pixels), nn.Unflatten(1, shape)),
    )


def pooled(latent_dim, shape):
    """Return one with kinks: the largest of each pair of pixels, and ReLU."""
    pixels = prod(shape)
    return Pair(
        nn.Sequential(
            nn.Conv2d(shape[0], 4, 3, padding=1, bias=False),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(pixels // shape[0], latent_dim),
        ),
        nn.Sequential(nn.Linear(latent_dim, pixels), nn.Tanh(), nn.Unflatten(1, shape)),
    )


def too_few(latent_dim, shape):
    return Dense(latent_dim - 1, shape)


def double(latent_dim, shape):
    return Dense(latent_dim, shape).double()


def nothing(*_):
    return None


def failing(*_):
    raise ValueError("not today")
