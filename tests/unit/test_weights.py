"""The weights file: deterministic, self-describing, and refused when anything is wrong with it."""

import io
import pickle
import random
import zipfile

import pytest
import torch

from jacspec.errors import DamagedFileError
from jacspec.models.autoencoder import initialized_autoencoder
from jacspec.models.weights import load_autoencoder, save_weights


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
    torch.save({**autoencoder.state_dict(), **changes}, path)


def test_round_trip_keeps_every_bit_and_infers_the_widths(weights_file, autoencoder):
    loaded = load_autoencoder(weights_file)
    assert same_parameters(autoencoder, loaded)
    assert (loaded.latent_dim, loaded.hidden_widths, loaded.input_dim) == (3, (8, 6), 10)


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
def test_truncated_file_is_detected_with_name_and_remedy(weights_file, share):
    content = weights_file.read_bytes()
    weights_file.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(DamagedFileError, match="snakemake") as raised:
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
    write_state(weights_file, autoencoder, extra=_Touch(sign))
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
        ({"encoder.2.weight": torch.zeros(6, 9)}, "encoder.2.weight has shape"),
        ({"decoder.4.bias": torch.zeros(11)}, "decoder.4.bias has shape"),
        ({"encoder.0.weight": torch.zeros(8, 12)}, "decoder.4.weight has shape"),
        ({"encoder.0.bias": torch.zeros(8).double()}, "float64"),
        ({"decoder.0.bias": torch.full((6,), float("nan"))}, "not finite"),
        ({"decoder.0.bias": torch.full((6,), float("inf"))}, "not finite"),
        ({"classifier.weight": torch.zeros(2, 2)}, "classifier.weight"),
        ({"encoder.4.bias": torch.zeros(())}, "empty tensor"),
        ({"encoder.4.bias": 3}, "dictionary of tensors"),
    ],
)
def test_wrong_content_is_refused_with_the_reason(weights_file, autoencoder, changes, reason):
    write_state(weights_file, autoencoder, **changes)
    with pytest.raises(DamagedFileError, match=reason) as raised:
        load_autoencoder(weights_file)
    assert str(weights_file) in str(raised.value)


@pytest.mark.parametrize("missing", ["encoder.0.weight", "encoder.2.bias", "decoder.4.weight"])
def test_missing_tensor_is_refused(weights_file, autoencoder, missing):
    state = autoencoder.state_dict()
    del state[missing]
    torch.save(state, weights_file)
    with pytest.raises(DamagedFileError, match="does not hold an autoencoder"):
        load_autoencoder(weights_file)


def test_failed_write_leaves_the_old_file(weights_file, autoencoder, monkeypatch):
    before = weights_file.read_bytes()

    def full_disk(*_arguments):
        raise OSError("No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full_disk)
    with pytest.raises(OSError, match="No space"):
        save_weights(weights_file, autoencoder)
    assert weights_file.read_bytes() == before
    assert [path.name for path in weights_file.parent.iterdir()] == ["weights.pt"]
