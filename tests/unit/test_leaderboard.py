"""Leaderboards of scores: means over networks and sets, intervals, and the page to read."""

import numpy as np
import pytest

from jacspec.data.descriptions import Description
from jacspec.detection.leaderboard import leaderboards, missing_sets
from jacspec.detection.measures import (
    MEASURES,
)
from jacspec.detection.model_detection import (
    DetectionRow,
)
from jacspec.detection.readable import write_readable_detection
from jacspec.key import ModelKey

KEY = ModelKey("paper", 2, 0)


def board_rows(values: dict[tuple[str, str], list[float]], measure="auroc") -> list[DetectionRow]:
    """Return rows of one network a number, for each score and data set."""
    return [
        DetectionRow(
            ModelKey("paper", 2, seed), dataset, score, measure, value, value, value, 10, 20
        )
        for (score, dataset), numbers in values.items()
        for seed, value in enumerate(numbers)
    ] + [
        DetectionRow(ModelKey("paper", 2, seed), dataset, score, other, 0.5, 0.5, 0.5, 10, 20)
        for (score, dataset), numbers in values.items()
        for seed in range(len(numbers))
        for other in MEASURES
        if other != measure
    ]


SETS = {
    "noise": Description("Noise", is_random=True),
    "turned": Description("Turned"),
    "fashion": Description("Fashion"),
}


VALUES = {
    ("trace", "noise"): [0.9, 0.7],
    ("trace", "turned"): [0.5, 0.5],
    ("trace", "fashion"): [0.7, 0.9],
    ("latent_distance", "noise"): [1.0, 0.8],
    ("latent_distance", "turned"): [0.6, 0.8],
    ("latent_distance", "fashion"): [0.2, 0.2],
}


def test_a_leaderboard_has_means_over_networks_and_over_near_and_far_sets():
    board = leaderboards(board_rows(VALUES), SETS)[0]
    titles = [column.title for column in board.columns]
    assert titles == ["Turned", "Fashion", "mean of near sets", "Noise", "mean of far sets"]
    shown = {score: [cell.value for cell in cells] for score, cells in board.rows.items()}
    assert shown["trace"] == pytest.approx([0.5, 0.8, 0.65, 0.8, 0.8])
    assert shown["latent_distance"] == pytest.approx([0.7, 0.2, 0.45, 0.9, 0.9])
    best = {score: [cell.is_best for cell in cells] for score, cells in board.rows.items()}
    assert best["trace"] == [False, True, True, False, False]
    assert best["latent_distance"] == [True, False, False, True, True]
    # Means of .725 and .675.
    assert list(board.rows) == ["trace", "latent_distance"]


def test_of_false_positives_few_are_best():
    board = leaderboards(board_rows(VALUES, "fpr_at_95_tpr"), SETS)[-1]
    assert board.measure == "fpr_at_95_tpr"
    assert [cell.is_best for cell in board.rows["trace"]] == [True, False, False, True, True]
    assert list(board.rows) == ["latent_distance", "trace"]


def test_intervals_of_a_leaderboard_are_over_networks_and_points():
    """Of two networks, each draw has both, or one of them twice: their values are the ends."""
    trace = leaderboards(board_rows(VALUES), SETS)[0].rows["trace"]
    assert [(cell.low, cell.high) for cell in trace][:2] == [(0.5, 0.5), (0.7, 0.9)]
    # Near sets: .6 by the first network, .7 by the second.
    assert (trace[2].low, trace[2].high) == (pytest.approx(0.6), pytest.approx(0.7))
    one = DetectionRow(KEY, "noise", "trace", "auroc", 0.6, 0.5, 0.7, 10, 20)
    rows = [DetectionRow(KEY, "noise", "trace", name, 0.6, 0.5, 0.7, 10, 20) for name in MEASURES]
    assert one in rows
    (cell, _) = leaderboards(rows, SETS)[0].rows["trace"]
    # Of a normal distribution by a thousand draws: see the test above.
    room = 4 * 2.67 / np.sqrt(1000) * 0.1 / 1.96
    assert (cell.low, cell.high) == (pytest.approx(0.5, abs=room), pytest.approx(0.7, abs=room))


def test_a_mean_over_no_set_does_not_apply():
    far = {key: numbers for key, numbers in VALUES.items() if key[1] == "noise"}
    boards = leaderboards(board_rows(far), SETS)
    assert [column.title for column in boards[0].columns] == ["Noise", "mean of far sets"]
    assert missing_sets(boards) == [
        "The mean over near sets does not apply: all sets are of random values."
    ]
    assert missing_sets(leaderboards(board_rows(VALUES), SETS)) == []
    assert leaderboards([], SETS) == missing_sets([]) == []


def test_the_page_to_read_has_a_table_a_measure_and_the_best_in_bold(tmp_path):
    path = tmp_path / "detection.md"
    write_readable_detection(path, leaderboards(board_rows(VALUES), SETS), 2, left_out=[KEY])
    text = path.read_text()
    assert text.count("\n## ") == len(MEASURES)
    assert "the mean over 2 networks" in text
    assert "Left out, because they are no better than the mean image: d = 2 (seed 0)." in text
    assert "| Mahalanobis distance of z | **0.700** (0.600 to 0.800) | 0.200" in text
    # A bar inside of a cell does not end it.
    assert "| \\|tr J_I / d − 1\\| | 0.500 (" in text
