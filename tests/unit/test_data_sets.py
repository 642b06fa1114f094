"""The data sets of a configuration fit one another and the models."""

import numpy as np
import pytest

from sweep.data_sets import data_set_faults, evaluated_sets


@pytest.fixture
def table(tmp_path):
    """Return the path of 40 rows of 5 numbers."""
    np.save(tmp_path / "table.npy", np.random.default_rng(0).normal(size=(40, 5)))
    return str(tmp_path / "table.npy")


def faults(config, **changes):
    return list(data_set_faults({**config, **changes}))


def with_data(config, **entries):
    return {**config["data"], **entries}


def test_the_papers_sets_are_sound(config):
    assert faults(config) == []
    names = {name: source.display_name for name, source in evaluated_sets(config).items()}
    assert names["mnist"] == "MNIST"
    assert names["truncated_normal"] == "Truncated normal"
    assert names["beta_0.8_5"] == "Beta(0.8, 5)"
    assert list(names) == config["datasets"]


def test_a_table_of_ones_own_is_a_training_set(config, table):
    roles = {"bright": "noise", "moderate": "noise", "dark": "normal"}
    changes = {
        "data": {
            "mine": {"source": "file", "path": table},
            "noise": {"source": "uniform", "low": 0, "high": 1},
            "normal": {"source": "normal", "mean": 0, "standard_deviation": 1},
            "mixed": {"source": "shuffled", "of": "mine"},
        },
        "datasets": ["mine", "noise", "normal", "mixed"],
        "training_set": "mine",
        "figures": {**config["figures"], "representatives": roles},
    }
    assert faults(config, **changes) == []
    sources = evaluated_sets({**config, **changes})
    assert {source.shape for source in sources.values()} == {(5,)}
    assert sources["mixed"].count == 40


@pytest.mark.parametrize(
    ("entry", "is_used", "expected"),
    [
        ({"source": "file", "path": "no.npy"}, True, "data.mine: no.npy does not exist; write"),
        ({"source": "file", "path": "no.npy"}, False, None),
        ({"source": "uniform", "low": 1, "high": 0}, False, "data.mine: found low 1 and high 0"),
        ({"source": "inverted", "of": "mine"}, True, "found mine from mine"),
        (
            {"source": "uniform", "low": 0, "high": 1, "shape": [3]},
            True,
            "datasets: found mine, whose points have shape [3]; write sets of shape [784], that "
            "of mnist, the training_set of variants.paper",
        ),
    ],
)
def test_a_set_that_cannot_be_used_is_a_fault(config, entry, is_used, expected):
    datasets = [*config["datasets"], *(["mine"] if is_used else [])]
    found = faults(config, data=with_data(config, mine=entry), datasets=datasets)
    if expected is None:
        assert found == []
    else:
        assert len([fault for fault in found if expected in fault]) == 1


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"training_set": "uniform"}, "data.uniform: found no shape or range, and cannot have"),
        ({"training_set": "drawn"}, "its training_set is drawn, which has no end or no split"),
        ({"training_set": "mnits"}, "its training_set is mnits, not defined; did you mean mnist?"),
        ({"training_set": "fashion_mnist"}, "datasets: fashion_mnist missing, the training set of"),
        ({"datasets": ["mnist", "unifrom"]}, "found unifrom, which is not defined; did you mean"),
    ],
)
def test_names_are_those_of_sets_that_fit(config, changes, expected):
    drawn = {"source": "uniform", "low": 0, "high": 1, "shape": [784], "range": [0, 1]}
    found = faults(config, data=with_data(config, drawn=drawn), **changes)
    assert any(expected in fault for fault in found)


def test_two_sets_of_one_title_are_a_fault(config):
    beta = {"source": "beta", "alpha": 1, "beta": 1}
    data = with_data(config, beta_1=beta, **{"beta_1.0": {**beta, "alpha": 1.0}})
    datasets = [*config["datasets"], "beta_1", "beta_1.0"]
    assert faults(config, data=data, datasets=datasets) == [
        "datasets: found beta_1 and beta_1.0, which figures and tables both call 'Beta(1, 1)'; "
        "give one of them another title under data"
    ]
    data["beta_1.0"]["title"] = "Flat"
    assert faults(config, data=data, datasets=datasets) == []
    # What is not evaluated is in no figure.
    data["beta_1.0"]["title"] = "Beta(1, 1)"
    assert faults(config, data=data, datasets=datasets[:-1]) == []
