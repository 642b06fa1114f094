"""Spectra of many points: against full Jacobians, and the same however the work is divided."""

import numpy as np
import pytest
import torch
from torch.autograd.functional import jacobian

from jacspec.models.architecture import Architecture
from jacspec.models.autoencoder import Autoencoder, initialized_autoencoder
from jacspec.models.network import network_of
from jacspec.spectra.dense import DenseSource, dense_source
from jacspec.spectra.engine import SpectraEngine, jacobian_spectra
from jacspec.spectra.jacobians import JacobianChain, ReducedJacobians
from jacspec.spectra.rounding import RoundingBound

UNIT_ROUNDOFF = 2.0**-53
SINGLE_ROUNDOFF = 2.0**-24


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def autoencoder():
    return initialized_autoencoder(5, (24, 18), 11, 30)


def points(count, pixels=30, seed=0):
    return np.random.default_rng(seed).random((count, pixels), dtype=np.float32)


def assert_equal(spectra, expected):
    for name, values in expected.columns().items():
        found = getattr(spectra, name)
        assert found.dtype == values.dtype
        np.testing.assert_array_equal(found, values, err_msg=name)


def joined(parts):
    columns = [part.columns() for part in parts]
    return {name: np.concatenate([part[name] for part in columns]) for name in columns[0]}


@pytest.mark.parametrize(
    ("latent_dim", "hidden_widths", "pixels", "count"),
    [(2, (12, 9), 30, 10), (5, (12, 9), 30, 10), (20, (128, 64, 32), 784, 1)],
)
def test_agrees_with_full_jacobians_of_autograd(latent_dim, hidden_widths, pixels, count):
    """Every eigenvalue is one of the pixels' own Jacobian, up to rounding.

    Let C = D enc(x) and B = D dec(z). What is computed for C B is exact for C B + E, with |E| at
    most the rounding bound plus LAPACK's d^2 u |C B|. From (C B + E) v = l v follows
    B C (B v) = l (B v) - B E v: so l makes B C singular up to |B E v| / |B v| <= |E| cond(B). The
    results are rounded to float32 at the end, which adds |l| times its unit roundoff.
    """
    autoencoder = initialized_autoencoder(latent_dim, hidden_widths, 4, pixels).double()
    inputs = torch.from_numpy(points(count, pixels)).double()
    spectra = jacobian_spectra(autoencoder, inputs)
    network = network_of(autoencoder, np.float64)
    jacobians = JacobianChain(network, count)(inputs.numpy())
    rounding = RoundingBound(network).coarse(jacobians)
    for point in range(count):
        z = autoencoder.encoder(inputs[point]).detach()
        of_decoder = jacobian(autoencoder.decoder, z)
        full = of_decoder @ jacobian(autoencoder.encoder, inputs[point])
        of_latent = jacobian(lambda z: autoencoder.encoder(autoencoder.decoder(z)), z)
        for eigenvalues, matrix, reduced, condition in (
            (
                spectra.eigenvalues_input[point],
                full,
                jacobians.input[point],
                torch.linalg.cond(of_decoder),
            ),
            (spectra.eigenvalues_latent[point], of_latent, jacobians.latent[point], 1.0),
        ):
            size = np.linalg.norm(reduced)
            error = condition * (rounding[point] + latent_dim**2 * UNIT_ROUNDOFF * size)
            # What is rounded here: autograd's product, and the singular values of this matrix.
            slack = len(matrix) ** 2 * UNIT_ROUNDOFF * torch.linalg.matrix_norm(matrix)
            for eigenvalue in eigenvalues.astype(np.complex128)[[0, -1]]:
                shifted = matrix - eigenvalue * torch.eye(len(matrix))
                distance = torch.linalg.svdvals(shifted)[-1]
                assert distance <= error + slack + 2 * SINGLE_ROUNDOFF * abs(eigenvalue)
        # All d of them are there, none twice: their sum is the trace of the full Jacobian.
        assert abs(full.trace() - spectra.trace_input[point]) <= latent_dim * (error + slack)


