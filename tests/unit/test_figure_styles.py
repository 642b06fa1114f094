"""Colours, hues and legends of figures with few and with many data sets."""

import pytest
from made_up_summary import DATASETS, ROLES, draw, summary_of
from matplotlib.colors import to_rgba

from jacspec.data.descriptions import Description
from jacspec.figures.panels import MOST_LINES
from jacspec.figures.style import NO_IMAGES, line_styles
from jacspec.report.colors import dark_counterparts

pytestmark = pytest.mark.filterwarnings("error")


def test_styles_are_all_different_and_the_hue_tells_the_brightness():
    styles = line_styles({**DATASETS, "my_own_set": Description("My own set")}, ROLES)
    assert len({style.color for style in styles.values()}) == len(styles)
    assert len({style.marker for style in styles.values()}) == len(styles)
    hues = {dataset: style.hue for dataset, style in styles.items()}
    assert [dataset for dataset, hue in hues.items() if hue == "dark"] == [
        "bernoulli_0.13",
        "bernoulli_0.25",
        "beta_0.8_5",
    ]
    assert (hues["mnist"], hues["my_own_set"]) == ("training", "other")
    assert to_rgba(styles["mnist"].color) == (0, 0, 0, 1)
    # Blue channel above red in the dark hue, below in the bright one: cool against warm.
    for dataset, style in styles.items():
        red, _, blue, _ = to_rgba(style.color)
        if hues[dataset] in ("dark", "bright"):
            assert (blue > red) == (hues[dataset] == "dark")


def test_no_two_of_many_sets_have_one_colour():
    """A hundred sets of each brightness: more than there are colours to choose by hand."""
    many = {
        f"{brightness} {number}": Description(f"Set {number}", brightness=brightness)
        for brightness in (0.2, 0.5, 0.8, None)
        for number in range(100)
    }
    colors = {style.color for style in line_styles(many, ROLES).values()}
    assert len(colors) == len(many)
    assert len(set(dark_counterparts(colors).values())) == len(many)


@pytest.mark.parametrize("count", [20, 33, 40])
@pytest.mark.parametrize("brightness", [0.1, 0.9, None])
def test_many_sets_have_room_for_panels_and_legend(count, brightness):
    datasets = {"mnist": DATASETS["mnist"]} | {
        f"set_{number}": Description(f"Bernoulli(0.{number})", brightness=brightness)
        for number in range(100, 99 + count)
    }
    figure = draw(4, summary_of([2, 4], datasets=datasets), {"training": "mnist"}, datasets)
    figure.draw_without_rendering()
    inch = figure.dpi
    sizes = [axes.get_window_extent() for axes in figure.axes]
    assert min(size.height for size in sizes) > inch
    assert min(size.width for size in sizes) > inch
    legend = figure.legends[0].get_window_extent()
    assert not any(legend.overlaps(size) for size in sizes)
    page = figure.bbox
    assert page.x0 <= legend.x0 < legend.x1 <= page.x1
    assert page.y0 <= legend.y0


def test_many_sets_are_drawn_in_a_column_for_each_hue():
    """Every set has a place in each row, the training set all of them; no panel has too many."""
    brightness = {f"set_{number}": (0.2, 0.5, 0.8)[number % 3] for number in range(32)}
    datasets = {"mnist": DATASETS["mnist"]} | {
        name: Description(name, brightness=own) for name, own in brightness.items()
    }
    figure = draw(4, summary_of([2, 4], datasets=datasets), {"training": "mnist"}, datasets)
    styles = line_styles(datasets, {"training": "mnist"})
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["bright", "moderate", "dark", "", "", ""]
    for row in (figure.axes[:3], figure.axes[3:]):
        colors = [[line.get_color() for line in axes.lines] for axes in row]
        assert all(len(own) <= MOST_LINES + 1 for own in colors)
        assert all(own[0] == styles["mnist"].color for own in colors)
        others = [color for own in colors for color in own[1:]]
        assert sorted(others) == sorted(styles[name].color for name in brightness)


def test_roles_have_the_first_colour_of_their_hue_and_decide_it():
    own = {"my_own_set": Description("My own set")}
    datasets = {"beta_0.5_0.5": DATASETS["beta_0.5_0.5"], **own}
    styles = line_styles(datasets, {"moderate": "my_own_set"})
    assert {style.hue for style in styles.values()} == {"moderate"}
    alone = line_styles(own, {"moderate": "my_own_set"})
    assert styles["my_own_set"].color == alone["my_own_set"].color
    assert list(styles) == ["beta_0.5_0.5", "my_own_set"]


def test_brightness_does_not_apply_to_points_that_are_no_images():
    """Neither colours nor titles speak of it, and the legend says so."""
    vectors = {name: Description(name, is_image=False) for name in DATASETS}
    styles = line_styles(vectors, ROLES)
    assert {style.hue for style in styles.values()} == {"training", NO_IMAGES}
    boxes = draw(6, summary_of([2, 4]), datasets=vectors)
    titles = [axes.get_title(loc="left") for axes in boxes.axes]
    assert [title for title in titles if title] == [
        "Training: mnist",
        "beta_5_0.8",
        "truncated_normal",
        "bernoulli_0.13",
    ]
    lines = draw(4, summary_of([2, 4]), datasets=vectors)
    texts = [text.get_text() for text in lines.legends[0].get_texts()]
    assert "no images: brightness does not apply" in texts
    assert not {"bright", "moderate", "dark"} & set(texts)
