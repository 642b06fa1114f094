"""Blocks of README.md and the pages in docs/, made from the files in docs/results/."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
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
from jacspec.data.descriptions import Description, described
from jacspec.detection.scores import TITLES
from jacspec.variants.matrix import MatrixRow, answer, matrix, read_variants

STUDY = Path(__file__).parent / "results" / "study"
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
    shares = _grouped("share_reversed")
    keys = [*MODEL, "dataset"]
    undetermined = _grouped("share_undetermined").set_index(keys)["value"]
    is_told = undetermined[pd.MultiIndex.from_frame(shares[keys])] <= LARGEST_UNDETERMINED_SHARE
    shares = shares[is_told.to_numpy() & shares["variant"].isin(_judged()).to_numpy()]
    shares = shares[shares["latent_dim"] >= HIGH_DIM]
    noise = shares[shares["group"].isin(["middle", "bright"])]
    by_variant = noise.groupby("variant", sort=False)["value"].mean().sort_values()
    low, high = by_variant.index[0], by_variant.index[-1]
    images = shares[shares["group"] == TRAINING_SET]["value"]
    return (
        f"From {len(_record()['models'])} networks so far: {answer(_matrix())} The paper's most "
        "striking finding is that away from the data orientation is reversed at half of the "
        f"points. At d ≥ {HIGH_DIM}, on random sets that are not dark, it is reversed at "
        f"**{_percent(by_variant[high])}** of them in the networks of `{high}` and at "
        f"**{_percent(by_variant[low])}** in those of `{low}`; on the training set at "
        f"{_percent(images.min())} to {_percent(images.max())}."
    )


def scope() -> str:
    """Return what was run: networks, points, versions, machine, cost."""
    record = _record()
    configuration, machine = record["configuration"], record["machine"]
    hours = {stage["rule"]: stage["seconds"] / 3600 for stage in record["stages"]}
    dims = sorted({dim for own in record["variants"].values() for dim in own["latent_dims"]})
    seeds = sorted({seed for own in record["variants"].values() for seed in own["seeds"]})
    versions = ", ".join(
        f"{name} {record['versions'][name]}" for name in ("jacspec", "python", "numpy")
    )
    return (
        f"{len(record['models'])} networks of {len(record['variants'])} variants, at "
        f"{_listed(dims)} latent dimensions, {'seeds' if len(seeds) > 1 else 'seed'} "
        f"{_listed(seeds)}; {configuration['samples']:,} points of each of "
        f"{len(configuration['datasets'])} sets. Made by {versions}, on {machine['cores']} cores "
        f"({machine['processor']}; {', '.join(machine['blas'])}), in {sum(hours.values()):.1f} "
        f"hours of jobs, {hours['train_model']:.1f} of them training and "
        f"{hours['compute_spectra']:.1f} spectra, beside other work."
    )


def claims_by_variant() -> str:
    """Return the matrix: a mark for each verdict, and the strength."""
    rows = _matrix()
    variants = list(dict.fromkeys(one.variant for row in rows for one in row.verdicts))
    body = []
    for row in rows:
        cells = {one.variant: _cell(one.verdict, one.strength) for one in row.verdicts}
        body.append([row.claim, *(cells.get(v, "") for v in variants), row.conclusion])
    return _table(["", *(f"`{name}`" for name in variants), "together"], body)


def claim_by_claim() -> str:
    """Return a list of the claims: its words, and the variants by verdict, with shares."""
    return "\n".join(_claim_line(row) for row in _matrix())


def orientation() -> str:
    """Return the shares of points at which J_I reverses orientation, by variant and d."""
    return _by_group("share_reversed", _percent, "share_undetermined")


def means() -> str:
    """Return the mean |λ| of J_I, by variant and d."""
    return _by_group("mean_abs", lambda value: f"{value:.2f}", "share_zero")


def training_time() -> str:
    """Return the shares reversed against the length of training, at each d."""
    lengths = _differing_only_in("epochs")
    table = _grouped("share_reversed")
    table = table[table["variant"].isin(list(lengths))]
    body = []
    for name in sorted(lengths, key=lengths.get):
        for dim, own in table[table["variant"] == name].groupby("latent_dim"):
            cells = own.groupby("group")["value"].mean()
            body.append([str(lengths[name]), str(dim), *_cells(cells, _percent)])
    return _table(["epochs", "d", *_groups()], body)


def variance() -> str:
    """Return the shares of variance of each claim's main statistic."""
    found = pd.read_csv(STUDY / "variance.csv")
    components = list(dict.fromkeys(found["component"]))
    body = []
    for claim, own in found.groupby("claim", sort=False):
        shares = dict(zip(own["component"], own["share"], strict=True))
        body.append(
            [
                str(claim),
                CLAIMS[int(str(claim).removeprefix("C"))].main,
                *(_percent(shares[name]) if name in shares else "" for name in components),
                str(own["networks"].iloc[0]),
            ]
        )
    return _table(["", "statistic", *components, "networks"], body)


def detection() -> str:
    """Return each score's mean AUROC over the sets, and in how many cases it is the best."""
    found = pd.read_csv(STUDY / "detection.csv")
    aurocs = found[found["measure"] == "auroc"]
    aurocs = aurocs[aurocs["variant"].isin(_judged())]
    kinds = {name: description.is_random for name, description in _datasets().items()}
    cases = aurocs.pivot_table(index=[*MODEL, "dataset"], columns="score", values="value")
    best = cases.eq(cases.max(axis=1), axis=0).sum()
    is_random = cases.index.get_level_values("dataset").map(kinds).to_numpy(bool)
    far, near = cases[is_random].mean(), cases[~is_random].mean()
    order = far.sort_values(ascending=False).index
    body = [
        [
            TITLES[score].replace("|", "\\|"),
            f"{far[score]:.3f}",
            f"{near[score]:.3f}",
            f"{best[score]} of {len(cases)}",
        ]
        for score in order
    ]
    header = ["score", "mean AUROC, random sets", "mean AUROC, other images", "best, or as good"]
    return _table(header, body)


