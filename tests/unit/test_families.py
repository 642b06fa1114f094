"""Families of data sets: their members, what a configuration may say of them, their points."""

import copy
import dataclasses

import jsonschema
import numpy as np
import pytest

from jacspec.data.registry import SOURCES, DataSets
from jacspec.data.storage import PointsFile
from jacspec.families.family import Family, Span, family_schema, from_family_definition
from jacspec.families.points import members_in_file, parameters_in_file, write_family_points
from sweep.configuration import ConfigurationError, check_configuration
from sweep.data_sets import evaluated_sets
from sweep.families import families_of

LINE = {"source": "bernoulli", "probability": {"from": 0.02, "to": 0.98, "steps": 25}}
MAP = {
    "source": "beta",
    "alpha": {"from": 0.5, "to": 8, "steps": 3, "spacing": "logarithmic"},
    "beta": {"from": 1, "to": 2, "steps": 2},
}
PATH = {"source": "mixture", "of": ["a", "b"], "weight": {"from": 0, "to": 1, "steps": 5}}
SMALL = {
    "a": {"source": "uniform", "low": 0, "high": 0.5, "shape": [4], "range": [0, 1]},
    "b": {"source": "bernoulli", "probability": 0.5, "shape": [4], "range": [0, 1]},
}


def with_families(config, **families):
    return {**config, "families": families, "data": {**config["data"], **SMALL}}


def small_family(entry, name="path"):
    config = {"families": {name: entry}, "data": SMALL, "training_set": "a"}
    return families_of(config)[name]


@pytest.mark.parametrize(
    ("span", "values"),
    [
        (Span(0.02, 0.98, 5), [0.02, 0.26, 0.5, 0.74, 0.98]),
        (Span(0, 1, 2), [0.0, 1.0]),
        (Span(0.25, 4, 3, "logarithmic"), [0.25, 1.0, 4.0]),
    ],
)
def test_the_values_of_a_span_have_both_ends(span, values):
    assert span.values() == values


def test_members_are_all_pairs_of_values(config):
    family = families_of(with_families(config, map=MAP))["map"]
    assert family.parameters == ("alpha", "beta")
    assert family.positions() == [(a, b) for a in (0.5, 2.0, 8.0) for b in (1.0, 2.0)]
    members = list(family.members())
    assert [(member.alpha, member.beta) for member in members] == family.positions()
    assert {member.shape for member in members} == {(784,)}
    assert len({member.name for member in members}) == 6
    assert members[1].name == "map, alpha 0.5, beta 2.0"


def test_a_definition_gives_the_family_again():
    family = small_family(PATH)
    again = from_family_definition(family.definition())
    assert again == dataclasses.replace(family, template=again.template)
    assert list(again.members()) == list(family.members())


def test_sets_of_the_sweep_are_found_where_they_lie_in_a_family(config):
    sources = evaluated_sets(config)
    path = {**PATH, "of": ["mnist", "uniform"]}
    normals = {
        "source": "truncated_normal",
        "mean": {"from": 0, "to": 1, "steps": 3},
        "standard_deviation": {"from": 0.5, "to": 2, "steps": 3},
    }
    halves = {**LINE, "range": [0, 0.5]}
    low = {**LINE, "probability": {"from": 0.2, "to": 0.6, "steps": 3}}
    given = with_families(config, line=LINE, path=path, normals=normals, halves=halves, low=low)
    found = {name: family.landmarks(sources) for name, family in families_of(given).items()}
    probabilities = (0.13, 0.25, 0.5, 0.75, 0.87)
    assert found["line"] == {f"bernoulli_{p:g}": (p,) for p in probabilities}
    assert found["path"] == {"mnist": (0.0,), "uniform": (1.0,)}
    assert found["normals"] == {"truncated_normal": (0.5, 1.0)}
    assert found["halves"] == {}
    assert found["low"] == {"bernoulli_0.25": (0.25,), "bernoulli_0.5": (0.5,)}


def test_axes_say_what_they_are():
    assert small_family(PATH).axis_labels() == [
        "weight, from Uniform(0, 0.5) (0) to Bernoulli(0.5) (1)"
    ]
    family = small_family(MAP)
    assert family.axis_labels() == ["α", "β"]
    assert family.logarithmic == (True, False)


def test_any_number_of_a_source_may_have_several_values():
    schema = family_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    span = {"from": 1, "to": 2, "steps": 2}
    kinds = schema["properties"]["source"]["enum"]
    assert set(kinds) < set(SOURCES)
    assert not {"mnist", "file", "shuffled"} & set(kinds)
    for kind in kinds:
        fields = SOURCES[kind].schema()["properties"]
        numbers = [
            name
            for name, field in fields.items()
            if field is not True and field.get("type") == "number"
        ]
        assert numbers
        entry = {"source": kind, "of": "a", **dict.fromkeys(numbers, span)}
        faults = [e.message for e in jsonschema.Draft202012Validator(schema).iter_errors(entry)]
        assert not any("steps" in fault or "from" in fault for fault in faults)


