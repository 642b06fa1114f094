"""Networks of dense layers in high precision: activations and Jacobians by mpmath.

Nothing here is shared with the library but the numbers of the network and the names of its
activations. Slopes at a kink are those to the right.
"""

import mpmath
import numpy as np
from mpmath import mpf

SELU_SCALE = mpf("1.0507009873554804934193349852946")
SELU_ALPHA = mpf("1.6732632423543772848170429916717")


def _sigmoid(a):
    return 1 / (1 + mpmath.exp(-a))


# Name -> value and slope.
FUNCTIONS = {
    "identity": lambda a: (a, mpf(1)),
    "relu": lambda a: (a, mpf(1)) if a >= 0 else (mpf(0), mpf(0)),
    # The slope is the double that is nearest to 0.01, as in the network.
    "leaky_relu(0.01)": lambda a: (a, mpf(1)) if a >= 0 else (mpf(0.01) * a, mpf(0.01)),
    "elu": lambda a: (a, mpf(1)) if a >= 0 else (mpmath.expm1(a), mpmath.exp(a)),
    "selu": lambda a: (
        (SELU_SCALE * a, SELU_SCALE)
        if a >= 0
        else (
            SELU_SCALE * SELU_ALPHA * mpmath.expm1(a),
            SELU_SCALE * SELU_ALPHA * mpmath.exp(a),
        )
    ),
    "gelu": lambda a: (a * mpmath.ncdf(a), mpmath.ncdf(a) + a * mpmath.npdf(a)),
    "silu": lambda a: (a * _sigmoid(a), _sigmoid(a) * (1 + a * (1 - _sigmoid(a)))),
    "softplus": lambda a: (a, mpf(1)) if a > 20 else (mpmath.log1p(mpmath.exp(a)), _sigmoid(a)),
    "tanh": lambda a: (mpmath.tanh(a), mpmath.sech(a) ** 2),
    "scaled_tanh": lambda a: ((mpmath.tanh(a) + 1) / 2, mpmath.sech(a) ** 2 / 2),
    "sigmoid": lambda a: (_sigmoid(a), _sigmoid(a) * (1 - _sigmoid(a))),
}


def exact(values):
    """Return an object array of mpmath's numbers, equal to the floating-point `values`."""
    return np.vectorize(lambda value: mpf(float(value)), otypes=[object])(values)


def value_and_derivative(layers, values):
    """Return what the layers make of `values` (inputs,), and the derivative (outputs, inputs)."""
    derivative = None
    for layer in layers:
        weight = exact(layer.weight)
        arguments = weight @ values
        if layer.bias is not None:
            arguments = arguments + exact(layer.bias)
        results = [FUNCTIONS[layer.activation.name](argument) for argument in arguments]
        values = np.array([value for value, _ in results], dtype=object)
        slopes = np.array([slope for _, slope in results], dtype=object)
        derivative = slopes[:, None] * (weight if derivative is None else weight @ derivative)
    return values, derivative


def jacobians(network, point):
    """Return both reduced Jacobians at `point`, object arrays (d, d), by name."""
    latent_point, of_encoder = value_and_derivative(network.encoder, exact(point))
    reconstruction, of_decoder = value_and_derivative(network.decoder, latent_point)
    _, of_reencoder = value_and_derivative(network.encoder, reconstruction)
    return {"input": of_encoder @ of_decoder, "latent": of_reencoder @ of_decoder}


def sign_of_determinant(matrix):
    return int(mpmath.sign(mpmath.det(mpmath.matrix(matrix.tolist()))))
