"""Every architecture of `cases`, by every engine that takes it, against full Jacobians."""

from functools import cache

import numpy as np
import pytest
import torch
from torch.func import jacfwd, jacrev, vmap

from cases import CASES, DEVICES, SINGULAR, Case
from jacspec import jacobian_spectra
from jacspec.autoencoders.maps import find_maps

COUNT = 6
SINGLE_ROUNDOFF = 2.0**-24
# Sums of up to 600 products in each of up to 20 layers, in float64, taken in another order:
# relative to the product of the norms of both factors.
ROUNDING = 20 * 600 * 2.0**-53

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.filterwarnings(
        "ignore:forward is random", "ignore:There is a performance", "ignore:.*weight_norm"
    ),
]

ENGINES = [
    pytest.param(case, engine, id=f"{case.name}, {engine}")
    for case in CASES
    for engine in sorted({"general", case.engine})
]


@cache
def full_jacobians(name: str, device: str) -> "FullJacobians":
    (case,) = (case for case in CASES if case.name == name)
    return FullJacobians(case, case.points(COUNT), device)


class FullJacobians:
    """Jacobians of whole maps by autograd, flattened, point by point.

    On the device that is tested: some maps of torch's have constants of float32 on a GPU.
    """

    def __init__(self, case: Case, points: np.ndarray, device: str) -> None:
        maps = find_maps(
            case.module(),
            encode=None,
            decode=None,
            encode_output=case.options.get("encode_output"),
            decode_output=case.options.get("decode_output"),
            dtype=torch.float64,
            device=device,
        )
        x = torch.from_numpy(points).to(device)
        z = maps.encode(x)
        y = maps.decode(z.clone())

        def flat(jacobians: torch.Tensor, outputs: torch.Tensor) -> np.ndarray:
            return jacobians.reshape(len(x), outputs[0].numel(), -1).cpu().numpy()

        def of_encoder(values: torch.Tensor) -> np.ndarray:
            single = jacrev(lambda point: maps.encode(point.clone()[None])[0])
            return flat(vmap(single)(values), z)

        decoder = flat(vmap(jacfwd(lambda point: maps.decode(point.clone()[None])[0]))(z), y)
        encoders = {"input": of_encoder(x), "latent": of_encoder(y)}
        self.reduced = {name: encoder @ decoder for name, encoder in encoders.items()}
        # In the space of the points for one, in latent space for the other.
        self.full = {"input": decoder @ encoders["input"], "latent": self.reduced["latent"]}
        self.size = {
            name: np.linalg.norm(encoder, axis=(1, 2)) * np.linalg.norm(decoder, axis=(1, 2))
            for name, encoder in encoders.items()
        }
        self.latent = z.flatten(1).cpu().numpy()
        self.reconstruction_error = (y - x).flatten(1).square().sum(dim=1).cpu().numpy()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("case", "engine"), ENGINES)
def test_spectra_are_those_of_full_jacobians(case, engine, device):
    """Sums of powers of the eigenvalues are traces of powers of the full Jacobian, to rounding.

    As many powers as there are eigenvalues determine them all. The results are rounded to float32,
    which moves |l|^k by k times its unit roundoff for each of two parts; an error E of a matrix of
    size s moves the trace of its k-th power by d k |E| s^(k - 1).
    """
    points = case.points(COUNT)
    spectra = jacobian_spectra(case.module(), points, engine=engine, device=device, **case.options)
    assert spectra.engine == engine
    assert spectra.sign_rule == {"dense": "bound", "general": "two_routes"}[engine]
    expected = full_jacobians(case.name, device)
    latent_dim = expected.latent.shape[1]
    assert latent_dim <= 16
    for name, matrices in expected.full.items():
        size = expected.size[name]
        eigenvalues = getattr(spectra, f"eigenvalues_{name}").astype(np.complex128)
        power = np.eye(matrices.shape[1])
        for exponent in range(1, latent_dim + 1):
            power = power @ matrices
            trace = np.trace(power, axis1=1, axis2=2)
            rounded = 2 * exponent * SINGLE_ROUNDOFF * (np.abs(eigenvalues) ** exponent).sum(axis=1)
            error = latent_dim * exponent * ROUNDING * size**exponent
            found = (eigenvalues**exponent).sum(axis=1)
            assert (np.abs(found - trace) <= rounded + error).all(), (name, exponent)
        trace = np.trace(matrices, axis1=1, axis2=2)
        error = latent_dim * ROUNDING * size
        assert (np.abs(getattr(spectra, f"trace_{name}") - trace) <= error).all()
    np.testing.assert_allclose(spectra.latent, expected.latent, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(
        spectra.reconstruction_error, expected.reconstruction_error, rtol=1e-12
    )


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("case", "engine"), ENGINES)
def test_determinants_are_those_of_the_reduced_jacobians(case, engine, device):
    points = case.points(COUNT)
    spectra = jacobian_spectra(case.module(), points, engine=engine, device=device, **case.options)
    expected = full_jacobians(case.name, device)
    for name, matrices in expected.reduced.items():
        sign, logabsdet = np.linalg.slogdet(matrices)
        smallest = np.linalg.svd(matrices, compute_uv=False)[:, -1]
        error = ROUNDING * expected.size[name]
        found = getattr(spectra, f"sign_{name}")
        # Far from singular, every sign is determined.
        assert (found[smallest > 1000 * error] != 0).all()
        determined = found != 0
        assert np.array_equal(found[determined], sign[determined])
        found = getattr(spectra, f"logabsdet_{name}")[determined]
        bound = matrices.shape[1] * 2 * error[determined] / smallest[determined]
        assert (np.abs(found - logabsdet[determined]) <= bound).all()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.name) for case in CASES if case.engine == "dense"]
)
def test_two_engines_agree_on_dense_layers(case, device):
    """The estimate of the one decides as the bound of the other, where layers do not lose rank."""
    points = case.points(40)
    dense = jacobian_spectra(case.module(), points, engine="dense", device=device, **case.options)
    general = jacobian_spectra(
        case.module(), points, engine="general", device=device, **case.options
    )
    for name in ("input", "latent"):
        assert np.array_equal(getattr(dense, f"sign_{name}"), getattr(general, f"sign_{name}"))
        bound = getattr(dense, f"rank_bound_{name}")
        assert (bound <= getattr(general, f"rank_bound_{name}")).all()
        regular = getattr(dense, f"sign_{name}") != 0
        for quantity in ("trace", "logabsdet"):
            pair = (getattr(result, f"{quantity}_{name}")[regular] for result in (dense, general))
            np.testing.assert_allclose(*pair, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_the_engine_that_fits_is_found(case):
    spectra = jacobian_spectra(case.module(), case.points(3), **case.options)
    assert spectra.engine == case.engine


def test_a_singular_jacobian_without_a_rank_bound_has_no_sign():
    spectra = jacobian_spectra(SINGULAR.module(), SINGULAR.points(50))
    assert spectra.engine == "general"
    assert (spectra.rank_bound_input == 4).all()
    assert (spectra.sign_input == 0).all()
    assert (spectra.sign_latent == 0).all()
    assert np.abs(spectra.eigenvalues_input[:, -1]).max() < 1e-12


def test_the_list_of_cases_has_every_name_once():
    assert len({case.name for case in CASES}) == len(CASES) >= 18 + 11
