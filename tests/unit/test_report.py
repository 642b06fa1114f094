"""The parts of the page that need no browser."""

import base64
import io
import math

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from jacspec.data.descriptions import Description
from jacspec.detection.figure import STYLES
from jacspec.detection.scores import TITLES
from jacspec.figures.samples import CURVE_SIDE, Sample
from jacspec.figures.selection import Selection
from jacspec.figures.style import PALETTES, line_styles
from jacspec.key import ModelKey
from jacspec.report.charts import looks_of, with_drawn_digits
from jacspec.report.colors import CONTRAST, DARK_BACKGROUND, contrast, dark_counterparts
from jacspec.report.figures import paper_figures
from jacspec.report.images import strip_png
from jacspec.report.page import MARKERS, with_subscripts
from jacspec.report.run_record import stages
from jacspec.report.variant_content import small_image


def test_every_score_has_a_look_of_its_own_that_the_legend_can_show():
    looks = looks_of(STYLES)
    assert set(looks) == set(TITLES)
    assert {look.symbol for look in looks.values()} <= set(MARKERS)
    for name in ("color", "symbol"):
        assert len({getattr(look, name) for look in looks.values()}) == len(looks)


def drawn(sample):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(strip_png(sample)))))


def test_a_strip_has_256_levels():
    pixels = np.linspace(-0.2, 1.2, 2 * 784).reshape(2, 784)
    image = drawn(Sample(pixels, (28, 28)))
    assert image.shape == (28, 56)
    halves = np.stack([image[:, :28].ravel(), image[:, 28:].ravel()])
    # Rounding to 256 levels is off by half a level at most.
    assert np.abs(halves / 255 - np.clip(pixels, 0, 1)).max() <= 0.5 / 255 + 1e-12


def test_images_are_drawn_in_their_colours_and_range():
    points = np.random.default_rng(0).uniform(-1, 3, (2, 3, 4, 5))
    image = drawn(Sample(points, (3, 4, 5), (-1, 3)))
    expected = np.concatenate([*points.transpose(0, 2, 3, 1)], axis=1)
    assert image.shape == (4, 10, 3)
    assert np.abs(image / 255 * 4 - 1 - expected).max() <= 2 / 255 + 1e-12
    grey = drawn(Sample(points[:, :1], (1, 4, 5), (-1, 3)))
    np.testing.assert_array_equal(grey, image[..., 0])


def test_vectors_are_drawn_as_curves():
    rising, constant = np.linspace(2, 4, 30), np.full(30, 2.0)
    image = drawn(Sample(np.stack([rising, constant]), None, (2, 4)))
    first, second = image[:, :CURVE_SIDE] > 0, image[:, CURVE_SIDE:] > 0
    # A line from the lower left to the upper right, and one at the bottom.
    assert np.abs(np.argmax(first, axis=0) - np.arange(CURVE_SIDE)[::-1]).max() <= 1
    np.testing.assert_array_equal(np.flatnonzero(second.any(axis=1)), [CURVE_SIDE - 1])


def test_subscripts_leave_a_text_escaped():
    assert with_subscripts("J_I < J_L & J_X") == "J<sub>I</sub> &lt; J<sub>L</sub> &amp; J_X"


@pytest.mark.parametrize("shape", [(28, 56), (28, 56, 3)])
def test_a_small_image_looks_the_same(shape):
    rows, columns = np.indices(shape[:2])
    values = 127 + 60 * np.sin(rows / 5) + 60 * np.cos(columns / 9)
    values = np.broadcast_to(values.T, shape[::-1]).T.astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(values).save(file, format="PNG")
    kind, content = small_image(base64.b64encode(file.getvalue()).decode()).split(",")
    assert kind == "data:image/webp;base64"
    image = Image.open(io.BytesIO(base64.b64decode(content)))
    found = np.asarray(image.convert("RGB"), float)
    wanted = values if values.ndim == 3 else values[..., None]
    assert found.shape == (28, 56, 3)
    # Of 256 levels, what nobody sees.
    assert np.abs(found - wanted).mean() < 4


def test_stages_add_up_over_jobs(tmp_path):
    for name, seconds, memory in (("a/1", 2.5, "10.0"), ("a/2", 1.5, "-"), ("b", 9, "3.5")):
        path = tmp_path / f"{name}.tsv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"s\tmax_rss\n{seconds}\t{memory}\n")
    first, second = stages(tmp_path, [])
    assert (first.rule, first.jobs, first.seconds) == ("b", 1, 9)
    assert (second.rule, second.jobs, second.seconds, second.longest_seconds) == ("a", 2, 4, 2.5)
    assert second.peak_megabytes == 10


