"""Anybody's autoencoder: its maps are found, checked and used as they are meant."""

import copy
import logging
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.nn import functional

from cases import BOTH_ENGINES
from dense_architectures import Pair, dense
from general_architectures import convolutional
from jacspec import jacobian_spectra
from jacspec.errors import AutoencoderError
from jacspec.models.network import network_of

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def points():
    return np.random.default_rng(0).random((5, 12))


@pytest.fixture(scope="module")
def autoencoder():
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return dense(nn.Tanh).eval()


def assert_equal(spectra, expected):
    for name, values in expected.columns().items():
        np.testing.assert_array_equal(getattr(spectra, name), values, err_msg=name)


@pytest.mark.parametrize("engine", ["auto", "general"])
def test_a_change_of_scale_leaves_spectra_as_they_are(points, engine):
    """With x' = 2 x - 1, a sigmoid output becomes tanh of half the argument: 2 s(a) - 1."""
    with torch.random.fork_rng():
        torch.manual_seed(2)
        plain = dense(nn.ELU, nn.Sigmoid).eval()
    scaled = copy.deepcopy(plain)
    scaled.decoder[-1] = nn.Tanh()
    with torch.no_grad():
        first, last = scaled.encoder[0], scaled.decoder[-2]
        first.bias += first.weight.sum(dim=1) / 2
        first.weight /= 2
        last.weight /= 2
        last.bias /= 2
    expected = jacobian_spectra(plain, points, engine=engine)
    by_hand = jacobian_spectra(scaled, 2 * points - 1, engine=engine)
    double = copy.deepcopy(plain).double()
    by_functions = jacobian_spectra(
        encode=lambda x: double.encoder((x + 1) / 2),
        decode=lambda z: 2 * double.decoder(z) - 1,
        points=2 * points - 1,
    )
    for spectra in (by_hand, by_functions):
        # Biases were rounded to float32.
        np.testing.assert_allclose(spectra.trace_input, expected.trace_input, rtol=1e-5)
        np.testing.assert_allclose(spectra.logabsdet_latent, expected.logabsdet_latent, rtol=1e-5)
        np.testing.assert_array_equal(spectra.sign_input, expected.sign_input)


def test_the_maps_may_be_given_in_any_way(autoencoder, points):
    expected = jacobian_spectra(autoencoder, points)

    class Whole(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = autoencoder

        def encode(self, x):
            return self.inner.encoder(x)

        def decode(self, z):
            return self.inner.decoder(z)

    whole = Whole()
    assert_equal(jacobian_spectra(whole, points), expected)
    assert_equal(
        jacobian_spectra(encode=whole.encode, decode=whole.decode, points=points), expected
    )
    parts = {"encode": autoencoder.encoder, "decode": autoencoder.decoder}
    assert_equal(jacobian_spectra(**parts, points=points), expected)
    double = copy.deepcopy(autoencoder).double()
    functions = jacobian_spectra(
        encode=lambda x: double.encoder(x), decode=lambda z: double.decoder(z), points=points
    )
    assert functions.engine == "general"
    np.testing.assert_allclose(functions.trace_input, expected.trace_input, rtol=1e-12)


def test_methods_come_before_parts_of_the_same_map(autoencoder, points):
    class Trunk(Pair):
        """Its decoder is a trunk: the decode method does more."""

        def __init__(self) -> None:
            super().__init__(autoencoder.encoder, autoencoder.decoder)

        def encode(self, x):
            return self.encoder(x)

        def decode(self, z):
            return torch.sigmoid(self.decoder(z))

        def forward(self, x):
            return self.decode(self.encode(x))

    expected = Pair(
        autoencoder.encoder, nn.Sequential(*autoencoder.decoder[:-1], nn.Sigmoid())
    ).eval()
    assert_equal(jacobian_spectra(Trunk(), points), jacobian_spectra(expected, points))


@pytest.mark.parametrize(
    "convert",
    [
        lambda array: array.tolist(),
        lambda array: pd.DataFrame(array),
        lambda array: torch.from_numpy(array).requires_grad_(),
        lambda array: np.asfortranarray(array),
    ],
    ids=["lists", "DataFrame", "tensor", "by columns"],
)
@BOTH_ENGINES
def test_points_may_have_any_customary_form(autoencoder, points, convert, engine):
    expected = jacobian_spectra(autoencoder, points, engine=engine)
    assert_equal(jacobian_spectra(autoencoder, convert(points), engine=engine), expected)


def test_points_of_less_precision_are_exact(autoencoder, points):
    half = torch.from_numpy(points).bfloat16()
    expected = jacobian_spectra(autoencoder, half.double())
    assert_equal(jacobian_spectra(autoencoder, half), expected)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.zeros((3, 12), dtype=np.uint8), r"points are uint8, .* for example points / 255"),
        ([[1, 0] * 6], r"points are int64, allowed: real numbers in floating point; scale them"),
        (np.zeros((3, 12), dtype=complex), "points are complex128"),
        (pd.DataFrame({"a": [1.0], "b": ["x"]}), "points hold object values.*columns of text"),
        (np.zeros(12), r"points have shape \(12,\).*write points\[None\] for a single point"),
        ([[0.0] * 12, [0.0] * 11], "points are a list that is no array.*the same shape"),
        (np.zeros((0, 12)), "there are no points"),
        (np.zeros((3, 11)), r"encode fails at float64 values of shape \(4, 11\).*reshape"),
        (np.full((3, 12), np.nan), "encode returns numbers that are not finite"),
    ],
)
def test_other_points_are_refused_in_a_sentence(autoencoder, given, message):
    with pytest.raises(AutoencoderError, match=message):
        jacobian_spectra(autoencoder, given)


