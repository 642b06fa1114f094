"""What a variant says of models of the user's own is checked before any job starts."""

import pytest

from sweep.configuration import ConfigurationError, check_configuration
from sweep.variants import variants_of


@pytest.fixture
def faults(config, project, tmp_path, monkeypatch):
    """Return the faults of a configuration with one variant, whose models are d = 2, seeds 0, 1."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    for seed in (0, 1):
        (tmp_path / "mine" / f"d2_seed{seed}.pt").touch()
    (tmp_path / "models.py").write_text("import nothing_at_all\n\ndef build(d, shape):\n    ...\n")
    (tmp_path / "broken.py").write_text("def build(:\n")

    def check(**own):
        config["variants"] = {"mine": {"latent_dims": [2], "seeds": [0, 1], **own}}
        try:
            check_configuration(config, project / "workflow" / "schemas" / "config.schema.yaml")
        except ConfigurationError as error:
            return str(error)
        return ""

    return check


WEIGHTS = "mine/d{latent_dim}_seed{seed}.pt"


def test_weights_that_are_there_are_right(faults):
    assert faults(weights=WEIGHTS) == ""
    assert faults(weights=WEIGHTS, weights_key="model", rename={"enc": "encoder", "x": None}) == ""


WRONG = {
    "that do not exist": (
        {"weights": WEIGHTS, "seeds": [0, 7]},
        "variants.mine.weights: mine/d2_seed7.pt does not exist",
    ),
    "that are the same for several models": ({"weights": "mine/d2_seed0.pt"}, "the same file"),
    "with other braces": ({"weights": "mine/{dim}.pt"}, "no other braces than {latent_dim}"),
    "with a brace that is not closed": ({"weights": "mine/{seed.pt"}, "no other braces"),
    "where jobs write": (
        {"weights": "results/mine/models/d{latent_dim}_seed{seed}/weights.pt"},
        "lies in results/, where jobs write; move it elsewhere",
    ),
    "that are no text": ({"weights": 3}, "write text"),
    "of which only the names are mapped": ({"rename": {"a": "b"}}, "rename: it is without weights"),
    "with a number for a name": ({"weights": WEIGHTS, "rename": {"a": 1}}, "write text or null"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_weights_are_refused(faults, kind):
    own, words = WRONG[kind]
    assert words in faults(**own)


def test_nobody_knows_how_long_imported_weights_were_trained(config):
    config["variants"] = {"mine": {"weights": WEIGHTS}, "paper": {}}
    variants = variants_of(config)
    assert variants["mine"].epochs is None
    assert variants["paper"].epochs == 300
    assert variants["mine"].weights_file(8, "1") == "mine/d8_seed1.pt"
    config["variants"]["mine"]["weights"] = "{latent_dim:02d}.{seed}"
    assert variants_of(config)["mine"].weights_file("8", 1) == "08.1"
    assert not variants["mine"].same_models(variants["paper"])


def factory(name):
    return {"autoencoder": {"factory": name}}


def test_a_factory_is_found_without_importing_its_file(faults):
    assert faults(**factory("models.py:build")) == ""
    assert faults(**factory("models.py:build"), weights=WEIGHTS) == ""


WRONG_FACTORIES = {
    "in a file that is not there": ("mine.py:build", "mine.py does not exist"),
    "of another name": ("models.py:make", "models.py has no function make(latent_dim, shape)"),
    "that does not parse": ("broken.py:build", "broken.py is no Python"),
    "without a function": ("models.py", "write a name such as my_models.py:build"),
    "that is a number": (3, "write a name such as my_models.py:build"),
}


@pytest.mark.parametrize("kind", WRONG_FACTORIES)
def test_factories_are_refused(faults, kind):
    name, words = WRONG_FACTORIES[kind]
    assert words in faults(**factory(name))


def test_a_factory_is_without_layers(faults):
    both = {"factory": "models.py:build", "hidden_widths": [8]}
    assert "found factory and hidden_widths" in faults(autoencoder=both)


def test_a_factory_decides_on_all_layers(config):
    config["autoencoder"]["factory"] = "models.py:build"
    config["variants"] = {"mine": {}, "paper": {"autoencoder": {"factory": None}}}
    variants = variants_of(config)
    assert variants["mine"].autoencoder == {"factory": "models.py:build"}
    assert variants["mine"].factory_file == "models.py"
    assert variants["paper"].factory is variants["paper"].factory_file is None
    assert "hidden_widths" in variants["paper"].autoencoder
