"""The parts of the page that need no browser."""

import base64
import csv
import io
import json
import math

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from jacspec.claims.rows import HEADER, read_claims
from jacspec.claims.verdicts import Verdict
from jacspec.data.descriptions import Description
from jacspec.data.storage import PointBlock, write_points
from jacspec.detection.figure import STYLES
from jacspec.detection.scores import TITLES
from jacspec.errors import DamagedFileError, JacspecError
from jacspec.figures.samples import CURVE_SIDE, Sample
from jacspec.figures.selection import Selection
from jacspec.figures.style import PALETTES, line_styles
from jacspec.key import ModelKey
from jacspec.provenance import sha256_of_file
from jacspec.report.charts import looks_of
from jacspec.report.claim_evidence import claim_evidence
from jacspec.report.colors import CONTRAST, DARK_BACKGROUND, contrast, dark_counterparts
from jacspec.report.figures import paper_figures
from jacspec.report.headline import cautions, headline, verdict_of
from jacspec.report.images import strip_png
from jacspec.report.model_view import (
    ANGLE_EDGES,
    LOG_MODULUS_EDGES,
    PLANE_CELLS,
    ShownCounts,
    dataset_view,
    points_of_views,
    read_model_view,
    rounded,
    write_model_view,
)
from jacspec.report.page import MARKERS, packed, with_subscripts
from jacspec.report.run_record import stages
from jacspec.report.variant_content import small_image
from jacspec.spectra.runs import UnrelatedFilesError
from jacspec.statistics.dataset_statistics import JACOBIANS, DatasetStatistics


def test_every_score_has_a_look_of_its_own_that_the_legend_can_show():
    looks = looks_of(STYLES)
    assert set(looks) == set(TITLES)
    assert {look.symbol for look in looks.values()} <= set(MARKERS)
    for name in ("color", "symbol"):
        assert len({getattr(look, name) for look in looks.values()}) == len(looks)


@pytest.fixture
def columns() -> dict[str, np.ndarray]:
    """Points whose eigenvalues are pairs of conjugates, one real number and one zero."""
    random = np.random.default_rng(7)
    pairs = random.normal(size=(400, 1)) + 1j * random.normal(size=(400, 1))
    real = random.normal(size=(400, 1)) + 0j
    eigenvalues = np.hstack([pairs, pairs.conj(), real, 0 * real]).astype(np.complex64)
    return {
        "eigenvalues_input": eigenvalues,
        "eigenvalues_latent": eigenvalues / 2,
        "sign_input": np.repeat([-1, 1, 0], [100, 260, 40]).astype(np.int8),
        "sign_latent": np.zeros(400, np.int8),
        "reconstruction_error": random.uniform(1, 2, 400),
        "same_pattern": np.arange(400) < 30,
        **{f"{name}_{of}": np.zeros(400) for name in ("logabsdet", "trace") for of in JACOBIANS},
    }


def view_of(columns: dict[str, np.ndarray], block: int = 150) -> dict:
    """Return the view of points that come in blocks."""
    counts, statistics = None, DatasetStatistics()
    for start in range(0, len(columns["same_pattern"]), block):
        part = {name: values[start : start + block] for name, values in columns.items()}
        counts = counts.updated(part) if counts else ShownCounts.beginning_with(part)
        statistics = statistics.updated(part)
    return dataset_view(counts, statistics, columns)


@pytest.mark.parametrize("jacobian", ["input", "latent"])
def test_the_plane_counts_what_numpy_counts(columns, jacobian):
    view = view_of(columns)
    eigenvalues = columns[f"eigenvalues_{jacobian}"].astype(np.complex128)
    eigenvalues = eigenvalues[eigenvalues != 0]
    edges = np.linspace(-view["half_width"], view["half_width"], PLANE_CELLS + 1)
    expected = np.histogram2d(eigenvalues.imag, eigenvalues.real, bins=(edges, edges))[0]
    counts = np.reshape(view["jacobians"][jacobian]["plane"], (-1, PLANE_CELLS))
    middle = PLANE_CELLS // 2
    np.testing.assert_array_equal(counts[0], expected[middle])
    np.testing.assert_array_equal(counts[1:], expected[middle + 1 :] + expected[:middle][::-1])
    outside = len(eigenvalues) - expected.sum()
    assert view["jacobians"][jacobian]["outside_plane"] == outside


