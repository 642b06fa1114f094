"""Singular values of the derivatives of both maps, against those of whole Jacobians by autograd."""

import math

import numpy as np
import own_autoencoders
import pytest
import torch
from torch import nn
from torch.autograd.functional import jacobian

from jacspec.autoencoders.factories import Factory
from jacspec.autoencoders.own import OwnAutoencoder, write_own_weights
from jacspec.data.blocks import PointBlock
from jacspec.data.storage import write_points
from jacspec.detection.derivatives_of_maps import MapsSingularValues
from jacspec.detection.singular_value_shards import (
    compute_singular_values,
    read_singular_values,
)
from jacspec.detection.singular_values import (
    COLUMNS,
    NetworkSingularValues,
    singular_values_of_weights,
)
from jacspec.errors import DamagedFileError
from jacspec.key import ModelKey
from jacspec.models.architecture import Architecture
from jacspec.models.autoencoder import Autoencoder, initialized_autoencoder
from jacspec.models.network import network_of
from jacspec.models.weights import write_weights
from jacspec.spectra.computation import compute_shard
from jacspec.spectra.runs import UnrelatedFilesError

UNIT_ROUNDOFF = 2.0**-53
PIXELS = 12
SHAPES = [(1, (4,)), (3, (9, 7, 6)), (5, (8, 8, 8, 8)), (2, (3, 10))]
ENCODER, DECODER = COLUMNS[::2], COLUMNS[1::2]


pytestmark = pytest.mark.usefixtures("one_thread")


def autoencoder_of(latent_dim, hidden_widths, pixels=PIXELS, **activations):
    """Return a random autoencoder, with weights large enough for its activations to be curved."""
    autoencoder = Autoencoder(Architecture(latent_dim, hidden_widths, pixels, **activations))
    random = initialized_autoencoder(latent_dim, hidden_widths, 0, pixels).state_dict()
    autoencoder.load_state_dict({name: 2.0 * values for name, values in random.items()})
    return autoencoder.double()


def points(count, *shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, *(shape or (PIXELS,)), generator=generator, dtype=torch.float64)


def expected_of(half, inputs):
    """Return the singular values (n, d), decreasing, of whole Jacobians."""
    jacobians = torch.stack([jacobian(half, point[None]).squeeze() for point in inputs])
    jacobians = jacobians.reshape(len(inputs), -1, math.prod(inputs.shape[1:]))
    return np.linalg.svd(jacobians.numpy(), compute_uv=False)


def rounding(half, inputs):
    """Return by how much singular values of two computations of a half may differ.

    Weyl: no more than the norm of the difference of the two matrices. Each is a product of weights
    and slopes, and off by k u times the product P of the weights' norms, for the k operations that
    an entry goes through: the sums of the layers, four for each slope, sqrt(n) m n for the QR
    factors of weights (Higham 2002, theorem 19.4) and as many again for the singular values. A
    slope is off, too, because its argument is, by k u times the norm A of what the weights make of
    the points and biases; it changes by no more than that, the curvature being 1 at most, and the
    product by that in each of the layers.
    """
    layers = [module for module in half if isinstance(module, nn.Linear)]
    product, size = 1.0, float(inputs.flatten(1).norm(dim=1).max())
    operations = 0.0
    for layer in layers:
        norm = float(layer.weight.detach().norm())
        product, size = product * norm, norm * size + float(layer.bias.detach().norm())
        operations += layer.in_features + 4
    outputs, columns = (getattr(layers[0], name) for name in ("out_features", "in_features"))
    operations += 2 * math.sqrt(min(outputs, columns)) * outputs * columns
    return 2 * UNIT_ROUNDOFF * operations * product * (1 + len(layers) * size)


def assert_are_those_of(found, names, values, tolerance):
    """Compare a volume and a smallest singular value with all singular values (n, d).

    A logarithm is off by t / (s - t) at most where s is by t. Where the smallest one is 0 within
    that, the derivative must be found to be singular.
    """
    log_volume, smallest = (found[name] for name in names)
    assert np.abs(smallest - values[:, -1]).max() <= tolerance
    regular = np.isfinite(log_volume)
    assert (regular == (values[:, -1] > 2 * tolerance)).all()
    bounds = (tolerance / (values[regular] - tolerance)).sum(axis=1)
    assert (np.abs(log_volume[regular] - np.log(values[regular]).sum(axis=1)) <= bounds).all()