FAULTS = [
    ({**LINE, "source": "bernouli"}, "write one of truncated_normal, uniform"),
    ({"source": "bernoulli", "probability": 0.5}, "families.x: found 0 parameters with several"),
    ({"source": "bernoulli"}, "probability missing"),
    ({**LINE, "probability": {"from": 0.1, "to": 0.9}}, "families.x.probability: steps missing"),
    ({**LINE, "probability": {"from": 0.1, "to": 1.5, "steps": 3}}, "from 0 and up to 1"),
    ({**LINE, "probability": {"from": -0.1, "to": 1, "steps": 3}}, "from 0 and up to 1"),
    ({**LINE, "probability": {"from": 0.1, "to": 0.9, "steps": 1}}, "from 2 and up to 1000"),
    ({**LINE, "probability": {"from": 0.9, "to": 0.1, "steps": 3}}, "write the lower end first"),
    ({**LINE, "probability": {"from": 0.1, "to": 0.9, "steps": 3, "step": 1}},
     "did you mean steps?"),
    ({**LINE, "probability": {"from": 0, "to": 1, "steps": 3, "spacing": "logarithmic"}},
     "an end above 0"),
    ({**LINE, "probability": {"from": 0.1, "to": 1, "steps": 3, "spacing": "log"}},
     "write one of linear, logarithmic"),
    ({**LINE, "probability": "much"}, "write a finite number"),
    ({**MAP, "alpha": {"from": 1, "to": 2, "steps": 200}, "beta": {"from": 1, "to": 2, "steps": 6}},
     "found 1200 sets; write fewer steps"),
    ({"source": "uniform", "low": {"from": 0, "to": 0.9, "steps": 10}, "high": 0.5},
     "families.x: low 0.5: found low 0.5 and high 0.5; write low below high"),
    ({"source": "truncated_normal", "mean": {"from": 0, "to": 9, "steps": 2},
      "standard_deviation": 1}, "families.x: mean 9.0: found mean 9.0 and standard_deviation 1"),
    ({**PATH, "of": ["mnist", "unifrom"]}, "did you mean uniform?"),
    ({**PATH, "of": ["mnist", "a"]}, "write two sets of one shape"),
    ({**LINE, "shape": [7]}, "write sets of shape [784], that of the training set"),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "remedy"), FAULTS, ids=lambda part: str(part)[:60])
def test_a_faulty_family_is_reported_with_a_remedy(config, project, entry, remedy):
    schema = project / "workflow" / "schemas" / "config.schema.yaml"
    with pytest.raises(ConfigurationError) as caught:
        check_configuration(with_families(config, x=entry), schema)
    assert remedy in str(caught.value)
    assert "1 fault(s)" in str(caught.value)


@pytest.mark.parametrize(
    ("families", "changes", "remedy"),
    [
        (("uniform",), {}, "families.uniform: the name is that of a set under data"),
        (("line", "Line"), {}, "families: found line and Line, which many file systems"),
        (("line",), {"family_latent_dims": [784]}, "family_latent_dims: found [784], the latent"),
        (
            ("line",),
            {"family_samples": 49},
            "family_samples: found 49; write a whole number from 50",
        ),
        (("a/b",), {}, "letters, digits"),
    ],
)
def test_families_fit_the_rest_of_the_configuration(config, project, families, changes, remedy):
    schema = project / "workflow" / "schemas" / "config.schema.yaml"
    config = with_families(config, **{name: copy.deepcopy(LINE) for name in families})
    with pytest.raises(ConfigurationError) as caught:
        check_configuration({**config, **changes}, schema)
    assert remedy in str(caught.value)


def test_the_points_of_a_member_are_those_of_its_source(tmp_path):
    for name, entry in {"line": {**LINE, "shape": [4]}, "path": PATH}.items():
        family = small_family(entry, name)
        path = tmp_path / f"{name}.h5"
        write_family_points(path, family, sample_seed=3, samples=60, code_digest="0")
        with PointsFile(path) as file:
            assert parameters_in_file(file) == family.parameters
            members = dict(members_in_file(file))
        assert list(members) == family.positions()
        for member, points in zip(family.members(), members.values(), strict=True):
            expected = np.concatenate([block.points for block in member.blocks(3, 0, 60)])
            np.testing.assert_array_equal(points, expected)


def test_a_path_leads_from_the_one_set_to_the_other(tmp_path):
    family = small_family(PATH)
    write_family_points(tmp_path / "p.h5", family, sample_seed=0, samples=50, code_digest="0")
    with PointsFile(tmp_path / "p.h5") as file:
        _, *_, last = (points for _, points in members_in_file(file))
        first = file.read(0, 50)
    sets = DataSets(SMALL, "a")
    for points, name in ((first, "a"), (last, "b")):
        np.testing.assert_array_equal(points, next(sets[name].blocks(0, 0, 50)).points)


def test_a_set_with_an_end_gives_no_more_points_than_it_has(tmp_path):
    np.save(tmp_path / "mine.npy", np.random.default_rng(0).normal(size=(55, 4)))
    data = {**SMALL, "mine": {"source": "file", "path": str(tmp_path / "mine.npy")}}
    entry = {"source": "noisy", "of": "mine", "level": {"from": 0.1, "to": 0.3, "steps": 3}}
    config = {"families": {"noise": entry}, "data": data, "training_set": "mine"}
    family: Family = families_of(config)["noise"]
    write_family_points(tmp_path / "n.h5", family, sample_seed=0, samples=60, code_digest="0")
    with PointsFile(tmp_path / "n.h5") as file:
        assert file.count == 3 * 55
        assert {len(points) for _, points in members_in_file(file)} == {55}
