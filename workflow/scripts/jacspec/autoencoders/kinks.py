"""Points exactly on a kink, where an activation has two slopes."""

from itertools import pairwise

import numpy as np

from jacspec.models.activations import Activation
from jacspec.models.network import Network


def on_kinks(network: Network, points: np.ndarray) -> np.ndarray:
    """Return (n,) whether any activation is at a kink, at x, dec(enc(x)) or between.

    `points` x is (n, *shape).
    """
    values = points.reshape(len(points), -1).astype(np.float64)
    there = np.zeros(len(points), dtype=bool)
    for layer in (*network.layers, *network.encoder):
        arguments = layer.arguments(values)
        if _has_kink_at_zero(layer.activation):
            there |= (arguments == 0).any(axis=1)
        values, _ = layer.activation.evaluate(arguments)
    return there


def _has_kink_at_zero(activation: Activation) -> bool:
    """Return whether the slopes on both sides of 0 differ, by far more than rounding."""
    _, slopes = activation.evaluate(np.array([-1e-9, 0.0]))
    return slopes is not None and any(abs(a - b) > 1e-6 for a, b in pairwise(slopes))
