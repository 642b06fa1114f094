"""Charts of families on the page: what is drawn where, and what a hovering mouse reads."""

import numpy as np
import pytest
from made_up_family import KEYS, QUANTITIES, TITLE, curve_content, map_content

from jacspec.families.figure import draw_family, family_picture
from jacspec.families.statistics import AUROC, ERROR
from jacspec.figures.printing import mathtext
from jacspec.report.charts import with_subscripts
from jacspec.report.family_charts import family_charts

FIRST = [key for key in KEYS if key.seed == 0]


@pytest.fixture(scope="module")
def curves():
    content = curve_content()
    return content.table, family_charts("line", content)


@pytest.fixture(scope="module")
def maps():
    content = map_content()
    return content.table, family_charts("map", content)


def specifications(family) -> dict[str, dict]:
    return {chart.name: chart.specification() for chart in family.charts}


def test_a_chart_of_curves_has_every_value_with_its_interval(curves):
    table, family = curves
    charts = specifications(family)
    assert len(charts) == len(QUANTITIES)
    for quantity in QUANTITIES:
        chart = charts[f"family_line_{quantity.statistic}_{quantity.jacobian}"]
        lines = {trace["name"]: trace for trace in chart["data"] if trace["mode"] != "markers"}
        assert all(f"d = {key.latent_dim}, band" in lines for key in FIRST)
        assert len(lines) == len(KEYS) + len(FIRST)
        for key in KEYS:
            trace = lines[f"d = {key.latent_dim}" + (f", seed {key.seed}" if key.seed else "")]
            value, low, high = table.intervals[key, *quantity].T
            assert trace["x"] == [0.1, 0.3, 0.6]
            assert trace["y"] == value.tolist()
            assert trace["customdata"] == np.column_stack([low, high]).tolist()
            assert trace["meta"] == {"group": "latent_dim", "member": f"d{key.latent_dim}"}
        assert chart["layout"]["xaxis"]["title"]["text"] == "probability"


def test_a_data_set_is_marked_on_the_curve_of_the_model_that_has_its_value(curves):
    _, family = curves
    assert family.marked == [TITLE]
    marked = {
        name: [
            (trace["x"], trace["y"], trace["text"]) for trace in chart["data"] if "text" in trace
        ]
        for name, chart in specifications(family).items()
    }
    assert marked.pop("family_line_mean_abs_input") == [([0.5], [0.7], [TITLE])]
    assert not any(marked.values())


def test_the_legend_of_a_family_names_its_latent_dimensions_once(curves, maps):
    _, family = curves
    looks = {member: look.label for member, look in family.looks.items()}
    assert looks == {f"d{key.latent_dim}": f"d = {key.latent_dim}" for key in FIRST}
    assert maps[1].looks == {}


def test_a_map_has_every_value_in_the_cell_around_its_place(maps):
    table, family = maps
    charts = specifications(family)
    assert len(charts) == len(QUANTITIES) * len(FIRST)
    for key in FIRST:
        for quantity in QUANTITIES:
            name = f"family_map_{quantity.statistic}_{quantity.jacobian}_d{key.latent_dim}"
            cells, rings = charts[name]["data"]
            found = {
                tuple(place[2:]): (value, *place[:2])
                for values, places in zip(cells["z"], cells["customdata"], strict=True)
                for value, place in zip(values, places, strict=True)
            }
            expected = table.intervals[key, *quantity].tolist()
            assert found == {
                tuple(place): tuple(row)
                for place, row in zip(table.positions.tolist(), expected, strict=True)
            }
            for row, (low, high) in enumerate(zip(cells["y"], cells["y"][1:], strict=False)):
                assert all(low < place[3] < high for place in cells["customdata"][row])
            for column, (low, high) in enumerate(zip(cells["x"], cells["x"][1:], strict=False)):
                assert all(low < row[column][2] < high for row in cells["customdata"])
            axis = charts[name]["layout"]["xaxis"]
            assert (axis["type"], axis["ticktext"]) == ("log", ["1", "2", "4"])
            is_marked = (key, *quantity) == (KEYS[0], "input", "mean_abs")
            assert (rings["text"], rings["x"], rings["y"]) == ([TITLE], [2.0], [0.7])
            assert rings["marker"].get("cmin", None) == (cells["zmin"] if is_marked else None)
            assert rings["customdata"] == [0.7]


def test_maps_of_both_jacobians_and_all_dimensions_have_one_scale_of_colours(maps):
    _, family = maps
    scales: dict[str, set] = {}
    for chart in family.charts:
        cells = chart.figure.data[0]
        statistic = next(one.statistic for one in QUANTITIES if one.statistic in chart.name)
        scales.setdefault(statistic, set()).add((cells.zmin, cells.zmax))
    assert all(len(found) == 1 for found in scales.values())
    assert scales["share_reversed"] == scales[AUROC] == {(0.0, 1.0)}
    assert scales[ERROR] != scales[AUROC]


@pytest.mark.parametrize("content", [curve_content(), map_content()], ids=["curves", "maps"])
def test_the_page_has_the_panels_and_axes_of_the_printed_figure(content):
    printed = [axes for axes in draw_family(content).axes if axes.get_title(loc="left")]
    charts = family_charts("any", content).charts
    for panel, axes, chart in zip(family_picture(content).panels, printed, charts, strict=True):
        assert axes.get_title(loc="left") == mathtext(panel.title)
        assert chart.title == with_subscripts(panel.title)
        for name, limits in (("xaxis", axes.get_xlim()), ("yaxis", axes.get_ylim())):
            axis = chart.figure.layout[name]
            ends = np.power(10.0, axis.range) if axis.type == "log" else axis.range
            np.testing.assert_allclose(ends, limits, rtol=1e-12)
