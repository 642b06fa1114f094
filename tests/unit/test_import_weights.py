"""Weights that were trained elsewhere are read without code, checked, and taken as they are."""

import json
import os
import pickle

import numpy as np
import pytest
import torch

from jacspec.models.architecture import Architecture
from jacspec.models.autoencoder import initialized_autoencoder
from jacspec.models.foreign_weights import ForeignWeightsError, read_foreign_tensors, renamed
from jacspec.models.import_weights import import_weights
from jacspec.models.state_dict import read_archive
from jacspec.models.weights import read_weights, save_weights
from jacspec.provenance import sha256_of_file
from jacspec.report.run_record import last_epoch

ARCHITECTURE = Architecture(2, (5, 4), 6)
STATE = initialized_autoencoder(2, (5, 4), seed=3, input_dim=6).state_dict()


def write_safetensors(path, tensors, type_, bytes_of):
    header, numbers = {"__metadata__": {"by": "hand"}}, b""
    for name, tensor in tensors.items():
        content = bytes_of(tensor)
        offsets = [len(numbers), len(numbers) + len(content)]
        header[name] = {"dtype": type_, "shape": [*tensor.shape], "data_offsets": offsets}
        numbers += content
    encoded = json.dumps(header).encode()
    path.write_bytes(len(encoded).to_bytes(8, "little") + encoded + numbers)


def imported(source, folder, **options):
    record = options.pop("architecture", ARCHITECTURE).record()
    shape = (record.pop("input_dim"),)
    options |= {"latent_dim": record.pop("latent_dim"), "shape": shape, "autoencoder": record}
    import_weights(source, folder / "weights.pt", folder / "training.csv", **options)
    return read_weights(folder / "weights.pt")


def refused(source, folder, **options):
    with pytest.raises(ForeignWeightsError) as refusal:
        imported(source, folder, **options)
    assert not (folder / "weights.pt").exists()
    assert "--force" not in str(refusal.value)
    return str(refusal.value)


SAVERS = {
    "zip": lambda path: torch.save(STATE, path),
    "legacy": lambda path: torch.save(STATE, path, _use_new_zipfile_serialization=False),
    "checkpoint": lambda path: torch.save(
        {"state_dict": STATE, "epoch": 3, "hyper_parameters": {"lr": 0.1}, "loops": [None]}, path
    ),
    "double": lambda path: torch.save({k: v.double() for k, v in STATE.items()}, path),
    "safetensors": lambda path: write_safetensors(
        path, STATE, "F32", lambda tensor: tensor.numpy().tobytes()
    ),
}


@pytest.mark.parametrize("kind", SAVERS)
def test_each_kind_of_file_gives_the_same_weights(tmp_path, kind):
    source = tmp_path / f"mine.{kind}"
    SAVERS[kind](source)
    before = source.read_bytes()
    architecture, parameters = imported(source, tmp_path)
    assert architecture == ARCHITECTURE
    assert {name: values.dtype for name, values in parameters.items()} == dict.fromkeys(
        STATE, np.dtype(np.float32)
    )
    for name, tensor in STATE.items():
        assert np.array_equal(parameters[name], tensor)
    assert source.read_bytes() == before
    record = read_archive(tmp_path / "weights.pt").record
    assert record["training"] == {
        "imported_from": str(source),
        "imported_sha256": sha256_of_file(source),
    }


@pytest.mark.parametrize("type_", [torch.float16, torch.bfloat16])
def test_short_numbers_are_converted_exactly(tmp_path, type_):
    state = {name: tensor.to(type_) for name, tensor in STATE.items()}
    torch.save(state, tmp_path / "mine.pt")
    code = {torch.float16: "F16", torch.bfloat16: "BF16"}[type_]
    write_safetensors(
        tmp_path / "mine.safetensors",
        state,
        code,
        lambda tensor: tensor.view(torch.int16).numpy().tobytes(),
    )
    for source in ("mine.pt", "mine.safetensors"):
        _, parameters = imported(tmp_path / source, tmp_path)
        for name, tensor in state.items():
            assert np.array_equal(parameters[name], tensor.float())


def test_nothing_is_known_of_the_training(tmp_path):
    SAVERS["zip"](tmp_path / "mine.pt")
    imported(tmp_path / "mine.pt", tmp_path)
    assert (tmp_path / "training.csv").read_text() == "epoch,train_loss,test_loss,seconds\n"
    assert np.isnan([*last_epoch(tmp_path / "training.csv").values()]).all()


