"""Claims C4 to C8: how the spectra on random pixels differ from those on the training set."""

import numpy as np

from jacspec.claims.bootstrap import REPLICATES, Draws, ratio
from jacspec.claims.evidence import BRIGHTNESS, TRAINING_SET, Evidence
from jacspec.claims.thresholds import (
    HALF,
    MINIMUM_DIMS,
    MINIMUM_HIGH_DIMS,
    MINIMUM_SETS,
    NEARLY_ALL,
    high_dims,
)
from jacspec.claims.training_set_claims import JACOBIANS, MEANS
from jacspec.claims.trends import (
    coefficient_of_variation,
    first_dim_below,
    order_margin,
    silhouette,
)
from jacspec.claims.verdicts import (
    Criterion,
    Finding,
    Verdict,
    all_of,
    criterion,
    share_of,
    verdicts_of,
)
from jacspec.claims.wording import counted, values_of

# "A reasonable structure has been found" (Kaufman and Rousseeuw 1990, Finding Groups in Data).
DISTINCT_CLUSTERS = 0.5


def spectra_differ_more(evidence: Evidence, seed: int) -> Finding:
    """C4: ||lambda_I - lambda_L||^2 / d is larger on random sets than on the training set.

    "The distance [...] is larger [for] the out of domain data" (Figure 1): the median over points
    is larger than the training set's in nearly all cases, a case being a random set at one d.
    """
    return _larger_in_nearly_all(
        evidence, seed, "both", "difference_q50", "median of ‖λ(J_I) − λ(J_L)‖²/d"
    )


def means_less_constant(evidence: Evidence, seed: int) -> Finding:
    """C5: the means of |lambda| vary more with d on random sets than on the training set.

    They "are far less constant than those of the in distribution data" for both Jacobians and both
    means (II-D): their coefficient of variation over d is larger in nearly all cases, a case being
    one mean of one Jacobian on one random set.
    """
    latent_dims, datasets = evidence.latent_dims(seed), evidence.random_sets()
    criteria = []
    for jacobian in JACOBIANS:
        for statistic in MEANS:
            own = coefficient_of_variation(evidence.curves(seed, datasets, jacobian, statistic))
            reference = coefficient_of_variation(
                evidence.curve(seed, TRAINING_SET, jacobian, statistic)
            )
            ratios = ratio(own, reference[None])
            if len(latent_dims) < MINIMUM_DIMS:
                ratios[:] = np.nan
            criteria += [
                criterion(f"variation_ratio/{statistic}/{jacobian}/{dataset}", draws, above=1.0)
                for dataset, draws in zip(datasets, ratios, strict=True)
            ]
    verdicts = verdicts_of(criteria)
    share = share_of("share_larger", verdicts, NEARLY_ALL, enough=_enough(latent_dims, datasets))
    in_words = (
        f"coefficient of variation over d larger than the training set's in {counted(verdicts)}; "
        f"ratio {values_of(criteria)}"
    )
    return Finding(share.verdict, (*criteria, share), in_words)


def means_drop_below(evidence: Evidence, seed: int) -> Finding:
    """C6: at last the means of |lambda| are below the training set's on all random sets.

    "Eventually, the mean eigenvalues for the out of distribution data sets drop below those of
    D_train" (Figure 2). "Eventually" is taken to be the three largest latent dimensions, all of
    them high: there, for each of the four means, nearly all cases must be below, a case being a
    random set at one d. From which d on all are below is reported.
    """
    latent_dims, datasets = evidence.latent_dims(seed), evidence.random_sets()
    last = high_dims(latent_dims)[-MINIMUM_HIGH_DIMS:]
    enough = len(last) >= MINIMUM_HIGH_DIMS and len(datasets) >= MINIMUM_SETS
    criteria, shares, parts = [], [], []
    for jacobian, symbol in JACOBIANS.items():
        for statistic, name in MEANS.items():
            curves = evidence.curves(seed, datasets, jacobian, statistic)
            reference = evidence.curve(seed, TRAINING_SET, jacobian, statistic)
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
            share = share_of(
                f"share_below/{of_this}", verdicts_of(cells), NEARLY_ALL, enough=enough
            )
            first = first_dim_below(latent_dims, curves, reference)
            shares.append(share)
            criteria += [*cells, share, criterion(f"first_dim_all_below/{of_this}", first)]
            since = f"all from d = {first[0]:.0f} on" if np.isfinite(first[0]) else "never all"
            parts.append(f"{name} mean of {symbol} {counted(verdicts_of(cells))}, {since}")
    in_words = f"below the training set at the {len(last)} largest d ≥ 12: {'; '.join(parts)}"
    return Finding(all_of(verdicts_of(shares)), tuple(criteria), in_words)


