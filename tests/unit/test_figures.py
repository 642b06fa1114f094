"""Figures 1 to 6: what is drawn is what the summary says, for any size of sweep."""

import itertools
import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from made_up_summary import DATASETS, NUMBERS, ROLES, draw, quantiles, summary_of
from matplotlib.colors import same_color
from matplotlib.patches import PathPatch, Rectangle

from jacspec.data.descriptions import Description
from jacspec.errors import JacspecError
from jacspec.figures.drawing import draw_figure
from jacspec.figures.panels import RANDOM_MATRIX
from jacspec.figures.saving import note_left_out, save_figure
from jacspec.figures.selection import Selection
from jacspec.figures.style import JACOBIAN_COLORS, line_styles
from jacspec.key import ModelKey

pytestmark = pytest.mark.filterwarnings("error")


OTHERS = {name: DATASETS[name] for name in ("mnist", "truncated_normal")} | {
    "mine": Description("Mine")
}


def with_value(summary, value, **where):
    """Return the summary with one value wherever the columns are as given."""
    chosen = np.logical_and.reduce([summary[name] == wanted for name, wanted in where.items()])
    return summary.assign(value=summary["value"].mask(chosen, value))


@pytest.fixture(scope="module")
def summary():
    return summary_of([2, 4, 8])


@pytest.mark.parametrize(
    ("number", "latent_dims", "seeds", "datasets"),
    [
        *((number, range(2, 21), (0, 1), DATASETS) for number in NUMBERS),
        *((number, [7], (3,), DATASETS) for number in NUMBERS),
        *((number, [2, 20], (0, 1, 2), OTHERS) for number in (2, 3)),
    ],
)
def test_every_sweep_can_be_drawn(number, latent_dims, seeds, datasets):
    roles = {role: dataset for role, dataset in ROLES.items() if dataset in datasets}
    figure = draw(number, summary_of(latent_dims, seeds, datasets), roles, datasets)
    figure.draw_without_rendering()
    boxes = [axes.get_window_extent() for axes in figure.axes]
    (legend,) = figure.legends
    assert not any(legend.get_window_extent().overlaps(box) for box in boxes)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    for axes in figure.axes:
        assert_labels_do_not_overlap(axes.xaxis)
        assert_labels_do_not_overlap(axes.yaxis)


def assert_labels_do_not_overlap(axis):
    low, high = sorted(axis.get_view_interval())
    labels = [
        tick.label1.get_window_extent()
        for tick in axis.get_major_ticks()
        if low <= tick.get_loc() <= high and tick.label1.get_visible() and tick.label1.get_text()
    ]
    assert not any(one.overlaps(other) for one, other in itertools.combinations(labels, 2))


def test_lines_and_bands_are_the_numbers_of_the_summary(summary):
    figure = draw(2, summary)
    styles = line_styles(DATASETS, ROLES)
    panels = itertools.product(("mean_abs", "geometric_mean"), ("input", "latent"))
    for axes, (statistic, jacobian) in zip(figure.axes, panels, strict=True):
        assert len(axes.lines) == len(axes.collections) == len(DATASETS)
        for dataset, line, band in zip(DATASETS, axes.lines, axes.collections, strict=True):
            of = {"dataset": dataset, "jacobian": jacobian, "statistic": statistic}
            chosen = np.logical_and.reduce([summary[name] == is_ for name, is_ in of.items()])
            by_dim = summary[chosen].groupby("latent_dim")["value"]
            np.testing.assert_array_equal(line.get_xdata(), [2, 4, 8])
            np.testing.assert_allclose(line.get_ydata(), by_dim.mean(), rtol=1e-15)
            assert same_color(line.get_color(), styles[dataset].color)
            assert line.get_marker() == styles[dataset].marker
            ends = {(x, y) for x, y in band.get_paths()[0].vertices.tolist()}
            lows_and_highs = [*by_dim.min().items(), *by_dim.max().items()]
            assert ends == set(lows_and_highs)


def test_series_are_found_whatever_the_order_of_the_rows(summary):
    wanted = {"dataset": "uniform", "jacobian": "latent", "statistic": "share_zero", "seed": 1}
    rows = summary[np.logical_and.reduce([summary[name] == is_ for name, is_ in wanted.items()])]
    selection = Selection.of(summary.sample(frac=1.0, random_state=0))
    latent_dims, values = selection.series(*wanted.values())
    assert latent_dims.tolist() == rows["latent_dim"].tolist() == [2, 4, 8]
    assert values.tolist() == rows["value"].tolist()
    assert (selection.seeds, selection.latent_dims) == ((0, 1), (2, 4, 8))


