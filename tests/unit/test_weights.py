"""The weights file: deterministic, self-describing, and refused when anything is wrong with it."""

import io
import json
import pickle
import random
import zipfile

import numpy as np
import pytest
import torch

from jacspec.errors import DamagedFileError
from jacspec.models.architecture import OUTPUT_ACTIVATIONS, Architecture
from jacspec.models.autoencoder import initialized_autoencoder
from jacspec.models.initial_weights import initial_parameters
from jacspec.models.network import load_network, reconstructions
from jacspec.models.state_dict import write_archive
from jacspec.models.weights import load_autoencoder, read_weights, save_weights, write_weights


@pytest.fixture
def autoencoder():
    return initialized_autoencoder(3, (8, 6), seed=0, input_dim=10)


@pytest.fixture
def weights_file(tmp_path, autoencoder):
    path = tmp_path / "weights.pt"
    save_weights(path, autoencoder)
    return path


def same_parameters(first, second):
    second_state = second.state_dict()
    return all(torch.equal(value, second_state[name]) for name, value in first.state_dict().items())


def write_state(path, autoencoder, **changes):
    """Write a file with a good record, but with other tensors."""
    state = {name: values.numpy() for name, values in autoencoder.state_dict().items()}
    write_archive(path, {**state, **changes}, {"architecture": autoencoder.architecture.record()})


def test_round_trip_keeps_every_bit_and_the_architecture(weights_file, autoencoder):
    loaded = load_autoencoder(weights_file)
    assert same_parameters(autoencoder, loaded)
    assert loaded.architecture == autoencoder.architecture


def test_paper_sized_file_holds_the_published_names_in_float32(tmp_path):
    save_weights(tmp_path / "weights.pt", initialized_autoencoder(20, seed=1).double())
    state = torch.load(tmp_path / "weights.pt", weights_only=True)
    assert {half.split(".")[0] for half in state} == {"encoder", "decoder"}
    assert {int(name.split(".")[1]) for name in state} == {0, 2, 4, 6}
    assert {value.dtype for value in state.values()} == {torch.float32}


