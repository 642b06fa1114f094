"""The random weights that a training begins with."""

import math

import numpy as np

from jacspec.data.streams import random_stream
from jacspec.models.architecture import Architecture


def initial_parameters(architecture: Architecture, seed: int) -> dict[str, np.ndarray]:
    """Return float32 parameters by name that depend on the widths and the seed alone.

    They have the distribution of `torch.nn.Linear`: weights and biases are uniform on
    ±1/sqrt(fan_in), drawn in float64 from one stream, layer by layer, weight before bias.
    """
    stream = random_stream("initial weights", seed, *architecture.encoder_widths)
    parameters = {}
    shapes = architecture.parameter_shapes
    for name, shape in shapes.items():
        _, fan_in = shapes[name.replace("bias", "weight")]
        bound = 1 / math.sqrt(fan_in)
        parameters[name] = stream.uniform(-bound, bound, shape).astype(np.float32)
    return parameters