@pytest.mark.parametrize(("number", "quantity"), [(3, "log_abs"), (6, "abs_arg")])
def test_boxes_are_the_quantiles_of_the_summary(summary, number, quantity):
    figure = draw(number, summary)
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left") for axes in panels] == [
        "Training: MNIST",
        "Bright: Beta(5, 0.8)",
        "Moderate: Truncated normal",
        "Dark: Bernoulli(0.13)",
    ]
    for axes, dataset in zip(panels, ROLES.values(), strict=True):
        boxes = [patch for patch in axes.patches if isinstance(patch, PathPatch)]
        for jacobian, color in JACOBIAN_COLORS.items():
            own = [box for box in boxes if same_color(box.get_edgecolor(), color)]
            corners = np.array([box.get_path().vertices for box in own])
            _, expected = Selection.of(summary).box_quantiles(dataset, jacobian, quantity, 0)
            np.testing.assert_array_equal(corners[:, :, 1].min(axis=1), expected[:, 1])
            np.testing.assert_array_equal(corners[:, :, 1].max(axis=1), expected[:, 3])
            heights = {
                height
                for line in axes.lines
                if same_color(line.get_color(), color)
                for height in line.get_ydata()
            }
            assert heights >= set(expected.ravel())
            diamonds = [
                line.get_ydata()
                for line in axes.lines
                if line.get_marker() == "D" and same_color(line.get_markeredgecolor(), color)
            ]
            _, other_seed = Selection.of(summary).box_quantiles(dataset, jacobian, quantity, 1)
            np.testing.assert_array_equal(np.concatenate(diamonds), other_seed[:, 2])


def test_boxes_of_one_latent_dim_stand_side_by_side(summary):
    boxes = [patch for patch in draw(3, summary).axes[0].patches if isinstance(patch, PathPatch)]
    spans = sorted(
        (box.get_path().vertices[:, 0].min(), box.get_path().vertices[:, 0].max()) for box in boxes
    )
    assert len(spans) == 6
    assert all(one[1] < other[0] for one, other in itertools.pairwise(spans))
    centres = np.mean(spans, axis=1).reshape(3, 2)
    np.testing.assert_allclose(centres.mean(axis=1), [2, 4, 8])


def test_zeros_left_out_are_shown_below_the_boxes(summary):
    strips = [axes for axes in draw(3, summary).axes if not axes.get_title(loc="left")]
    for axes, dataset in zip(strips, ROLES.values(), strict=True):
        for jacobian, color in JACOBIAN_COLORS.items():
            bars = [
                bar.get_height()
                for bar in axes.patches
                if isinstance(bar, Rectangle) and same_color(bar.get_facecolor(), color)
            ]
            _, shares = Selection.of(summary).series(dataset, jacobian, "share_zero", 0)
            np.testing.assert_array_equal(bars, shares)
            assert max(bars) <= axes.get_ylim()[1]


def test_shares_by_sign_are_stacked_below_the_angles(summary):
    strips = [axes for axes in draw(6, summary).axes if not axes.get_title(loc="left")]
    kinds = ("positive", "complex", "negative")
    for axes, dataset in zip(strips, ROLES.values(), strict=True):
        bars = [bar for bar in axes.patches if isinstance(bar, Rectangle)]
        heights = np.reshape([bar.get_height() for bar in bars], (2, len(kinds), 3))
        bases = np.reshape([bar.get_y() for bar in bars], heights.shape)
        for jacobian, own, own_bases in zip(JACOBIAN_COLORS, heights, bases, strict=True):
            for kind, shares in zip(kinds, own, strict=True):
                _, expected = Selection.of(summary).series(dataset, jacobian, f"share_{kind}", 0)
                np.testing.assert_allclose(shares, expected, rtol=1e-12)
            np.testing.assert_allclose(own_bases, np.cumsum(own, axis=0) - own, atol=1e-12)
        assert axes.get_ylim() == (0, 1)


def test_no_box_where_all_eigenvalues_are_zero(summary):
    for name in quantiles("log_abs", np.zeros(5)):
        summary = with_value(
            summary, np.nan, latent_dim=4, dataset="mnist", jacobian="input", statistic=name
        )
    figure = draw(3, summary)
    figure.draw_without_rendering()
    training, bright = figure.axes[:2]
    assert len([patch for patch in training.patches if isinstance(patch, PathPatch)]) == 5
    assert len([patch for patch in bright.patches if isinstance(patch, PathPatch)]) == 6


def test_differences_of_zero_end_in_an_arrow(summary):
    summary = with_value(summary, 0.0, latent_dim=4, dataset="mnist", statistic="difference_q05")
    figure = draw(1, summary)
    training, *others = figure.axes
    floor = training.get_ylim()[0]
    assert training.get_yscale() == "log"
    arrows = {
        axes: [line for line in axes.lines if line.get_marker() == "v"] for axes in figure.axes
    }
    assert [line.get_xydata().tolist() for line in arrows[training]] == [[[4.0, floor]]]
    assert all(len(line.get_xdata()) == 0 for axes in others for line in arrows[axes])
    positive = summary.loc[summary["statistic"].str.startswith("difference"), "value"]
    assert floor <= positive[positive > 0].min()
    assert all(axes.get_ylim() == training.get_ylim() for axes in others)


def test_differences_that_are_all_zero_can_be_drawn(summary):
    for name in quantiles("difference", np.zeros(5)):
        summary = with_value(summary, 0.0, statistic=name)
    draw(1, summary).draw_without_rendering()