def test_the_module_and_its_mode_stay_as_they_are_and_a_line_says_so(points, caplog):
    module = dense(nn.Tanh, behind=lambda width: [nn.BatchNorm1d(width), nn.Dropout()]).train()
    before = copy.deepcopy(module.state_dict())
    expected = jacobian_spectra(copy.deepcopy(module).eval(), points)
    with caplog.at_level(logging.INFO, logger="jacspec"):
        spectra = jacobian_spectra(module, points)
    assert (
        "in training mode and is evaluated in evaluation mode, in which BatchNorm1d, Dropout"
        in (caplog.text)
    )
    assert_equal(spectra, expected)
    assert all(part.training for part in module.modules())
    assert all(parameter.requires_grad for parameter in module.parameters())
    assert all(torch.equal(before[name], values) for name, values in module.state_dict().items())
    assert next(module.parameters()).dtype == torch.float32


class Whatever(nn.Module):
    """The encoder of the fixture, then what a test wants."""

    def __init__(self, inner, encode=None, decode=None) -> None:
        super().__init__()
        self.inner = inner
        self._encode, self._decode = encode, decode

    def encode(self, x):
        z = self.inner.encoder(x)
        return self._encode(z) if self._encode else z

    def decode(self, z):
        y = self.inner.decoder(z)
        return self._decode(y) if self._decode else y


@dataclass
class Fields:
    mu: torch.Tensor
    unused: None = None


@pytest.mark.parametrize(
    ("pack", "output"),
    [
        (lambda z: (z, z + 1), 0),
        (lambda z: [z + 1, z], -1),
        (lambda z: (z,), None),
        (lambda z: {"a": z, "b": z + 1}, "a"),
        (lambda z: {"logvar": z + 1, "mu": z, "z": z + 2}, None),
        (lambda z: {"anything": z}, None),
        (Fields, None),
        (lambda z: torch.distributions.Normal(z, 1.0), "mean"),
    ],
)
def test_the_output_that_is_meant_is_chosen(autoencoder, points, pack, output):
    expected = jacobian_spectra(autoencoder, points, engine="general")
    module = Whatever(autoencoder, encode=pack)
    spectra = jacobian_spectra(module, points, encode_output=output, engine="general")
    assert_equal(spectra, expected)


