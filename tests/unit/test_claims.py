"""Every claim, judged on made-up evidence that must give each of the three verdicts."""

import csv
from collections.abc import Callable
from dataclasses import dataclass, field
from zlib import crc32

import numpy as np
import pytest

from jacspec.claims.bootstrap import REPLICATES
from jacspec.claims.evidence import (
    CHARACTER_GROUPS,
    Evidence,
    ModelEvidence,
    Quantity,
    brightness_of,
)
from jacspec.claims.registry import CLAIMS
from jacspec.claims.table import HEADER, judgements, write_claims_table, write_readable_claims
from jacspec.claims.verdicts import Verdict
from jacspec.report.headline import headline
from jacspec.report.judgements import read_claims

REPRODUCED, NOT, OPEN = Verdict.REPRODUCED, Verdict.NOT_REPRODUCED, Verdict.UNDETERMINED
LATENT_DIMS = (2, 3, 4, 8, 12, 16, 20)
PIXEL_MEANS = {
    "mnist": 0.131,
    "truncated_normal": 0.5,
    "uniform": 0.5,
    "bernoulli_0.13": 0.13,
    "bernoulli_0.25": 0.25,
    "bernoulli_0.5": 0.5,
    "bernoulli_0.75": 0.75,
    "bernoulli_0.87": 0.87,
    "beta_0.8_5": 0.138,
    "beta_0.5_0.5": 0.5,
    "beta_5_0.8": 0.862,
}
RANDOM_SETS = [name for name in PIXEL_MEANS if name != "mnist"]


def training_set(d: int) -> dict[tuple[str, str], float]:
    """Return the training set's statistics in a world where the paper is right."""
    values = {
        ("input", "share_zero"): 0.0,
        ("input", "log_abs_q05"): -0.1 * d,
        ("input", "log_abs_std"): 0.5,
        ("input", "share_reversed"): 0.02,
        ("input", "share_undetermined"): 0.0,
        ("input", "abs_arg_mean"): 0.1,
        ("input", "abs_arg_q95"): 0.4,
        ("both", "difference_q50"): 0.01,
        ("both", "points"): 1000,
        ("both", "pixel_mean"): PIXEL_MEANS["mnist"],
        ("both", "nearest_q50"): 0.5,
        ("both", "nearest_q99"): 1.0,
        ("both", "digit_spread"): 30.0,
        ("both", "digit_correlation"): 0.45,
    }
    for jacobian in ("input", "latent"):
        values[jacobian, "mean_abs"] = 0.95 - 0.01 * d
        values[jacobian, "geometric_mean"] = 0.9 - 0.01 * d
    for digit in range(10):
        values["latent", f"mean_abs_digit_{digit}"] = 0.95 - 0.01 * d + 0.002 * (digit - 4.5)
    return values


def random_set(d: int, name: str) -> dict[tuple[str, str], float]:
    """Return a random set's statistics in a world where the paper is right."""
    brightness = brightness_of(PIXEL_MEANS[name])
    number = RANDOM_SETS.index(name)
    unsteady = 1.0 if d >= 12 else 1.0 + 0.5 * (d % 4)
    level = {"dark": 0.6, "middle": 0.4, "bright": 0.2}[brightness] + 0.001 * number
    scattered = 0.3 + 0.03 * (7 * number % 10)
    return {
        ("input", "mean_abs"): level * unsteady,
        ("input", "geometric_mean"): level * unsteady,
        ("latent", "mean_abs"): scattered * unsteady,
        ("latent", "geometric_mean"): scattered * unsteady,
        ("input", "log_abs_std"): 1.0,
        ("input", "share_reversed"): 0.2 if brightness == "dark" else 0.5,
        ("input", "share_undetermined"): 0.0,
        ("input", "abs_arg_q95"): {"dark": 1.0, "middle": 2.0, "bright": 3.0}[brightness],
        ("input", "abs_arg_distance"): 0.3,
        ("both", "difference_q50"): 0.1,
        ("both", "points"): 1000,
        ("both", "pixel_mean"): PIXEL_MEANS[name],
        ("both", "nearest_q50"): 0.5 if d <= 4 else 5.0,
        ("both", "share_digit_like"): 0.8 if d <= 4 else 0.1,
    }


