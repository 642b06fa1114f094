"""Faults of a configuration are found before any job, each with key, finding and remedy."""

import copy

import pytest
import yaml

from sweep.configuration import (
    ConfigurationError,
    check_configuration,
    check_for_repeated_keys,
    typed_overrides,
)


def changed(config: dict, path: str, value: object) -> dict:
    config = copy.deepcopy(config)
    *parents, last = path.split("/")
    block = config
    for key in parents:
        block = block[key]
    block[last] = value
    return config


@pytest.fixture
def schema(project):
    return project / "workflow" / "schemas" / "config.schema.yaml"


def test_the_papers_configuration_is_sound(config, schema):
    check_configuration(config, schema)


FAULTS = [
    ("latent_dims", [], "at least 1 item"),
    ("latent_dims", [2, 2], "write 2 only once"),
    ("latent_dims", [2.0], "a whole number"),
    ("latent_dims", [0], "from 1 and up to 784"),
    ("latent_dims", [785], "from 1 and up to 784"),
    ("latent_dims", "2..20", "a list"),
    ("latent_dims", [True], "a whole number"),
    ("seeds", [0, 1, 0], "write 0 only once"),
    ("seeds", [-1], "from 0"),
    ("datasets", ["uniform"], "mnist missing"),
    ("datasets", ["mnist", "unifrom"], "did you mean uniform?"),
    ("datasets", ["mnist", "qqq"], "define it under data"),
    ("datasets", ["mnist", "a/b"], "letters, digits"),
    ("samples", 0, "from 1"),
    ("samples", -5, "from 1"),
    ("samples", "1e4", "YAML reads it as text; write 10000"),
    ("samples", None, "a whole number"),
    ("sample_seed", 1.5, "a whole number"),
    ("shard_size", 0, "from 1"),
    ("shard_size", 100, "chunk_size: found 2000, more than shard_size (100)"),
    ("data/uniform", {"source": "unifrom"}, "write one of mnist, fashion_mnist,"),
    ("data/uniform", {"low": 0, "high": 1}, "source missing"),
    ("data/uniform", {"source": "uniform", "low": 0.0}, "high missing"),
    ("data/uniform/low", 1.0, "write low below high"),
    ("data/bernoulli_0.5/probability", 1.5, "from 0 and up to 1"),
    ("data/bernoulli_0.5/p", 0.5, "unknown key"),
    ("data/bernoulli_0.5/probability", float("nan"), "a finite number"),
    ("data/beta_5_0.8/alpha", 0, "from 0.001"),
    ("data/truncated_normal/standard_deviation", -1, "from 0.001"),
    ("data/truncated_normal", {"source": "truncated_normal", "mean": 9,
     "standard_deviation": 1}, "leave 6e-16 of the normal in [0, 1]"),
    ("data/truncated_normal", {"source": "truncated_normal", "mean": -10,
     "standard_deviation": 2}, "leave 3e-07 of the normal in [0, 1]"),
    ("data/mnist", {"source": "uniform", "low": 0, "high": 1}, "cannot have those of mnist"),
    ("autoencoder/hidden_widths", [], "to 16 items"),
    ("autoencoder/hidden_widths", [128, 0], "from 1"),
    ("training/epochs", 0, "from 1"),
    ("training/epochs", 2.5, "a whole number"),
    ("training/learning_rate", "1e-3", "YAML reads it as text; write 0.001"),
    ("training/learning_rate", "fast", "a finite number"),
    ("training/learning_rate", 0, "above 0"),
    ("training/learning_rate", float("inf"), "a finite number"),
    ("training/lerning_rate", 0.1, "did you mean learning_rate?"),
    ("training_set", "uniform", "cannot have those of uniform"),
    ("training_set", "fashion_mnist", "fashion_mnist missing, the training set of paper"),
    ("variants", {}, "at least 1"),
    ("variants/Paper", {}, "such as adam_batch_64"),
    ("variants/points", {}, "the name is that of a folder"),
    ("variants/other", {"training": {"lr": 0.1}}, "variants.other.training.lr: unknown key"),
    ("variants/other", {"training": {"epochs": 0}}, "variants.other.training.epochs"),
    ("variants/other", {"samples": 10}, "variants.other.samples: unknown key"),
    ("variants/other", {"autoencoder": {"input_dim": 9}}, "unknown key"),
    ("variants/other", {"training_set": "fashion_mnist"}, "the training set of other"),
    ("training/optimizer", "adamw", "write one of adam, sgd"),
    ("training/momentum", 1.0, "below 1"),
    ("training/batch_size", 0, "from 1"),
    ("training/loss", "l1", "write one of mean_squared_error"),
    ("training", None, "a block of keys"),
    ("spectra/precision", "double", "write one of float64, float32"),
    ("spectra/eigensolver", "numba", "write one of compiled, lapack"),
    ("figures/sizes/figure_1", [7.2], "2 items"),
    ("figures/sizes/figure_1", [7.2, 0.1], "from 2"),
    ("figures/sizes/figure_7", [7.2, 4], "unknown key"),
    ("figures/representatives/dark", "mnist", "that no model is trained on"),
    ("figures/representatives/dark", "night", "that no model is trained on"),
    ("device", "gpu", "write one of auto, cpu, cuda"),
    ("threads/compute_spectra", 0, "from 1"),
    ("threads/figure", 1, "unknown key"),
    ("chunk_size", 70001, "write at most 70000"),
    ("checkpoint_seconds", 0, "above 0"),
    ("mnist_source", "/no/such/folder", "which is no folder"),
    ("mnist_source", "", "null"),
    ("epochs", 300, "unknown key"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "remedy"), FAULTS, ids=lambda part: str(part)[:40])