def test_the_identities_of_trace_and_determinant_hold(autoencoder):
    """Rounding to float32 moves each eigenvalue, and so each log, by its unit roundoff at most.

    Before that, they are exact for A + E with |E| <= d^2 u |A|: their sum is off by d |E| at most,
    and the sum of their logs by about d |E| / s, with s the smallest singular value of A.
    """
    inputs = points(300)
    spectra = jacobian_spectra(autoencoder, inputs)
    network = network_of(autoencoder, np.float64)
    jacobians = JacobianChain(network, 300)(inputs.astype(np.float64))
    for name in ("input", "latent"):
        eigenvalues = getattr(spectra, f"eigenvalues_{name}").astype(np.complex128)
        singular_values = np.linalg.svd(getattr(jacobians, name), compute_uv=False)
        error = 5 * 5**2 * UNIT_ROUNDOFF * np.linalg.norm(singular_values, axis=1)
        trace = getattr(spectra, f"trace_{name}")
        bound = 2 * error + SINGLE_ROUNDOFF * np.abs(eigenvalues).sum(axis=1)
        assert (np.abs(eigenvalues.sum(axis=1) - trace) <= bound).all()
        regular = getattr(spectra, f"rank_bound_{name}") == 5
        assert regular.sum() > 100
        logabsdet = getattr(spectra, f"logabsdet_{name}")
        logarithms = np.log(np.abs(eigenvalues[regular])).sum(axis=1)
        bound = 5 * SINGLE_ROUNDOFF + 2 * error / singular_values[:, -1]
        assert (np.abs(logarithms - logabsdet[regular]) <= bound[regular]).all()
        sign = getattr(spectra, f"sign_{name}")[regular]
        assert np.array_equal(sign, np.sign(eigenvalues[regular].prod(axis=1).real))


def test_latent_points_errors_and_patterns_are_those_of_the_model(autoencoder):
    inputs = points(200)
    spectra = jacobian_spectra(autoencoder, inputs)
    model = initialized_autoencoder(5, (24, 18), 11, 30).double()
    x = torch.from_numpy(inputs).double()
    z = model.encoder(x).detach()
    y = model.decoder(z).detach()
    # The same sums in float64, in another order at most, rounded to float32.
    np.testing.assert_allclose(spectra.latent, z, rtol=2 * SINGLE_ROUNDOFF, atol=1e-14)
    errors = (y - x).square().sum(dim=1)
    np.testing.assert_allclose(spectra.reconstruction_error, errors, rtol=1e-13)

    def patterns(values):
        hidden = []
        for layer in model.encoder:
            values = layer(values)
            if isinstance(layer, torch.nn.ReLU):
                hidden.append(values > 0)
        return torch.cat(hidden, dim=1)

    same = (patterns(x) == patterns(y)).all(dim=1).numpy()
    assert np.array_equal(spectra.same_pattern, same)
    for bound, active in (
        (spectra.rank_bound_input, patterns(x)),
        (spectra.rank_bound_latent, patterns(y)),
    ):
        smallest = torch.minimum(active[:, :24].sum(dim=1), active[:, 24:].sum(dim=1))
        assert (bound <= smallest.numpy()).all()
        assert (bound <= 5).all()


def test_where_patterns_agree_both_spectra_are_equal():
    """Theorem I.1 of the paper: without masks that differ, both are the same matrix."""
    model = initialized_autoencoder(3, (6, 5), 0, 10)
    with torch.no_grad():
        for layer in (0, 2):
            # Half of the units always on, the others always off.
            model.encoder[layer].bias.copy_(
                torch.tensor([100.0, -100.0]).repeat(3)[: len(model.encoder[layer].bias)]
            )
    spectra = jacobian_spectra(model, points(50, 10))
    assert spectra.same_pattern.all()
    for name in ("eigenvalues", "logabsdet", "sign", "trace", "rank_bound"):
        assert np.array_equal(getattr(spectra, f"{name}_input"), getattr(spectra, f"{name}_latent"))