@dataclass(frozen=True)
class World:
    """Evidence to be made up: what differs from a world where the paper is right.

    `values` maps a statistic to a function of (d, data set, value); `noise` maps a statistic to the
    standard deviation of its resamples.
    """

    values: dict[str, Callable[[int, str, float], float]] = field(default_factory=dict)
    noise: dict[str, float] = field(default_factory=dict)
    latent_dims: tuple[int, ...] = LATENT_DIMS
    seeds: tuple[int, ...] = (0, 1)
    random_sets: tuple[str, ...] = tuple(RANDOM_SETS)
    same_character: bool = False

    def evidence(self) -> Evidence:
        return Evidence.of(self._model(d, seed) for d in self.latent_dims for seed in self.seeds)

    def _model(self, d: int, seed: int) -> ModelEvidence:
        statistics = {"mnist": training_set(d)}
        statistics |= {name: random_set(d, name) for name in self.random_sets}
        statistics |= {
            group: {("both", "spread"): 10.0, ("both", "between_within"): 0.1}
            for group in CHARACTER_GROUPS
        }
        quantities = [(name, *key) for name, own in statistics.items() for key in own]
        shape = (len(quantities), REPLICATES)
        resamples = np.random.default_rng(crc32(f"{d} {seed}".encode())).normal(size=shape)
        draws = {}
        for quantity, noise in zip(quantities, resamples, strict=True):
            dataset, jacobian, statistic = quantity
            value = statistics[dataset][jacobian, statistic]
            if statistic in self.values:
                value = self.values[statistic](d, dataset, value)
            noise *= self.noise.get(statistic, 1e-5 * value)
            draws[Quantity(*quantity)] = np.concatenate([[value], value + noise])
        characters = {group: self._character(d, seed, group) for group in CHARACTER_GROUPS}
        return ModelEvidence(d, seed, draws, characters)

    def _character(self, d: int, seed: int, group: str) -> np.ndarray:
        name = group if self.same_character else f"{d} {seed} {group}"
        image = np.random.default_rng(crc32(name.encode())).normal(size=(784, 1))
        return np.broadcast_to(image.astype(np.float32), (784, 1 + REPLICATES))


def of_random_sets(other: float) -> Callable[[int, str, float], float]:
    return lambda _d, dataset, value: value if dataset == "mnist" else other


def of_training_set(other: float) -> Callable[[int, str, float], float]:
    return lambda _d, dataset, value: other if dataset == "mnist" else value


def against_brightness(_d: int, dataset: str, value: float) -> float:
    return value if dataset == "mnist" else PIXEL_MEANS[dataset]


def with_brightness(_d: int, dataset: str, value: float) -> float:
    # Levels as of J_I, for both Jacobians.
    levels = {"dark": 0.6, "middle": 0.4, "bright": 0.2}
    return value if dataset == "mnist" else levels[brightness_of(PIXEL_MEANS[dataset])]


def verdicts(number: int, world: World) -> list[Verdict]:
    evidence = world.evidence()
    return [CLAIMS[number].judge(evidence, seed).verdict for seed in evidence.seeds]


def test_where_the_paper_is_right_every_claim_is_reproduced():
    judged = judgements(World().evidence())
    assert {number: judgement.verdict for number, judgement in judged.items()} == dict.fromkeys(
        range(1, 16), REPRODUCED
    )


@pytest.mark.parametrize(
    ("number", "values"),
    [
        (1, {"mean_abs": of_training_set(1.2)}),
        (1, {"mean_abs": of_training_set(0.3)}),
        (1, {"geometric_mean": lambda d, _dataset, _value: 0.5 + 0.01 * d}),
        (2, {"geometric_mean": lambda _d, _dataset, value: 0.1 * value}),
        (2, {"geometric_mean": of_training_set(0.0)}),
        (3, {"share_zero": of_training_set(0.3)}),
        (3, {"log_abs_q05": lambda d, _dataset, _value: -1 / d}),
        (4, {"difference_q50": of_random_sets(0.001)}),
        (5, {"mean_abs": of_random_sets(0.5), "geometric_mean": of_random_sets(0.5)}),
        (6, {"mean_abs": lambda _d, name, value: 2.0 if name == "uniform" else value}),
        (7, {"mean_abs": against_brightness, "geometric_mean": against_brightness}),
        (7, {"mean_abs": with_brightness, "geometric_mean": with_brightness}),
        (7, {"mean_abs": of_random_sets(0.5), "geometric_mean": of_random_sets(0.0)}),
        (8, {"log_abs_std": of_random_sets(0.1)}),
        (9, {"share_reversed": lambda _d, _dataset, _value: 0.5}),
        (9, {"share_reversed": of_random_sets(0.05)}),
        (10, {"abs_arg_mean": of_training_set(1.0)}),
        (10, {"abs_arg_q95": of_random_sets(1.5)}),
        (10, {"abs_arg_q95": lambda _d, dataset, value: 3.1 if dataset == "mnist" else value}),
        (11, {"share_digit_like": of_random_sets(0.9)}),
        (11, {"share_digit_like": of_random_sets(0.0)}),
        (12, {"spread": lambda _d, _group, _value: 100.0}),
        (14, {"mean_abs": lambda d, _dataset, _value: 0.95 - 0.01 * d}),
        (15, {"pixel_mean": of_training_set(0.2)}),
    ],
)
def test_what_does_not_hold_is_not_reproduced(number, values):
    assert verdicts(number, World(values=values)) == [NOT, NOT]


