"""Jacobians of any maps: the same however the work is divided, in bounded memory, with signs."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from fresh_process import python
from torch.func import jvp

from cases import CASES, DEVICES
from jacspec import jacobian_spectra
from jacspec.autoencoders.maps import find_maps
from jacspec.spectra.determinants import UNIT_ROUNDOFF, determinants
from jacspec.spectra.differentiation import DifferentiableMap
from jacspec.spectra.engine import SpectraEngine
from jacspec.spectra.forward_mode import forward_mode_in_threads, reproducible_torch
from jacspec.spectra.general import NEAR_SINGULAR_ROUNDINGS, GeneralSource

(CONVOLUTIONAL,) = (case for case in CASES if case.name == "convolutional")
(PAPER,) = (case for case in CASES if case.name == "paper")


pytestmark = pytest.mark.usefixtures("one_thread")


def source_of(case, *, latent_shape, precision="float64", **options):
    maps = find_maps(
        case.module(),
        encode=None,
        decode=None,
        encode_output=None,
        decode_output=None,
        dtype=getattr(torch, precision),
        device="cpu",
    )
    return GeneralSource(
        maps.encode, maps.decode, case.shape, latent_shape, precision=precision, **options
    )


def spectra_of(source, points, threads=1):
    with SpectraEngine(source, threads=threads) as engine:
        return engine.submit(points).result()


def assert_equal(spectra, expected):
    for name, values in expected.columns().items():
        np.testing.assert_array_equal(getattr(spectra, name), values, err_msg=name)


def test_the_number_of_threads_changes_no_bit():
    points = CONVOLUTIONAL.points(60)
    source = source_of(CONVOLUTIONAL, latent_shape=(6,), block_bytes=2**18)
    assert 1 < source.block_points < 20
    expected = spectra_of(source, points)
    for threads in (2, 4, 8):
        assert_equal(spectra_of(source, points, threads), expected)


def test_points_submitted_in_whole_blocks_change_no_bit():
    source = source_of(CONVOLUTIONAL, latent_shape=(6,), block_bytes=2**18)
    points = CONVOLUTIONAL.points(5 * source.block_points)
    expected = spectra_of(source, points).columns()
    for size in (source.block_points, 2 * source.block_points):
        starts = range(0, len(points), size)
        parts = [spectra_of(source, points[start : start + size]).columns() for start in starts]
        for name, values in expected.items():
            found = np.concatenate([part[name] for part in parts])
            np.testing.assert_array_equal(found, values, err_msg=name)


def test_little_memory_divides_the_tangents_of_a_point_too():
    """Rows of a product may then be summed in another order."""
    points = CONVOLUTIONAL.points(5)
    expected = source_of(CONVOLUTIONAL, latent_shape=(6,)).evaluate(points)
    source = source_of(CONVOLUTIONAL, latent_shape=(6,), block_bytes=1)
    assert source.block_points == 1
    for name in ("input", "latent"):
        matrices = getattr(expected, name).matrices
        one_by_one = [getattr(source.evaluate(point[None]), name).matrices for point in points]
        np.testing.assert_allclose(
            np.concatenate(one_by_one), matrices, rtol=0, atol=1e-14 * np.abs(matrices).max()
        )


def test_threads_of_ones_own_may_evaluate_at_once():
    """Torch's forward mode is a state of the process that the first of several calls deletes."""
    points = CONVOLUTIONAL.points(8)
    source = source_of(CONVOLUTIONAL, latent_shape=(6,))
    expected = source.evaluate(points).input.matrices
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: source.evaluate(points).input.matrices, range(40)))
    assert all(np.array_equal(matrices, expected) for matrices in found)


def test_an_evaluation_leaves_torch_as_it_was():
    torch.set_num_threads(3)
    torch.backends.cudnn.benchmark = True
    kernels = settings_of_kernels()
    source_of(CONVOLUTIONAL, latent_shape=(6,)).evaluate(CONVOLUTIONAL.points(2))
    assert torch.get_num_threads() == 3
    assert torch.is_grad_enabled()
    assert settings_of_kernels() == kernels
    torch.backends.cudnn.benchmark = False
    value, derivative = jvp(torch.sin, (torch.zeros(1),), (torch.ones(1),))
    assert (value, derivative) == (0, 1)


def settings_of_kernels():
    cudnn = torch.backends.cudnn
    return {
        "deterministic": cudnn.deterministic,
        "benchmark": cudnn.benchmark,
        "allow_tf32": cudnn.allow_tf32,
        "precision": torch.get_float32_matmul_precision(),
    }


