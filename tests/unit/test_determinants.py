"""Signs against exact arithmetic, and rounding bounds against the errors that really occur."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
import torch

from jacspec.models.architecture import Architecture
from jacspec.models.autoencoder import Autoencoder, initialized_autoencoder
from jacspec.models.network import network_of
from jacspec.spectra.determinants import determinants
from jacspec.spectra.engine import jacobian_spectra
from jacspec.spectra.jacobians import JacobianChain, forward_pass
from jacspec.spectra.rounding import RoundingBound

UNIT_ROUNDOFF = 2.0**-53
SINGLE_ROUNDOFF = 2.0**-24
PIXELS, LATENT_DIM = 10, 3


def refuse(points):
    raise AssertionError(f"the cheap test left {len(points)} matrices open")


def full_rank(matrices):
    return np.full(len(matrices), matrices.shape[-1], dtype=np.int16)


def with_singular_values(singular_values, seed=0):
    """Return matrices (n, d, d) with the given singular values (n, d), up to rounding."""
    generator = np.random.default_rng(seed)
    shape = (*singular_values.shape, singular_values.shape[-1])
    left, right = (np.linalg.qr(generator.standard_normal(shape)).Q for _ in range(2))
    return left * singular_values[:, None, :] @ right


def random_matrices(count, latent_dim, seed=0):
    return np.random.default_rng(seed).standard_normal((count, latent_dim, latent_dim))


@pytest.mark.parametrize("latent_dim", [1, 2, 3, 8, 20])
def test_agrees_with_numpy_where_rounding_cannot_matter(latent_dim):
    matrices = random_matrices(100, latent_dim)
    bounds = np.full(100, 1e-12)
    sign, logabsdet = determinants(matrices, full_rank(matrices), bounds, lambda p: bounds[p])
    expected_sign, expected_logabsdet = np.linalg.slogdet(matrices)
    assert sign.dtype == np.int8
    assert np.array_equal(sign, expected_sign)
    # Both are exact for matrices within d (4 d + 10) u |A| of A, or g_d |L| |U|, which moves
    # log|det| by at most d times that, relative to the smallest singular value; |L| |U| is below
    # d |A| for these matrices.
    condition = np.linalg.cond(matrices)
    bound = latent_dim**2 * (5 * latent_dim + 10) * UNIT_ROUNDOFF * condition
    assert (np.abs(logabsdet - expected_logabsdet) <= bound).all()


def test_row_swaps_and_negative_pivots_both_count():
    permutations = np.eye(4)[[[0, 1, 2, 3], [1, 0, 2, 3], [1, 2, 0, 3], [1, 2, 3, 0]]]
    bounds = np.zeros(4)
    flipped = permutations * [1.0, -1.0, 1.0, 1.0]
    sign, logabsdet = determinants(permutations, full_rank(permutations), bounds, refuse)
    assert sign.tolist() == [1, -1, 1, -1]
    assert logabsdet.tolist() == [0, 0, 0, 0]
    sign, _ = determinants(flipped, full_rank(flipped), bounds, refuse)
    assert sign.tolist() == [-1, 1, -1, 1]


def test_rank_deficiency_means_no_sign_and_no_logarithm():
    matrices = random_matrices(3, 4)
    bounds = np.zeros(3)
    rank_bound = np.array([4, 3, 0], dtype=np.int16)
    sign, logabsdet = determinants(matrices, rank_bound, bounds, refuse)
    assert sign[0] != 0
    assert np.isfinite(logabsdet[0])
    assert sign[1:].tolist() == [0, 0]
    assert logabsdet[1:].tolist() == [-np.inf, -np.inf]


def test_an_exactly_singular_matrix_is_undetermined_even_without_any_error():
    matrices = np.ones((1, 3, 3))
    bounds = np.zeros(1)
    sign, _ = determinants(matrices, full_rank(matrices), bounds, lambda p: bounds[p])
    assert sign.item() == 0


@pytest.mark.parametrize("latent_dim", [2, 8, 20])
def test_determined_means_farther_from_singular_than_the_fine_bound(latent_dim):
    """The cascade gives what svdvals and the fine bound alone would, outside of their rounding."""
    smallest = np.logspace(-13, 0, 300)
    singular_values = np.ones((300, latent_dim))
    singular_values[:, -1] = smallest
    matrices = with_singular_values(singular_values)
    fine = np.full(300, 1e-9)
    coarse = np.full(300, 1e-6)
    asked = []

    def fine_bound(points):
        asked.extend(points.tolist())
        return fine[points]

    sign, logabsdet = determinants(matrices, full_rank(matrices), coarse, fine_bound)
    # Rounding of QR, of singular values and of the construction: some d^2 u each, far below 1e-9.
    clearly = np.abs(np.log(smallest / 1e-9)) > 1e-3
    assert np.array_equal((sign != 0)[clearly], (smallest > 1e-9)[clearly])
    assert set(sign) <= {-1, 0, 1}
    assert np.isfinite(logabsdet).all()
    # The cheap test resolves 1e-6 and better, so that the expensive one sees the rest only.
    assert smallest[asked].max() < 1.01e-6
    assert set(np.flatnonzero(smallest <= 1e-6).tolist()) <= set(asked)


def test_a_coarse_bound_that_is_too_large_changes_nothing():
    matrices = random_matrices(200, 8, seed=1)
    fine = np.full(200, 1e-2)
    results = [
        determinants(matrices, full_rank(matrices), fine * factor, lambda p: fine[p])
        for factor in (1, 10, 1e3, np.inf)
    ]
    for sign, logabsdet in results[1:]:
        assert np.array_equal(sign, results[0][0])
        assert np.array_equal(logabsdet, results[0][1])
    assert 0 < (results[0][0] == 0).sum() < 100


def test_a_matrix_that_elimination_cannot_be_trusted_with_is_determined():
    # Wilkinson's matrix: by elimination elements grow to 2^(d-1), and errors with them.
    latent_dim = 50
    matrix = np.eye(latent_dim) - np.tril(np.ones((latent_dim, latent_dim)), -1)
    matrix[:, -1] = 1
    bounds = np.zeros(1)
    sign, logabsdet = determinants(matrix[None], full_rank(matrix[None]), bounds, refuse)
    assert logabsdet.item() == pytest.approx(49 * np.log(2))
    assert sign.item() == 1


@pytest.mark.parametrize("latent_dim", [2, 8, 20])
def test_the_error_of_the_factors_counts(latent_dim):
    """Where the factors' own error could have turned the sign, there is none, bounds or not."""
    singular_values = np.ones((100, latent_dim))
    singular_values[:, -1] = np.logspace(-17, -14, 100)
    matrices = with_singular_values(singular_values)
    bounds = np.zeros(100)
    sign, _ = determinants(matrices, full_rank(matrices), bounds, lambda p: bounds[p])
    assert not sign[singular_values[:, -1] < latent_dim * UNIT_ROUNDOFF].any()
    # det(Q R) is exact where rounding cannot matter.
    exact = np.array([exact_sign(as_decimals(matrix)) for matrix in matrices])
    assert ((sign == 0) | (sign == exact)).all()