def test_same_weights_give_the_same_bytes(tmp_path, autoencoder):
    for name in ("first", "second"):
        save_weights(tmp_path / name, autoencoder)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_missing_file_is_file_not_found(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_autoencoder(tmp_path / "weights.pt")


def test_every_flipped_bit_is_detected_or_harmless(weights_file, autoencoder):
    content = weights_file.read_bytes()
    choice = random.Random(0)
    detected = 0
    for _ in range(300):
        damaged = bytearray(content)
        damaged[choice.randrange(len(content))] ^= 1 << choice.randrange(8)
        weights_file.write_bytes(damaged)
        try:
            loaded = load_autoencoder(weights_file)
        except DamagedFileError:
            detected += 1
        else:
            assert same_parameters(autoencoder, loaded)
    assert detected > 0


def test_every_flipped_bit_of_the_tensors_is_detected(weights_file):
    content = weights_file.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        stored = [
            content.index(archive.read(name)) + offset
            for name in archive.namelist()
            if "/data/" in name
            for offset in range(archive.getinfo(name).file_size)
        ]
    choice = random.Random(1)
    for position in choice.sample(stored, 200):
        damaged = bytearray(content)
        damaged[position] ^= 1 << choice.randrange(8)
        weights_file.write_bytes(damaged)
        with pytest.raises(DamagedFileError):
            load_autoencoder(weights_file)


def test_member_marked_as_a_directory_is_not_read_as_random_memory(weights_file, autoencoder):
    content = bytearray(weights_file.read_bytes())
    header = content.index(b"PK\x01\x02")
    while header >= 0:
        # External attributes of a member in the zip's central directory; 0x10: a directory.
        content[header + 38] |= 0x10
        header = content.find(b"PK\x01\x02", header + 1)
    weights_file.write_bytes(content)
    assert same_parameters(autoencoder, load_autoencoder(weights_file))


@pytest.mark.parametrize("share", [0, 0.01, 0.3, 0.5, 0.9, 0.999])
def test_truncated_file_is_detected_with_its_name(weights_file, share):
    content = weights_file.read_bytes()
    weights_file.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(DamagedFileError) as raised:
        load_autoencoder(weights_file)
    assert str(weights_file) in str(raised.value)


def test_file_that_is_no_archive_is_detected(weights_file):
    weights_file.write_text("<html>not found</html>")
    with pytest.raises(DamagedFileError, match="zip"):
        load_autoencoder(weights_file)


class _Touch:
    """Unpickling makes a file: the sign that code was run."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_code_in_the_file_is_refused_and_not_run(weights_file, autoencoder, tmp_path):
    sign = tmp_path / "code_was_run"
    torch.save({**autoencoder.state_dict(), "extra": _Touch(sign)}, weights_file)
    with pytest.raises(DamagedFileError):
        load_autoencoder(weights_file)
    assert not sign.exists()
    torch.load(weights_file, weights_only=False)["extra"].close()
    assert sign.exists(), "the file would have run code where it is trusted"


def test_bare_pickle_with_code_is_refused_and_not_run(weights_file, tmp_path):
    sign = tmp_path / "code_was_run"
    weights_file.write_bytes(pickle.dumps(_Touch(sign)))
    with pytest.raises(DamagedFileError):
        load_autoencoder(weights_file)
    assert not sign.exists()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"encoder.2.weight": np.zeros((6, 9), np.float32)}, "encoder.2.weight has shape"),
        ({"decoder.4.bias": np.zeros(11, np.float32)}, "decoder.4.bias has shape"),
        ({"encoder.4.bias": np.zeros((), np.float32)}, "encoder.4.bias has shape"),
        ({"encoder.0.bias": np.zeros(8)}, "float64"),
        ({"decoder.0.bias": np.full(6, np.nan, np.float32)}, "not finite"),
        ({"decoder.0.bias": np.full(6, np.inf, np.float32)}, "not finite"),
        ({"classifier.weight": np.zeros((2, 2), np.float32)}, "classifier.weight"),
    ],
)
def test_wrong_content_is_refused_with_the_reason(weights_file, autoencoder, changes, reason):
    write_state(weights_file, autoencoder, **changes)
    with pytest.raises(DamagedFileError, match=reason) as raised:
        load_autoencoder(weights_file)
    assert str(weights_file) in str(raised.value)


def test_missing_tensor_is_refused(weights_file, autoencoder):
    state = {name: values.numpy() for name, values in autoencoder.state_dict().items()}
    del state["encoder.2.bias"]
    write_archive(weights_file, state, {"architecture": autoencoder.architecture.record()})
    with pytest.raises(
        DamagedFileError, match=r"names are missing or unexpected: encoder\.2\.bias"
    ):
        load_autoencoder(weights_file)


def test_what_is_no_dictionary_of_tensors_is_refused(weights_file, autoencoder):
    """A list of torch, with a record added by hand."""
    torch.save([torch.zeros(2), 3], weights_file)
    record = json.dumps({"architecture": autoencoder.architecture.record()})
    with zipfile.ZipFile(weights_file, "a") as archive:
        folder, _, _ = archive.namelist()[0].partition("/")
        archive.writestr(f"{folder}/record.json", record)
    with pytest.raises(DamagedFileError, match="it is not a dictionary of tensors"):
        load_autoencoder(weights_file)


def test_a_file_without_record_is_refused_not_guessed(weights_file, autoencoder):
    torch.save(autoencoder.state_dict(), weights_file)
    with pytest.raises(DamagedFileError, match="no record of its architecture") as raised:
        read_weights(weights_file)
    assert str(weights_file) in str(raised.value)
    assert "force" not in str(raised.value)


@pytest.mark.parametrize(
    "record",
    [
        {},
        [],
        {"architecture": None},
        {"architecture": {"latent_dim": 3}},
        {"architecture": {**Architecture(3).record(), "hidden_activation": "sine"}},
        {"architecture": {**Architecture(3).record(), "latent_dim": 0}},
        {"architecture": {**Architecture(3).record(), "hidden_widths": 7}},
        {"architecture": {**Architecture(3).record(), "latent_dim": "three"}},
    ],
)
def test_a_record_of_something_else_is_refused(weights_file, record):
    write_archive(weights_file, initial_parameters(Architecture(3), 0), record)
    with pytest.raises(DamagedFileError, match="no readable record") as raised:
        read_weights(weights_file)
    assert str(weights_file) in str(raised.value)


@pytest.mark.parametrize(
    "architecture",
    [
        Architecture(3, (8,), 10, "elu", "relu", "scaled_tanh"),
        Architecture(2, (), 5, "gelu", "identity", "sigmoid"),
    ],
)
def test_the_architecture_is_that_of_the_record(tmp_path, architecture):
    parameters = initial_parameters(architecture, 0)
    write_weights(tmp_path / "weights.pt", architecture, parameters, {"seed": 0})
    found, values = read_weights(tmp_path / "weights.pt")
    assert found == architecture
    assert list(values) == list(parameters)
    loaded = load_autoencoder(tmp_path / "weights.pt")
    assert loaded.architecture == architecture
    assert not any(parameter.requires_grad for parameter in loaded.parameters())


@pytest.mark.parametrize("output_activation", OUTPUT_ACTIVATIONS)
def test_module_and_network_of_a_file_are_one_function(tmp_path, output_activation):
    architecture = Architecture(3, (8,), 10, "silu", "relu", output_activation)
    write_weights(tmp_path / "weights.pt", architecture, initial_parameters(architecture, 0))
    points = np.random.default_rng(0).random((5, 10))
    module = load_autoencoder(tmp_path / "weights.pt").double()
    expected = module(torch.from_numpy(points)).numpy()
    for network in (load_network(tmp_path / "weights.pt"), module):
        # Values below 1 and sums of ten products, in three layers.
        np.testing.assert_allclose(reconstructions(network, points), expected, rtol=0, atol=1e-14)


def test_failed_write_leaves_the_old_file(weights_file, autoencoder, monkeypatch):
    before = weights_file.read_bytes()

    def full_disk(*_arguments):
        raise OSError("No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full_disk)
    with pytest.raises(OSError, match="No space"):
        save_weights(weights_file, autoencoder)
    assert weights_file.read_bytes() == before
    assert [path.name for path in weights_file.parent.iterdir()] == ["weights.pt"]
