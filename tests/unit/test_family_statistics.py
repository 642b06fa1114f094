"""Statistics of the sets of a family, their intervals, and the tables that hold them."""

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from jacspec.claims.bootstrap import CONFIDENCE, MINIMUM_POINTS, REPLICATES, interval
from jacspec.data.random_sources import Bernoulli
from jacspec.data.storage import PointsFile
from jacspec.errors import DamagedFileError
from jacspec.families.family import Family, Span
from jacspec.families.points import members_in_file, write_family_points
from jacspec.families.statistics import (
    AUROC,
    ERROR,
    SPECTRAL_STATISTICS,
    InsideErrors,
    MemberRow,
    family_statistics,
)
from jacspec.families.table import (
    header,
    largest_half_width,
    read_family_table,
    write_family_table,
)
from jacspec.key import ModelKey
from jacspec.models.architecture import Architecture
from jacspec.models.autoencoder import Autoencoder
from jacspec.models.network import network_of
from jacspec.spectra.dense import DenseSource
from jacspec.spectra.engine import jacobian_spectra
from jacspec.statistics.dataset_statistics import DatasetStatistics

KEY = ModelKey("paper", 3, 0)


@pytest.fixture(scope="module")
def autoencoder():
    torch.manual_seed(0)
    return Autoencoder(Architecture(3, (8, 6), 12))


@pytest.fixture(scope="module")
def points(tmp_path_factory):
    template = Bernoulli(name="line", probability=0.1, shape=(12,))
    family = Family(template, {"probability": Span(0.1, 0.9, 3)})
    path = tmp_path_factory.mktemp("family") / "line.h5"
    write_family_points(path, family, sample_seed=0, samples=120, code_digest="0")
    return path


def inside(rng, count=80):
    return InsideErrors.of("train", rng.gamma(4, 0.5, count), np.arange(count) * 20 + 3)


@pytest.fixture(scope="module")
def rows(autoencoder, points):
    source = DenseSource(network_of(autoencoder, np.float64))
    with PointsFile(points) as file:
        return family_statistics(source, file, inside(np.random.default_rng(0)))


def test_values_are_those_of_the_summary(autoencoder, points, rows):
    found = {(row.position, row.jacobian, row.statistic): row.value for row in rows}
    errors = np.random.default_rng(0).gamma(4, 0.5, 80)
    with PointsFile(points) as file:
        members = dict(members_in_file(file))
    assert len(found) == len(rows) == 3 * (2 * len(SPECTRAL_STATISTICS) + 2)
    for position, member in members.items():
        spectra = jacobian_spectra(autoencoder, member).columns()
        statistics = DatasetStatistics().updated(spectra)
        for row in statistics.rows("line"):
            if row.statistic in (*SPECTRAL_STATISTICS, ERROR):
                value = found[position, row.jacobian, row.statistic]
                np.testing.assert_allclose(value, row.value, rtol=1e-9, atol=1e-12)
        outside = spectra["reconstruction_error"]
        labels = np.repeat([0, 1], [len(errors), len(outside)])
        expected = roc_auc_score(labels, np.concatenate([errors, outside]))
        np.testing.assert_allclose(found[position, "both", AUROC], expected, rtol=1e-12)


def test_intervals_hold_the_values(rows):
    assert all(row.low <= row.value <= row.high for row in rows)
    assert any(row.high > row.low for row in rows if row.statistic == AUROC)


def test_blocks_and_threads_change_nothing(autoencoder, points, rows):
    source = DenseSource(network_of(autoencoder, np.float64))
    with PointsFile(points) as file:
        again = family_statistics(source, file, inside(np.random.default_rng(0)), threads=2)
    assert again == rows


def test_ties_count_half():
    errors = InsideErrors.of("train", np.array([1.0, 2.0, 2.0, 3.0]), np.arange(4))
    assert errors.auroc("line", np.array([2.0]))[0] == 0.5
    assert errors.auroc("line", np.array([2.5, 0.0]))[0] == 0.375


def test_the_interval_of_an_auroc_is_that_of_a_bootstrap_with_replacement():
    rng = np.random.default_rng(1)
    own, outside = rng.normal(size=300), rng.normal(0.7, 1, size=200)
    low, high = interval(InsideErrors.of("train", own, np.arange(300)).auroc("line", outside))
    labels = np.repeat([0, 1], [300, 200])
    resamples = [
        roc_auc_score(labels, np.concatenate([rng.choice(own, 300), rng.choice(outside, 200)]))
        for _ in range(REPLICATES)
    ]
    tails = np.quantile(resamples, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    # Ends of intervals by 400 resamples scatter by a standard deviation of 2.7/sqrt(400) times that
    # of the AUROC (Bahadur), two of them by the square root of 2 more; 4 of those.
    tolerance = 4 * np.sqrt(2) * 2.7 / np.sqrt(REPLICATES) * np.std(resamples)
    np.testing.assert_allclose([low, high], tails, atol=tolerance)


def test_few_points_have_no_interval():
    rng = np.random.default_rng(0)
    few, many = np.arange(MINIMUM_POINTS - 1.0), np.arange(100.0)
    for own, outside in ((few, many), (many, few)):
        draws = InsideErrors.of("train", own, np.arange(len(own))).auroc("line", outside)
        assert np.isfinite(draws[0])
        assert np.isnan(draws[1:]).all()
    assert np.isfinite(inside(rng).auroc("line", many)).all()


def test_a_table_is_read_back(tmp_path):
    rows = [
        MemberRow((x, y), "input", "mean_abs", x + y, x, 2 * y)
        for x in (0.1, 1 / 3)
        for y in (2.0, 4.0)
    ]
    path = tmp_path / "t.csv"
    write_family_table(path, rows, key=KEY, family="map", parameters=("alpha", "beta"))
    assert path.read_text().splitlines()[0] == ",".join(header(("alpha", "beta")))
    table = read_family_table(path, ("alpha", "beta"))
    assert table.models == [KEY]
    np.testing.assert_array_equal(table.positions, [row.position for row in rows])
    values = table.intervals[KEY, "input", "mean_abs"]
    np.testing.assert_array_equal(values, [(row.value, row.low, row.high) for row in rows])
    assert largest_half_width(values) == max((values[:, 2] - values[:, 1]) / 2)
    assert table.without([KEY]) is table


def test_a_table_with_gaps_is_refused(tmp_path):
    rows = [MemberRow((x,), "input", name, x, x, x) for x in (1.0, 2.0) for name in "ab"]
    path = tmp_path / "t.csv"
    write_family_table(path, rows[:-1], key=KEY, family="map", parameters=("alpha",))
    with pytest.raises(DamagedFileError, match="not of the same members"):
        read_family_table(path, ("alpha",))
    write_family_table(path, [], key=KEY, family="map", parameters=("alpha",))
    with pytest.raises(DamagedFileError, match="not of the same members"):
        read_family_table(path, ("alpha",))
