"""The printed figures and the charts of the page show the same panels with the same numbers."""

import numpy as np
import pytest
from made_up_summary import DATASETS, NUMBERS, ROLES, summary_of
from matplotlib.patches import PathPatch, Rectangle

from jacspec.claims.rows import ClaimRow
from jacspec.figures.panels import Bars, Boxes, Line
from jacspec.figures.paper import paper_picture
from jacspec.figures.printing import draw_picture, mathtext
from jacspec.figures.selection import Selection
from jacspec.figures.style import line_styles
from jacspec.report.charts import chart_of, with_subscripts
from jacspec.report.figures import hero, paper_figures

pytestmark = pytest.mark.filterwarnings("error")

SELECTION = Selection.of(summary_of([2, 5, 8]))
STYLES = line_styles(DATASETS, ROLES)


def close(one, other):
    np.testing.assert_allclose(np.array(one, float), np.array(other, float), rtol=1e-12)


def printed_rows(axes, kind):
    """Return what is printed of a kind of mark, a row each: heights of lines, boxes or bars."""
    if kind is Line:
        return [line.get_ydata() for line in axes.lines if len(set(line.get_ydata())) > 1]
    if kind is Bars:
        bars = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
        return np.reshape([bar.get_y() + bar.get_height() for bar in bars], (-1, 3))
    boxes = [patch.get_path().vertices for patch in axes.patches if isinstance(patch, PathPatch)]
    return np.reshape([(box[:, 1].min(), box[:, 1].max()) for box in boxes], (-1, 3, 2))


def charted_rows(traces, kind):
    """Return the same of the traces of a chart."""
    if kind is Line:
        return [trace["y"] for trace in traces if trace["mode"] == "lines+markers"]
    if kind is Bars:
        return [np.add(trace["y"], trace["base"]) for trace in traces]
    return [np.transpose([trace["q1"], trace["q3"]]) for trace in traces if trace["type"] == "box"]


@pytest.mark.parametrize("number", NUMBERS)
def test_both_drawers_show_the_same_numbers(number):
    picture = paper_picture(number, SELECTION, STYLES, ROLES)
    figure = draw_picture(picture, (7.2, 6.0))
    figure.draw_without_rendering()
    by_title = {axes.get_title(loc="left"): axes for axes in figure.axes}
    strips = iter(axes for axes in figure.axes if not axes.get_title(loc="left"))
    for panel in picture.panels:
        chart = chart_of(panel, "dataset").specification()
        parts = [by_title[mathtext(panel.title)], *([next(strips)] if panel.parts[1:] else [])]
        for axes, part, name in zip(parts, panel.parts, ("y", "y2"), strict=False):
            traces = [trace for trace in chart["data"] if trace["yaxis"] == name]
            for kind in {type(mark) for mark in part.marks}:
                printed, charted = printed_rows(axes, kind), charted_rows(traces, kind)
                count = sum(isinstance(mark, kind) for mark in part.marks)
                assert len(printed) == len(charted) == count
                # Of lines, the heavy one is charted last.
                close(
                    sorted(map(tuple, np.reshape(printed, (count, -1)))),
                    sorted(map(tuple, np.reshape(charted, (count, -1)))),
                )
            axis = chart["layout"][name.replace("y", "yaxis")]
            ends = np.power(10.0, axis["range"]) if part.axis.logarithmic else axis["range"]
            close(axes.get_ylim(), ends)
            for shape in chart["layout"].get("shapes", []):
                assert shape["yref"] != name or shape["y0"] == part.level


def test_the_page_has_the_panels_of_the_printed_figures():
    for figure in paper_figures(SELECTION, STYLES, ROLES):
        picture = paper_picture(figure.number, SELECTION, STYLES, ROLES)
        assert [(chart.name, chart.title) for chart in figure.charts] == [
            (panel.name, with_subscripts(panel.title)) for panel in picture.panels
        ]


def test_a_box_that_begins_at_the_foot_is_marked_by_both():
    rows = summary_of([2, 5])
    zero = (rows["statistic"] == "difference_q05") & (rows["dataset"] == "mnist")
    selection = Selection.of(rows.assign(value=rows["value"].mask(zero, 0.0)))
    picture = paper_picture(1, selection, STYLES, ROLES)
    (boxes,) = picture.panels[0].parts[0].marks
    assert isinstance(boxes, Boxes)
    assert boxes.cut.tolist() == [2, 5]
    axes = draw_picture(picture, (7.2, 5.0)).axes[0]
    (arrows,) = [line for line in axes.lines if line.get_marker() == "v"]
    trace = chart_of(picture.panels[0], None).specification()["data"][-1]
    assert trace["marker"]["symbol"] == "triangle-down"
    close(arrows.get_xydata(), np.transpose([trace["x"], trace["y"]]))


def test_the_band_of_a_gap_is_left_open_by_the_chart():
    rows = summary_of([2, 5, 8, 9])
    gap = (rows["statistic"] == "log_abs_std") & (rows["latent_dim"] == 5)
    selection = Selection.of(rows.assign(value=rows["value"].mask(gap)))
    panel = paper_picture(4, selection, STYLES, ROLES).panels[0]
    traces = chart_of(panel, "dataset").specification()["data"]
    bands = [trace for trace in traces if trace.get("fill") == "toself"]
    assert len(bands) == len(DATASETS)
    assert all(band["x"] == [2, 2, None, 8, 9, 9, 8, None] for band in bands)


def test_labels_of_charts_are_html():
    (panel, _) = paper_picture(5, SELECTION, STYLES, ROLES).panels
    chart = chart_of(panel, "dataset")
    label = chart.specification()["layout"]["yaxis"]["title"]["text"]
    assert label == "share with det &lt; 0<br>among determined"
    assert chart.title == "J<sub>I</sub>: orientation reversed"


def test_axes_of_charts_write_powers_of_ten():
    for number in NUMBERS:
        for panel in paper_picture(number, SELECTION, STYLES, ROLES).panels:
            axes = chart_of(panel, None).specification()["layout"]
            assert axes["yaxis"]["exponentformat"] == "power"


def test_bands_beside_the_verdict_are_the_intervals_of_all_seeds():
    """Where a seed has no interval, its value counts; the intervals of J_L are other rows."""
    intervals = {(2, 0): (0.1, 0.2), (2, 1): (0.05, 0.9)}
    rows = [
        ClaimRow("paper", "C9", dim, seed, statistic, 0.15, *ends, "", np.nan)
        for (dim, seed), ends in intervals.items()
        for statistic in ("share_reversed/input/uniform", "share_reversed/latent/uniform")
    ]
    chart = hero(SELECTION, STYLES, rows)
    (ends,) = [
        trace["customdata"]
        for trace in chart.specification()["data"]
        if (trace["name"], trace["yaxis"]) == ("Uniform", "y")
    ]
    values = [
        SELECTION.series("uniform", "input", "share_reversed", seed)[1] for seed in SELECTION.seeds
    ]
    close(ends[0], [0.05, 0.9])
    close(ends[1:], np.transpose([np.min(values, axis=0), np.max(values, axis=0)])[1:])
    assert chart.name == "orientation_input"