def test_one_character_for_all_models_is_not_what_the_paper_says():
    assert verdicts(13, World(same_character=True)) == [NOT, NOT]


@pytest.mark.parametrize(
    ("number", "noise"),
    [
        (1, {"mean_abs": 0.5}),
        (2, {"geometric_mean": 2.0}),
        (3, {"share_zero": 0.1}),
        (4, {"difference_q50": 1.0}),
        (5, {"mean_abs": 1.0, "geometric_mean": 1.0}),
        (6, {"mean_abs": 2.0}),
        (7, {"mean_abs": 1.0, "geometric_mean": 1.0}),
        (8, {"log_abs_std": 2.0}),
        (9, {"share_reversed": 0.3}),
        (10, {"abs_arg_q95": 3.0}),
        (11, {"share_digit_like": 0.8}),
        (12, {"spread": 50.0}),
        (13, {"digit_correlation": 2.0}),
        (14, {"mean_abs": 3.0}),
        (15, {"pixel_mean": 0.02}),
    ],
)
def test_wide_intervals_leave_it_open(number, noise):
    assert verdicts(number, World(noise=noise)) == [OPEN, OPEN]


@pytest.mark.parametrize("number", [n for n in CLAIMS if n != 15])
@pytest.mark.parametrize(
    "world",
    [
        World(latent_dims=(8,)),
        World(latent_dims=(6, 8)),
    ],
    ids=["one dimension", "neither low nor high"],
)
def test_few_latent_dimensions_leave_it_open(number, world):
    assert verdicts(number, world) == [OPEN, OPEN]


@pytest.mark.parametrize("number", [n for n in CLAIMS if n > 3 and n not in (12, 13)])
def test_few_random_sets_leave_it_open(number):
    assert verdicts(number, World(random_sets=("uniform",))) == [OPEN, OPEN]


@pytest.mark.parametrize("number", CLAIMS)
def test_intervals_that_are_missing_leave_it_open(number):
    """As they are where there are too few points."""
    everything = dict.fromkeys(
        {key[1] for key in training_set(2)} | {key[1] for key in random_set(2, "uniform")},
        np.nan,
    )
    world = World(noise={**everything, "spread": np.nan})
    assert verdicts(number, world) == [OPEN, OPEN]


@pytest.mark.parametrize("number", CLAIMS)
def test_a_sweep_of_the_training_set_alone_is_judged_without_an_error(number):
    found = verdicts(number, World(random_sets=(), latent_dims=(2,), seeds=(5,)))
    assert found == [OPEN]


def test_one_seed_cannot_tell_whether_seeds_differ():
    assert verdicts(13, World(seeds=(0,))) == [OPEN]


def test_without_digits_at_low_dimensions_there_is_nothing_to_compare():
    assert verdicts(14, World(values={"share_digit_like": of_random_sets(0.0)})) == [OPEN, OPEN]


@pytest.mark.parametrize("reversed_share", [np.nan, 0.0, 0.5, 1.0])
def test_points_of_undetermined_sign_are_never_reversals(reversed_share):
    """Rounding noise gives a singular model any share; none may become a verdict."""
    world = World(
        values={
            "share_undetermined": lambda _d, _dataset, _value: 0.6,
            "share_reversed": lambda _d, _dataset, _value: reversed_share,
        }
    )
    finding = CLAIMS[9].judge(world.evidence(), 0)
    assert finding.verdict == OPEN
    shares = [part for part in finding.criteria if part.statistic.startswith("share_reversed")]
    assert shares
    assert all(np.isnan(part.value) for part in shares)


