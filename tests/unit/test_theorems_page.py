"""Figure, charts and page of the theorems: what is shown, and what is said where nothing is."""

import math

from jacspec.data.descriptions import Description
from jacspec.figures.selection import Selection
from jacspec.figures.style import line_styles
from jacspec.key import ModelKey
from jacspec.report.measurements import theorem_charts
from jacspec.theorems.figure import PANELS, SAME_PATTERN, draw_theorems
from jacspec.theorems.page import write_page

DATASETS = {"mnist": Description("MNIST")}


def test_only_pairs_with_training_points_leave_out_the_training_set():
    """Each panel has a line for each data set, and that of orientation one at 1/2."""
    datasets = {"mnist": Description("MNIST"), "uniform": Description("Uniform")}
    values = {
        (dataset, jacobian, statistic, 0): {2: level, 3: level + 0.1}
        for dataset, level in (("mnist", 0.1), ("uniform", 0.3))
        for jacobian, statistic in PANELS
    }
    figure = draw_theorems(Selection((0,), (2, 3), values), datasets, "mnist")
    beginnings = {
        statistic: sorted(line.get_ydata()[0] for line in axes.get_lines())
        for (_, statistic), axes in zip(PANELS, figure.axes, strict=True)
    }
    expected = {statistic: [0.1, 0.3] for statistic in beginnings}
    expected["I.3_share_reversed"] = [0.1, 0.3, 0.5]
    expected["I.2_nearest_of_training_set_share_fails_ordered"] = [0.3]
    assert beginnings == expected


def without_patterns() -> Selection:
    statistics = dict.fromkeys(PANELS, 0.2) | {SAME_PATTERN: 0.0}
    values = {("mnist", *name, 0): {2: share, 3: share} for name, share in statistics.items()}
    return Selection((0,), (2, 3), values)


def test_where_no_pattern_is_known_a_note_says_so_and_nothing_is_drawn():
    axes = draw_theorems(without_patterns(), DATASETS, "mnist").axes
    notes = [" ".join(text.get_text() for text in one.texts) for one in axes]
    assert notes[0].startswith("does not apply: no point is known")
    assert not any(note.strip() for note in notes[1:])
    assert not axes[0].lines
    assert all(one.lines for one in axes[1:])


def test_where_no_pattern_is_known_the_chart_and_the_page_say_so(tmp_path):
    chart, *others = theorem_charts(without_patterns(), line_styles(DATASETS, {}))
    assert chart.figure.layout.annotations[0].text.startswith("does not apply")
    assert not chart.figure.data
    assert all(one.figure.data and not one.figure.layout.annotations for one in others)
    write_page(tmp_path / "theorems.md", without_patterns(), DATASETS)
    assert "| MNIST | does not apply |" in (tmp_path / "theorems.md").read_text()


def test_of_one_model_there_is_no_range(tmp_path):
    values = {("mnist", "both", "I.1_share_same_pattern", 0): {2: 0.6}}
    write_page(tmp_path / "theorems.md", Selection((0,), (2,), values), DATASETS)
    page = (tmp_path / "theorems.md").read_text()
    assert "60.0 %" in page
    assert "60.0 % (" not in page


def test_page_sums_up_models_and_leaves_out_what_was_not_measured(tmp_path):
    def by_dim(first, second):
        return {2: first, 3: second}

    values = {
        ("mnist", "both", "I.1_share_same_pattern", 0): by_dim(0.01, 0.03),
        ("mnist", "both", "I.1_points_checked", 0): by_dim(10.0, 30.0),
        ("mnist", "both", "I.1_share_beyond_rounding", 0): by_dim(math.nan, 0.1),
        ("mnist", "latent", "I.2_same_set_pairs", 0): by_dim(100.0, 100.0),
        ("mnist", "latent", "I.2_same_set_share_fails_trace", 0): by_dim(0.0, 0.5),
        ("mnist", "latent", "I.2_same_set_share_fails_ordered", 0): by_dim(0.25, 0.75),
        ("mnist", "latent", "I.2_same_set_share_fails_matched", 0): by_dim(0.0, 0.0),
        ("mnist", "input", "I.3_is_consistent_with_half", 0): by_dim(1.0, math.nan),
    }
    write_page(tmp_path / "theorems.md", Selection((0,), (2, 3), values), DATASETS)
    page = (tmp_path / "theorems.md").read_text()
    assert "2.0 % (1.0 to 3.0)" in page
    assert "40 such points" in page
    assert " 3 lie" in page
    assert "50 of 200 pairs" in page
    assert "50.0 % (25.0 to 75.0) / 0.0 % (0.0 to 0.0) | - | - |" in page
    assert "| 1 of 1 |" in page
    assert "Left out" not in page
    left_out = [ModelKey("paper", 2, 0)]
    write_page(
        tmp_path / "theorems.md",
        Selection((0,), (3,), {}),
        DATASETS,
        left_out=left_out,
    )
    assert "the mean image: d = 2 (seed 0)." in (tmp_path / "theorems.md").read_text()