def test_distributions_lose_no_eigenvalue(columns):
    part = view_of(columns)["jacobians"]["input"]
    assert part["zeros"] == 400
    assert sum(part["abs_arg"]) == 3 * 400
    assert sum(part["log_abs"]) + part["log_abs_below"] + part["log_abs_above"] == 3 * 400
    moduli = np.abs(columns["eigenvalues_input"].astype(np.complex128))
    expected = np.histogram(np.log(moduli[moduli > 0]), LOG_MODULUS_EDGES)[0]
    assert part["log_abs"] == expected.tolist()
    # A third of the nonzero eigenvalues is real, with an argument of 0 or pi: the outermost bins.
    assert part["abs_arg"][0] + part["abs_arg"][-1] >= 400
    assert len(part["abs_arg"]) == len(ANGLE_EDGES) - 1


def test_the_papers_sweep_fits_into_fifteen_megabytes():
    """19 x 2 models, 11 data sets, at the largest size that 70,000 points at d = 20 can have.

    Eigenvalues all over the plane fill every cell with a number of its own: real spectra are
    narrower, and most models have a smaller d.
    """
    random = np.random.default_rng(1)
    eigenvalues = random.normal(size=(70_000, 20)) + 1j * random.normal(size=(70_000, 20))
    view = view_of(
        {
            **{
                f"{name}_{of}": np.zeros(70_000)
                for name in ("logabsdet", "trace")
                for of in JACOBIANS
            },
            "eigenvalues_input": eigenvalues.astype(np.complex64),
            "eigenvalues_latent": (1.1 * eigenvalues[::-1]).astype(np.complex64),
            "sign_input": random.choice([-1, 0, 1], 70_000),
            "sign_latent": random.choice([-1, 0, 1], 70_000),
            "reconstruction_error": random.uniform(1, 2, 70_000),
            "same_pattern": random.random(70_000) < 0.5,
        },
        block=10_000,
    )
    reconstructions = np.sin(np.linspace(0, 40, 6 * 784)).reshape(6, 784) ** 2
    one = len(packed(json.dumps(view))) + len(strip_png(Sample(reconstructions, (28, 28))))
    library_and_charts = 2.6e6
    assert library_and_charts + 19 * 2 * 11 * one < 15e6


def test_shares_are_of_determined_points(columns):
    view = view_of(columns)
    assert view["jacobians"]["input"]["share_reversed"] == rounded(100 / 360)
    assert view["jacobians"]["input"]["share_undetermined"] == 0.1
    assert view["jacobians"]["latent"]["share_reversed"] is None
    assert view["share_same_pattern"] == 0.075


def test_rounding_keeps_four_significant_digits():
    assert rounded(np.array([123456.0, -0.000123456, np.nan])) == [123500.0, -0.0001235, None]


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


def test_views_survive_the_disk(tmp_path):
    path = tmp_path / "view.json"
    write_model_view(path, {"format_version": 1, "latent_dim": 3})
    assert read_model_view(path)["latent_dim"] == 3
    path.write_text('{"format_version": 0}')
    with pytest.raises(JacspecError, match=r"view\.json is no view"):
        read_model_view(path)


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


def test_subscripts_leave_a_text_escaped():
    assert with_subscripts("J_I < J_L & J_X") == "J<sub>I</sub> &lt; J<sub>L</sub> &amp; J_X"


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
    first, second = stages(tmp_path)
    assert (first.rule, first.jobs, first.seconds) == ("b", 1, 9)
    assert (second.rule, second.jobs, second.seconds, second.longest_seconds) == ("a", 2, 4, 2.5)
    assert second.peak_megabytes == 10


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


def test_points_are_not_shown_beside_views_of_other_points(tmp_path):
    path = tmp_path / "uniform.0.h5"
    write_points(
        path,
        [PointBlock(np.zeros((3, 4), np.float32))],
        dataset="uniform",
        first=0,
        count=3,
        attributes={},
        compressed=False,
    )

    def view(sha256: str | None) -> dict:
        return {
            **ModelKey("paper", 3, 0).fields(),
            "datasets": {"uniform": {"points_sha256": sha256}},
        }

    # Spectra of earlier versions do not say what points they are of.
    views = [view(sha256_of_file(path)), view(None)]
    assert points_of_views([path], "uniform", views).count == 3
    with pytest.raises(UnrelatedFilesError, match=r"uniform\.0\.h5 has other points.*d = 3, seed"):
        points_of_views([path], "uniform", [*views, view("0" * 64)])
