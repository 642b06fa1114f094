"""The record of a run tells what was run, and on what."""

import hashlib
import json
import platform

import numpy as np

import jacspec
from jacspec.data.descriptions import Description, described
from jacspec.report.record import machine, write_record

VIEW = {
    "variant": "paper",
    "latent_dim": 8,
    "seed": 1,
    "weights_sha256": "ab" * 32,
    "versions": {"precision": ["float64"], "numpy_version": ["2.4.0"]},
}


def test_a_record_tells_configuration_models_tables_and_cost(tmp_path):
    (tmp_path / "train_model/paper").mkdir(parents=True)
    # The record is of one sweep: the first of these models was of an earlier one.
    for name, seconds in (("d8_seed0", 20), ("d8_seed1", 30.5)):
        (tmp_path / "train_model/paper" / f"{name}.tsv").write_text(
            f"s\th:m:s\tmax_rss\n{seconds}\t0:00:30\t440.5\n"
        )
    table = tmp_path / "summary.csv"
    table.write_text("variant,value\n")
    configuration = {"samples": 100, "latent_dims": [8]}
    datasets = {"uniform": Description("Uniform", is_random=True, brightness=0.5)}
    variants = {"paper": {"training": {"epochs": 300}, "latent_dims": [8], "seeds": [1]}}
    path = tmp_path / "record.json"
    write_record(path, configuration, datasets, variants, [VIEW], tmp_path, [table])
    record = json.loads(path.read_text())
    assert record["configuration"] == configuration
    assert record["variants"] == variants
    assert described(record["datasets"]) == datasets
    assert record["versions"]["jacspec"] == jacspec.__version__
    assert record["versions"]["numpy"] == np.__version__
    assert record["tables"] == {str(table): hashlib.sha256(b"variant,value\n").hexdigest()}
    (model,) = record["models"].values()
    assert model["weights_sha256"] == VIEW["weights_sha256"]
    (stage,) = record["stages"]
    assert (stage["rule"], stage["jobs"], stage["seconds"]) == ("train_model", 1, 30.5)


def test_a_machine_is_described_without_its_name():
    described = machine()
    assert described.keys() == {"system", "processor", "cores", "blas"}
    assert described["system"] == f"{platform.system()} {platform.machine()}"
    assert described["cores"] >= 1
    assert described["blas"], "numpy was imported, and with it a library"
