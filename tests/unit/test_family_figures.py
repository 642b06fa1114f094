"""Figures of families: curves over one parameter, maps over two, data sets where they lie."""

import numpy as np
import pandas as pd
import pytest

from jacspec.detection.model_detection import DetectionRow
from jacspec.families.figure import ROWS, FamilyPicture, draw_family
from jacspec.families.landmarks import Landmark, landmarks_of
from jacspec.families.statistics import AUROC, ERROR
from jacspec.families.table import FamilyTable
from jacspec.figures.saving import save_figure
from jacspec.key import ModelKey

KEYS = [ModelKey("paper", dim, seed) for dim in (4, 12) for seed in (0, 1)]
QUANTITIES = [quantity for row in ROWS for quantity in row]
TITLE = "Bernoulli(0.5)"


def table_at(positions):
    rng = np.random.default_rng(0)
    values = rng.random((len(KEYS), len(QUANTITIES), len(positions)))
    return FamilyTable(
        np.array(positions),
        {
            (key, *quantity): np.stack([own, own - 0.1, own + 0.1], axis=1)
            for key, of_key in zip(KEYS, values, strict=True)
            for quantity, own in zip(QUANTITIES, of_key, strict=True)
        },
    )


def landmark(*position):
    return Landmark(TITLE, position, {(KEYS[0], "input", "mean_abs"): 0.7})


def curve_picture():
    table = table_at([(0.1,), (0.3,), (0.6,)])
    return FamilyPicture(table, ["probability"], [False], [landmark(0.5)])


def map_picture():
    table = table_at([(x, y) for x in (1.0, 2.0, 4.0) for y in (0.5, 1.0)])
    return FamilyPicture(table, ["alpha", "beta"], [True, False], [landmark(2.0, 0.7)])


@pytest.fixture(scope="module")
def curves():
    picture = curve_picture()
    return picture.table, draw_family(picture)


@pytest.fixture(scope="module")
def maps():
    picture = map_picture()
    return picture.table, draw_family(picture)


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
    assert {text.get_text() for axes in figure.axes[:2] for text in axes.texts} == {TITLE}


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


@pytest.mark.parametrize("picture", [curve_picture, map_picture])
def test_the_same_table_gives_the_same_bytes(tmp_path, picture):
    for name in ("one.png", "two.png"):
        save_figure(draw_family(picture()), tmp_path / name)
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
