"""Claims C4 to C8: how the spectra on random pixels differ from those on the training set."""

import numpy as np

from jacspec.claims.bootstrap import REPLICATES, Draws, ratio
from jacspec.claims.conditions import Condition, at_least, condition, conditions_of_networks
from jacspec.claims.evidence import BRIGHTNESS, Evidence
from jacspec.claims.findings import Finding
from jacspec.claims.networks import with_resampled_networks
from jacspec.claims.thresholds import (
    HALF,
    MINIMUM_DIMS,
    MINIMUM_HIGH_DIMS,
    MINIMUM_SETS,
    NEARLY_ALL,
    SMALLEST_HIGH_DIM,
    Statement,
    high_dims,
)
from jacspec.claims.training_set_claims import JACOBIANS, MEANS
from jacspec.claims.trends import (
    coefficient_of_variation,
    first_dim_below,
    order_margin,
    silhouette,
)
from jacspec.claims.verdicts import Criterion, Verdict, criterion, verdicts_of
from jacspec.claims.wording import counted, values_of

# "A reasonable structure has been found" (Kaufman and Rousseeuw 1990, Finding Groups in Data).
DISTINCT_CLUSTERS = 0.5

LARGER_DIFFERENCE = Statement("larger_difference")
VARY_MORE = Statement.of_curve("vary_more")
BELOW = Statement("below_training_set", MINIMUM_HIGH_DIMS)
CLUSTERED = Statement("input_clusters", MINIMUM_HIGH_DIMS)
NOT_CLUSTERED = Statement("latent_does_not", MINIMUM_HIGH_DIMS)
LARGER_SPREAD = Statement("larger_spread")


def spectra_differ_more(evidence: Evidence, seed: int) -> Finding:
    """C4: ||lambda_I - lambda_L||^2 / d is larger on random sets than on the training set.

    "The distance [...] is larger [for] the out of domain data" (Figure 1): of a network, the median
    over points is larger than the training set's on nearly all random sets.
    """
    return _larger_on_nearly_all(
        evidence,
        seed,
        (LARGER_DIFFERENCE.name, "both", "difference_q50"),
        "median of ‖λ(J_I) − λ(J_L)‖²/d",
    )


def means_less_constant(evidence: Evidence, seed: int) -> Finding:
    """C5: the means of |lambda| vary more with d on random sets than on the training set.

    They "are far less constant than those of the in distribution data" for both Jacobians and both
    means (II-D): of a curve, their coefficient of variation over d is larger in nearly all cases, a
    case being one mean of one Jacobian on one random set.
    """
    latent_dims, datasets = evidence.latent_dims(seed), evidence.random_sets()
    criteria, ratios = [], []
    for jacobian in JACOBIANS:
        for statistic in MEANS:
            curves = evidence.curves(seed, [evidence.training_set, *datasets], jacobian, statistic)
            variation = coefficient_of_variation(with_resampled_networks(curves, seed))
            ratios.append(ratio(variation[1:], variation[:1]))
            if len(latent_dims) < MINIMUM_DIMS:
                ratios[-1][:] = np.nan
            criteria += [
                criterion(f"variation_ratio/{statistic}/{jacobian}/{dataset}", draws, above=1.0)
                for dataset, draws in zip(datasets, ratios[-1], strict=True)
            ]
    in_words = (
        "coefficient of variation over d larger than the training set's in "
        f"{counted(verdicts_of(criteria))}; ratio {values_of(criteria)}"
    )
    larger = condition(
        VARY_MORE.name,
        [part.holds for part in criteria],
        required=NEARLY_ALL,
        enough=len(datasets) >= MINIMUM_SETS,
    )
    main = {None: np.median(np.concatenate(ratios), axis=0)} if datasets else {}
    return Finding(tuple(criteria), (larger,), in_words, main)