def test_undetermined_orientation_is_not_drawn_as_zero(summary):
    where = {"dataset": "uniform", "jacobian": "latent", "statistic": "share_reversed"}
    figure = draw(5, with_value(summary, np.nan, **where, latent_dim=4))
    figure.draw_without_rendering()
    by_title = {axes.get_title(loc="left"): axes for axes in figure.axes}
    latent = by_title[r"$J_{\mathcal{L}}$: orientation reversed"]
    color = line_styles(DATASETS, ROLES)["uniform"].color
    lines = [line for line in latent.lines if same_color(line.get_color(), color)]
    assert [np.isnan(line.get_ydata()).tolist() for line in lines] == [[False, True, False]]
    assert len([line for line in latent.lines if set(line.get_ydata()) == {0.5}]) == 1
    assert RANDOM_MATRIX in {text.get_text() for text in figure.legends[0].get_texts()}


def test_nothing_determined_anywhere(summary):
    figure = draw(5, with_value(summary, np.nan, statistic="share_reversed"))
    figure.draw_without_rendering()
    strips = [axes for axes in figure.axes if not axes.get_title(loc="left")]
    undetermined = [line.get_ydata() for axes in strips for line in axes.lines]
    rows = summary[summary["statistic"] == "share_undetermined"]
    expected = rows.groupby(["jacobian", "dataset", "latent_dim"], sort=False)["value"].mean()
    np.testing.assert_allclose(np.sort(np.concatenate(undetermined)), np.sort(expected), rtol=1e-15)


@pytest.mark.parametrize("number", NUMBERS)
def test_axes_are_labelled(summary, number):
    figure = draw(number, summary)
    labels = {axes.get_ylabel() for axes in figure.axes} - {""}
    lowest = min(axes.get_position().y0 for axes in figure.axes)
    for axes in figure.axes:
        if axes.get_position().y0 == lowest:
            assert axes.get_xlabel() == "latent dimension $d$"
    words = {1: "‖", 2: "mean", 3: "ln", 4: "deviation", 5: "determined", 6: "(rad)"}
    assert any(words[number] in label for label in labels)


def test_one_seed_needs_no_words_about_seeds():
    figure = draw(2, summary_of([2, 3], seeds=(5,)))
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert not any("seed" in text for text in texts)
    assert {description.title for description in DATASETS.values()} <= set(texts)


@pytest.mark.parametrize("suffix", ["png", "pdf"])
def test_same_figure_same_bytes_without_a_date(tmp_path, summary, suffix):
    paths = [tmp_path / f"{name}.{suffix}" for name in ("one", "two")]
    for path in paths:
        save_figure(draw(4, summary), path)
    first, second = (path.read_bytes() for path in paths)
    assert first == second
    assert not any(word in first for word in (b"CreationDate", b"ModDate", b"Software", b"tIME"))
    assert sorted(tmp_path.iterdir()) == sorted(paths)


def test_a_matplotlibrc_of_the_user_changes_no_byte(tmp_path, summary):
    users = {
        "text.usetex": True,
        "font.size": 30,
        "axes.facecolor": "black",
        "lines.linewidth": 9,
        "figure.dpi": 20,
        "savefig.facecolor": "red",
        "savefig.bbox": "tight",
        "boxplot.flierprops.marker": "x",
    }
    collapsed = [ModelKey("paper", 2, 0)]

    def drawn(number: int) -> bytes:
        figure = draw(number, summary)
        note_left_out(figure, collapsed)
        save_figure(figure, tmp_path / "figure.png")
        return (tmp_path / "figure.png").read_bytes()

    expected = [drawn(number) for number in (2, 3)]
    with matplotlib.rc_context(users):
        assert [drawn(number) for number in (2, 3)] == expected
        assert matplotlib.rcParams["text.usetex"]


def test_other_formats_are_refused(tmp_path, summary):
    with pytest.raises(ValueError, match=r"figure\.svg: figures are written as pdf or png"):
        save_figure(draw(4, summary), tmp_path / "figure.svg")
    assert list(tmp_path.iterdir()) == []


def test_size_is_in_inches(summary):
    figure = draw_figure(4, summary, roles=ROLES, datasets=DATASETS, size=(5.0, 3.0))
    assert figure.get_size_inches().tolist() == [5.0, 3.0]
    assert draw(4, summary).get_size_inches()[0] == 7.2


def test_wrong_requests_say_what_is_wrong(summary):
    with pytest.raises(ValueError, match="no figure 7"):
        draw(7, summary)
    with pytest.raises(JacspecError, match=r"mean_abs \(input\) of data set uniform"):
        draw(2, summary[summary["dataset"] != "uniform"])


def test_drawing_does_not_import_what_it_does_not_need():
    program = (
        "import sys, jacspec.figures.drawing, jacspec.statistics.summary;"
        "print([name for name in ('torch', 'pandas', 'scipy', 'h5py', 'matplotlib.pyplot')"
        " if name in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert found.stdout.strip() == "[]"
