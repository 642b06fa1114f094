"""Blocks of README.md and the pages in docs/, made from the files in docs/results/."""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd

from jacspec.claims.evidence import BRIGHTNESS, brightness_of
from jacspec.claims.orientation_claims import LARGEST_UNDETERMINED_SHARE
from jacspec.claims.registry import CLAIMS
from jacspec.claims.thresholds import MINIMUM_EPOCHS
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

RESULTS = Path(__file__).parent / "results"
STUDY = RESULTS / "study"
SWEEP = RESULTS / "sweep"
BETWEEN = RESULTS / "between_networks"
# Rules of checks, which no sweep runs by itself.
CHECKS = ("verify", "verify_shard")
MODEL = ["variant", "latent_dim", "seed"]
TRAINING_SET = "training set"
HIGH_DIM = 12
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
        f"{hours['compute_spectra']:.1f} {jobs['compute_spectra']} jobs of spectra, beside other "
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
    """Return a list of the claims: its words, and the variants by verdict, with shares."""
    return "\n".join(_claim_line(row) for row in _matrix())


def orientation(folder: Path = STUDY) -> str:
    """Return the shares of points at which J_I reverses orientation, by variant and d."""
    return _by_group(folder, "share_reversed", percent, "share_undetermined")


def means(folder: Path = STUDY) -> str:
    """Return the mean |λ| of J_I, by variant and d."""
    return _by_group(folder, "mean_abs", lambda value: f"{value:.2f}", "share_zero")


def training_time() -> str:
    """Return the shares reversed against the length of training, at each d."""
    lengths = _differing_only_in("epochs")
    table = grouped("share_reversed")
    table = table[table["variant"].isin(list(lengths))]
    body = []
    for name in sorted(lengths, key=lengths.get):
        for dim, own in table[table["variant"] == name].groupby("latent_dim"):
            cells = own.groupby("group")["value"].mean()
            body.append([str(lengths[name]), str(dim), *_cells(cells, percent)])
    return markdown_table(["epochs", "d", *_groups()], body)


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
    sizes = _differing_only_in("batch_size")
    training_set = study_record()["variants"][_default()]["training_set"]
    table = _summary(STUDY)
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


def _differing_only_in(key: str) -> dict[str, Any]:
    """Return a key of training in the variants that share all others with the default, by name."""

    def others(settings: Mapping[str, Any]) -> tuple:
        training = {name: value for name, value in settings["training"].items() if name != key}
        return settings["training_set"], settings["autoencoder"], training

    variants = study_record()["variants"]
    default = others(variants[_default()])
    return {
        name: settings["training"][key]
        for name, settings in variants.items()
        if others(settings) == default
    }


def _claim_line(row: MatrixRow) -> str:
    words = CLAIMS[int(row.claim.removeprefix("C"))].words
    shares = [
        f"`{one.variant}` {percent(one.share_of_networks)}"
        for one in row.verdicts
        if one.verdict not in (Verdict.NOT_JUDGED, Verdict.DOES_NOT_APPLY)
    ]
    return f"- **{row.claim}**: *{words}* {row.conclusion.capitalize()}: {', '.join(shares)}."


def _by_group(folder: Path, statistic: str, shown: Callable[[float], str], beside: str) -> str:
    """Return a table of a statistic of J_I by group of sets, and the largest of another one."""
    table, other = grouped(statistic, folder), grouped(beside, folder)
    body = []
    keys = ["variant", "latent_dim"]
    for (variant, dim), own in table.groupby(keys, sort=False):
        rest = other[(other["variant"] == variant) & (other["latent_dim"] == dim)]
        cells = own.groupby("group")["value"].mean()
        largest = rest.groupby("group")["value"].max()
        body.append([f"`{variant}`", str(dim), *_cells(cells, shown), *_cells(largest, percent)])
    name = beside.removeprefix("share_")
    return markdown_table(["variant", "d", *_groups(), *(f"{name}: {g}" for g in _groups())], body)


def _cells(values: pd.Series, shown: Callable[[float], str]) -> list[str]:
    return [
        "–" if group not in values or pd.isna(values[group]) else shown(values[group])
        for group in _groups()
    ]


def _groups() -> tuple[str, ...]:
    return (TRAINING_SET, *BRIGHTNESS)


def told_shares_reversed(folder: Path = STUDY) -> pd.DataFrame:
    """Return the shares of J_I reversed, by group, where enough points have a sign to tell."""
    shares, keys = grouped("share_reversed", folder), [*MODEL, "dataset"]
    undetermined = grouped("share_undetermined", folder).set_index(keys)["value"]
    is_told = undetermined[pd.MultiIndex.from_frame(shares[keys])] <= LARGEST_UNDETERMINED_SHARE
    return shares[is_told.to_numpy()]


def grouped(statistic: str, folder: Path = STUDY) -> pd.DataFrame:
    """Return a statistic of J_I with the group of each set, where it has one."""
    table, record = _summary(folder), study_record(folder)
    table = table[(table["jacobian"] == "input") & (table["statistic"] == statistic)].copy()
    training_sets = {name: own["training_set"] for name, own in record["variants"].items()}
    groups = {
        name: brightness_of(description.brightness)
        for name, description in described(record["datasets"]).items()
        if description.is_random and description.brightness is not None
    }
    is_training_set = table["dataset"] == table["variant"].map(training_sets)
    table["group"] = table["dataset"].map(groups).mask(is_training_set, TRAINING_SET)
    return table.dropna(subset="group")


def judged_variants(record: Mapping[str, Any] | None = None) -> list[str]:
    """Return the variants of a run, or of the study, that were trained for long enough."""
    return [
        name
        for name, settings in (record or study_record())["variants"].items()
        if settings["training"].get("epochs", MINIMUM_EPOCHS) >= MINIMUM_EPOCHS
    ]


def _default() -> str:
    return next(iter(study_record()["variants"]))


@cache
def study_record(folder: Path = STUDY) -> dict[str, Any]:
    """Return the record of a published run."""
    return json.loads((folder / "record.json").read_text(encoding="utf-8"))


@cache
def _summary(folder: Path) -> pd.DataFrame:
    return published_table(folder, "summary.csv")


def _matrix() -> list[MatrixRow]:
    return matrix(read_variants(STUDY / "variants.csv"))


def _cell(verdict: Verdict, strength: float) -> str:
    mark = MARKS[verdict]
    return mark if mark == "–" or strength != strength else f"{mark} {strength:.2f}"


def published_table(folder: Path, name: str) -> pd.DataFrame:
    """Return a table that docs/publish.py put into `folder`, compressed or not."""
    compressed = folder / f"{name}.xz"
    return pd.read_csv(compressed if compressed.exists() else folder / name)


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def percent(share: float) -> str:
    """Return a share in whole percent, or a dash where there is none."""
    return "–" if share != share else f"{100 * share:.0f} %"


def _listed(numbers: Iterable[int]) -> str:
    """Return numbers in words, runs of three or more as ``2 to 20``."""
    runs = []
    for _, run in groupby(enumerate(sorted(numbers)), lambda pair: pair[1] - pair[0]):
        members = [number for _, number in run]
        runs += [f"{members[0]} to {members[-1]}"] if len(members) > 2 else map(str, members)
    *rest, last = runs
    return f"{', '.join(rest)} and {last}" if rest else last