@pytest.mark.parametrize(
    ("pack", "output", "message"),
    [
        (
            lambda z: (z, z),
            None,
            r"encode returns 2 outputs \(0 \(5, 3\), 1 \(5, 3\)\): which is meant\?.*"
            "choose one with encode_output=",
        ),
        (lambda z: (z, z), 2, "none of them is 2"),
        (lambda z: {"a": z, "b": z}, None, "'a'.*which is meant"),
        (lambda z: {"mu": z, "b": z}, "c", "none of them is 'c'"),
        (lambda z: z, 0, "encode returns one Tensor, .*leave encode_output out"),
        (
            lambda z: torch.distributions.Normal(z, 1.0),
            None,
            "encode returns a Normal, allowed: a tensor.*encode_output",
        ),
    ],
)
def test_outputs_that_leave_a_choice_are_refused(autoencoder, points, pack, output, message):
    with pytest.raises(AutoencoderError, match=message):
        jacobian_spectra(Whatever(autoencoder, encode=pack), points, encode_output=output)


@pytest.mark.parametrize(
    ("maps", "message"),
    [
        ({"decode": lambda y: y[:, :-1]}, r"decode returns shape \(11,\) for points of .*\(12,\)"),
        ({"encode": lambda z: z + torch.rand(3)}, "encode is random.*without sampling"),
        ({"decode": functional.dropout}, r"decode is random.*without dropout"),
        (
            {"encode": lambda z: z - z.mean(dim=0)},
            "rows of a batch depend on one another in encode",
        ),
        (
            {"encode": lambda z: z.float()},
            "encode returns float32 for float64.*precision='float32'",
        ),
        ({"encode": lambda z: z.sum(dim=1)}, r"encode returns shape \(5,\) for 5 points"),
        ({"encode": lambda z: z.log()}, "encode returns numbers that are not finite"),
    ],
)
def test_maps_that_cannot_be_used_are_refused_in_a_sentence(autoencoder, points, maps, message):
    module = Whatever(autoencoder, **maps)
    with pytest.raises(AutoencoderError, match=message) as error:
        jacobian_spectra(module, points)
    assert "\n" not in str(error.value)


def test_a_net_that_normalizes_over_the_batch_is_refused(points):
    module = dense(nn.Tanh, behind=lambda width: [nn.BatchNorm1d(width, track_running_stats=False)])
    with pytest.raises(AutoencoderError, match="rows of a batch depend on one another"):
        jacobian_spectra(module, points)


def test_a_module_without_maps_is_refused_with_what_it_has(points):
    module = nn.Sequential(nn.Linear(12, 3), nn.Linear(3, 12))
    with pytest.raises(
        AutoencoderError,
        match=r"the Sequential has neither a method encode nor a part encoder \(it has 0, 1\); "
        r"write jacobian_spectra\(encode=f, decode=g, points=points\)",
    ):
        jacobian_spectra(module, points)
    for given in ({}, {"encode": nn.Linear(12, 3)}, {"autoencoder": module, "decode": module}):
        with pytest.raises(AutoencoderError, match=r"write jacobian_spectra\("):
            jacobian_spectra(points=points, **given)


def test_forward_that_is_not_the_composition_is_warned_of(autoencoder, points):
    class Forward(Pair):
        def forward(self, x):
            return super().forward(x) + 0.125

    module = Forward(autoencoder.encoder, autoencoder.decoder)
    with pytest.warns(UserWarning, match=r"forward\(x\) differs from .* by up to 0\.13"):
        jacobian_spectra(module, points)


def test_dense_layers_can_be_demanded(points):
    with pytest.raises(
        AutoencoderError, match=r"encode is no stack of dense layers: Conv2d is no part.*'general'"
    ):
        jacobian_spectra(convolutional(), np.zeros((2, 1, 8, 8)), engine="dense")
    with pytest.raises(ValueError, match="engine is 'sparse', allowed: auto, dense, general"):
        jacobian_spectra(convolutional(), np.zeros((2, 1, 8, 8)), engine="sparse")
    with pytest.raises(ValueError, match="precision is 'float16', allowed: float64, float32"):
        jacobian_spectra(dense(), points, precision="float16")


