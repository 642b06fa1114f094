"""Statistics of the sets of a family, their intervals, and the tables that hold them."""

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from jacspec.data.random_sources import Bernoulli
from jacspec.data.storage import PointsFile
from jacspec.errors import DamagedFileError
from jacspec.families.family import Family, Span
from jacspec.families.points import members_in_file, write_family_points
from jacspec.families.statistics import (
    AUROC,
    ERROR,
    SPECTRAL_STATISTICS,
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


INSIDE = np.random.default_rng(0).gamma(4, 0.5, 80)


def statistics(autoencoder, points, key=KEY, **options):
    source = DenseSource(network_of(autoencoder, np.float64))
    with PointsFile(points) as file:
        return family_statistics(source, file, INSIDE, key=key, **options)


@pytest.fixture(scope="module")
def rows(autoencoder, points):
    return statistics(autoencoder, points)


def test_values_are_those_of_the_summary(autoencoder, points, rows):
    found = {(row.position, row.jacobian, row.statistic): row.value for row in rows}
    with PointsFile(points) as file:
        members = dict(members_in_file(file))
    assert len(found) == len(rows) == 3 * (2 * len(SPECTRAL_STATISTICS) + 2)
    for position, member in members.items():
        spectra = jacobian_spectra(autoencoder, member).columns()
        for row in DatasetStatistics().updated(spectra).rows("line"):
            if row.statistic in (*SPECTRAL_STATISTICS, ERROR):
                value = found[position, row.jacobian, row.statistic]
                np.testing.assert_allclose(value, row.value, rtol=1e-9, atol=1e-12)
        outside = spectra["reconstruction_error"]
        labels = np.repeat([0, 1], [len(INSIDE), len(outside)])
        expected = roc_auc_score(labels, np.concatenate([INSIDE, outside]))
        np.testing.assert_allclose(found[position, "both", AUROC], expected, rtol=1e-12)


def test_every_value_has_an_interval(rows):
    assert all(np.isfinite([row.low, row.value, row.high]).all() for row in rows)
    assert all(row.low <= row.value <= row.high for row in rows if row.statistic != AUROC)
    assert all(0 <= row.low <= row.high <= 1 for row in rows if row.statistic == AUROC)
    for name in (*SPECTRAL_STATISTICS, ERROR, AUROC):
        assert name == "share_undetermined" or any(
            row.low < row.value < row.high for row in rows if row.statistic == name
        )


def test_threads_change_nothing(autoencoder, points, rows):
    assert statistics(autoencoder, points, threads=2) == rows


def test_only_the_interval_of_the_auroc_is_drawn_anew_for_another_model(autoencoder, points, rows):
    others = statistics(autoencoder, points, key=ModelKey("paper", 3, 1))
    changed = {a.statistic for a, b in zip(rows, others, strict=True) if a != b}
    assert changed == {AUROC}


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