def means_cluster_by_brightness(evidence: Evidence, seed: int) -> Finding:
    """C7: at high d the means of J_I fall into three clusters by pixel mean, those of J_L do not.

    "Three distinct clusters of eigenvalues of J_I: the three darkest distributions have the highest
    average eigenvalue, followed by the distributions with a mean of .5, and the three with the
    highest mean pixel value have the lowest" (II-D), and "in a way that [J_L] does not" (Figure 2).
    Clustered is a case where the groups' means have this order and the mean silhouette is above
    `DISTINCT_CLUSTERS`; a case is one of the two means at one high d. For "large enough latent
    dimension" at least half of the cases of J_I must be clustered, and fewer of J_L.
    """
    criteria, shares, parts = [], {}, []
    for jacobian, symbol in JACOBIANS.items():
        verdicts, orders, widths = [], [], []
        for statistic in MEANS:
            order, width = _clustering(evidence, seed, jacobian, statistic)
            criteria += order + width
            orders += order
            widths += width
            verdicts += [
                all_of([one.verdict, other.verdict])
                for one, other in zip(order, width, strict=True)
            ]
        shares[jacobian] = share_of(
            f"share_clustered/{jacobian}", verdicts, HALF, enough=len(order) >= MINIMUM_HIGH_DIMS
        )
        parts.append(
            f"{symbol}: dark above middle above bright in {counted(verdicts_of(orders))}, mean "
            f"silhouette {values_of(widths)}, clustered in {counted(verdicts)}"
        )
    not_latent = shares["latent"].verdict.negated()
    verdict = all_of([shares["input"].verdict, not_latent])
    return Finding(verdict, (*criteria, *shares.values()), "; ".join(parts))


def logarithms_spread_more(evidence: Evidence, seed: int) -> Finding:
    """C8: the standard deviation of log|lambda| of J_I is higher on every random set.

    "For every out of domain data set is higher than the standard deviations for the training data"
    (Figure 4): in nearly all cases, a case being a random set at one d. Exact zeros, which have no
    logarithm, are left out, so that a singular network does not count as one that spreads.
    """
    return _larger_in_nearly_all(
        evidence, seed, "input", "log_abs_std", "standard deviation of log|λ(J_I)|"
    )


def _larger_in_nearly_all(
    evidence: Evidence, seed: int, jacobian: str, statistic: str, words: str
) -> Finding:
    latent_dims, datasets = evidence.latent_dims(seed), evidence.random_sets()
    reference = evidence.curve(seed, TRAINING_SET, jacobian, statistic)
    ratios = ratio(evidence.curves(seed, datasets, jacobian, statistic), reference[None])
    cells = [
        criterion(f"{statistic}_ratio/{jacobian}/{dataset}", draws, above=1.0, latent_dim=d)
        for dataset, curve in zip(datasets, ratios, strict=True)
        for d, draws in zip(latent_dims, curve, strict=True)
    ]
    verdicts = verdicts_of(cells)
    share = share_of("share_larger", verdicts, NEARLY_ALL, enough=_enough(latent_dims, datasets))
    in_words = (
        f"{words} larger than on the training set in {counted(verdicts)}; "
        f"ratio {values_of(cells)}{_exceptions(cells)}"
    )
    return Finding(share.verdict, (*cells, share), in_words)


def _enough(latent_dims: list[int], datasets: list[str]) -> bool:
    return len(latent_dims) >= MINIMUM_DIMS and len(datasets) >= MINIMUM_SETS


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


def _clustering(
    evidence: Evidence, seed: int, jacobian: str, statistic: str
) -> tuple[list[Criterion], list[Criterion]]:
    order, width = [], []
    for latent_dim in high_dims(evidence.latent_dims(seed)):
        groups: list[Draws] = [
            _values(evidence, latent_dim, seed, brightness, jacobian, statistic)
            for brightness in BRIGHTNESS
        ]
        order.append(
            criterion(
                f"order_margin/{statistic}/{jacobian}",
                order_margin(groups),
                above=0.0,
                latent_dim=latent_dim,
            )
        )
        width.append(
            criterion(
                f"silhouette/{statistic}/{jacobian}",
                silhouette(groups),
                above=DISTINCT_CLUSTERS,
                latent_dim=latent_dim,
            )
        )
    return order, width


def _values(
    evidence: Evidence, latent_dim: int, seed: int, brightness: str, jacobian: str, statistic: str
) -> Draws:
    draws = [
        evidence.draws(latent_dim, seed, dataset, jacobian, statistic)
        for dataset in evidence.random_sets(brightness)
    ]
    return np.array(draws).reshape(-1, 1 + REPLICATES)
