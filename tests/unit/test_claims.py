"""Every claim, judged on made-up evidence that must give each of the three verdicts."""

import csv

import numpy as np
import pytest
from claims_world import (
    World,
    against_brightness,
    judgement_of,
    of_random_sets,
    of_training_set,
    random_set,
    training_set,
    with_brightness,
)

from jacspec.claims.evidence import (
    Evidence,
    ModelEvidence,
)
from jacspec.claims.judgements import judgement, judgements
from jacspec.claims.readable import write_readable_claims
from jacspec.claims.registry import CLAIMS
from jacspec.claims.rows import HEADER, read_claims
from jacspec.claims.table import write_claims_table
from jacspec.claims.thresholds import MINIMUM_EPOCHS
from jacspec.claims.verdicts import Verdict
from jacspec.key import ModelKey

REPRODUCED, NOT, OPEN = Verdict.REPRODUCED, Verdict.NOT_REPRODUCED, Verdict.UNDETERMINED
NO_CASE = Verdict.DOES_NOT_APPLY


def verdict(number: int, world: World) -> Verdict:
    return judgement_of(number, world).verdict()


def test_where_the_paper_is_right_every_claim_is_reproduced_with_full_strength():
    judged = judgements(World().evidence(), epochs=300)
    assert {number: judgement.verdict() for number, judgement in judged.items()} == dict.fromkeys(
        range(1, 16), REPRODUCED
    )
    assert {judgement.strength() for judgement in judged.values()} == {1.0}


def test_what_is_said_is_true_of_another_training_set_than_digits():
    for world in (World(), World(values={"share_like_training": of_random_sets(0.0)})):
        for judged in judgements(world.evidence(), epochs=300).values():
            claim = judged.claim
            said = [claim.words, claim.criterion, claim.main]
            said += [statement.name for statement in claim.statements]
            for finding in judged.findings.values():
                said += [finding.evidence, *(one.statistic for one in finding.criteria)]
            assert "digit" not in " ".join(said).lower()


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
        (11, {"share_like_training": of_random_sets(0.9)}),
        (11, {"share_like_training": of_random_sets(0.0)}),
        (12, {"spread": lambda _d, _group, _value: 100.0}),
        (14, {"mean_abs": lambda d, _dataset, _value: 0.95 - 0.01 * d}),
        (15, {"pixel_mean": of_training_set(0.2)}),
    ],
)
def test_what_does_not_hold_is_not_reproduced(number, values):
    assert verdict(number, World(values=values)) == NOT


def test_one_character_for_all_models_is_not_what_the_paper_says():
    assert verdict(13, World(same_character=True)) == NOT


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
        (11, {"share_like_training": 0.8}),
        (12, {"spread": 50.0}),
        (13, {"class_correlation": 2.0}),
        (14, {"mean_abs": 3.0}),
        (15, {"pixel_mean": 0.02}),
    ],
)
def test_wide_intervals_leave_it_open(number, noise):
    assert verdict(number, World(noise=noise)) == OPEN


@pytest.mark.parametrize("number", [n for n in CLAIMS if n != 15])
@pytest.mark.parametrize("latent_dims", [(8,), (6, 8)], ids=["one", "neither low nor high"])
def test_few_latent_dimensions_leave_it_open_however_many_seeds(number, latent_dims):
    assert verdict(number, World(latent_dims=latent_dims, seeds=(0, 1, 2, 3, 4))) == OPEN


@pytest.mark.parametrize("number", [4, 5, 6, 8, 9, 11, 14])
def test_few_random_sets_leave_it_open(number):
    assert verdict(number, World(random_sets=("uniform", "bernoulli_0.75"))) == OPEN