@pytest.mark.parametrize("hidden_activation", ["relu", "elu", "tanh"])
@pytest.mark.parametrize("output_activation", ["tanh", "identity"])
@pytest.mark.parametrize(("latent_dim", "hidden_widths"), SHAPES)
def test_agree_with_those_of_whole_jacobians(
    latent_dim, hidden_widths, hidden_activation, output_activation
):
    autoencoder = autoencoder_of(
        latent_dim,
        hidden_widths,
        hidden_activation=hidden_activation,
        output_activation=output_activation,
    )
    inputs = points(6)
    latent_points = autoencoder.encoder(inputs).detach()
    found = NetworkSingularValues(network_of(autoencoder, np.float64))(inputs.numpy())
    for names, half, where in (
        (ENCODER, autoencoder.encoder, inputs),
        (DECODER, autoencoder.decoder, latent_points),
    ):
        assert_are_those_of(found, names, expected_of(half, where), rounding(half, where))


def test_agree_with_those_of_whole_jacobians_for_the_architecture_of_the_paper():
    autoencoder = initialized_autoencoder(6, seed=3).double()
    inputs = points(3, 784)
    latent_points = autoencoder.encoder(inputs).detach()
    found = NetworkSingularValues(network_of(autoencoder, np.float64))(inputs.numpy())
    assert np.isfinite(found["log_volume_encoder"] + found["log_volume_decoder"]).all()
    for names, half, where in (
        (ENCODER, autoencoder.encoder, inputs),
        (DECODER, autoencoder.decoder, latent_points),
    ):
        assert_are_those_of(found, names, expected_of(half, where), rounding(half, where))


def test_small_singular_values_are_as_accurate_as_large_ones():
    """Known ones, down to 1e-10: the square of that is lost in a Gram matrix, beside 1.

    QR and singular values of a 12 x 3 matrix of norm 1 are off by some dozens of roundings.
    """
    values = np.array([1.0, 1e-5, 1e-10])
    rng = np.random.default_rng(0)
    left, right = (np.linalg.qr(rng.standard_normal((3, 3)))[0] for _ in range(2))
    autoencoder = autoencoder_of(
        3, (3,), hidden_activation="identity", output_activation="identity"
    )
    product = torch.from_numpy(left * values @ right)
    basis = np.linalg.qr(rng.standard_normal((PIXELS, 3)))[0]
    with torch.no_grad():
        autoencoder.encoder[0].weight.copy_(torch.from_numpy(basis.T))
        autoencoder.encoder[2].weight.copy_(product)
        autoencoder.decoder[0].weight.copy_(product)
        autoencoder.decoder[2].weight.copy_(torch.from_numpy(basis))
    found = NetworkSingularValues(network_of(autoencoder, np.float64))(points(2).numpy())
    for names in (ENCODER, DECODER):
        assert np.abs(found[names[1]] - 1e-10).max() <= 100 * UNIT_ROUNDOFF
        assert found[names[0]] == pytest.approx([math.log(1e-15)] * 2, abs=1e-4)


@pytest.mark.parametrize(("half", "names"), [("encoder", ENCODER), ("decoder", DECODER)])
def test_a_derivative_behind_too_few_active_units_has_no_volume(half, names):
    """Of one layer's eight units, two are on, and three latent values need three."""
    autoencoder = autoencoder_of(3, (8, 8))
    with torch.no_grad():
        bias = getattr(autoencoder, half)[2].bias
        bias[:] = -1e3
        bias[:2] = 1e3
    found = NetworkSingularValues(network_of(autoencoder, np.float64))(points(5).numpy())
    assert found[names[0]].tolist() == [-math.inf] * 5
    assert found[names[1]].tolist() == [0.0] * 5


def test_a_derivative_that_is_singular_within_rounding_has_no_volume():
    """All units are on, but two latent values are sums of the same numbers in another order."""
    autoencoder = autoencoder_of(3, (8,), hidden_activation="identity")
    with torch.no_grad():
        last = autoencoder.encoder[2].weight
        last[2] = 0.1 * last[0] + 0.7 * last[1]
    found = NetworkSingularValues(network_of(autoencoder, np.float64))(points(5).numpy())
    assert found["log_volume_encoder"].tolist() == [-math.inf] * 5
    assert found["smallest_singular_value_encoder"].tolist() == [0.0] * 5
    assert np.isfinite(found["log_volume_decoder"]).all()


def test_a_layer_with_fewer_units_than_latent_values_leaves_no_volume():
    autoencoder = autoencoder_of(5, (8, 3))
    found = NetworkSingularValues(network_of(autoencoder, np.float64))(points(4).numpy())
    for name in COLUMNS:
        assert found[name].tolist() == [0.0 if "smallest" in name else -math.inf] * 4