@pytest.mark.parametrize(
    ("latent_dim", "eigensolver"), [(2, "lapack"), (5, "lapack"), (20, "lapack"), (20, "compiled")]
)
def test_the_number_of_threads_changes_no_bit(latent_dim, eigensolver):
    model = initialized_autoencoder(latent_dim, (24, 22), 2, 30)
    inputs = points(700)
    expected = jacobian_spectra(model, inputs, eigensolver=eigensolver, threads=1)
    for threads in (2, 3, 8, 1):
        spectra = jacobian_spectra(model, inputs, eigensolver=eigensolver, threads=threads)
        assert_equal(spectra, expected)


def test_points_submitted_in_whole_blocks_change_no_bit(autoencoder):
    inputs = points(1100)
    expected = jacobian_spectra(autoencoder, inputs).columns()
    source = DenseSource(network_of(autoencoder, np.float64))
    with SpectraEngine(source, threads=2) as engine:
        for blocks in (1, 2, 3):
            size = blocks * source.block_points
            starts = range(0, len(inputs), size)
            pending = [engine.submit(inputs[start : start + size]) for start in starts]
            assert len(pending) > 1
            found = joined([spectra.result() for spectra in pending])
            for name, values in expected.items():
                np.testing.assert_array_equal(found[name], values, err_msg=name)


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_the_compiled_solver_changes_only_the_last_bits_of_eigenvalues(precision):
    """By Bauer and Fike, both are off by cond(V) d^2 u |A|: here less than a roundoff of float32.

    Rounding to float32 adds one more each, of a complex number's parts.
    """
    model = initialized_autoencoder(8, (24, 22), 2, 30)
    inputs = points(300)
    by_lapack, compiled = (
        jacobian_spectra(model, inputs, precision=precision, eigensolver=eigensolver)
        for eigensolver in ("lapack", "compiled")
    )
    for name, values in by_lapack.columns().items():
        if not name.startswith("eigenvalues"):
            np.testing.assert_array_equal(getattr(compiled, name), values, err_msg=name)
    jacobians = JacobianChain(network_of(model, np.float64), 300)(inputs.astype(np.float64))
    for name in ("input", "latent"):
        matrices = getattr(jacobians, name)
        condition = np.linalg.cond(np.linalg.eig(matrices)[1])
        size = np.linalg.norm(matrices, axis=(1, 2))
        assert (8**2 * UNIT_ROUNDOFF * condition < SINGLE_ROUNDOFF).all()
        found = getattr(compiled, f"eigenvalues_{name}")
        distances = np.abs(found - getattr(by_lapack, f"eigenvalues_{name}"))
        assert (distances.max(axis=1) <= 4 * SINGLE_ROUNDOFF * size).all()


def test_the_compiled_solver_is_used(monkeypatch):
    def fail(_):
        raise AssertionError("LAPACK")

    monkeypatch.setattr("jacspec.spectra.eigenvalues.eigenvalues_by_lapack", fail)
    for latent_dim, eigensolver in ((8, "lapack"), (6, "compiled")):
        model = initialized_autoencoder(latent_dim, (24, 22), 2, 30)
        with pytest.raises(AssertionError, match="LAPACK"):
            jacobian_spectra(model, points(300), eigensolver=eigensolver)
    model = initialized_autoencoder(8, (24, 22), 2, 30)
    assert len(jacobian_spectra(model, points(300), eigensolver="compiled")) == 300


def test_takes_arrays_and_tensors_of_either_precision_and_changes_nothing(autoencoder):
    inputs = points(20)
    before = {name: values.clone() for name, values in autoencoder.state_dict().items()}
    expected = jacobian_spectra(autoencoder, inputs)
    tensor = torch.from_numpy(inputs).requires_grad_()
    assert_equal(jacobian_spectra(autoencoder, tensor), expected)
    assert_equal(jacobian_spectra(autoencoder, inputs.astype(np.float64)), expected)
    strided = np.repeat(inputs, 2, axis=0)[::2]
    assert_equal(jacobian_spectra(autoencoder, strided), expected)
    after = autoencoder.state_dict()
    assert all(torch.equal(after[name], values) for name, values in before.items())
    assert torch.get_num_threads() == 1


def test_no_points_have_no_spectra(autoencoder):
    spectra = jacobian_spectra(autoencoder, points(0))
    assert len(spectra) == 0
    assert spectra.eigenvalues_input.shape == (0, 5)


