"""The answer of the page, and the evidence of claims, from a variant's table."""

import csv

import pytest

from jacspec.claims.rows import HEADER, read_claims
from jacspec.claims.verdicts import Verdict
from jacspec.errors import DamagedFileError
from jacspec.key import ModelKey
from jacspec.report.claim_evidence import claim_evidence
from jacspec.report.headline import cautions, headline, verdict_of


def claims_table(path, rows) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([HEADER, *(["paper", *row, ""] for row in rows)])


def test_claims_are_read_and_make_the_headline(tmp_path):
    path = tmp_path / "claims.csv"
    claims_table(
        path,
        [
            ["C9", 12, 0, "share_reversed/input/mnist", 0.01, 0.0, 0.02, "reproduced"],
            ["C9", 12, 0, "share_reversed/input/uniform", 0.47, 0.42, 0.52, "reproduced"],
            ["C9", 16, 0, "share_reversed/input/uniform", 0.39, 0.35, 0.43, "undetermined"],
            ["C9", "", "", "share_of_networks/random_sets", 0.5, 0.5, 1.0, "undetermined"],
            ["C9", 12, 0, "share_undetermined/input/uniform", 0.03, 0.02, 0.04, ""],
            ["C9", "", 0, "verdict", "", "", "", "undetermined"],
            ["C9", "", "", "verdict", "", "", "", "undetermined"],
        ],
    )
    rows = read_claims(path)
    assert verdict_of(rows, "C9") == verdict_of(rows, "C9", 0) == "undetermined"
    found = headline(rows, "mnist")
    assert found.verdict == "undetermined"
    grounds = dict(found.grounds)
    training = grounds["Rarely on the training set?"]
    assert training.startswith("Yes.")
    assert "1.0 % of the points" in training
    random_sets = grounds["About half the time on random pixels?"]
    assert random_sets.startswith("Undetermined.")
    assert "39 % to 47 %" in random_sets
    assert "met in 1 of 2 cases, undecided in 1" in random_sets
    # Half the widest interval: (.52 - .42) / 2.
    assert "± 5.0 percentage points" in grounds["How sure is that?"]
    assert "seed 0: undetermined" in grounds["How sure is that?"]
    assert "3.0 % of a set" in grounds["What is left out"]


def test_what_is_not_judged_does_not_read_like_a_failure(tmp_path):
    path = tmp_path / "claims.csv"
    claims_table(
        path,
        [
            ["C9", 12, 0, "share_reversed/input/mnist", 0.01, 0.0, 0.02, ""],
            ["C9", 12, 0, "share_reversed/input/uniform", 0.47, 0.42, 0.52, ""],
            ["C9", "", "", "verdict", "", "", "", "not judged"],
            ["C9", "", 0, "verdict", "", "", "", "not judged"],
        ],
    )
    training, random_sets, *_ = (text for _, text in headline(read_claims(path), "mnist").grounds)
    assert training.startswith("Not judged. J_I reverses orientation at 1.0 % of the points")
    assert "met in" not in training
    assert random_sets == "Not judged."


@pytest.mark.parametrize("verdict", [*Verdict])
def test_every_verdict_has_its_sentence(tmp_path, verdict):
    path = tmp_path / "claims.csv"
    claims_table(path, [["C9", "", "", "verdict", "", "", "", verdict]])
    assert headline(read_claims(path), "mnist").verdict == verdict


def test_a_short_training_is_cautioned_against():
    ((_, text),) = cautions(2, [])
    assert "for 2 epochs" in text
    assert cautions(300, []) == []


def test_a_network_that_learned_nothing_is_named_before_the_answer():
    ((title, text),) = cautions(300, [ModelKey("paper", 2, 0)])
    assert title == "Left out:"
    assert text.startswith("d = 2 (seed 0). ")


def test_foreign_claims_are_refused(tmp_path):
    path = tmp_path / "claims.csv"
    path.write_text("a,b\n")
    with pytest.raises(DamagedFileError, match="not a table of"):
        read_claims(path)


def test_the_evidence_of_a_claim_names_its_networks_and_numbers(tmp_path):
    path = tmp_path / "claims.csv"
    claims_table(
        path,
        [
            ["C9", 12, 0, "share_reversed/input/mnist", 0.01, 0.0, 0.02, "reproduced"],
            ["C9", 16, 0, "share_reversed/input/mnist", 0.04, 0.0, 0.05, "reproduced"],
            ["C9", 20, 0, "share_reversed/input/mnist", 0.02, 0.0, 0.05, "reproduced"],
            ["C9", 12, 0, "condition/random_sets", 1.0, "", "", "reproduced"],
            ["C9", 16, 0, "condition/random_sets", 0.0, "", "", "not reproduced"],
            ["C9", 20, 0, "condition/random_sets", "nan", "", "", "undetermined"],
            ["C9", "", 0, "share_of_networks/random_sets", 0.3, 0.1, 0.9, "undetermined"],
            ["C9", "", "", "share_of_networks/random_sets", 0.4, 0.1, 0.8, "undetermined"],
            ["C9", "", "", "verdict", "", "", "", "undetermined"],
        ],
    )
    (found,) = claim_evidence(read_claims(path))
    assert (found.name, found.verdict) == ("C9", "undetermined")
    (statement,) = found.statements
    assert (statement.statement, statement.share, statement.low) == ("random sets", 0.4, 0.1)
    assert statement.networks == [
        (12, 0, "reproduced"),
        (16, 0, "not reproduced"),
        (20, 0, "undetermined"),
    ]
    (number,) = found.numbers
    assert (number.least, number.median, number.greatest) == (0.01, 0.02, 0.04)
    assert number.networks == 3


def test_the_evidence_has_the_main_statistic_over_all_networks(tmp_path):
    path = tmp_path / "claims.csv"
    claims_table(
        path,
        [
            ["C1", 12, 0, "main", 0.8, 0.7, 0.9, ""],
            ["C1", "", "", "main", 0.85, 0.6, 1.1, ""],
            ["C1", "", "", "verdict", "", "", "", "undetermined"],
        ],
    )
    (found,) = claim_evidence(read_claims(path))
    assert (found.main.value, found.main.low, found.main.high) == (0.85, 0.6, 1.1)
    assert found.numbers == []