def as_decimals(values):
    """Return an object array of Decimals, exactly equal to the floating-point `values`."""
    return np.vectorize(Decimal, otypes=[object])(np.asarray(values, dtype=np.float64))


def exact_jacobians(network, point):
    """Return both Jacobians at `point` in the current decimal precision, and whether masks agree.

    The masks are computed from scratch, and returned as three lists.
    """

    def through(layers, values):
        masks = []
        weights = [as_decimals(layer.weight) for layer in layers]
        biases = [as_decimals(layer.bias) for layer in layers]
        for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
            values = weight @ values + bias
            masks.append(np.array([value >= 0 for value in values]))
            values = np.where(masks[-1], values, Decimal(0))
        return weights, masks, weights[-1] @ values + biases[-1]

    def derivative(weights, masks):
        product = weights[0]
        for weight, mask in zip(weights[1:], masks, strict=True):
            product = weight @ np.where(mask[:, None], product, Decimal(0))
        return product

    encoder, encoder_masks, latent_point = through(network.encoder, as_decimals(point))
    decoder, decoder_masks, arguments = through(network.decoder, latent_point)
    exponentials = [(-2 * argument).exp() for argument in arguments]
    reconstruction = np.array([(1 - e) / (1 + e) for e in exponentials])
    _, reencoder_masks, _ = through(network.encoder, reconstruction)
    of_decoder = (1 - reconstruction**2)[:, None] * derivative(decoder, decoder_masks)
    jacobians = [
        derivative(encoder, masks) @ of_decoder for masks in (encoder_masks, reencoder_masks)
    ]
    return jacobians, [encoder_masks, decoder_masks, reencoder_masks]


def exact_sign(matrix):
    """Return the sign of a determinant by elimination in the current decimal precision."""
    matrix, sign = matrix.copy(), 1
    for column in range(len(matrix)):
        pivot = column + int(np.argmax(np.abs(matrix[column:, column])))
        if pivot != column:
            matrix[[column, pivot]] = matrix[[pivot, column]]
            sign = -sign
        if matrix[column, column] < 0:
            sign = -sign
        factors = matrix[column + 1 :, column] / matrix[column, column]
        matrix[column + 1 :] -= factors[:, None] * matrix[column]
    return sign


