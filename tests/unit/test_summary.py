"""Tables of statistics on disk."""

import math

import numpy as np
import pytest

from jacspec.errors import DamagedFileError
from jacspec.key import ModelKey
from jacspec.statistics.dataset_statistics import StatisticRow
from jacspec.statistics.summary import read_summary, write_model_statistics, write_summary

DATASETS = ["mnist", "uniform", "beta_5_0.8"]
HEADER = "variant,latent_dim,seed,dataset,jacobian,statistic,value\n"


def write_model(folder, latent_dim, seed, datasets=DATASETS):
    path = folder / f"d{latent_dim}_seed{seed}.csv"
    rows = [
        StatisticRow(dataset, jacobian, "mean_abs", latent_dim + seed / 3)
        for dataset in datasets
        for jacobian in ("input", "latent")
    ]
    write_model_statistics(path, rows, ModelKey("paper", latent_dim, seed))
    return path


def test_numbers_survive_the_file_exactly(tmp_path):
    path = tmp_path / "model.csv"
    values = [0.1 + 0.2, 5e-324, 1.7976931348623157e308, -math.inf, math.inf, 2.0]
    values += np.random.default_rng(0).lognormal(0.0, 40.0, size=1000).tolist()
    rows = [StatisticRow("uniform", "both", f"s{i}", value) for i, value in enumerate(values)]
    rows.append(StatisticRow("uniform", "both", "unknown", math.nan))
    write_model_statistics(path, rows, ModelKey("paper", 3, 1))
    table = read_summary(path)
    assert table["value"].tolist()[:-1] == values
    assert math.isnan(table["value"].iloc[-1])
    assert table["latent_dim"].eq(3).all()
    assert table["seed"].eq(1).all()


def test_file_format(tmp_path):
    path = tmp_path / "model.csv"
    rows = [
        StatisticRow("uniform", "input", "points", 2000.0),
        StatisticRow("uniform", "input", "share_reversed", math.nan),
    ]
    write_model_statistics(path, rows, ModelKey("paper", 20, 0))
    assert path.read_bytes().decode() == (
        HEADER
        + "paper,20,0,uniform,input,points,2000.0\n"
        + "paper,20,0,uniform,input,share_reversed,nan\n"
    )


def test_summary_is_sorted_by_numbers_and_by_the_given_order_of_data_sets(tmp_path):
    models = [(10, 0), (2, 1), (2, 0)]
    tables = [write_model(tmp_path, *model, datasets=DATASETS[::-1]) for model in models]
    write_summary(tmp_path / "summary.csv", tables, datasets=DATASETS)
    summary = read_summary(tmp_path / "summary.csv")
    keys = list(summary[["latent_dim", "seed", "dataset", "jacobian"]].itertuples(index=False))
    assert keys == [
        (latent_dim, seed, dataset, jacobian)
        for latent_dim, seed in sorted(models)
        for dataset in DATASETS
        for jacobian in ("input", "latent")
    ]
    assert summary["value"].equals(summary["latent_dim"] + summary["seed"] / 3)


def test_summary_does_not_depend_on_the_order_of_its_tables(tmp_path):
    tables = [write_model(tmp_path, latent_dim, 0) for latent_dim in (3, 2, 11)]
    write_summary(tmp_path / "a.csv", tables, datasets=DATASETS)
    write_summary(tmp_path / "b.csv", tables[::-1], datasets=DATASETS)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", HEADER + "paper,2,0,mnist,input\n"])
def test_other_tables_are_refused_and_nothing_is_written(tmp_path, content):
    damaged = tmp_path / "damaged.csv"
    damaged.write_text(content)
    with pytest.raises(DamagedFileError, match=r"damaged\.csv.*delete it"):
        write_summary(tmp_path / "summary.csv", [damaged], datasets=DATASETS)
    assert [path.name for path in tmp_path.iterdir()] == ["damaged.csv"]


def test_unknown_data_sets_are_refused(tmp_path):
    table = write_model(tmp_path, 2, 0)
    with pytest.raises(DamagedFileError, match=r"d2_seed0\.csv.*beta_5_0\.8"):
        write_summary(tmp_path / "summary.csv", [table], datasets=DATASETS[:2])


@pytest.mark.parametrize("name", ["NA", "null", "nan", "true", "1", "1e3"])
def test_a_data_set_may_have_any_name(tmp_path, name):
    table = write_model(tmp_path, 2, 0, datasets=[name])
    assert set(read_summary(table)["dataset"]) == {name}
