"""Figures of families: curves over one parameter, maps over two, data sets where they lie."""

import numpy as np
import pandas as pd
import pytest
from made_up_family import KEYS, QUANTITIES, TITLE, curve_content, map_content

from jacspec.detection.model_detection import DetectionRow
from jacspec.families.figure import ROWS, draw_family
from jacspec.families.landmarks import Landmark, landmarks_of
from jacspec.families.statistics import AUROC, ERROR
from jacspec.figures.saving import save_figure
from jacspec.key import ModelKey


@pytest.fixture(scope="module")
def curves():
    content = curve_content()
    return content.table, draw_family(content)


@pytest.fixture(scope="module")
def maps():
    content = map_content()
    return content.table, draw_family(content)


def test_there_is_a_curve_for_each_model_and_a_band_for_those_of_the_first_seed(curves):
    table, figure = curves
    assert len(figure.axes) == len(QUANTITIES)
    for axes, quantity in zip(figure.axes, QUANTITIES, strict=True):
        drawn = [list(line.get_ydata()) for line in axes.lines]
        assert all(table.intervals[key, *quantity][:, 0].tolist() in drawn for key in KEYS)
        assert len(axes.collections) == 2
    assert {axes.get_xlabel() for axes in figure.axes[-2:]} == {"probability"}


def test_data_sets_are_marked_on_the_curves(curves):
    _, figure = curves
    marked = {
        quantity: [line.get_xydata().tolist() for line in axes.lines if line.get_marker() == "o"]
        for axes, quantity in zip(figure.axes, QUANTITIES, strict=True)
    }
    # The one model that the data set has a value of is marked there, no other one.
    assert [[0.5, 0.7]] in marked.pop(("input", "mean_abs"))
    assert all(points == [] for lines in marked.values() for points in lines)
    above = [axes.child_axes for axes in figure.axes]
    named = [[label.get_text() for label in one.get_xticklabels()] for (one,) in above[:2]]
    assert named == [[TITLE]] * 2
    assert not any(above[2:])


def test_maps_have_every_value_in_its_place(maps):
    table, figure = maps
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    first = [key for key in KEYS if key.seed == 0]
    assert len(panels) == len(QUANTITIES) * len(first)
    order = [(key, quantity) for row in ROWS for key in first for quantity in row]
    for axes, (key, quantity) in zip(panels, order, strict=True):
        (mesh,) = axes.collections
        drawn = np.asarray(mesh.get_array()).reshape(2, 3)
        expected = table.intervals[key, *quantity][:, 0].reshape(3, 2).T
        np.testing.assert_array_equal(drawn, expected)
        assert f"$d$ = {key.latent_dim}" in axes.get_title(loc="left")
        assert (axes.get_xscale(), axes.get_yscale()) == ("log", "linear")
        assert [line.get_xydata().tolist() for line in axes.lines] == [[[2.0, 0.7]]]


def test_both_jacobians_have_one_scale_of_colours_and_shares_go_from_0_to_1(maps):
    _, figure = maps
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    limits = [axes.collections[0].get_clim() for axes in panels]
    for start in range(0, len(limits) - 4, 4):
        assert len(set(limits[start : start + 4])) == 1
    assert limits[0] == (0.0, 1.0)
    assert limits[-1] == (0.0, 1.0)
    assert limits[-2] != limits[-1]


def test_maps_say_how_wide_the_intervals_are(maps):
    _, figure = maps
    bars = [axes.get_ylabel() for axes in figure.axes if not axes.get_title(loc="left")]
    assert len(bars) == 6
    assert all("(± 0.1 at most)" in label for label in bars)


@pytest.mark.parametrize("content", [curve_content, map_content])
def test_the_same_table_gives_the_same_bytes(tmp_path, content):
    for name in ("one.png", "two.png"):
        save_figure(draw_family(content()), tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_data_sets_have_the_values_of_the_sweeps_own_tables():
    rows = [
        (*KEYS[0].fields().values(), name, jacobian, statistic, value)
        for name, jacobian, statistic, value in (
            ("half", "input", "mean_abs", 0.5),
            ("half", "both", ERROR, 9.0),
            ("half", "both", "difference_mean", 1.0),
            ("other", "input", "mean_abs", 0.25),
        )
    ]
    summary = pd.DataFrame(
        rows, columns=[*ModelKey.COLUMNS, "dataset", "jacobian", "statistic", "value"]
    )
    detection = [
        DetectionRow(KEYS[0], "half", score, measure, value, 0.0, 1.0, 10, 10)
        for score, measure, value in (
            ("reconstruction_error", "auroc", 0.75),
            ("reconstruction_error", "aupr", 0.1),
            ("trace", "auroc", 0.2),
        )
    ]
    found = landmarks_of({"half": (0.5,)}, {"half": TITLE}, summary, detection)
    values = {
        (KEYS[0], "input", "mean_abs"): 0.5,
        (KEYS[0], "both", ERROR): 9.0,
        (KEYS[0], "both", AUROC): 0.75,
    }
    assert found == [Landmark(TITLE, (0.5,), values)]