@pytest.mark.parametrize(
    "layers",
    [
        [nn.ReLU(), nn.Linear(12, 3)],
        [nn.Linear(12, 3), nn.ReLU(), nn.Tanh()],
        [nn.Linear(12, 3), nn.Tanh(), nn.BatchNorm1d(3)],
        [nn.Linear(12, 3), nn.LayerNorm(3)],
        [nn.Linear(12, 3), nn.ELU(alpha=0.5)],
        [nn.Linear(12, 3), nn.GELU(approximate="tanh")],
        [nn.Unflatten(1, (4, 3)), nn.Linear(3, 3), nn.Flatten()],
        [nn.Linear(12, 3), nn.Threshold(0.1, 20)],
        [nn.Flatten()],
    ],
    ids=str,
)
def test_what_no_dense_layers_do_goes_to_the_general_engine(points, layers):
    module = Pair(nn.Sequential(*layers), nn.Identity())
    latent_dim = module.eval().encoder(torch.zeros(1, 12)).shape[1]
    module.decoder = nn.Linear(latent_dim, 12)
    spectra = jacobian_spectra(module, points)
    assert spectra.engine == "general"


def test_hooks_that_change_values_are_noticed(autoencoder, points):
    module = copy.deepcopy(autoencoder)
    module.encoder[0].register_forward_hook(lambda _module, _inputs, output: 2 * output)
    with pytest.raises(AutoencoderError, match="encode does not return what its layers do"):
        jacobian_spectra(module, points, engine="dense")
    assert jacobian_spectra(module, points).engine == "general"


def test_operations_without_derivative_are_refused(autoencoder, points):
    class NoDerivative(torch.autograd.Function):
        @staticmethod
        def forward(values):
            return values + 1

        @staticmethod
        def setup_context(*_):
            pass

    module = Whatever(autoencoder, encode=NoDerivative.apply)
    with pytest.raises(AutoencoderError, match="encode and decode cannot be differentiated"):
        jacobian_spectra(module, points, engine="general")


def test_a_mode_of_training_in_a_function_is_the_callers(points):
    """A function hides its modules: what is random or depends on the batch is found out."""
    module = dense(nn.Tanh, behind=lambda width: [nn.BatchNorm1d(width)]).double().train()
    with pytest.raises(AutoencoderError, match=r"rows of a batch depend.*eval\(\)"):
        jacobian_spectra(
            encode=lambda x: module.encoder(x), decode=lambda z: module.decoder(z), points=points
        )


def test_shared_weights_are_shared_by_copies(points):
    weight = nn.Linear(12, 3)

    class Transposed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = weight

        def forward(self, z):
            return functional.linear(z, self.layer.weight.T)

    separate = jacobian_spectra(encode=weight, decode=Transposed(), points=points)
    matrix = weight.weight.detach().double()
    expected = np.linalg.eigvalsh((matrix @ matrix.T).numpy())[::-1]
    assert separate.engine == "dense"
    np.testing.assert_allclose(separate.eigenvalues_input.real, [expected] * 5, rtol=1e-6)


def test_an_output_without_derivative_has_zeros_only(autoencoder, points):
    module = Whatever(autoencoder, decode=lambda y: y.detach())
    assert (jacobian_spectra(module, points, engine="general").eigenvalues_input == 0).all()


def test_a_network_of_arrays_is_taken_as_it_is(autoencoder, points):
    network = network_of(autoencoder, np.float64)
    expected = jacobian_spectra(autoencoder, points)
    assert_equal(jacobian_spectra(network, points), expected)
    assert_equal(jacobian_spectra(network, points.reshape(5, 3, 4)), expected)
    assert len(jacobian_spectra(network, points[:0])) == 0
    with pytest.raises(ValueError, match=r"points have shape \(5, 11\), allowed: \(n, 12\)"):
        jacobian_spectra(network, points[:, :11])
