"""What the spread of each claim's main statistic comes from: recipe, d, seed, points.

The model is y = mean + variant + latent_dim + variant:latent_dim + seed + points, with all effects
random and independent. `seed` is what another draw of a network changes, at the same variant and
latent dimension; `points` is what another sample of points would change, known from the bootstrap.
The components are estimated by the method of moments of fitted constants (Henderson 1953,
"Estimation of variance and covariance components", method 3): what each factor adds to the sum of
squares that the others explain, and what is left over, are set equal to their expectations, which
are linear in the components. On balanced data that is the analysis of variance; on others no
estimate is disturbed by a large variance of another factor. The mean variance over points is taken
off what is left over, and estimates below zero are set to zero.

A factor is left out where it cannot be told from others: one that all networks share, the
interaction where no variant has two networks at one latent dimension (it is then part of `seed`).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jacspec.claims.rows import MAIN, MAIN_POINT_VARIANCE, VERDICT, ClaimRow
from jacspec.claims.verdicts import Verdict
from jacspec.tables import write_table

VARIANT, LATENT_DIM, INTERACTION = "variant", "latent_dim", "variant:latent_dim"
SEED, POINTS = "seed", "points"
COMPONENTS = (VARIANT, LATENT_DIM, INTERACTION, SEED, POINTS)
HEADER = ("claim", "component", "variance", "share", "networks")
# Fewer networks than this have no spread to speak of.
MINIMUM_NETWORKS = 3


@dataclass(frozen=True)
class Component:
    """The variance of one claim's main statistic that is due to one cause, and its share."""

    claim: str
    component: str
    variance: float
    share: float
    networks: int


def variance_components(rows: Sequence[ClaimRow]) -> list[Component]:
    """Return the components of every claim's main statistic, as far as there are enough networks.

    Variants that are not judged take no part, and neither do networks without a finite number.
    """
    judged = {
        (row.claim, row.variant)
        for row in rows
        if row.statistic == VERDICT and row.seed is None and row.verdict != Verdict.NOT_JUDGED
    }
    by_claim: dict[str, dict[tuple, dict[str, float]]] = {}
    for row in rows:
        is_network = row.seed is not None and (row.claim, row.variant) in judged
        if is_network and row.statistic in (MAIN, MAIN_POINT_VARIANCE):
            networks = by_claim.setdefault(row.claim, {})
            key = (row.variant, row.latent_dim, row.seed)
            networks.setdefault(key, {})[row.statistic] = row.value
    components = []
    for claim, networks in by_claim.items():
        finite = {key: own for key, own in networks.items() if _finite(own)}
        if len(finite) >= MINIMUM_NETWORKS:
            components += _components(claim, finite)
    return components


def estimated_components(
    values: np.ndarray, factors: Mapping[str, np.ndarray], point_variances: np.ndarray
) -> dict[str, float]:
    """Return the variance of each factor, of `SEED` and of `POINTS`, none below zero.

    `values` and `point_variances` are (n,), `factors` maps a name of `distinguishable_factors` to
    the levels of the n networks.
    """
    forms = _sums_of_squares(factors, len(values))
    covariances = [_covariance(levels) for levels in factors.values()] + [np.eye(len(values))]
    expectations = [[np.sum(form * other) for other in covariances] for form in forms.values()]
    moments = [values @ form @ values for form in forms.values()]
    found = dict(zip(forms, np.linalg.solve(expectations, moments), strict=True))
    points = float(np.mean(point_variances))
    found[SEED] -= points
    return {name: max(float(variance), 0.0) for name, variance in found.items()} | {POINTS: points}


def distinguishable_factors(variants: np.ndarray, latent_dims: np.ndarray) -> dict[str, np.ndarray]:
    """Return the levels of those factors whose variances can be told from one another."""
    _, cells = np.unique(np.stack([variants, latent_dims]), axis=1, return_inverse=True)
    chosen: dict[str, np.ndarray] = {}
    for name, levels in ((VARIANT, variants), (LATENT_DIM, latent_dims), (INTERACTION, cells)):
        forms = _sums_of_squares({**chosen, name: levels}, len(variants))
        # The trace of a projection is the number of its degrees of freedom.
        if all(np.trace(form) > 0.5 for form in forms.values()):
            chosen[name] = levels
    return chosen


def _sums_of_squares(factors: Mapping[str, np.ndarray], count: int) -> dict[str, np.ndarray]:
    """Return the projections (n, n) on what each factor adds to the others, and on the rest."""
    mains = {name: levels for name, levels in factors.items() if name != INTERACTION}
    both = _projection(mains.values(), count)
    forms = {
        name: both - _projection([own for other, own in mains.items() if other != name], count)
        for name in mains
    }
    explained = _projection(factors.values(), count)
    if INTERACTION in factors:
        forms[INTERACTION] = explained - both
    forms[SEED] = np.eye(count) - explained
    return forms


def _projection(factors: Iterable[np.ndarray], count: int) -> np.ndarray:
    """Return the projection on the mean and the levels of some factors."""
    indicators = [levels[:, None] == np.unique(levels) for levels in factors]
    columns = np.hstack([np.ones((count, 1)), *indicators]).astype(np.float64)
    return columns @ np.linalg.pinv(columns)


def _covariance(levels: np.ndarray) -> np.ndarray:
    return (levels[:, None] == levels).astype(np.float64)


def write_variance(path: Path | str, components: Sequence[Component]) -> None:
    """Write one row per claim and component."""
    rows = ((c.claim, c.component, c.variance, c.share, c.networks) for c in components)
    write_table(path, HEADER, rows)


def _components(claim: str, networks: Mapping[tuple, Mapping[str, float]]) -> list[Component]:
    variants, latent_dims = (
        np.unique([str(key[axis]) for key in networks], return_inverse=True)[1] for axis in (0, 1)
    )
    own = list(networks.values())
    found = estimated_components(
        np.array([numbers[MAIN] for numbers in own]),
        distinguishable_factors(variants, latent_dims),
        np.array([numbers[MAIN_POINT_VARIANCE] for numbers in own]),
    )
    total = sum(found.values())
    return [
        Component(claim, name, found[name], found[name] / total if total else 0.0, len(own))
        for name in COMPONENTS
        if name in found
    ]


def _finite(numbers: Mapping[str, float]) -> bool:
    return all(math.isfinite(numbers.get(name, math.nan)) for name in (MAIN, MAIN_POINT_VARIANCE))
