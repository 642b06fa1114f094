"""What the explorer shows of a model: counts, shares, and its files."""

import json

import numpy as np
import pytest

from jacspec.data.storage import PointBlock, write_points
from jacspec.errors import JacspecError
from jacspec.figures.samples import Sample
from jacspec.key import ModelKey
from jacspec.provenance import sha256_of_file
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
from jacspec.report.page import packed
from jacspec.spectra.runs import UnrelatedFilesError
from jacspec.statistics.dataset_statistics import JACOBIANS, DatasetStatistics


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


def test_shares_are_of_determined_points(columns):
    view = view_of(columns)
    assert view["jacobians"]["input"]["share_reversed"] == rounded(100 / 360)
    assert view["jacobians"]["input"]["share_undetermined"] == 0.1
    assert view["jacobians"]["latent"]["share_reversed"] is None
    assert view["share_same_pattern"] == 0.075


def test_rounding_keeps_four_significant_digits():
    assert rounded(np.array([123456.0, -0.000123456, np.nan])) == [123500.0, -0.0001235, None]


def test_views_survive_the_disk(tmp_path):
    path = tmp_path / "view.json"
    write_model_view(path, {"format_version": 1, "latent_dim": 3})
    assert read_model_view(path)["latent_dim"] == 3
    path.write_text('{"format_version": 0}')
    with pytest.raises(JacspecError, match=r"view\.json is no view"):
        read_model_view(path)


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