def test_float32_contradicts_no_sign_and_determines_fewer(autoencoder):
    inputs = points(300)
    single = jacobian_spectra(autoencoder, inputs, precision="float32")
    double = jacobian_spectra(autoencoder, inputs)
    assert not np.array_equal(single.trace_input, double.trace_input)
    assert single.eigenvalues_input.dtype == np.complex64
    for name in ("sign_input", "sign_latent"):
        determined, reference = getattr(single, name), getattr(double, name)
        assert (determined != 0).sum() > 20
        assert np.array_equal(determined[determined != 0], reference[determined != 0])
        assert (determined != 0).sum() < (reference != 0).sum()


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (points(3, 29), r"shape \(3, 29\), allowed: \(n, 30\)"),
        (points(3)[0], r"shape \(30,\)"),
        (np.zeros((3, 30), dtype=np.uint8), "floating point"),
    ],
)
def test_refuses_points_of_another_kind(autoencoder, inputs, message):
    with pytest.raises(ValueError, match=message):
        jacobian_spectra(autoencoder, inputs)


@pytest.mark.parametrize("pixel", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("threads", [1, 2])
def test_refuses_points_that_are_not_numbers(autoencoder, pixel, threads):
    inputs = points(600)
    inputs[401, 7] = pixel
    with pytest.raises(ValueError, match=r"among points \d+ to \d+ are pixels that are not finite"):
        jacobian_spectra(autoencoder, inputs, threads=threads)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"precision": "float16"}, "precision is 'float16', allowed: float64, float32"),
        ({"eigensolver": "numpy"}, "eigensolver is 'numpy', allowed: lapack, compiled"),
        ({"threads": 0}, "threads is 0, allowed: 1 or more"),
    ],
)
def test_refuses_other_arguments(autoencoder, arguments, message):
    with pytest.raises(ValueError, match=message):
        jacobian_spectra(autoencoder, points(3), **arguments)


def test_large_blocks_of_torch_ahead_of_the_pool_give_the_same(monkeypatch):
    """The same code with everything on the CPU: a GPU differs in where tensors are."""
    model = initialized_autoencoder(4, (12, 9), 2, 30)
    inputs = points(900)
    expected = jacobian_spectra(model, inputs)
    copied = []
    in_main_memory = ReducedJacobians.in_main_memory

    def recorded(jacobians):
        assert isinstance(jacobians.input, torch.Tensor)
        copied.append(len(jacobians.input))
        return in_main_memory(jacobians)

    monkeypatch.setattr(ReducedJacobians, "in_main_memory", recorded)
    monkeypatch.setattr("jacspec.spectra.dense.GPU_ROWS", 2048)
    monkeypatch.setattr("jacspec.spectra.engine.PARTS_AHEAD", 2)
    source = dense_source(network_of(model, np.float64), "float64", "cpu:0")
    with SpectraEngine(source, threads=2) as engine:
        spectra = engine.submit(inputs).result()
    assert len(copied) > 1
    np.testing.assert_array_equal(spectra.sign_input, expected.sign_input)
    # Pixels pass in larger groups, so that sums may be taken in another order.
    np.testing.assert_allclose(spectra.trace_input, expected.trace_input, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(spectra.rank_bound_latent, expected.rank_bound_latent)


def test_hidden_layers_and_activations_are_free():
    model = Autoencoder(
        Architecture(2, (7,), 11, hidden_activation="identity", output_activation="identity")
    )
    spectra = jacobian_spectra(model, points(5, 11))
    weights = [
        layer.weight.double()
        for layer in (*model.decoder, *model.encoder)
        if hasattr(layer, "weight")
    ]
    product = torch.linalg.multi_dot(weights[::-1]).detach()
    expected = np.linalg.eigvals(product.numpy())
    expected = expected[np.argsort(-np.abs(expected))]
    # Two eigenvalues far apart: a condition of at most 100 leaves float32's roundoff in charge.
    for spectrum in spectra.eigenvalues_input:
        np.testing.assert_allclose(np.sort_complex(spectrum), np.sort_complex(expected), rtol=1e-6)
    assert (spectra.rank_bound_input == 2).all()