def test_whole_blocks_do_not_depend_on_how_many_come_together():
    singular_values = NetworkSingularValues(network_of(autoencoder_of(5, (8, 8)), np.float64))
    block = singular_values.block_points
    inputs = points(block + 7).numpy()
    together = singular_values(inputs)
    for name, values in singular_values(inputs[:block]).items():
        np.testing.assert_array_equal(together[name][:block], values)


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (own_autoencoders.Convolutional(3, (1, 4, 6)), (1, 4, 6)),
        (own_autoencoders.Dense(3, (1, 2, 6)), (1, 2, 6)),
    ],
)
def test_those_of_what_a_factory_builds_agree_with_those_of_whole_jacobians(module, shape):
    """Sums of some dozens of numbers, a few one behind the other, are off by dozens of roundings.

    1e4 of them leave room for everything but a wrong entry.
    """
    module = module.double().eval()
    inputs = points(4, *shape)
    found = MapsSingularValues(OwnAutoencoder(module, 3, shape, "mine"))(inputs.numpy())
    encode = module.encode if hasattr(module, "encode") else module.encoder
    decode = module.decode if hasattr(module, "decode") else module.decoder
    latent_points = encode(inputs).detach()
    for names, half, where in ((ENCODER, encode, inputs), (DECODER, decode, latent_points)):
        values = expected_of(half, where)
        assert_are_those_of(found, names, values, 1e4 * UNIT_ROUNDOFF * values[:, :1].max())


def test_those_of_a_factory_are_found_from_its_weights(tmp_path):
    name = f"{own_autoencoders.__file__}:dense"
    factory = Factory.of(name)
    module = factory.build(3, (1, 2, 6))
    write_own_weights(tmp_path / "weights.pt", module, factory, 3, (1, 2, 6), {})
    inputs = points(4, 1, 2, 6).numpy()
    found = singular_values_of_weights(tmp_path / "weights.pt", name)(inputs)
    expected = MapsSingularValues(OwnAutoencoder(module, 3, (1, 2, 6), "mine"))(inputs)
    for name in COLUMNS:
        np.testing.assert_array_equal(found[name], expected[name])


KEY = ModelKey("paper", 3, 0)


@pytest.fixture
def shard(tmp_path):
    """Return paths of the weights and of a shard of points, which is not the first one."""
    weights, images = tmp_path / "weights.pt", tmp_path / "points.h5"
    architecture = Architecture(3, (8, 6), PIXELS)
    state = initialized_autoencoder(3, (8, 6), 0, PIXELS).state_dict()
    write_weights(weights, architecture, {name: values.numpy() for name, values in state.items()})
    write_points(
        images,
        [PointBlock(points(30).numpy().astype(np.float32), None, None, None)],
        dataset="uniform",
        first=50,
        count=30,
        attributes={},
        compressed=False,
    )
    return weights, images


def computed(weights, images, output, key=KEY):
    compute_singular_values(weights, images, output, key=key, factory=None, code_digest="0")
    return output


def spectra_of(weights, images, output):
    compute_shard(
        weights,
        images,
        output,
        key=KEY,
        precision="float64",
        device="cpu",
        threads=1,
        chunk_size=10,
        code_digest="0",
    )
    return output


def test_a_shard_is_read_as_it_was_computed_and_has_the_same_bytes_again(shard, tmp_path):
    weights, images = shard
    path = computed(weights, images, tmp_path / "a.h5")
    assert path.read_bytes() == computed(weights, images, tmp_path / "b.h5").read_bytes()
    spectra = spectra_of(weights, images, tmp_path / "spectra.h5")
    found = read_singular_values(path, spectra)
    assert set(found) == set(COLUMNS)
    assert {len(values) for values in found.values()} == {30}


@pytest.mark.parametrize("other", ["points", "model"])
def test_a_shard_of_others_than_the_spectra_is_refused(shard, tmp_path, other):
    weights, images = shard
    key = KEY if other == "points" else ModelKey("sgd", 3, 0)
    path = computed(weights, images, tmp_path / "a.h5", key)
    if other == "points":
        write_points(
            images,
            [PointBlock(points(30, seed=1).numpy().astype(np.float32), None, None, None)],
            dataset="uniform",
            first=50,
            count=30,
            attributes={},
            compressed=False,
        )
    spectra = spectra_of(weights, images, tmp_path / "spectra.h5")
    different = "points_sha256" if other == "points" else "variant"
    with pytest.raises(UnrelatedFilesError, match=f"because its {different} is another one"):
        read_singular_values(path, spectra)


def test_a_damaged_shard_is_refused(shard, tmp_path):
    weights, images = shard
    path = computed(weights, images, tmp_path / "a.h5")
    spectra = spectra_of(weights, images, tmp_path / "spectra.h5")
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedFileError, match=r"a\.h5 is not a whole shard of singular values"):
        read_singular_values(path, spectra)
