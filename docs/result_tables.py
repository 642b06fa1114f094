"""Blocks of README.md and the pages in docs/, made from the files in docs/results/."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd
from published import (
    HIGH_DIM,
    MODEL,
    STUDY,
    SWEEP,
    TRAINING_SET,
    default_variant,
    differing_only_in,
    judged_variants,
    percent,
    published_table,
    study_record,
    summary,
    told_shares_reversed,
)

from jacspec.claims.registry import CLAIMS
from jacspec.claims.training_set_claims import (
    NEAR_ONE,
    SIGNIFICANT_SHARE_OF_ZEROS,
    SIMILAR_SCALE,
)
from jacspec.claims.verdicts import Verdict
from jacspec.data.descriptions import described
from jacspec.detection.scores import TITLES
from jacspec.markdown import markdown_table
from jacspec.variants.matrix import MatrixRow, answer, matrix, read_variants

# Rules of checks, which no sweep runs by itself.
CHECKS = ("verify_model",)
# At these the batch size of the default was chosen, with seed 0.
DIMS_OF_THE_RULE = (4, 12, 20)
MARKS = {
    Verdict.REPRODUCED: "✓",
    Verdict.NOT_REPRODUCED: "✗",
    Verdict.UNDETERMINED: "?",
    Verdict.NOT_JUDGED: "–",
    Verdict.DOES_NOT_APPLY: "–",
}


def answer_in_words() -> str:
    """Return the answer of the README: where the claims stand, and orientation at two ends."""
    sweep = study_record(SWEEP)
    of_sweep = answer(matrix(read_variants(SWEEP / "variants.csv")))
    of_variants = answer(_matrix())
    shares = told_shares_reversed()
    shares = shares[shares["variant"].isin(judged_variants())]
    shares = shares[shares["latent_dim"] >= HIGH_DIM]
    noise = shares[shares["group"].isin(["middle", "bright"])]
    told = noise.groupby("variant")["latent_dim"].nunique()
    noise = noise[noise["variant"].map(told) == told.max()]
    by_variant = noise.groupby("variant", sort=False)["value"].mean().sort_values()
    low, high = by_variant.index[0], by_variant.index[-1]
    images = shares[shares["group"] == TRAINING_SET]["value"]
    return (
        f"In the paper's sweep, with a customary recipe ({len(sweep['models'])} networks, "
        f"{sweep['configuration']['samples']:,} points of each of {len(sweep['datasets'])} sets): "
        f"{of_sweep[0].lower()}{of_sweep[1:]} Over "
        f"variants of it, {len(study_record()['models'])} networks so far: "
        f"{of_variants[0].lower()}{of_variants[1:]} The paper's most striking finding is that away "
        "from the data orientation is reversed at half of the points. "
        f"At d ≥ {HIGH_DIM}, on random sets that are not dark, it is reversed at "
        f"**{percent(by_variant[high])}** of them in the networks of `{high}` and at "
        f"**{percent(by_variant[low])}** in those of `{low}`; on the training set at "
        f"{percent(images.min())} to {percent(images.max())}."
    )


def scope(folder: Path = STUDY) -> str:
    """Return what was run: networks, points, versions, machine, cost."""
    record = study_record(folder)
    configuration, machine = record["configuration"], record["machine"]
    hours = {stage["rule"]: stage["seconds"] / 3600 for stage in own_stages(record)}
    jobs = {stage["rule"]: stage["jobs"] for stage in own_stages(record)}
    dims = sorted({dim for own in record["variants"].values() for dim in own["latent_dims"]})
    seeds = sorted({seed for own in record["variants"].values() for seed in own["seeds"]})
    versions = ", ".join(
        f"{name} {record['versions'][name]}" for name in ("jacspec", "python", "numpy")
    )
    return (
        f"{len(record['models'])} networks of {_many(len(record['variants']), 'variant')}, at "
        f"{_listed(dims)} latent dimensions, {'seeds' if len(seeds) > 1 else 'seed'} "
        f"{_listed(seeds)}; {configuration['samples']:,} points of each of "
        f"{len(configuration['datasets'])} sets. Made by {versions}, on {machine['cores']} cores "
        f"({machine['processor']}; {', '.join(machine['blas'])}), in {sum(hours.values()):.1f} "
        f"hours of jobs, {hours['train_model']:.1f} of them {jobs['train_model']} trainings and "
        f"{hours['compute_spectra']:.1f} {jobs['compute_spectra']:,} jobs of spectra, beside other "
        "work."
    )


def own_stages(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the stages of a run's record without those that were asked for to check it."""
    return [stage for stage in record["stages"] if stage["rule"] not in CHECKS]


def claims_by_variant() -> str:
    """Return the matrix: a mark for each verdict, and the strength."""
    rows = _matrix()
    variants = list(dict.fromkeys(one.variant for row in rows for one in row.verdicts))
    body = []
    for row in rows:
        cells = {one.variant: _cell(one.verdict, one.strength) for one in row.verdicts}
        body.append([row.claim, *(cells.get(v, "") for v in variants), row.conclusion])
    return markdown_table(["", *(f"`{name}`" for name in variants), "together"], body)


def claim_by_claim() -> str:
    """Return the shares of networks of which each claim holds, by variant."""
    rows = _matrix()
    judged = judged_variants()
    body = []
    for row in rows:
        shares = {one.variant: percent(one.share_of_networks) for one in row.verdicts}
        body.append([row.claim, *(shares.get(name, "") for name in judged)])
    return markdown_table(["", *(f"`{name}`" for name in judged)], body)


