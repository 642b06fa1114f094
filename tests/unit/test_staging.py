"""Staged chunks: taken over if they are whole and of the same origin, else computed again."""

import io
import json
import zipfile

import numpy as np
import pytest

from jacspec.spectra.quantities import JacobianSpectra
from jacspec.spectra.staging import StagedChunks

FINGERPRINT = {"weights_sha256": "a" * 64, "seed": 3, "points": {"dataset": "mnist"}}


def random_spectra(count=7, latent_dim=2):
    spectra = JacobianSpectra.empty(count, latent_dim)
    generator = np.random.default_rng(0)
    for column in spectra.columns().values():
        column[...] = generator.integers(0, 2, column.shape)
    return spectra


def assert_same(found, expected):
    for name, values in expected.columns().items():
        assert found.columns()[name].dtype == values.dtype
        np.testing.assert_array_equal(found.columns()[name], values)


@pytest.fixture
def staged(tmp_path):
    return StagedChunks(tmp_path / "d2_seed3.0.h5", FINGERPRINT)


@pytest.fixture
def chunk(staged):
    """Return the file of rows 7 to 13."""
    staged.save(7, 14, random_spectra())
    return staged.folder / "7-14.npz"


def test_a_chunk_is_taken_over_by_the_next_job(tmp_path, staged, chunk, caplog):
    next_job = StagedChunks(tmp_path / "d2_seed3.0.h5", json.loads(json.dumps(FINGERPRINT)))
    assert_same(next_job.load(7, 14), random_spectra())
    assert caplog.records == []
    assert list(staged.folder.iterdir()) == [chunk]


def test_a_chunk_that_is_absent_is_no_reason_to_warn(staged, chunk, caplog):
    assert chunk.exists()
    for rows in ((0, 7), (7, 13)):
        assert staged.load(*rows) is None
    assert caplog.records == []


def test_the_folder_is_hidden_beside_the_output_and_goes_with_its_chunks(tmp_path, staged, chunk):
    assert chunk.parent == staged.folder == tmp_path / ".d2_seed3.0.h5.partial"
    (staged.folder / ".7-14.npz.host.1.tmp").write_text("left by a killed job")
    staged.remove()
    assert list(tmp_path.iterdir()) == []
    staged.remove()


@pytest.mark.parametrize(
    ("fingerprint", "name"),
    [
        ({**FINGERPRINT, "seed": 4}, "seed"),
        ({**FINGERPRINT, "seed": "3"}, "seed"),
        ({**FINGERPRINT, "points": {"dataset": "mnist", "sample_seed": 1}}, "points"),
        ({**FINGERPRINT, "device": "cuda"}, "device"),
        ({"seed": 3}, "points, weights_sha256"),
    ],
)
def test_a_chunk_of_another_origin_is_not_taken(tmp_path, chunk, fingerprint, name, caplog):
    other = StagedChunks(tmp_path / "d2_seed3.0.h5", fingerprint)
    assert other.load(7, 14) is None
    assert f"{chunk} is computed again: it has another {name}" in caplog.text


def test_a_chunk_of_other_rows_is_not_taken(staged, chunk, caplog):
    chunk.rename(staged.folder / "0-7.npz")
    assert staged.load(0, 7) is None
    assert "it has another rows" in caplog.text


def test_no_flipped_bit_gives_other_values(staged, chunk, caplog):
    """The archive's checksums leave out times and the like, which decide over nothing."""
    content = chunk.read_bytes()
    reported = 0
    step = 31
    positions = range(0, len(content), step)
    for position in positions:
        damaged = bytearray(content)
        damaged[position] ^= 1 << position % 8
        chunk.write_bytes(damaged)
        caplog.clear()
        found = staged.load(7, 14)
        if found is None:
            assert f"{chunk} is computed again: it is damaged" in caplog.text
            reported += 1
        else:
            assert_same(found, random_spectra())
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sizes = [member.file_size for member in archive.infolist()]
    # Every byte that a checksum covers is reported, whatever becomes of the others.
    assert reported >= sum(size // step for size in sizes)


def test_a_truncated_chunk_is_not_taken(staged, chunk, caplog):
    content = chunk.read_bytes()
    for size in np.linspace(0, len(content) - 1, 25).astype(int):
        chunk.write_bytes(content[:size])
        caplog.clear()
        assert staged.load(7, 14) is None
        assert "it is damaged" in caplog.text


@pytest.mark.parametrize(
    "members",
    [
        {"x": np.zeros(3)},
        {"fingerprint": np.array("7"), **random_spectra().columns()},
        {"fingerprint": np.array("{"), **random_spectra().columns()},
        {"fingerprint": np.array(7), **random_spectra().columns()},
        {"fingerprint": np.array(json.dumps(FINGERPRINT))},
        {"fingerprint": np.array([print]), **random_spectra().columns()},
    ],
    ids=["nothing", "a number", "no JSON", "no text", "no columns", "code"],
)
def test_a_file_of_another_program_is_not_taken(staged, chunk, members, caplog):
    np.savez(chunk, **members)
    assert staged.load(7, 14) is None
    assert f"{chunk} is computed again: it is damaged" in caplog.text


def test_a_chunk_that_cannot_be_written_leaves_nothing(staged, chunk, monkeypatch):
    before = chunk.read_bytes()

    def full_disk(file, **_):
        file.write(b"PK")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full_disk)
    with pytest.raises(OSError, match="No space left"):
        staged.save(7, 14, random_spectra())
    assert list(staged.folder.iterdir()) == [chunk]
    assert chunk.read_bytes() == before
