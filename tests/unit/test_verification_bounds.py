"""The bounds of the independent check, each at its edge, on matrices made by hand."""

import numpy as np
import pytest
import torch
from torch import nn

from jacspec.verification import comparison
from jacspec.verification.comparison import (
    STEEPEST,
    Deviation,
    deviations,
    identity_deviations,
    worst_index,
)
from jacspec.verification.network import ACTIVATIONS
from jacspec.verification.recomputation import (
    UNIT_ROUNDOFF,
    Bounded,
    RecomputedMatrix,
    RecomputedPoint,
    follow,
    gamma,
)

EIGENVALUES = np.array([3.0, 2.0, 1.0])
# That of the last one, as a shard stores it.
LAST_PLACE = float(np.finfo(np.float32).eps)


def recomputed_point(error: float, rank: int = 3) -> RecomputedPoint:
    """Return a point whose Jacobians have `EIGENVALUES`, known to within `error`."""
    matrix = RecomputedMatrix(
        value=np.diag(EIGENVALUES),
        error=error,
        trace=Bounded(EIGENVALUES.sum(), error),
        square_trace=Bounded(np.square(EIGENVALUES).sum(), error),
        rank_bound=rank,
    )
    return RecomputedPoint(
        matrix, matrix, np.zeros(3), np.zeros(3), Bounded(0.0, 0.0), False, False
    )


def stored_row(**changed) -> dict:
    """Return what a shard says of that point, but for what is `changed`."""
    of_matrix = {
        "eigenvalues": EIGENVALUES.astype(np.complex64),
        "logabsdet": np.log(EIGENVALUES).sum(),
        "sign": 1,
        "trace": EIGENVALUES.sum(),
        "rank_bound": 3,
        **changed,
    }
    of_point = {"latent": np.zeros(3), "reconstruction_error": 0.0, "same_pattern": False}
    both = {
        f"{name}_{jacobian}": value
        for name, value in of_matrix.items()
        for jacobian in ("input", "latent")
    }
    return of_point | both


def beyond(row: dict, error: float = 1e-12) -> set[str]:
    """Return which quantities of a row lie beyond their bounds."""
    return {one.quantity for one in deviations(row, recomputed_point(error)) if not one.within}


def test_units_are_those_of_ieee_arithmetic():
    single, double = np.finfo(np.float32), np.finfo(np.float64)
    assert {"float32": single.eps / 2, "float64": double.eps / 2} == UNIT_ROUNDOFF
    assert single.eps / 2 == comparison.STORED_UNIT
    assert float(single.smallest_subnormal) == comparison.STORED_SPACING
    # Both computations round.
    assert double.eps == comparison.UNIT


def test_the_steepest_slope_is_that_of_an_activation():
    arguments = torch.linspace(-30, 30, 60_001, dtype=torch.float64, requires_grad=True)
    slopes = [
        torch.autograd.grad(activation()(arguments).sum(), arguments)[0].abs().max().item()
        for activation in ACTIVATIONS.values()
    ]
    assert max(slopes) <= STEEPEST <= 1.01 * max(slopes)


@pytest.mark.parametrize(
    ("quantity", "allowed", "refused"),
    [
        ("eigenvalues", 0, 1),
        ("eigenvalue_sum", 2, 4),
        ("eigenvalue_square_sum", 6, 8),
        ("eigenvalue_product", 2, 4),
    ],
)
def test_eigenvalues_may_be_off_by_what_storing_them_rounds(quantity, allowed, refused):
    """With u = 2^-24, half of the last place of 1.

    Each may be off by u |lambda|, and that by 2 u; their sum by 6 u; the sum of their squares by
    2 * 14 u, of which each place takes 4 u; the logarithm of their product by 3 * 2 u.
    """
    for places, expected in ((allowed, False), (refused, True)):
        eigenvalues = EIGENVALUES.astype(np.complex64)
        eigenvalues[2] += places * LAST_PLACE
        assert (quantity in beyond(stored_row(eigenvalues=eigenvalues))) == expected


def test_a_determinant_that_is_certain_has_its_sign_and_modulus():
    logabsdet = np.log(EIGENVALUES).sum()
    assert beyond(stored_row()) == set()
    assert "sign" in beyond(stored_row(sign=-1))
    # Of 1e-5 all of three factors may be off, the smallest most: by 3 log(1 + 1e-5) = 3e-5.
    assert "logabsdet" not in beyond(stored_row(logabsdet=logabsdet + 2.9e-5), error=1e-5)
    assert "logabsdet" in beyond(stored_row(logabsdet=logabsdet + 3.1e-5), error=1e-5)