@pytest.mark.parametrize(
    ("number", "random_sets", "why"),
    [
        (4, (), "no set of random pixels"),
        (7, ("uniform", "bernoulli_0.75", "beta_5_0.8"), "that is dark"),
        (9, ("bernoulli_0.13",), "that is middle or bright"),
        (10, ("uniform", "bernoulli_0.13"), "that is bright"),
    ],
)
def test_without_its_random_sets_a_claim_does_not_apply(number, random_sets, why):
    found = judgement_of(number, World(random_sets=random_sets))
    assert found.verdict() == NO_CASE
    assert why in found.does_not_apply


@pytest.mark.parametrize(
    ("statistic", "numbers"),
    [("class_correlation", {12, 13, 14}), ("nearest_limit", {11, 14})],
    ids=["no labels", "no split"],
)
def test_what_a_training_set_lacks_leaves_out_the_claims_about_it(statistic, numbers, tmp_path):
    whole = World().evidence()
    models = [
        ModelEvidence(
            model.key,
            {key: own for key, own in model.draws.items() if key.statistic != statistic},
            model.characters,
        )
        for model in whole.models.values()
    ]
    evidence = Evidence.of("paper", "mnist", models)
    judged = judgements(evidence, epochs=300)
    assert {number for number, own in judged.items() if own.verdict() == NO_CASE} == numbers
    write_readable_claims(tmp_path / "claims.md", judged, evidence)
    text = (tmp_path / "claims.md").read_text(encoding="utf-8")
    assert text.count("Does not apply: the points of mnist have no") == len(numbers)


def test_with_another_training_set_the_claims_are_about_that_one(tmp_path):
    evidence = World(training_set="fashion_mnist").evidence()
    judged = judgements(evidence, epochs=300)
    assert {judgement.verdict() for judgement in judged.values()} == {REPRODUCED}
    assert {part.statistic for part in judged[15].findings[0].criteria} == {
        "pixel_mean/beta_0.8_5",
        "pixel_mean/beta_0.5_0.5",
        "pixel_mean/beta_5_0.8",
    }
    write_readable_claims(tmp_path / "claims.md", judged, evidence)
    text = (tmp_path / "claims.md").read_text(encoding="utf-8")
    assert "The training set is fashion_mnist" in text
    assert "1000 of fashion_mnist" in text


@pytest.mark.parametrize("number", CLAIMS)
def test_intervals_that_are_missing_leave_it_open(number):
    """As they are where there are too few points."""
    everything = dict.fromkeys(
        {key[1] for key in training_set(2)} | {key[1] for key in random_set(2, "uniform")},
        np.nan,
    )
    world = World(noise={**everything, "spread": np.nan})
    assert verdict(number, world) == OPEN


@pytest.mark.parametrize("number", CLAIMS)
def test_a_sweep_of_the_training_set_alone_is_judged_without_an_error(number):
    found = verdict(number, World(random_sets=(), latent_dims=(2,), seeds=(5,)))
    assert found == (REPRODUCED if number == 15 else OPEN if number < 4 else NO_CASE)


def test_one_seed_cannot_tell_whether_seeds_differ():
    assert verdict(13, World(seeds=(0,))) == OPEN


def test_one_seed_is_enough_where_its_networks_are():
    world = World(latent_dims=tuple(range(2, 21)), seeds=(0,))
    found = {number: verdict(number, world) for number in CLAIMS}
    # Three networks of low d, and the three largest d, are too few to confirm anything.
    assert {number for number, own in found.items() if own == OPEN} == {6, 11, 13, 14}
    assert {own for number, own in found.items() if number not in (6, 11, 13, 14)} == {REPRODUCED}


def test_without_likeness_at_low_dimensions_there_is_nothing_to_compare():
    assert verdict(14, World(values={"share_like_training": of_random_sets(0.0)})) == OPEN