def variance(folder: Path = STUDY) -> str:
    """Return the shares of variance of each claim's main statistic."""
    found = published_table(folder, "variance.csv")
    components = list(dict.fromkeys(found["component"]))
    body = []
    for claim, own in found.groupby("claim", sort=False):
        shares = dict(zip(own["component"], own["share"], strict=True))
        body.append(
            [
                str(claim),
                CLAIMS[int(str(claim).removeprefix("C"))].main,
                *(percent(shares[name]) if name in shares else "" for name in components),
                str(own["networks"].iloc[0]),
            ]
        )
    return markdown_table(["", "statistic", *components, "networks"], body)


def detection(folder: Path = STUDY) -> str:
    """Return each score's means over networks and sets, far ones (random) and near ones.

    And in how many cases, of a network and a set, its AUROC is the best or as good.
    """
    found = published_table(folder, "detection.csv")
    record = study_record(folder)
    found = found[found["variant"].isin(judged_variants(record))]
    is_random = {name: one.is_random for name, one in described(record["datasets"]).items()}
    found["far"] = found["dataset"].map(is_random)
    means = found.groupby(["measure", "far", "score"])["value"].mean()
    cases = found[found["measure"] == "auroc"].pivot_table(
        index=[*MODEL, "dataset"], columns="score", values="value"
    )
    best = cases.eq(cases.max(axis=1), axis=0).sum()
    sets = {False: "near sets", True: "far sets"}
    sets = {far: name for far, name in sets.items() if (found["far"] == far).any()}
    order = means["auroc", next(iter(sets))].sort_values(ascending=False).index
    body = [
        [
            TITLES[score],
            *(f"{means['auroc', far, score]:.3f}" for far in sets),
            *(percent(means["fpr_at_95_tpr", far, score]) for far in sets),
            f"{best[score]} of {len(cases)}",
        ]
        for score in order
    ]
    measures = ("AUROC", "false positives at 95 %")
    header = [f"{measure}, {name}" for measure in measures for name in sets.values()]
    return markdown_table(["score", *header, "best, or as good"], body)


def theorems(folder: Path = STUDY) -> str:
    """Return what was measured of the theorems, over all networks and sets."""
    found = published_table(folder, "theorems.csv")
    found = found[found["variant"].isin(judged_variants(study_record(folder)))]

    def of(statistic: str) -> pd.Series:
        return found[found["statistic"] == statistic]["value"].dropna()

    pairs = of("I.2_same_set_pairs").sum()
    fails = of("I.2_same_set_share_fails_matched")
    beyond = (of("I.1_share_beyond_rounding") > 0).sum()
    trace = (of("I.2_same_set_share_fails_trace") > 0).sum()
    same_pattern = percent(of("I.1_share_same_pattern").max())
    return (
        f"- I.1: x and y share an activation pattern at {same_pattern} of the points at most (any "
        f"network, any set); of these, spectra differ by more than rounding in {beyond} cases.\n"
        f"- I.2: the inequality fails at up to {percent(fails.max())} of the pairs within a set, "
        f"even with the best matching, and somewhere in {percent((fails > 0).mean())} of the "
        f"cases (network, set). The bound by the trace that replaces it failed in {trace} of them, "
        f"over {int(pairs):,} pairs."
    )


def default_recipe() -> str:
    """Return the table behind the batch size of the default variant."""
    sizes = differing_only_in("batch_size")
    training_set = study_record()["variants"][default_variant()]["training_set"]
    table = summary(STUDY)
    table = table[(table["dataset"] == training_set) & (table["seed"] == 0)]
    values = table.set_index(["variant", "latent_dim", "jacobian", "statistic"])[
        "value"
    ].sort_index()
    measured = {pair[:2] for pair in values.index}
    body = [
        [str(sizes[name]), str(dim), *_met_on_training_set(values[name, dim])]
        for name in sorted(sizes, key=sizes.get)
        for dim in DIMS_OF_THE_RULE
        if (name, dim) in measured
    ]
    header = ["batch size", "d", "mean |λ| of J_I, J_L", "geometric mean", "zeros"]
    return markdown_table([*header, "C1", "C2", "C3"], body)


def _met_on_training_set(of_network: pd.Series) -> list[str]:
    """Return means and zeros of a network on its training set, and whether C1 to C3 hold of it."""
    arithmetic = [of_network[jacobian, "mean_abs"] for jacobian in ("input", "latent")]
    geometric = [of_network[jacobian, "geometric_mean"] for jacobian in ("input", "latent")]
    zeros = of_network["input", "share_zero"]
    held = (
        all(NEAR_ONE < mean < 1 for mean in (*arithmetic, *geometric)),
        all(a < SIMILAR_SCALE * g for a, g in zip(arithmetic, geometric, strict=True)),
        zeros < SIGNIFICANT_SHARE_OF_ZEROS,
    )
    means = (", ".join(f"{mean:.2f}" for mean in own) for own in (arithmetic, geometric))
    return [*means, f"{100 * zeros:.1f} %", *("holds" if each else "fails" for each in held)]


def _matrix() -> list[MatrixRow]:
    return matrix(read_variants(STUDY / "variants.csv"))


def _cell(verdict: Verdict, strength: float) -> str:
    mark = MARKS[verdict]
    return mark if mark == "–" or strength != strength else f"{mark} {strength:.2f}"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _listed(numbers: Iterable[int]) -> str:
    """Return numbers in words, runs of three or more as ``2 to 20``."""
    runs = []
    for _, run in groupby(enumerate(sorted(numbers)), lambda pair: pair[1] - pair[0]):
        members = [number for _, number in run]
        runs += [f"{members[0]} to {members[-1]}"] if len(members) > 2 else map(str, members)
    *rest, last = runs
    return f"{', '.join(rest)} and {last}" if rest else last