def test_the_same_file_gives_the_same_bytes(tmp_path):
    SAVERS["zip"](tmp_path / "mine.pt")
    imported(tmp_path / "mine.pt", tmp_path)
    first = (tmp_path / "weights.pt").read_bytes()
    imported(tmp_path / "mine.pt", tmp_path)
    assert (tmp_path / "weights.pt").read_bytes() == first


def test_names_are_mapped_and_what_is_not_wanted_is_left_out(tmp_path):
    state = {f"net.{name}".replace("coder", "c"): tensor for name, tensor in STATE.items()}
    torch.save({"weights": {**state, "loss.scale": torch.ones(1)}}, tmp_path / "mine.pt")
    rename = {"net": "", "net.enc": "encoder", "net.dec": "decoder", "loss": None}
    _, parameters = imported(tmp_path / "mine.pt", tmp_path, key="weights", rename=rename)
    assert all(np.array_equal(parameters[name], tensor) for name, tensor in STATE.items())


def test_a_beginning_of_a_name_ends_at_a_dot():
    one = np.ones(1)
    assert [*renamed({"net.a": one, "network.a": one}, {"net": "n"})] == ["n.a", "network.a"]
    with pytest.raises(ForeignWeightsError, match="makes two tensors a"):
        renamed({"a": one, "b": one}, {"b": "a"})


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("legacy", [False, True])
def test_code_in_a_file_is_not_run(tmp_path, legacy):
    content = {**STATE, "evil": Evil(str(tmp_path / "done"))}
    torch.save(content, tmp_path / "mine.pt", _use_new_zipfile_serialization=not legacy)
    assert "without executing code" in refused(tmp_path / "mine.pt", tmp_path)
    (tmp_path / "plain.pkl").write_bytes(pickle.dumps(content["evil"]))
    refused(tmp_path / "plain.pkl", tmp_path)
    assert not (tmp_path / "done").exists()


def test_another_width_is_refused_with_what_was_found_and_expected(tmp_path):
    torch.save(initialized_autoencoder(2, (7, 4), input_dim=6).state_dict(), tmp_path / "mine.pt")
    message = refused(tmp_path / "mine.pt", tmp_path)
    assert "widths 6-7-4-2" in message
    assert "want 6-5-4-2; write hidden_widths: [7, 4]" in message


def test_another_recorded_activation_is_refused(tmp_path):
    autoencoder = initialized_autoencoder(2, (5, 4), input_dim=6, output_activation="sigmoid")
    save_weights(tmp_path / "mine.pt", autoencoder)
    assert "output_activation sigmoid, not tanh" in refused(tmp_path / "mine.pt", tmp_path)
    same = Architecture(2, (5, 4), 6, output_activation="sigmoid")
    assert imported(tmp_path / "mine.pt", tmp_path, architecture=same)[0] == same


FAULTS = {
    "of other names": (
        {f"net.{name}": tensor for name, tensor in STATE.items()},
        "has besides net.encoder.0.weight",
    ),
    "with batch norm": ({**STATE, "encoder.1.running_mean": torch.ones(5)}, "write a factory"),
    "with fewer layers": (
        {name: tensor for name, tensor in STATE.items() if "decoder.4" not in name},
        "lacks decoder.4.weight, decoder.4.bias",
    ),
    "with another decoder": (
        {**STATE, "decoder.4.weight": torch.ones(6, 4)},
        "decoder.4.weight of shape (6, 4), expected (6, 5)",
    ),
    "with infinite numbers": (
        {**STATE, "encoder.0.bias": torch.full((5,), 1e39, dtype=torch.float64)},
        "not finite in float32",
    ),
    "of something else": ({"epoch": 3}, "'epoch' is no tensor"),
    "of nothing": ({}, "it is empty"),
    "of a list": ([1, 2], "holds a list"),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_files_are_refused(tmp_path, kind):
    content, words = FAULTS[kind]
    torch.save(content, tmp_path / "mine.pt")
    assert words in refused(tmp_path / "mine.pt", tmp_path)


def test_a_part_that_is_not_there_is_refused_with_those_that_are(tmp_path):
    torch.save({"ema": STATE, "epoch": 3}, tmp_path / "mine.pt")
    assert "weights_key as one of ema, epoch" in refused(
        tmp_path / "mine.pt", tmp_path, key="model"
    )


@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
@pytest.mark.parametrize("size", [0, 5, 300])
def test_a_file_that_is_cut_off_is_refused(tmp_path, kind, size):
    SAVERS[kind](tmp_path / "mine.pt")
    content = (tmp_path / "mine.pt").read_bytes()
    (tmp_path / "mine.pt").write_bytes(content[:size])
    refused(tmp_path / "mine.pt", tmp_path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_foreign_tensors(tmp_path / "mine.pt")
