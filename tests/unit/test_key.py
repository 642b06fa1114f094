"""One key of a model: its names, paths and columns."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jacspec.errors import JacspecError
from jacspec.key import ModelKey
from jacspec.models.architecture import Architecture


@given(st.integers(0, 10**6), st.integers(0, 10**18))
def test_a_name_is_read_back(latent_dim, seed):
    key = ModelKey("paper", latent_dim, seed)
    assert ModelKey.parse("paper", key.name) == key


@pytest.mark.parametrize("name", ["", "d8", "d8_seed", "d8_seed0.0", "xd8_seed0", "d-8_seed0"])
def test_other_names_are_refused(name):
    with pytest.raises(ValueError, match="d8_seed0"):
        ModelKey.parse("paper", name)


def test_a_key_fills_patterns_and_columns():
    key = ModelKey.of(SimpleNamespace(variant="paper", latent_dim="8", seed="1"))
    assert key == ModelKey("paper", 8, 1)
    assert key.path("{variant}/{dataset}/d{latent_dim}_seed{seed}", dataset="mnist") == (
        "paper/mnist/d8_seed1"
    )
    assert tuple(key.fields()) == ModelKey.COLUMNS


def test_keys_sort_by_variant_then_latent_dim_then_seed():
    keys = [ModelKey("b", 2, 0), ModelKey("a", 12, 0), ModelKey("a", 2, 1), ModelKey("a", 2, 0)]
    assert sorted(keys) == [keys[3], keys[2], keys[1], keys[0]]


def test_an_architecture_survives_its_record():
    architecture = Architecture(5, (7, 3), 9, "elu", "relu", "scaled_tanh")
    assert Architecture.from_record(architecture.record()) == architecture


@pytest.mark.parametrize(
    "fault",
    [{"hidden_activation": "rlu"}, {"latent_activation": "tanh"}, {"output_activation": "relu"}],
)
def test_an_unknown_activation_is_refused_with_those_there_are(fault):
    with pytest.raises(JacspecError, match="write one of"):
        Architecture(5, **fault)


def test_a_record_of_something_else_is_refused():
    with pytest.raises(JacspecError, match="an architecture has"):
        Architecture.from_record({"latent_dim": 5})
