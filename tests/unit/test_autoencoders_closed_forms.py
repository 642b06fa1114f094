"""Spectra of autoencoders that can be done by hand."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import weight_norm

from cases import BOTH_ENGINES
from dense_architectures import Pair
from jacspec import jacobian_spectra

pytestmark = pytest.mark.usefixtures("one_thread")


def chain(hidden=nn.ReLU, output=nn.Identity, weight=1.0, bias=0.0):
    """Return 1-1-1 | 1-1-1 with all weights and biases alike."""

    def half(last):
        return nn.Sequential(nn.Linear(1, 1), hidden(), nn.Linear(1, 1), last)

    module = Pair(half(nn.Identity()), half(output()))
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.fill_(weight if name.endswith("weight") else bias)
    return module.eval()


@BOTH_ENGINES
@pytest.mark.parametrize(
    ("hidden", "output", "x", "eigenvalue"),
    [
        (nn.ReLU, nn.Identity, 1.0, 1.0),
        (nn.ReLU, nn.Sigmoid, 1.0, 0.19661193),
        (nn.Tanh, nn.Identity, 1.0, 0.24686795),
        (nn.LeakyReLU, nn.Identity, -1.0, 1e-4),
    ],
)
def test_networks_of_width_one_have_the_eigenvalues_of_a_pocket_calculator(
    engine, hidden, output, x, eigenvalue
):
    spectra = jacobian_spectra(chain(hidden, output), [[x]], engine=engine)
    np.testing.assert_allclose(spectra.eigenvalues_input, [[eigenvalue]], rtol=1e-7)
    assert spectra.sign_input == [1]


@BOTH_ENGINES
def test_weights_that_a_norm_makes_are_made_anew(engine):
    """After a state_dict is loaded, the weight itself is that of before until the next forward."""
    module = chain()
    weight_norm(module.encoder[0])
    state = module.state_dict()
    state["encoder.0.weight_g"] = torch.tensor([[3.0]])
    module.load_state_dict(state)
    spectra = jacobian_spectra(module, [[1.0]], engine=engine)
    np.testing.assert_array_equal(spectra.eigenvalues_input, [[3.0]])


@BOTH_ENGINES
def test_a_latent_layer_that_is_wider_than_the_input_has_zeros(engine):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = Pair(
            nn.Sequential(nn.Linear(1, 4), nn.Identity(), nn.Linear(4, 2)),
            nn.Sequential(nn.Linear(2, 4), nn.Identity(), nn.Linear(4, 1)),
        ).eval()
    spectra = jacobian_spectra(module, [[0.5]], engine=engine)
    for name in ("input", "latent"):
        assert getattr(spectra, f"rank_bound_{name}") == [1]
        assert getattr(spectra, f"logabsdet_{name}") == [-np.inf]
        eigenvalues = getattr(spectra, f"eigenvalues_{name}")[0]
        assert eigenvalues[0] != 0
        assert eigenvalues[1] == 0


def test_on_a_kink_the_engines_differ_and_such_points_are_counted():
    with pytest.warns(UserWarning, match="1 of 3 points lie exactly on a kink"):
        spectra = jacobian_spectra(chain(), [[0.0], [1.0], [2.0]])
    np.testing.assert_array_equal(spectra.eigenvalues_input[:, 0], [1, 1, 1])
    general = jacobian_spectra(chain(), [[0.0], [1.0], [2.0]], engine="general")
    np.testing.assert_array_equal(general.eigenvalues_input[:, 0], [0, 1, 1])