def test_a_determinant_without_full_rank_is_exactly_zero():
    point = recomputed_point(1e-12, rank=2)
    for logabsdet, sign, wrong in ((-np.inf, 0, set()), (-700.0, 1, {"logabsdet", "sign"})):
        row = stored_row(logabsdet=logabsdet, sign=sign, rank_bound=2)
        found = {one.quantity for one in deviations(row, point) if not one.within}
        assert found & {"logabsdet", "sign"} == wrong


def test_nothing_is_said_of_a_determinant_that_rounding_may_make_zero():
    assert "sign" in beyond(stored_row(sign=-1), error=0.9)
    found = beyond(stored_row(sign=-1, logabsdet=-40.0), error=1.1)
    assert not found & {"sign", "logabsdet", "eigenvalue_product"}


def identities(eigenvalues, rank: int, trace: float) -> dict[str, tuple[float, float]]:
    """Return deviation and bound of one point whose matrix has a norm of at most 5."""
    stored = {
        "eigenvalues_input": np.array([eigenvalues], dtype=np.complex64),
        "rank_bound_input": np.array([rank]),
        "trace_input": np.array([trace]),
    }
    return {
        name: (float(deviation[0]), float(bound[0]))
        for name, deviation, bound in identity_deviations("input", stored, 5.0)
    }


@pytest.mark.parametrize(("places", "agrees"), [(1, True), (2, False)])
def test_the_order_of_eigenvalues_is_that_before_they_were_rounded(places, agrees):
    deviation, bound = identities([1.0, 1.0 + places * LAST_PLACE, 0.5], 3, 2.5)["eigenvalue_order"]
    assert (deviation <= bound) == agrees


@pytest.mark.parametrize(("rank", "missing"), [(3, 1.0), (2, 0.0), (1, 1.0)])
def test_there_are_as_many_zeros_as_the_rank_leaves(rank, missing):
    assert identities([3.0, 2.0, 0.0], rank, 5.0)["exact_zeros"] == (missing, 0.0)


def test_eigenvalues_beyond_the_rank_were_no_larger_than_the_last_one_kept():
    _, bound = identities([3.0, 2.0, 0.0], 2, 5.0)["stored_trace"]
    assert 2 < bound < 2 + 1e-6
    _, bound = identities([3.0, 2.0, 1.0], 3, 6.0)["stored_trace"]
    assert 0 < bound < 1e-6


@pytest.mark.parametrize(("trace", "agrees"), [(2e-13, True), (2e-12, False)])
def test_a_sum_may_be_off_by_what_an_eigensolver_leaves_of_the_norm(trace, agrees):
    """At d = 3, sqrt(3) times 3 (4 * 3 + 40) 2^-52 of 5 is 3e-13, and storing adds nothing."""
    deviation, bound = identities([1e-30, 1e-30, 1e-30], 3, trace)["stored_trace"]
    assert (deviation <= bound) == agrees


def test_eigenvalues_of_no_rank_were_no_larger_than_the_norm():
    _, bound = identities([0.0, 0.0, 0.0], 0, 0.0)["stored_trace"]
    assert 15 <= bound < 15 + 1e-6


@pytest.mark.parametrize(
    ("deviation", "bound", "worst"),
    [
        ([0.0, 1.0], [0.0, 2.0], 1),
        ([1.0, 1.0], [2.0, 1.5], 1),
        ([5.0, 1e-9], [6.0, 0.0], 1),
        ([5.0, np.nan], [6.0, 1.0], 1),
    ],
)
def test_the_worst_point_is_that_nearest_to_or_beyond_its_bound(deviation, bound, worst):
    assert worst_index(np.array(deviation), np.array(bound)) == worst


def test_a_ratio_is_infinite_where_nothing_is_allowed():
    assert Deviation("both", "index", 0.0, 0.0).ratio == 0.0
    assert Deviation("both", "index", 1.0, 0.0).ratio == np.inf
    assert Deviation("both", "index", np.nan, 1.0).ratio == np.inf
    assert Deviation("both", "index", 3.0, 2.0).ratio == 1.5


@pytest.mark.parametrize(
    ("activation", "kink"), [(nn.ReLU, 0.0), (nn.LeakyReLU, 0.0), (nn.Softplus, 20.0)]
)
def test_a_kink_is_near_at_its_argument_only(activation, kink):
    linear = nn.Linear(1, 1, dtype=torch.float64).requires_grad_(False)
    linear.weight[:], linear.bias[:] = 1.0, kink
    half = nn.Sequential(linear, activation())
    unit = UNIT_ROUNDOFF["float64"]
    for start, near in ((0.0, True), (0.05, False), (-0.05, False)):
        assert follow(half, np.array([start]), np.zeros(1), unit).near_kink == near


def test_gamma_ends_where_nothing_is_certain():
    assert gamma(1, 0.25) == 1 / 3
    assert gamma(2, 0.5) == np.inf
    assert gamma(3, 0.5) == np.inf
