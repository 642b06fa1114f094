"""No configuration that passes its check crashes the planning.

The strategies follow the schema of the configuration, so that most drafts are nearly right: values
inside and outside their limits, of right and wrong types, keys that are missing, misspelled or too
many.
"""

import copy
import os
import string

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jacspec import layout
from jacspec.data.random_sources import Normal, RandomSource
from jacspec.data.registry import entry_schema
from jacspec.families.family import family_schema
from sweep.configuration import ConfigurationError, check_configuration
from sweep.grid import Grid

MANY = settings(
    max_examples=5000 if os.environ.get("JACSPEC_SOAK") else 100,
    deadline=None,
    # Random numbers are drawn the same way in every run, so that CI fails for a reason.
    derandomize=not os.environ.get("JACSPEC_SOAK"),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
)

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=5,
)
NAMES = st.text(string.ascii_letters + string.digits + "_.-/{} \n", min_size=1, max_size=12)


def numbers(schema: dict) -> st.SearchStrategy:
    low = schema.get("minimum", schema.get("exclusiveMinimum", -100))
    high = schema.get("maximum", schema.get("exclusiveMaximum", low + 10_000))
    small = st.integers(int(low), int(min(high, low + 1000)))
    edges = st.sampled_from([low, high, low - 1, high + 1, low + 0.5])
    return small | edges | st.floats(float(low), float(high)) | st.integers(int(low), int(high))


def source_of(case: dict) -> str:
    """Return the source that a case of the schema is for."""
    return case["if"]["properties"]["source"]["const"]


def drafts(schema: dict, definitions: dict) -> st.SearchStrategy:
    """Return a strategy for values that the schema might allow."""
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rsplit("/", 1)[1]]
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "if" in schema and "else" in schema:
        return drafts(schema["then"], definitions) | drafts(schema["else"], definitions)
    kind = schema.get("type")
    if kind == "array":
        items = drafts(schema["items"], definitions)
        return st.lists(items, min_size=schema["minItems"], max_size=5)
    if kind in ("integer", "number"):
        return numbers(schema)
    if kind == "boolean":
        return st.booleans()
    if "properties" in schema and "allOf" not in schema:
        return st.fixed_dictionaries(
            {key: drafts(value, definitions) for key, value in schema["properties"].items()}
        )
    if kind == "object" and "allOf" in schema:
        return st.one_of(
            st.fixed_dictionaries(
                {
                    key: st.just(source_of(case)) if key == "source" else drafts(value, definitions)
                    for key, value in case["then"]["properties"].items()
                    # What has a default is left out half of the time.
                    if key == "source" or key in case["then"]["required"]
                },
                optional={
                    key: drafts(value, definitions)
                    for key, value in case["then"]["properties"].items()
                    if key != "source" and key not in case["then"]["required"]
                },
            )
            # A path of any name could be that of a folder with the whole disk in it.
            for case in schema["allOf"]
            if source_of(case) != "file"
        )
    if kind == "object":
        pattern = schema.get("propertyNames", {}).get("pattern")
        names = NAMES | st.from_regex(pattern, fullmatch=True) if pattern else NAMES
        return st.dictionaries(
            names, drafts(schema["additionalProperties"], definitions), max_size=3
        )
    return NAMES | st.none()


@pytest.fixture(scope="module")
def schema(project):
    return project / "workflow" / "schemas" / "config.schema.yaml"


@pytest.fixture(scope="module")
def tree(schema):
    tree = yaml.safe_load(schema.read_text(encoding="utf-8"))
    tree["$defs"]["data_source"] = entry_schema()
    tree["$defs"]["family"] = family_schema()
    return tree


@pytest.fixture(scope="module")
def sound(project):
    return yaml.safe_load((project / "config.yaml").read_text(encoding="utf-8"))


def plan(config: dict) -> None:
    """Do what the rules do with a configuration before the first job."""
    grid = Grid.of(config)
    for dataset in grid.datasets:
        shards = grid.shards(dataset)
        for shard in {shards[0], shards[-1]}:
            layout.DATASET_SHARD.format(dataset=dataset, shard=shard)
            assert 1 <= grid.shard_points(dataset, shard) <= grid.shard_size
            assert 0 <= grid.first_point(shard) < grid.points(dataset)
        assert sum(grid.shard_points(dataset, shard) for shard in (shards[0], shards[-1])) > 0
    assert len(set(grid.of_models(layout.MODEL_STATISTICS))) == len(grid.models())
    for name, variant in grid.variants.items():
        assert set(grid.table_seeds(name).values()) <= set(variant.seeds)


@MANY
@given(data=st.data())
def test_what_passes_the_check_can_be_planned(sound, schema, tree, data):
    config = copy.deepcopy(sound)
    for _ in range(data.draw(st.integers(1, 3))):
        block, node = config, tree
        while True:
            key = data.draw(st.sampled_from(sorted(node["properties"])))
            inner = node["properties"][key]
            if "properties" not in inner or not isinstance(block.get(key), dict):
                break
            if data.draw(st.booleans()):
                break
            block, node = block[key], inner
        match data.draw(st.sampled_from(["draft", "draft", "draft", "anything", "missing", "new"])):
            case "draft":
                block[key] = data.draw(drafts(inner, tree["$defs"]))
            case "anything":
                block[key] = data.draw(ANYTHING)
            case "missing":
                block.pop(key, None)
            case "new":
                block[data.draw(NAMES)] = data.draw(ANYTHING)
    try:
        check_configuration(config, schema)
    except ConfigurationError as error:
        assert "fault(s)" in str(error)
    else:
        plan(config)


@MANY
@given(data=st.data())
def test_every_random_set_that_passes_can_be_drawn(sound, schema, tree, data):
    config = copy.deepcopy(sound)
    drafted = data.draw(drafts(tree["$defs"]["data_source"], tree["$defs"]))
    config["data"]["drafted"] = drafted
    config["datasets"].append("drafted")
    try:
        check_configuration(config, schema)
    except ConfigurationError as error:
        assert "drafted" in str(error)
    else:
        source = Grid.of(config).sources["drafted"]
        if isinstance(source, RandomSource):
            points = next(source.blocks(0, 0, 1)).points
            low, high = (-np.inf, np.inf) if isinstance(source, Normal) else source.value_range
            assert points.shape == (1, 784)
            assert np.float32(low) <= points.min() <= points.max() <= np.float32(high)


@MANY
@given(config=ANYTHING)
def test_anything_else_is_refused_in_words(schema, config):
    with pytest.raises(ConfigurationError, match="fault"):
        check_configuration(config, schema)