def test_an_evaluation_takes_kernels_that_give_the_same_bits_at_full_precision():
    seen = []

    def encode(x):
        seen.append(settings_of_kernels())
        return 2 * x

    GeneralSource(encode, lambda z: z + 1, (3,), (3,)).evaluate(np.ones((2, 3)))
    assert seen
    expected = {
        "deterministic": True,
        "benchmark": False,
        "allow_tf32": False,
        "precision": "highest",
    }
    assert all(settings == expected for settings in seen)


@pytest.mark.parametrize("device", DEVICES[1:])
def test_on_a_gpu_two_calls_give_the_same_bits(device):
    for case in CASES:
        first, again = (
            jacobian_spectra(case.module(), case.points(5), device=device, **case.options)
            for _ in range(2)
        )
        assert_equal(first, again)


def test_every_thread_of_the_pool_computes_with_one_of_torch():
    torch.set_num_threads(2)
    seen = []

    def encode(x):
        seen.append(torch.get_num_threads())
        return 2 * x

    source = GeneralSource(encode, lambda z: z + 1, (3,), (3,), block_bytes=1)
    spectra_of(source, np.ones((20, 3)), threads=4)
    assert set(seen) == {1}


def test_where_forward_mode_is_missing_reverse_mode_takes_its_place():
    class Cube(torch.autograd.Function):
        """Has a derivative in reverse mode only."""

        generate_vmap_rule = True

        @staticmethod
        def forward(values):
            return values**3

        @staticmethod
        def setup_context(context, inputs, _output):
            context.save_for_backward(*inputs)

        @staticmethod
        def backward(context, direction):
            (values,) = context.saved_tensors
            return 3 * values**2 * direction

    def parts(cube):
        matrix = torch.arange(6, dtype=torch.float64).reshape(2, 3) / 10
        return {"encode": lambda x: cube(x @ matrix.T), "decode": lambda z: cube(z @ matrix)}

    points = np.random.default_rng(0).random((4, 3))
    found = jacobian_spectra(**parts(Cube.apply), points=points)
    expected = jacobian_spectra(**parts(lambda values: values**3), points=points)
    np.testing.assert_allclose(found.trace_input, expected.trace_input, rtol=1e-14)
    np.testing.assert_allclose(found.logabsdet_latent, expected.logabsdet_latent, rtol=1e-12)
    np.testing.assert_array_equal(found.sign_input, expected.sign_input)


def test_both_ways_to_push_directions_find_the_same():
    module = CONVOLUTIONAL.module().eval().double().requires_grad_(False)
    points = torch.from_numpy(CONVOLUTIONAL.points(3))
    maps = [
        DifferentiableMap(
            module.encoder, CONVOLUTIONAL.shape, torch.float64, "cpu", convolves=convolves
        )
        for convolves in (True, False)
    ]
    assert [map_.forward_mode for map_ in maps] == [True, False]
    with reproducible_torch(), forward_mode_in_threads():
        forwards, reverse = (map_.pushed(points)(torch.ones_like(points)) for map_ in maps)
    torch.testing.assert_close(forwards, reverse, rtol=1e-13, atol=1e-15)


def near_singular(count, smallest):
    """Return linear maps of 6 values to 4 and back whose product has this smallest singular value.

    Their rounding errors are some 1e-16 of their norms, which are about 1.
    """
    generator = np.random.default_rng(count)
    left = np.linalg.qr(generator.normal(size=(6, 4)))[0]
    encoder = np.diag([1, 0.5, 0.2, smallest]) @ left.T
    decoder = left @ np.linalg.qr(generator.normal(size=(4, 4)))[0]
    return encoder, decoder


@pytest.mark.parametrize(
    ("smallest", "determined"), [(1e-3, True), (1e-9, True), (1e-11, True), (1e-16, False)]
)
def test_a_sign_is_determined_where_two_routes_agree_far_enough(smallest, determined):
    encoder, decoder = map(torch.from_numpy, near_singular(3, smallest))
    points = np.random.default_rng(1).random((10, 6))
    # Functions that no layer is read from, and whose two routes round differently.
    spectra = jacobian_spectra(
        encode=lambda x: x.sin() @ encoder.T,
        decode=lambda z: (z @ decoder.T).tanh(),
        points=points,
    )
    assert spectra.sign_rule == "two_routes"
    assert (spectra.sign_input != 0).all() == determined
    assert (spectra.sign_input == 0).all() != determined