def nearly_singular_autoencoder(distance):
    """Return a network whose last latent direction differs from the first by about `distance`."""
    autoencoder = Autoencoder(Architecture(LATENT_DIM, (8, 6), PIXELS)).double()
    random = initialized_autoencoder(LATENT_DIM, (8, 6), 5, PIXELS).state_dict()
    parameters = {name: 2 * values.double() for name, values in random.items()}
    first = parameters["decoder.0.weight"]
    first[:, 2] = first[:, 0] + distance * first[:, 2]
    autoencoder.load_state_dict(parameters)
    return autoencoder


def some_points(count, pixels=PIXELS):
    return np.random.default_rng(0).random((count, pixels))


def assert_masks_equal(masks, network, jacobians, point):
    decoding = forward_pass(network.decoder, jacobians.latent_points)
    computed = (jacobians.encoder_slopes, decoding.slopes, jacobians.reencoder_slopes)
    for exact, slopes in zip(masks, computed, strict=True):
        for mask, slope in zip(exact, slopes[:-1], strict=True):
            assert np.array_equal(mask, slope[point].astype(bool))


@pytest.mark.parametrize("distance", [1.0, 1e-6, 1e-10, 1e-12, 1e-13, 1e-14, 1e-15, 0.0])
def test_bounds_hold_and_determined_signs_are_exact(distance):
    autoencoder = nearly_singular_autoencoder(distance)
    inputs = some_points(12)
    network = network_of(autoencoder, np.float64)
    jacobians = JacobianChain(network, len(inputs))(inputs)
    bound = RoundingBound(network)
    spectra = jacobian_spectra(autoencoder, inputs)
    coarse = bound.coarse(jacobians)
    undetermined = 0
    with localcontext() as context:
        context.prec = 60
        for point in range(len(inputs)):
            exact, masks = exact_jacobians(network, inputs[point])
            assert_masks_equal(masks, network, jacobians, point)
            for matrix, computed, name, signs, rank_bounds in (
                (
                    exact[0],
                    jacobians.input,
                    "input",
                    spectra.sign_input,
                    spectra.rank_bound_input,
                ),
                (
                    exact[1],
                    jacobians.latent,
                    "latent",
                    spectra.sign_latent,
                    spectra.rank_bound_latent,
                ),
            ):
                error = (as_decimals(computed[point]) - matrix).astype(np.float64)
                fine = bound.fine(jacobians, name, np.array([point])).item()
                assert np.linalg.norm(error, 2) <= fine <= coarse[point].item() < 1e-10
                if rank_bounds[point] < LATENT_DIM:
                    assert signs[point] == 0
                elif signs[point] == 0:
                    undetermined += 1
                else:
                    assert signs[point] == exact_sign(matrix)
    if distance >= 1e-6:
        assert undetermined == 0
    if distance <= 1e-15:
        assert not spectra.sign_input.any()
        assert not spectra.sign_latent.any()


@pytest.mark.parametrize("latent_dim", [2, 20])
def test_the_bound_holds_where_rounding_is_large(latent_dim):
    """float32's errors are seen in float64, at points where both choose the same masks."""
    autoencoder = initialized_autoencoder(latent_dim, seed=1)
    inputs = some_points(60, 784).astype(np.float32)
    results = {}
    for dtype in (np.float32, np.float64):
        network = network_of(autoencoder, dtype)
        jacobians = JacobianChain(network, len(inputs))(inputs.astype(dtype))
        results[dtype] = jacobians, RoundingBound(network)
    (single, single_bound), (double, double_bound) = results.values()
    decodings = [
        forward_pass(network_of(autoencoder, dtype).decoder, jacobians.latent_points).slopes
        for dtype, (jacobians, _) in results.items()
    ]
    passes = [
        (*jacobians.encoder_slopes[:-1], *decoding[:-1], *jacobians.reencoder_slopes[:-1])
        for (jacobians, _), decoding in zip(results.values(), decodings, strict=True)
    ]
    same = np.all([(one == two).all(axis=1) for one, two in zip(*passes, strict=True)], axis=0)
    points = np.flatnonzero(same)
    assert len(points) > 20
    for name in ("input", "latent"):
        difference = (
            getattr(single, name)[points].astype(np.float64) - getattr(double, name)[points]
        )
        errors = np.linalg.norm(difference, 2, axis=(1, 2))
        fine = single_bound.fine(single, name, points)
        slack = double_bound.coarse(double)[points]
        assert bool((errors <= fine + slack).all())
        assert bool((fine <= single_bound.coarse(single)[points]).all())
        # It is a bound of rounding errors that occur, not one of anything whatever.
        assert errors.max() > 1e-9


