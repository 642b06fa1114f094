"""Rounding bounds and signs with the hidden layers of the paper, against exact arithmetic."""

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from jacspec.models.autoencoder import initialized_autoencoder
from jacspec.models.network import network_of
from jacspec.spectra.engine import jacobian_spectra
from jacspec.spectra.jacobians import JacobianChain, forward_pass
from jacspec.spectra.rounding import RoundingBound

# Numbers are integers in units of 2^-SCALE: those of float64 are exact from 2^-107 on, and products
# of matrices are off by one unit an element, which the layers behind cannot raise above 2^-120.
SCALE = 160


def fixed(values):
    """Return float64 numbers as an object array of integers."""
    numbers = np.asarray(values, dtype=np.float64)
    return np.vectorize(lambda number: int(math.ldexp(number, SCALE)), otypes=[object])(numbers)


def product(left, right):
    return left @ right >> SCALE


def fixed_tanh(values):
    exponentials = [(-2 * Decimal(int(value)) / 2**SCALE).exp() for value in values]
    return np.array([int((1 - e) / (1 + e) * 2**SCALE) for e in exponentials], dtype=object)


def forward(layers, values):
    """Return the weights, the masks of ReLU at `values`, and the arguments of the last layer."""
    weights, masks = [fixed(layer.weight) for layer in layers], []
    for weight, layer in zip(weights[:-1], layers[:-1], strict=True):
        values = product(weight, values) + fixed(layer.bias)
        masks.append(values >= 0)
        values = values * masks[-1]
    return weights, masks, product(weights[-1], values) + fixed(layers[-1].bias)


def derivative(weights, masks):
    """Return the product of weights and masks, from the short side of its last factor."""
    result = weights[-1]
    for weight, mask in zip(weights[-2::-1], masks[::-1], strict=True):
        result = product(result * mask, weight)
    return result


def exact_jacobians(network, point):
    encoder, encoder_masks, latent_point = forward(network.encoder, fixed(point))
    decoder, decoder_masks, arguments = forward(network.decoder, latent_point)
    reconstruction = fixed_tanh(arguments)
    _, reencoder_masks, _ = forward(network.encoder, reconstruction)
    slopes = 2**SCALE - product(np.diag(reconstruction), reconstruction)
    of_decoder = decoder[0] * decoder_masks[0][:, None]
    for weight, mask in zip(decoder[1:-1], decoder_masks[1:], strict=True):
        of_decoder = product(weight, of_decoder) * mask[:, None]
    of_decoder = slopes[:, None] * product(decoder[-1], of_decoder) >> SCALE
    jacobians = [
        product(derivative(encoder, masks), of_decoder)
        for masks in (encoder_masks, reencoder_masks)
    ]
    return jacobians, (encoder_masks, decoder_masks, reencoder_masks)


def exact_sign(matrix):
    """Return the sign of the determinant of integers, by Bareiss' elimination without division."""
    matrix, sign, last = matrix.copy(), 1, 1
    for column in range(len(matrix) - 1):
        pivot = column + int(np.argmax(matrix[column:, column] != 0))
        if pivot != column:
            matrix[[column, pivot]] = matrix[[pivot, column]]
            sign = -sign
        diagonal = matrix[column, column]
        outer = np.multiply.outer(matrix[column + 1 :, column], matrix[column, column + 1 :])
        rest = matrix[column + 1 :, column + 1 :]
        matrix[column + 1 :, column + 1 :] = (rest * diagonal - outer) // last
        last = diagonal
    return sign * int(np.sign(matrix[-1, -1]))


def test_the_elimination_is_right():
    generator = np.random.default_rng(0)
    for size in (1, 2, 5, 9):
        for _ in range(10):
            # Small integers, with zeros to pivot around; float64 decides their sign safely.
            matrix = generator.integers(-2, 3, (size, size))
            expected = round(np.linalg.det(matrix))
            if expected:
                assert exact_sign(matrix.astype(object)) == np.sign(expected)


@pytest.mark.parametrize(("latent_dim", "pixels"), [(2, 100), (8, 100), (20, 200)])
def test_bounds_hold_and_signs_are_exact_behind_many_layers(latent_dim, pixels):
    """Weights of gain 2 make tanh curved and Jacobians of order 1, as training does.

    The biases keep enough units of the narrowest layers active for Jacobians of full rank: of one
    that is exactly singular, this arithmetic, which truncates, could not tell the sign either.
    """
    autoencoder = initialized_autoencoder(latent_dim, seed=latent_dim, input_dim=pixels)
    with torch.no_grad():
        for layer in autoencoder.linear_layers():
            layer.weight *= 2
        autoencoder.encoder[4].bias += 1
        autoencoder.decoder[0].bias += 1
    inputs = np.random.default_rng(0).random((1, pixels))
    network = network_of(autoencoder, np.float64)
    jacobians = JacobianChain(network, 1)(inputs)
    bound = RoundingBound(network)
    spectra = jacobian_spectra(autoencoder, inputs)
    with localcontext() as context:
        context.prec = 80
        exact, masks = exact_jacobians(network, inputs[0])
    decoding = forward_pass(network.decoder, jacobians.latent_points)
    computed = (jacobians.encoder_slopes, decoding.slopes, jacobians.reencoder_slopes)
    for expected, slopes in zip(masks, computed, strict=True):
        for mask, slope in zip(expected, slopes[:-1], strict=True):
            assert np.array_equal(mask, slope[0].astype(bool))
    for name, matrix in zip(("input", "latent"), exact, strict=True):
        error = (fixed(getattr(jacobians, name)[0]) - matrix).astype(np.float64) / 2**SCALE
        fine = bound.fine(jacobians, name, np.array([0])).item()
        assert 0 < np.linalg.norm(error, 2) <= fine <= bound.coarse(jacobians).item()
        # Which also says that the bound is small enough to leave nothing undetermined here.
        assert getattr(spectra, f"sign_{name}")[0] == exact_sign(matrix) != 0


def test_the_bound_does_not_depend_on_the_threads_of_the_caller(monkeypatch):
    """Norms of weights do, in their last bits: the engine must take them on one thread."""
    autoencoder = initialized_autoencoder(7)
    inputs = np.random.default_rng(0).random((5, 784), dtype=np.float32)
    bounds = []
    coarse = RoundingBound.coarse

    def recorded(self, jacobians):
        bounds.append(coarse(self, jacobians))
        return bounds[-1]

    monkeypatch.setattr(RoundingBound, "coarse", recorded)
    for threads in (1, 2, 3):
        with threadpool_limits(threads, user_api="blas"):
            jacobian_spectra(autoencoder, inputs)
            used = {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}
            assert used == {threads}
    assert all(np.array_equal(bound, bounds[0]) for bound in bounds)