def theorems() -> str:
    """Return what was measured of the theorems, over all networks and sets."""
    found = pd.read_csv(STUDY / "theorems.csv")
    found = found[found["variant"].isin(_judged())]

    def of(statistic: str) -> pd.Series:
        return found[found["statistic"] == statistic]["value"].dropna()

    pairs = of("I.2_same_set_pairs").sum()
    fails = of("I.2_same_set_share_fails_matched")
    beyond = (of("I.1_share_beyond_rounding") > 0).sum()
    trace = (of("I.2_same_set_share_fails_trace") > 0).sum()
    same_pattern = _percent(of("I.1_share_same_pattern").max())
    return (
        f"- I.1: x and y share an activation pattern at {same_pattern} of the points at most (any "
        f"network, any set); of these, spectra differ by more than rounding in {beyond} cases.\n"
        f"- I.2: the inequality fails at up to {_percent(fails.max())} of the pairs within a set, "
        f"even with the best matching, and somewhere in {_percent((fails > 0).mean())} of the "
        f"cases (network, set). The bound by the trace that replaces it failed in {trace} of them, "
        f"over {int(pairs):,} pairs."
    )


def default_recipe() -> str:
    """Return the table behind the batch size of the default variant."""
    sizes = _differing_only_in("batch_size")
    training_set = _record()["variants"][_default()]["training_set"]
    table = _summary()
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
    header = ["batch size", "d", "mean \\|λ\\| of J_I, J_L", "geometric mean", "zeros"]
    return _table([*header, "C1", "C2", "C3"], body)


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

    variants = _record()["variants"]
    default = others(variants[_default()])
    return {
        name: settings["training"][key]
        for name, settings in variants.items()
        if others(settings) == default
    }


def _claim_line(row: MatrixRow) -> str:
    words = CLAIMS[int(row.claim.removeprefix("C"))].words
    shares = [
        f"`{one.variant}` {_percent(one.share_of_networks)}"
        for one in row.verdicts
        if one.verdict not in (Verdict.NOT_JUDGED, Verdict.DOES_NOT_APPLY)
    ]
    return f"- **{row.claim}**: *{words}* {row.conclusion.capitalize()}: {', '.join(shares)}."


def _by_group(statistic: str, shown: Callable[[float], str], beside: str) -> str:
    """Return a table of a statistic of J_I by group of sets, and the largest of another one."""
    table, other = _grouped(statistic), _grouped(beside)
    body = []
    keys = ["variant", "latent_dim"]
    for (variant, dim), own in table.groupby(keys, sort=False):
        rest = other[(other["variant"] == variant) & (other["latent_dim"] == dim)]
        cells = own.groupby("group")["value"].mean()
        largest = rest.groupby("group")["value"].max()
        body.append([f"`{variant}`", str(dim), *_cells(cells, shown), *_cells(largest, _percent)])
    name = beside.removeprefix("share_")
    return _table(["variant", "d", *_groups(), *(f"{name}: {g}" for g in _groups())], body)


def _cells(values: pd.Series, shown: Callable[[float], str]) -> list[str]:
    return [
        "–" if group not in values or pd.isna(values[group]) else shown(values[group])
        for group in _groups()
    ]


def _groups() -> tuple[str, ...]:
    return (TRAINING_SET, *BRIGHTNESS)


def _grouped(statistic: str) -> pd.DataFrame:
    """Return a statistic of J_I with the group of each set, where it has one."""
    table = _summary()
    table = table[(table["jacobian"] == "input") & (table["statistic"] == statistic)].copy()
    training_sets = {name: own["training_set"] for name, own in _record()["variants"].items()}
    groups = {
        name: brightness_of(description.brightness)
        for name, description in _datasets().items()
        if description.is_random and description.brightness is not None
    }
    is_training_set = table["dataset"] == table["variant"].map(training_sets)
    table["group"] = table["dataset"].map(groups).mask(is_training_set, TRAINING_SET)
    return table.dropna(subset="group")


def _judged() -> list[str]:
    return [
        name
        for name, settings in _record()["variants"].items()
        if settings["training"].get("epochs", MINIMUM_EPOCHS) >= MINIMUM_EPOCHS
    ]


def _default() -> str:
    return next(iter(_record()["variants"]))


@cache
def _record() -> dict[str, Any]:
    return json.loads((STUDY / "record.json").read_text(encoding="utf-8"))


def _datasets() -> dict[str, Description]:
    return described(_record()["datasets"])


@cache
def _summary() -> pd.DataFrame:
    return pd.read_csv(STUDY / "summary.csv")


def _matrix() -> list[MatrixRow]:
    return matrix(read_variants(STUDY / "variants.csv"))


def _cell(verdict: Verdict, strength: float) -> str:
    mark = MARKS[verdict]
    return mark if mark == "–" or strength != strength else f"{mark} {strength:.2f}"


def _percent(share: float) -> str:
    return "–" if share != share else f"{100 * share:.0f} %"


def _listed(numbers: Iterable[int]) -> str:
    """Return numbers in words, runs of three or more as ``2 to 20``."""
    runs = []
    for _, run in groupby(enumerate(sorted(numbers)), lambda pair: pair[1] - pair[0]):
        members = [number for _, number in run]
        runs += [f"{members[0]} to {members[-1]}"] if len(members) > 2 else map(str, members)
    *rest, last = runs
    return f"{', '.join(rest)} and {last}" if rest else last


def _table(header: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    rows = [header, ["---"] * len(header), *body]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