def test_a_fault_is_reported_with_key_and_remedy(config, schema, path, value, remedy):
    with pytest.raises(ConfigurationError) as caught:
        check_configuration(changed(config, path, value), schema)
    message = str(caught.value)
    assert remedy in message
    assert path.split("/")[0] in message or "chunk_size" in message or "datasets: " in message


def test_all_faults_are_reported_at_once(config, schema):
    config["samples"] = -1
    config["device"] = "tpu"
    with pytest.raises(ConfigurationError, match=r"2 fault(?s:.)*device(?s:.)*samples"):
        check_configuration(config, schema)


def test_every_overlay_is_sound(config, schema, project):
    overlays = sorted((project / "config").glob("*.yaml"))
    assert overlays
    for overlay in overlays:
        merged = copy.deepcopy(config)
        for key, value in yaml.safe_load(overlay.read_text(encoding="utf-8")).items():
            merged[key] = {**merged.get(key, {}), **value} if isinstance(value, dict) else value
        check_configuration(merged, schema)


def test_schema_and_config_have_the_same_keys(config, schema):
    def keys(block, prefix=""):
        for key, value in block.items():
            yield prefix + key
            if isinstance(value, dict) and key not in ("data", "variants"):
                yield from keys(value, f"{prefix}{key}.")

    def schema_keys(node, definitions, prefix=""):
        node = definitions[node["$ref"].rsplit("/", 1)[1]] if "$ref" in node else node
        for key in node.get("required", []):
            value = node["properties"][key]
            yield prefix + key
            yield from schema_keys(value, definitions, f"{prefix}{key}.")

    tree = yaml.safe_load(schema.read_text(encoding="utf-8"))
    assert set(keys(config)) == set(schema_keys(tree, tree["$defs"]))


def test_values_on_the_command_line_have_the_types_of_a_file():
    overrides = {"seeds": ["0", "1"], "training": {"learning_rate": "1e-3", "optimizer": "sgd"}}
    assert typed_overrides(overrides) == {
        "seeds": [0, 1],
        "training": {"learning_rate": 0.001, "optimizer": "sgd"},
    }
    assert typed_overrides({"mnist_source": "null", "samples": 10}) == {
        "mnist_source": None,
        "samples": 10,
    }


def test_all_unknown_keys_of_a_block_are_reported_at_once(config, schema):
    config["training"].update(epoch=3, momentun=0.5)
    config.update(sample=10, colour="red")
    with pytest.raises(ConfigurationError) as raised:
        check_configuration(config, schema)
    message = str(raised.value)
    assert "4 fault(s)" in message
    for advice in (
        "training.epoch: unknown key; did you mean epochs?",
        "training.momentun: unknown key; did you mean momentum?",
        "sample: unknown key; did you mean samples?",
        "colour: unknown key; known keys: autoencoder, ",
    ):
        assert advice in message


@pytest.mark.parametrize(("sample_seed", "least"), [(0, 5), (1, 3), (5, 20)])
def test_samples_hold_two_training_images_and_a_test_image(config, schema, sample_seed, least):
    config.update(sample_seed=sample_seed, chunk_size=1, samples=least)
    check_configuration(config, schema)
    for samples in range(1, least):
        config["samples"] = samples
        with pytest.raises(ConfigurationError, match=f"found {samples}; .* least {least}:"):
            check_configuration(config, schema)


@pytest.mark.parametrize(
    ("one", "other"), [("uniform", "Uniform"), ("beta_1", "BETA_1"), ("a-mnist", "a_MNIST")]
)
def test_names_that_a_file_system_may_take_for_one_are_refused(config, schema, one, other):
    for name in (one, other):
        config["data"].setdefault(name, {"source": "bernoulli", "probability": 0.3})
    config["datasets"] = list(dict.fromkeys([*config["datasets"], one, other]))
    with pytest.raises(ConfigurationError, match=f"datasets: found {one} and {other}, which many"):
        check_configuration(config, schema)


def test_json_with_tabs_is_read(tmp_path):
    file = tmp_path / "config.json"
    file.write_text('{\n\t"samples":\t100,\n\t"seeds": [0]\n}\n')
    check_for_repeated_keys([file])
    file.write_text('{\n\t"samples": 1,\n\t"samples": 2\n}\n')
    with pytest.raises(ConfigurationError, match="samples: found in line 2 and again in line 3"):
        check_for_repeated_keys([file])