@pytest.mark.parametrize(
    ("epochs", "expected"),
    [
        (MINIMUM_EPOCHS - 1, Verdict.NOT_JUDGED),
        (MINIMUM_EPOCHS, REPRODUCED),
        (None, REPRODUCED),
    ],
)
def test_what_was_trained_too_short_is_not_judged(epochs, expected, tmp_path):
    evidence = World().evidence()
    judged = judgements(evidence, epochs)
    assert {judgement.verdict() for judgement in judged.values()} == {expected}
    write_claims_table(tmp_path / "claims.csv", judged, "paper")
    write_readable_claims(tmp_path / "claims.md", judged, evidence)
    text = (tmp_path / "claims.md").read_text(encoding="utf-8")
    rows = read_claims(tmp_path / "claims.csv")
    if expected == Verdict.NOT_JUDGED:
        assert {row.verdict for row in rows} == {"", "not judged"}
        assert all(np.isnan(row.strength) for row in rows)
        assert "reproduced:*" not in text
        assert text.count("**not judged**") == len(CLAIMS)
        assert f"trained for {epochs} epochs" in text
    else:
        assert "not judged" not in {row.verdict for row in rows}
        assert "Not judged" not in text


@pytest.mark.parametrize("reversed_share", [np.nan, 0.0, 0.5, 1.0])
def test_points_of_undetermined_sign_are_never_reversals(reversed_share):
    """Rounding noise gives a singular model any share; none may become a verdict."""
    world = World(
        values={
            "share_undetermined": lambda _d, _dataset, _value: 0.6,
            "share_reversed": lambda _d, _dataset, _value: reversed_share,
        }
    )
    found = judgement_of(9, world)
    assert found.verdict() == OPEN
    finding = found.findings[0]
    shares = [part for part in finding.criteria if part.statistic.startswith("share_reversed")]
    assert shares
    assert all(np.isnan(part.value) for part in shares)


def test_a_singular_training_set_leaves_orientation_open_even_if_the_rest_is_sure():
    world = World(
        values={"share_undetermined": lambda d, dataset, _value: (d > 8 and dataset == "mnist") / 2}
    )
    assert verdict(9, world) == OPEN


def test_seeds_that_disagree_leave_it_open():
    models = World().evidence().models
    failing = World(values={"log_abs_std": of_random_sets(0.1)}).evidence().models
    mixed = [failing[key] if key.seed == 1 else model for key, model in models.items()]
    found = judgement(CLAIMS[8], Evidence.of("paper", "mnist", mixed), epochs=300)
    assert [found.verdict(seed) for seed in (0, 1)] == [REPRODUCED, NOT]
    assert found.verdict() == OPEN
    (share,) = found.shares()
    assert (share.value, share.low, share.high) == (0.5, 0.0, 1.0)
    assert found.strength() == 0.5


def test_a_narrow_miss_is_stronger_than_a_refutation():
    """C8 asks for every set; one set of ten fails it as surely as all do, not as strongly."""

    def but_uniform(_d: int, dataset: str, value: float) -> float:
        return 0.1 if dataset == "uniform" else value

    narrow, wide = (
        judgement_of(8, World(values={"log_abs_std": values}))
        for values in (but_uniform, of_random_sets(0.1))
    )
    assert narrow.verdict() == wide.verdict() == NOT
    assert (narrow.strength(), wide.strength()) == (0.9, 0.0)


def test_a_collapsed_network_has_no_say(tmp_path):
    """With every low d dead, their zeros alone would leave C1 to C3 open."""
    dead = {"mean_abs": 0.0, "geometric_mean": 0.0, "share_zero": 1.0}
    values = {
        name: lambda d, _dataset, value, zero=zero: zero if d <= 4 else value
        for name, zero in dead.items()
    }
    world = World(values=values)
    everything = judgements(world.evidence(), epochs=300)
    assert [everything[number].verdict() for number in (1, 2, 3)] != [REPRODUCED] * 3

    collapsed = [ModelKey("paper", d, seed) for d in (2, 3, 4) for seed in (0, 1)]
    others = [ModelKey("other", 8, 0)]
    evidence = world.evidence([*others, *collapsed])
    judged = judgements(evidence, epochs=300)
    assert [judged[number].verdict() for number in (1, 2, 3)] == [REPRODUCED] * 3
    assert 2 not in {part.latent_dim for part in judged[1].findings[0].criteria}
    write_readable_claims(tmp_path / "claims.md", judged, evidence)
    text = (tmp_path / "claims.md").read_text(encoding="utf-8")
    assert "no better than the mean image: d = 2, 3, 4 (seed 0), d = 2, 3, 4 (seed 1)." in text