def test_a_singular_training_set_leaves_orientation_open_even_if_the_rest_is_sure():
    world = World(
        values={"share_undetermined": lambda d, dataset, _value: (d > 8 and dataset == "mnist") / 2}
    )
    assert verdicts(9, world) == [OPEN, OPEN]


def test_a_claim_holds_only_if_it_does_in_every_seed():
    evidence = World().evidence()
    failing = World(values={"log_abs_std": of_random_sets(0.1)}).evidence()
    models = dict(evidence.models)
    models |= {key: model for key, model in failing.models.items() if key[1] == 1}
    judgement = judgements(Evidence(models))[8]
    assert [finding.verdict for finding in judgement.findings.values()] == [REPRODUCED, NOT]
    assert judgement.verdict == NOT


def test_a_collapsed_network_has_no_say(tmp_path):
    """With d = 2 dead, its zeros alone would overturn C1 to C3, which the other models bear out."""
    dead = {"mean_abs": 0.0, "geometric_mean": 0.0, "share_zero": 1.0}
    values = {
        name: lambda d, _dataset, value, zero=zero: zero if d == 2 else value
        for name, zero in dead.items()
    }
    everything = World(values=values).evidence().models.values()
    assert [judgements(Evidence.of(everything))[number].verdict for number in (1, 2, 3)] == [
        NOT
    ] * 3

    evidence = Evidence.of(everything, [(2, 0), (2, 1)])
    judged = judgements(evidence)
    assert [judged[number].verdict for number in (1, 2, 3)] == [REPRODUCED] * 3
    assert 2 not in {part.latent_dim for part in judged[1].findings[0].criteria}
    write_readable_claims(tmp_path / "claims.md", judged, evidence)
    text = (tmp_path / "claims.md").read_text(encoding="utf-8")
    assert "no better than the mean image: d = 2 (seed 0), d = 2 (seed 1)." in text


def test_a_seed_without_a_network_has_no_say():
    world = World()
    evidence = Evidence.of(world.evidence().models.values(), [(d, 1) for d in world.latent_dims])
    assert {*judgements(evidence)[8].findings} == {0}


def test_no_network_at_all_leaves_every_claim_open(tmp_path):
    models = World().evidence().models
    evidence = Evidence.of(models.values(), sorted(models))
    judged = judgements(evidence)
    assert {judgement.verdict for judgement in judged.values()} == {OPEN}
    write_claims_table(tmp_path / "claims.csv", judged)
    write_readable_claims(tmp_path / "claims.md", judged, evidence)
    assert "- Models: none." in (tmp_path / "claims.md").read_text(encoding="utf-8")
    assert headline(read_claims(tmp_path / "claims.csv"), "mnist").verdict == OPEN


def test_tables_have_every_verdict(tmp_path):
    evidence = World(noise={"log_abs_std": 2.0}).evidence()
    judged = judgements(evidence)
    write_claims_table(tmp_path / "claims.csv", judged)
    write_readable_claims(tmp_path / "claims.md", judged, evidence)

    with (tmp_path / "claims.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == HEADER
    assert {row["verdict"] for row in rows} <= {"", *Verdict}
    overall = {
        row["claim"]: row["verdict"]
        for row in rows
        if row["statistic"] == "verdict" and not row["seed"]
    }
    assert list(overall) == [f"C{number}" for number in range(1, 16)]
    assert overall["C8"] == "undetermined"
    assert overall["C4"] == "reproduced"
    numbers = [row for row in rows if row["statistic"] != "verdict"]
    assert all(row["seed"] and row["value"] for row in numbers)

    lines = (tmp_path / "claims.md").read_text(encoding="utf-8").splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 2 + 15
    # Unescaped pipes would split a cell.
    assert {line.replace(r"\|", "").count("|") for line in table} == {6}
    assert all("*Seed 0, " in line and "*Seed 1, " in line for line in table[2:])


def test_tables_are_the_same_every_time(tmp_path):
    for name in ("one", "two"):
        evidence = World().evidence()
        judged = judgements(evidence)
        write_claims_table(tmp_path / f"{name}.csv", judged)
        write_readable_claims(tmp_path / f"{name}.md", judged, evidence)
    for suffix in ("csv", "md"):
        one, two = (tmp_path / f"{name}.{suffix}" for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