def means_drop_below(evidence: Evidence, seed: int) -> Finding:
    """C6: at last the means of |lambda| are below the training set's on all random sets.

    "Eventually, the mean eigenvalues for the out of distribution data sets drop below those of
    D_train" (Figure 2). "Eventually" is taken to be the last `MINIMUM_HIGH_DIMS` latent dimensions,
    all of them high: of each of these networks, each of the four means must be below on nearly all
    random sets. From which d on all are below is reported.
    """
    latent_dims, datasets = evidence.latent_dims(seed), evidence.random_sets()
    last = high_dims(latent_dims)[-MINIMUM_HIGH_DIMS:]
    criteria: list[Criterion] = []
    below: dict[int, list[Draws]] = {d: [] for d in last}
    everything: dict[int, list[Draws]] = {d: [] for d in last}
    parts = []
    for jacobian, symbol in JACOBIANS.items():
        for statistic, name in MEANS.items():
            curves = evidence.curves(seed, datasets, jacobian, statistic)
            reference = evidence.curve(seed, evidence.training_set, jacobian, statistic)
            cells = [
                criterion(
                    f"excess/{statistic}/{jacobian}/{dataset}",
                    draws - own,
                    below=0.0,
                    latent_dim=d,
                )
                for dataset, curve in zip(datasets, curves, strict=True)
                for d, draws, own in zip(latent_dims, curve, reference, strict=True)
                if d in last
            ]
            of_this = f"{statistic}/{jacobian}"
            first = first_dim_below(latent_dims, curves, reference)
            criteria += [*cells, criterion(f"first_dim_all_below/{of_this}", first)]
            for d in last:
                own = np.array([cell.holds for cell in cells if cell.latent_dim == d])
                below[d].append(at_least(own.reshape(-1, 1 + REPLICATES), NEARLY_ALL))
                everything[d] += list(own)
            since = f"all from d = {first[0]:.0f} on" if np.isfinite(first[0]) else "never all"
            parts.append(f"{name} mean of {symbol} {counted(verdicts_of(cells))}, {since}")
    in_words = (
        f"below the training set at the {len(last)} largest d ≥ {SMALLEST_HIGH_DIM}: "
        f"{'; '.join(parts)}"
    )
    conditions = [
        condition(BELOW.name, own, latent_dim=d, enough=len(datasets) >= MINIMUM_SETS)
        for d, own in below.items()
    ]
    main = {d: np.mean(own, axis=0) for d, own in everything.items() if own}
    return Finding(tuple(criteria), tuple(conditions), in_words, main)


def means_cluster_by_brightness(evidence: Evidence, seed: int) -> Finding:
    """C7: at high d the means of J_I fall into three clusters by pixel mean, those of J_L do not.

    "Three distinct clusters of eigenvalues of J_I: the three darkest distributions have the highest
    average eigenvalue, followed by the distributions with a mean of .5, and the three with the
    highest mean pixel value have the lowest" (II-D), and "in a way that [J_L] does not" (Figure 2).
    A mean is clustered where the groups have this order and the mean silhouette is above
    `DISTINCT_CLUSTERS`. Of a network of high d, a share `HALF` of the two means of J_I must be, and
    fewer of J_L.
    """
    criteria: list[Criterion] = []
    conditions: list[Condition] = []
    parts = []
    main: dict[int | None, Draws] = {}
    for jacobian, symbol in JACOBIANS.items():
        orders, widths, clustered = [], [], []
        for latent_dim in high_dims(evidence.latent_dims(seed)):
            silhouettes = []
            for statistic in MEANS:
                groups = _groups(evidence, latent_dim, seed, jacobian, statistic)
                silhouettes.append(silhouette(groups))
                name = f"{statistic}/{jacobian}"
                margin = order_margin(groups)
                orders.append(
                    criterion(f"order_margin/{name}", margin, above=0.0, latent_dim=latent_dim)
                )
                widths.append(
                    criterion(
                        f"silhouette/{name}",
                        silhouettes[-1],
                        above=DISTINCT_CLUSTERS,
                        latent_dim=latent_dim,
                    )
                )
            both = [
                at_least(np.array([order.holds, width.holds]), 1.0)
                for order, width in zip(orders[-len(MEANS) :], widths[-len(MEANS) :], strict=True)
            ]
            statement = CLUSTERED if jacobian == "input" else NOT_CLUSTERED
            found = condition(statement.name, both, latent_dim=latent_dim, required=HALF)
            clustered.append(found)
            if jacobian == "input":
                main[latent_dim] = np.max(silhouettes, axis=0)
        criteria += orders + widths
        conditions += clustered if jacobian == "input" else [one.negated() for one in clustered]
        parts.append(
            f"{symbol}: dark above middle above bright in {counted(verdicts_of(orders))}, mean "
            f"silhouette {values_of(widths)}, clustered at "
            f"{counted([one.verdict for one in clustered], f'd ≥ {SMALLEST_HIGH_DIM}')}"
        )
    return Finding(tuple(criteria), tuple(conditions), "; ".join(parts), main)


