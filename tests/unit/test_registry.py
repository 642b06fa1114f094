"""A block `data` of a configuration gives sources, or says what is wrong with it."""

from pathlib import Path

import jsonschema
import numpy as np
import pytest
from fresh_process import python

from jacspec.data.image_sources import Mnist
from jacspec.data.registry import SOURCES, DataSets, entry_schema
from jacspec.data.source import SourceError, from_definition
from jacspec.provenance import code_digest

VALID = {
    "mnist": {},
    "fashion_mnist": {"shape": [1, 28, 28], "title": "Clothes"},
    "file": {"path": "mine.csv", "points": ["a", "b"], "labels": "c", "test_share": 0.2},
    "truncated_normal": {"mean": 0.5, "standard_deviation": 1},
    "uniform": {"low": 0, "high": 0.5, "shape": [3], "range": [-1, 1]},
    "bernoulli": {"probability": 0.5},
    "beta": {"alpha": 1, "beta": 2},
    "normal": {"mean": 0, "standard_deviation": 1},
    "shuffled": {"of": "mnist"},
    "inverted": {"of": "mnist"},
    "rotated": {"of": "mnist", "degrees": 45},
    "shifted": {"of": "mnist", "rows": 3},
    "blurred": {"of": "mnist", "pixels": 1},
    "noisy": {"of": "mnist", "level": 0.1},
    "mixture": {"of": ["mnist", "uniform"], "weight": 0.5},
    "interpolated": {"of": "mnist"},
    "gaussian": {"of": "mnist"},
}


def sets(**entries):
    return DataSets({"mnist": {"source": "mnist"}, **entries}, "mnist")


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_has_a_schema(source):
    schema = entry_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    entry = {"source": source, **VALID[source]}
    jsonschema.validate(entry, schema)
    for wrong in ({**entry, "unknown": 1}, *({**entry, key: {}} for key in VALID[source])):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_sets_are_made_with_what_they_are_made_from():
    found = sets(
        noise={"source": "uniform", "low": 0, "high": 1},
        near={"source": "mixture", "of": ["shuffled", "noise"], "weight": 0.25},
        shuffled={"source": "shuffled", "of": "mnist", "title": "Mixed up"},
    )
    assert list(found) == ["mnist", "noise", "near", "shuffled"]
    near = found["near"]
    assert near.display_name == "0.75 Mixed up + 0.25 Uniform"
    assert near.of[0].of == found["mnist"] == Mnist(name="mnist")
    assert near.files() == found["mnist"].files()
    assert from_definition(near.definition()).definition() == near.definition()
    assert "title" not in str(near.definition())


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"a": {"source": "inverted", "of": "mnits"}}, "data.a: found mnits, .* mean mnist?"),
        ({"a": {"source": "inverted", "of": "zzz"}}, "zzz, which is not defined; define it under"),
        ({"a": {"source": "inverted", "of": "a"}}, "found a from a; write sets that are not made"),
        (
            {"a": {"source": "inverted", "of": "b"}, "b": {"source": "shuffled", "of": "a"}},
            "found a from b from a; write",
        ),
        (
            {"a": {"source": "gaussian", "of": "b"}, "b": {"source": "gaussian", "of": "mnist"}},
            "found of b, which has no end or no split; write a set such as mnist",
        ),
        (
            {
                "a": {"source": "uniform", "low": 0, "high": 1, "shape": [3]},
                "b": {"source": "mixture", "of": ["mnist", "a"], "weight": 1},
            },
            r"shapes \[784\] and \[3\]; write two sets of one shape",
        ),
        (
            {
                "b": {"source": "uniform", "low": 0, "high": 1, "shape": [3]},
                "a": {"source": "rotated", "of": "b", "degrees": 1},
            },
            r"found of b, whose points are no images \(their shape is \[3\]\)",
        ),
    ],
)
def test_sets_that_cannot_be_made_say_why(entries, message):
    found = sets(**entries)
    with pytest.raises(SourceError, match=message):
        for name in entries:
            found[name]


def test_there_is_no_set_of_another_name():
    assert "noise" not in sets()
    with pytest.raises(KeyError):
        sets()["noise"]


def test_a_range_that_is_looked_up_makes_random_sets_depend_on_the_file(tmp_path):
    values = np.arange(12.0).reshape(4, 3)
    np.save(tmp_path / "mine.npy", values)
    entries = {
        "mine": {"source": "file", "path": str(tmp_path / "mine.npy")},
        "noise": {"source": "uniform", "low": 0, "high": 1},
        "own": {"source": "uniform", "low": 0, "high": 1, "shape": [3], "range": [0, 2]},
    }
    looked_up = DataSets(entries, "mine")
    assert looked_up["noise"].declared_range is looked_up["noise"].expected_mean is None
    assert looked_up["noise"].value_range == (0, 11)
    assert looked_up["noise"].files() == looked_up["mine"].files()
    assert from_definition(looked_up["noise"].definition()) == looked_up["noise"]
    assert looked_up["own"].files() == ()
    entries["mine"]["range"] = [0, 20]
    declared = DataSets(entries, "mine")
    assert (declared["noise"].files(), declared["noise"].expected_mean) == ((), 10)


def test_the_code_of_a_set_is_its_own_and_that_of_what_it_is_made_from():
    found = sets(
        noise={"source": "uniform", "low": 0, "high": 1},
        mixed={"source": "mixture", "of": ["mnist", "noise"], "weight": 0.5},
    )
    names = {name: [Path(file).name for file in found[name].code_files()] for name in found}
    assert names["mnist"] == ["image_sources.py"]
    assert names["noise"] == ["random_sources.py"]
    assert names["mixed"] == ["derived_sources.py", "image_sources.py", "random_sources.py"]
    digests = {code_digest(source.code_files()) for source in found.values()}
    assert len(digests) == 3


def test_reading_a_configuration_loads_no_library_for_points():
    program = """
        import sys
        import jacspec.data.registry
        slow = ("scipy", "h5py", "pandas", "pyarrow", "PIL", "torch", "zipfile")
        print([name for name in slow if name in sys.modules])
        """
    assert python(program) == "[]"
