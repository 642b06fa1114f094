"""Variants overlay the blocks of a configuration, and differ in nothing else."""

import copy
import logging

import pytest

from sweep.configuration import (
    ConfigurationError,
    check_configuration,
    check_for_format_1,
    without_removed,
)
from sweep.variants import variants_of


@pytest.fixture
def schema(project):
    return project / "workflow" / "schemas" / "config.schema.yaml"


def test_a_variant_has_the_defaults_but_for_its_own_keys(config):
    config["variants"]["other"] = {"training": {"batch_size": 7}, "seeds": [5]}
    paper, other = variants_of(config).values()
    assert other.training == {**paper.training, "batch_size": 7}
    assert other.autoencoder == paper.autoencoder
    assert (other.latent_dims, other.seeds) == (paper.latent_dims, (5,))


def test_a_variant_changes_no_other(config):
    before = variants_of(config)["paper"]
    config["variants"]["other"] = {"training": {"epochs": 1}}
    assert variants_of(config)["paper"] == before
    assert config["training"]["epochs"] != 1


def test_adam_has_no_momentum(config):
    config["variants"]["sgd"] = {"training": {"optimizer": "sgd"}}
    paper, sgd = variants_of(config).values()
    assert (paper.momentum, sgd.momentum) == (None, config["training"]["momentum"])


@pytest.mark.parametrize("overlay", [{}, None, {"training": {"momentum": 0.1}}, {"seeds": [9]}])
def test_variants_that_are_trained_alike_are_told(config, schema, caplog, overlay):
    config["variants"]["twin"] = overlay
    without_removed(config)
    if overlay is not None:
        with caplog.at_level(logging.WARNING):
            check_configuration(config, schema)
        assert "paper and twin are built and trained alike" in caplog.text


def test_null_takes_an_entry_out(config):
    config["variants"] |= {"paper": None, "other": {}}
    config["data"]["uniform"] = None
    config["data"]["bernoulli_0.5"] |= {"probability": None}
    without_removed(config)
    assert [*config["variants"]] == ["other"]
    assert "uniform" not in config["data"]
    assert config["data"]["bernoulli_0.5"] == {"source": "bernoulli"}


def test_results_of_format_1_are_not_trained_over(tmp_path):
    check_for_format_1(tmp_path)
    (tmp_path / "results" / "models" / "d2_seed0").mkdir(parents=True)
    with pytest.raises(ConfigurationError, match="results/models hold results of format 1"):
        check_for_format_1(tmp_path)


def test_all_faults_of_a_variant_have_its_name(config, schema):
    faulty = copy.deepcopy(config)
    faulty["variants"]["other"] = {"training": {"epochs": 0, "lr": 1}, "latent_dims": []}
    with pytest.raises(ConfigurationError) as caught:
        check_configuration(faulty, schema)
    lines = str(caught.value).splitlines()[1:]
    assert len(lines) == 3
    assert all(line.strip().startswith("variants.other.") for line in lines)


def test_the_variant_without_keys_of_its_own_comes_first(config):
    config["variants"] = {"other": {"seeds": [5]}, "paper": {}, "third": {"seeds": [6]}}
    assert [*variants_of(config)] == ["paper", "other", "third"]