def test_a_seed_without_a_network_has_no_say():
    world = World()
    evidence = world.evidence([ModelKey("paper", d, 1) for d in world.latent_dims])
    assert {*judgements(evidence, epochs=300)[8].findings} == {0}


def test_networks_of_another_variant_have_no_say():
    models = World().evidence().models
    assert not Evidence.of("other", "mnist", models.values()).models


def test_no_network_at_all_leaves_every_claim_open(tmp_path):
    evidence = World().evidence(sorted(World().evidence().models))
    judged = judgements(evidence, epochs=300)
    assert {judgement.verdict() for judgement in judged.values()} == {OPEN}
    write_claims_table(tmp_path / "claims.csv", judged, "paper")
    write_readable_claims(tmp_path / "claims.md", judged, evidence)
    assert "- Models: none." in (tmp_path / "claims.md").read_text(encoding="utf-8")
    assert {row.verdict for row in read_claims(tmp_path / "claims.csv")} == {OPEN}


def test_tables_have_every_verdict(tmp_path):
    evidence = World(noise={"log_abs_std": 2.0}).evidence()
    judged = judgements(evidence, epochs=300)
    write_claims_table(tmp_path / "claims.csv", judged, "paper")
    write_readable_claims(tmp_path / "claims.md", judged, evidence)

    with (tmp_path / "claims.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == HEADER
    assert {row["variant"] for row in rows} == {"paper"}
    assert {row["verdict"] for row in rows} <= {"", *Verdict}
    overall = {
        row["claim"]: row for row in rows if row["statistic"] == "verdict" and not row["seed"]
    }
    assert list(overall) == [f"C{number}" for number in range(1, 16)]
    assert overall["C8"]["verdict"] == "undetermined"
    assert overall["C4"]["verdict"] == "reproduced"
    assert all(0.0 <= float(row["strength"]) <= 1.0 for row in overall.values())
    numbers = [row for row in rows if row["statistic"] != "verdict"]
    assert all(row["value"] for row in numbers)
    # Those of the variant are shares and means over networks; all others belong to a seed.
    assert {row["statistic"].split("/")[0] for row in numbers if not row["seed"]} == {
        "share_of_networks",
        "share_of_seeds",
        "main",
    }
    read = read_claims(tmp_path / "claims.csv")
    assert len(read) == len(rows)
    mains = [row for row in read if row.statistic == "main" and row.claim == "C9"]
    assert {(row.latent_dim, row.seed) for row in mains} == {
        (None, None),
        *((d, seed) for d in (12, 13, 14, 16, 18, 20) for seed in (0, 1)),
    }
    assert [row.value for row in mains] == pytest.approx([0.5] * 13)

    lines = (tmp_path / "claims.md").read_text(encoding="utf-8").splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 2 + 15
    # Unescaped pipes would split a cell.
    assert {line.replace(r"\|", "").count("|") for line in table} == {6}
    assert all("*Seed 0, " in line and "*Seed 1, " in line for line in table[2:])


def test_tables_are_the_same_every_time(tmp_path):
    for name in ("one", "two"):
        evidence = World().evidence()
        judged = judgements(evidence, epochs=300)
        write_claims_table(tmp_path / f"{name}.csv", judged, "paper")
        write_readable_claims(tmp_path / f"{name}.md", judged, evidence)
    for suffix in ("csv", "md"):
        one, two = (tmp_path / f"{name}.{suffix}" for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