def single_units(output_activation, first_bias, point):
    """Return a network of single units, all active, whose output is where tanh curves most."""
    autoencoder = Autoencoder(Architecture(1, (1, 1, 1), 1, output_activation=output_activation))
    weights = (1.3, 0.7, 0.9, 1.2, 0.8, 1.1, 0.95, 0.75)
    biases = (first_bias, 0.2, 0.3, 0.1, 0.1, 0.2, 0.1)
    value = point
    for weight, bias in zip(weights, (*biases, 0.0), strict=True):
        value = weight * value + bias
    last_bias = np.arctanh(1 / np.sqrt(3)) - value
    with torch.no_grad():
        for layer, weight, bias in zip(
            autoencoder.linear_layers(), weights, (*biases, last_bias), strict=True
        ):
            layer.weight.fill_(weight)
            layer.bias.fill_(bias)
    return autoencoder


@pytest.mark.parametrize(
    ("output_activation", "first_bias", "looseness"),
    [
        # Products alone.
        ("identity", 0.1, 1.001),
        # What the bound gives away: it takes the slope, 2/3, for 1 when it adds up the products.
        ("tanh", 0.1, 1.3),
        # A large argument that cancels: the error of the slope outweighs all others.
        ("tanh", 1000.0, 1.01),
    ],
)
def test_the_bound_is_reached_when_all_roundings_conspire(output_activation, first_bias, looseness):
    """Each sum and product of a float32 computation errs as far as it may, to the same effect.

    Everything but the last bias is positive, so that nothing else cancels: an argument too small
    makes the slope of tanh too large, and products too large do the rest. The arithmetic here is
    float64, exact in comparison; what is beyond first order is below 1e-3, relatively.
    """
    point = 0.6
    autoencoder = single_units(output_activation, first_bias, point)
    unit = SINGLE_ROUNDOFF
    one_term, two_terms = unit / (1 - unit), 2 * unit / (1 - 2 * unit)
    layers = [(layer.weight.item(), layer.bias.item()) for layer in autoencoder.linear_layers()]
    encoder, decoder = layers[:4], layers[4:]

    value, exact = point, point
    for weight, bias in layers:
        value = weight * value + bias - two_terms * (weight * value + abs(bias))
        exact = weight * exact + bias
    slopes = 1.0, 1.0
    if output_activation == "tanh":
        # Tanh is off by 2 units in the last place; its square, the difference from 1 and the
        # product with the tangents are rounded.
        slopes = (1 - np.tanh(value) ** 2 + 10 * unit) * (1 + unit), 1 - np.tanh(exact) ** 2
    computed, expected = decoder[0][0], decoder[0][0]
    for weight, _ in decoder[1:]:
        computed, expected = weight * computed * (1 + one_term), weight * expected
    computed, expected = slopes[0] * computed, slopes[1] * expected
    for weight, _ in encoder:
        computed, expected = weight * computed * (1 + one_term), weight * expected

    jacobians = JacobianChain(network_of(autoencoder, np.float64), 1)(np.full((1, 1), point))
    assert jacobians.input.item() == pytest.approx(expected, rel=1e-9)
    bound = RoundingBound(network_of(autoencoder, np.float32))
    coarse = bound.coarse(jacobians).item()
    fine = bound.fine(jacobians, "input", np.array([0])).item()
    assert 0.999 * (computed - expected) <= coarse <= looseness * (computed - expected)
    assert fine == pytest.approx(coarse, rel=1e-12)


def test_dead_units_leave_no_sign_to_be_mistaken_for_a_reversal():
    autoencoder = initialized_autoencoder(6, (16, 8), 0, 20)
    with torch.no_grad():
        # Four of the eight units next to the latent layer are off whatever comes in.
        autoencoder.decoder[0].bias[:4] = -1e6
    spectra = jacobian_spectra(autoencoder, some_points(50, 20))
    for name in ("input", "latent"):
        rank_bound = getattr(spectra, f"rank_bound_{name}")
        assert (rank_bound <= 4).all()
        assert not getattr(spectra, f"sign_{name}").any()
        assert (getattr(spectra, f"logabsdet_{name}") == -np.inf).all()
        eigenvalues = getattr(spectra, f"eigenvalues_{name}")
        beyond = np.arange(6) >= rank_bound[:, None]
        assert (eigenvalues[beyond] == 0).all()
        assert (eigenvalues[:, 0] != 0).all()