def logarithms_spread_more(evidence: Evidence, seed: int) -> Finding:
    """C8: the standard deviation of log|lambda| of J_I is higher on every random set.

    "For every out of domain data set is higher than the standard deviations for the training data"
    (Figure 4): of a network, on nearly all random sets. Exact zeros, which have no logarithm, are
    left out, so that a singular network does not count as one that spreads.
    """
    return _larger_on_nearly_all(
        evidence,
        seed,
        (LARGER_SPREAD.name, "input", "log_abs_std"),
        "standard deviation of log|λ(J_I)|",
    )


def _larger_on_nearly_all(
    evidence: Evidence, seed: int, what: tuple[str, str, str], words: str
) -> Finding:
    statement, jacobian, statistic = what
    latent_dims, datasets = evidence.latent_dims(seed), evidence.random_sets()
    reference = evidence.curve(seed, evidence.training_set, jacobian, statistic)
    ratios = ratio(evidence.curves(seed, datasets, jacobian, statistic), reference[None])
    cells = [
        criterion(f"{statistic}_ratio/{jacobian}/{dataset}", draws, above=1.0, latent_dim=d)
        for dataset, curve in zip(datasets, ratios, strict=True)
        for d, draws in zip(latent_dims, curve, strict=True)
    ]
    conditions = conditions_of_networks(
        statement, cells, required=NEARLY_ALL, enough=len(datasets) >= MINIMUM_SETS
    )
    in_words = (
        f"{words} larger than on the training set in {counted(verdicts_of(cells))}; "
        f"ratio {values_of(cells)}{_exceptions(cells)}"
    )
    main = dict(zip(latent_dims, np.min(ratios, axis=0), strict=True)) if datasets else {}
    return Finding(tuple(cells), tuple(conditions), in_words, main)


def _exceptions(cells: list[Criterion]) -> str:
    failed = [cell for cell in cells if cell.verdict is Verdict.NOT_REPRODUCED]
    if not failed:
        return ""
    by_set: dict[str, int] = {}
    for cell in failed:
        name = cell.statistic.rsplit("/", 1)[1]
        by_set[name] = by_set.get(name, 0) + 1
    worst = max(by_set, key=by_set.__getitem__)
    return f"; most exceptions: {worst} ({by_set[worst]} of {len(failed)})"


def _groups(
    evidence: Evidence, latent_dim: int, seed: int, jacobian: str, statistic: str
) -> list[Draws]:
    """Return the statistic on the sets of each of `BRIGHTNESS`, (sets, 1 + R) each."""
    return [
        np.array(
            [
                evidence.draws(latent_dim, seed, dataset, jacobian, statistic)
                for dataset in evidence.random_sets(brightness)
            ]
        ).reshape(-1, 1 + REPLICATES)
        for brightness in BRIGHTNESS
    ]