def test_stages_leave_out_models_that_only_an_earlier_sweep_had(tmp_path):
    jobs = ("mine/d2_seed0.tsv", "mine/d2_seed1.tsv", "other/d2_seed0.tsv")
    for name in (*jobs, "mine/noise/d2_seed0.1.tsv", "mine/noise/d3_seed0.0.tsv", "noise.0.tsv"):
        path = tmp_path / "rule" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("s\tmax_rss\n1\t-\n")
    # A model's training and shard, and a set of points, which is of no model.
    assert [stage.jobs for stage in stages(tmp_path, [ModelKey("mine", 2, 0)])] == [3]


@pytest.mark.parametrize("others", [[], ["#ffffff"], ["#ffffff", "#fafafa"]])
def test_dark_colors_stand_out_and_stay_apart(others):
    colors = [color for palette in PALETTES.values() for color in palette] + others
    dark = dark_counterparts(colors)
    assert len(set(dark.values())) == len(set(colors))
    assert all(contrast(color, DARK_BACKGROUND) >= CONTRAST for color in dark.values())
    # Black against white has the largest ratio of the definition (WCAG 2.1): 21.
    assert math.isclose(contrast("#000000", "#ffffff"), 21)


KINDS = ("zero", "positive", "complex", "negative")
STATISTICS = {
    "input": ("mean_abs", "geometric_mean", "log_abs_std", "share_reversed", "share_undetermined"),
    "latent": ("mean_abs", "geometric_mean", "log_abs_std", "share_reversed", "share_undetermined"),
}


@pytest.fixture
def summary() -> pd.DataFrame:
    rows = []
    quantiles = [f"q{percent:02d}" for percent in (5, 25, 50, 75, 95)]
    for latent_dim in (2, 5):
        for seed in (0, 1):
            for dataset in ("mnist", "uniform"):
                key = (latent_dim, seed, dataset)
                value = latent_dim + seed / 10
                rows += [
                    (*key, "both", f"difference_{name}", 0.0 if name == "q05" else value)
                    for name in quantiles
                ]
                for jacobian, names in STATISTICS.items():
                    boxes = [
                        f"{what}_{name}" for what in ("log_abs", "abs_arg") for name in quantiles
                    ]
                    rows += [
                        (*key, jacobian, name, value)
                        for name in [*names, *boxes, *(f"share_{kind}" for kind in KINDS)]
                    ]
    return pd.DataFrame(
        rows, columns=["latent_dim", "seed", "dataset", "jacobian", "statistic", "value"]
    )


def test_a_page_carries_charts_as_they_are_but_for_digits_that_nobody_sees():
    chart = {"data": [{"x": [2, 1 / 3, None], "y": [-1e-9 / 3, 12345.678], "name": "0.123456"}]}
    assert with_drawn_digits(chart) == {
        "data": [{"x": [2, 0.33333, None], "y": [-3.3333e-10, 12346.0], "name": "0.123456"}]
    }


def test_charts_hold_the_numbers_of_the_summary(summary):
    roles = {"training": "mnist"}
    styles = line_styles({"mnist": Description("MNIST"), "uniform": Description("Uniform")}, roles)
    figures = paper_figures(Selection.of(summary), styles, roles)
    assert [figure.number for figure in figures] == [1, 2, 3, 4, 5, 6]
    for figure in figures:
        for chart in figure.charts:
            specification = chart.specification()
            assert specification["layout"]["xaxis"]["title"]["text"]
            assert specification["layout"]["yaxis"]["title"]["text"]
    means = figures[1].charts[0].specification()["data"]
    lines = {trace["name"]: trace for trace in means}
    for name in ("MNIST", "Uniform"):
        np.testing.assert_allclose(lines[name]["y"], [2.05, 5.05], rtol=1e-15)
        assert lines[name]["customdata"] == [[2, 2.1], [5, 5.1]]
        # There along the low ends and back along the high ones, then a gap.
        assert lines[f"{name}, band"]["x"] == [2, 5, 5, 2, None]
        assert lines[f"{name}, band"]["y"] == [2, 5, 5.1, 2.1, None]
    # A quantile of 0 has no place on a logarithmic axis: it is drawn at the foot, a power of ten.
    box = figures[0].charts[0].specification()["data"][0]
    assert box["median"] == [2, 5]
    assert box["lowerfence"] == [1, 1]
    cut = figures[0].charts[0].specification()["data"][-1]
    assert (cut["x"], cut["y"]) == ([2, 5], [1, 1])