def test_the_cheap_test_contradicts_no_comparison_of_two_routes():
    """Where it calls a matrix far from singular, the estimate of its error does, too."""
    for case in (CONVOLUTIONAL, PAPER):
        latent_dim = 6 if case is CONVOLUTIONAL else 3
        source = source_of(case, latent_shape=(latent_dim,))
        block = source.evaluate(case.points(source.block_points)).input
        everything = np.arange(len(block.matrices))
        estimated = block.finer_error(everything)
        regular = np.linalg.cond(block.matrices) < 1e12
        assert (estimated[regular] < block.error[regular]).all()
        matrices, rank_bound = block.matrices, block.rank_bound
        quick, _ = determinants(matrices, rank_bound, block.error, block.finer_error)
        slow, _ = determinants(matrices, rank_bound, estimated, estimated.__getitem__)
        np.testing.assert_array_equal(quick, slow)
        assert np.count_nonzero(quick) > 0


@pytest.mark.parametrize("device", DEVICES)
def test_float32_contradicts_no_sign_and_is_as_exact_as_it_says(device):
    points = CONVOLUTIONAL.points(100)
    double, single = (
        jacobian_spectra(CONVOLUTIONAL.module(), points, precision=precision, device=device)
        for precision in ("float64", "float32")
    )
    assert not np.array_equal(single.trace_input, double.trace_input)
    for name in ("input", "latent"):
        found, expected = (getattr(result, f"sign_{name}") for result in (single, double))
        determined = found != 0
        assert determined.sum() > 20
        assert determined.sum() <= (expected != 0).sum()
        assert np.array_equal(found[determined], expected[determined])
    source = source_of(CONVOLUTIONAL, latent_shape=(6,))
    evaluated = [source.evaluate(points[start : start + 1]).input for start in range(20)]
    norms = np.array([block.error[0] for block in evaluated]) / (
        NEAR_SINGULAR_ROUNDINGS * UNIT_ROUNDOFF
    )
    difference = np.abs(single.trace_input - double.trace_input)[:20]
    assert (difference <= 6 * 1e-7 * norms).all()


def test_memory_stays_within_what_is_said():
    """The peak of a process rises by about one block; results and slack come on top of tangents."""
    program = """
        import sys
        from pathlib import Path
        import numpy as np
        import torch
        from torch import nn
        from jacspec.spectra.general import NEAR_SINGULAR_ROUNDINGS, GeneralSource

        def resident(name):
            (line,) = (line for line in status.read_text().splitlines() if line.startswith(name))
            return int(line.split()[1])

        status = Path("/proc/self/status")
        torch.set_num_threads(1)
        encoder = nn.Sequential(nn.Conv2d(1, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 16, 3, 2, 1),
                                nn.ReLU(), nn.Flatten(), nn.Linear(784, 16)).double()
        decoder = nn.Sequential(nn.Linear(16, 784), nn.ReLU(), nn.Unflatten(1, (16, 7, 7)),
                                nn.ConvTranspose2d(16, 8, 3, 2, 1, 1), nn.ReLU(),
                                nn.ConvTranspose2d(8, 1, 3, 2, 1, 1)).double()
        points = np.random.default_rng(0).random((500, 1, 28, 28))
        small = GeneralSource(encoder, decoder, (1, 28, 28), (16,), block_bytes=2**20)
        small.evaluate(points[: small.block_points])
        source = GeneralSource(encoder, decoder, (1, 28, 28), (16,), block_bytes=int(sys.argv[1]))
        Path("/proc/self/clear_refs").write_text("5")
        before = resident("VmRSS")
        source.evaluate(points[: source.block_points])
        print(source.block_points, 1024 * (resident("VmHWM") - before))
        """
    block_points, grown = map(int, python(program, 2**27).split())
    assert block_points > 10
    assert 0.5 * 2**27 < grown < 1.5 * 2**27


def test_refuses_another_precision():
    with pytest.raises(ValueError, match="precision is 'float16', allowed: float64, float32"):
        GeneralSource(lambda x: x, lambda z: z, (2,), (2,), precision="float16")


def test_a_point_that_is_no_number_is_refused():
    points = PAPER.points(50)
    points[31, 2] = np.nan
    with pytest.raises(ValueError, match=r"among points \d+ to \d+ are pixels that are not finite"):
        jacobian_spectra(PAPER.module(), points, engine="general")
