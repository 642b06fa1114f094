"""Shards computed chunk by chunk: the same bytes through kills, restarts and damage."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from fresh_process import python
from spectra_job import CHUNKS, COUNT, FIRST, LATENT_DIM, SETTINGS, Job, recomputed

import jacspec
from cases import DEVICES
from jacspec.errors import DamagedFileError, JacspecError
from jacspec.key import ModelKey
from jacspec.models.weights import load_autoencoder
from jacspec.provenance import library_versions, sha256_of_file
from jacspec.spectra.engine import jacobian_spectra
from jacspec.spectra.quantities import TYPES, JacobianSpectra, entry_shape
from jacspec.spectra.shards import SpectraFile
from jacspec.spectra.staging import StagedChunks


@pytest.fixture
def job(tmp_path):
    return Job(tmp_path)


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """Return the bytes of an undisturbed run."""
    return Job(tmp_path_factory.mktemp("undisturbed")).compute()


def test_holds_what_the_engine_computes_and_where_it_is_from(job):
    job.compute()
    spectra = jacobian_spectra(load_autoencoder(job.weights), job.pixels)
    with SpectraFile(job.output) as shard:
        assert shard.count == COUNT
        assert {name: shard.attributes[name] for name in shard.attributes} == {
            "format_version": 2,
            "variant": "paper",
            "latent_dim": LATENT_DIM,
            "seed": 7,
            "dataset": "uniform",
            "first": FIRST,
            "precision": "float64",
            "engine": "dense",
            "sign_rule": "bound",
            "weights_sha256": sha256_of_file(job.weights),
            "points_sha256": sha256_of_file(job.points),
            "code_digest": "0123456789abcdef",
            **library_versions(),
        }
        columns = shard.read(["index", *TYPES])
    assert np.array_equal(columns.pop("index"), FIRST + np.arange(COUNT))
    for name, values in spectra.columns().items():
        np.testing.assert_array_equal(columns[name], values, err_msg=name)
    assert sorted(path.name for path in job.output.parent.iterdir()) == [
        job.output.name,
        job.points.name,
        job.weights.name,
    ]


@pytest.mark.parametrize(
    "changes", [{"threads": 3}, {"chunk_size": 1}, {"chunk_size": 600}, {"chunk_size": 5000}]
)
def test_threads_and_chunks_change_no_byte(job, expected, changes):
    assert job.compute(**changes) == expected


@pytest.mark.parametrize("device", DEVICES[1:])
def test_on_a_gpu_neither_threads_nor_chunks_nor_an_interruption_change_a_byte(
    job, device, monkeypatch
):
    # Blocks of 256 points, as on the CPU, in place of one for all.
    monkeypatch.setattr("jacspec.spectra.dense.GPU_ROWS", 256 * LATENT_DIM)
    expected = job.compute(device=device)
    for changes in ({"threads": 3}, {"chunk_size": 1}, {"chunk_size": 5000}):
        assert job.compute(device=device, **changes) == expected
    job.output.unlink()
    job.interrupt(2, device=device)
    assert job.compute(device=device, threads=2) == expected


def test_the_compiled_solver_has_one_result_too(tmp_path):
    """Whatever the threads and chunks, and after an interruption, with more points or not."""
    folders = [tmp_path / name for name in ("undisturbed", "job", "larger")]
    for folder in folders:
        folder.mkdir()
    compiled = {"eigensolver": "compiled"}
    undisturbed, job, larger = (
        Job(folder, latent_dim=8, count=count)
        for folder, count in zip(folders, (COUNT, COUNT, COUNT + 200), strict=True)
    )
    expected = undisturbed.compute(**compiled)
    for changes in ({"threads": 3}, {"chunk_size": 1}, {"chunk_size": 5000, "threads": 2}):
        assert job.compute(**changes, **compiled) == expected
    job.output.unlink()
    job.interrupt(2, **compiled)
    assert job.compute(**compiled, threads=2) == expected
    larger.compute(**compiled)
    whole = COUNT // 256 * 256
    with SpectraFile(undisturbed.output) as short, SpectraFile(larger.output) as long:
        first = short.read(list(TYPES), 0, whole)
        for name, values in long.read(list(TYPES), 0, whole).items():
            np.testing.assert_array_equal(values, first[name], err_msg=name)


def test_images_are_flattened_for_dense_layers(job):
    job.compute()
    with SpectraFile(job.output) as shard:
        expected = shard.read([*TYPES])
    job.write_points(job.pixels.reshape(COUNT, 1, 28, 28))
    job.compute()
    with SpectraFile(job.output) as shard:
        for name, values in shard.read([*TYPES]).items():
            np.testing.assert_array_equal(values, expected[name])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"key": ModelKey("paper", 5, 7)}, r"latent dimension 4, but it stands for paper, d = 5"),
        ({"width": 783}, r"shape \(784,\), but .*uniform\.0\.h5 has points of shape \(783,\)"),
    ],
)
def test_a_model_of_another_shape_is_refused(job, changes, message):
    if width := changes.pop("width", 0):
        job.write_points(job.pixels[:, :width])
    with pytest.raises(JacspecError, match=message):
        job.compute(**changes)
    assert not job.output.exists()


def test_reports_every_chunk(job):
    reports = []
    job.compute(report=lambda *report: reports.append(report))
    assert [(done, total) for done, total, _ in reports] == [
        (256, COUNT),
        (512, COUNT),
        (768, COUNT),
        (COUNT, COUNT),
    ]
    seconds = [elapsed for _, _, elapsed in reports]
    assert seconds == sorted(seconds)
    job.output.unlink()
    job.compute(report=lambda *report: reports.append(report), chunk_size=5000)
    assert reports[-1][:2] == (COUNT, COUNT)


@pytest.mark.parametrize("chunks", range(1, CHUNKS + 1))
def test_goes_on_from_the_last_whole_chunk(job, expected, chunks, caplog):
    job.interrupt(chunks)
    reports = []
    assert job.compute(report=lambda done, *_: reports.append(done)) == expected
    assert len(reports) == CHUNKS - chunks
    assert recomputed(caplog) == []
    assert not job.staged.exists()


def test_a_kill_while_the_shard_is_written_costs_no_chunk(job, expected, monkeypatch):
    def fail(*_arguments, **_options):
        raise OSError("No space left on device")

    monkeypatch.setattr("jacspec.spectra.computation.write_shard", fail)
    with pytest.raises(OSError, match="No space"):
        job.compute()
    assert not job.output.exists()
    monkeypatch.undo()
    reports = []
    assert job.compute(report=lambda *report: reports.append(report)) == expected
    assert reports == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"key": ModelKey("paper", LATENT_DIM, 8)}, "it has another seed"),
        ({"precision": "float32"}, "it has another precision"),
        ({"code_digest": "another"}, "it has another code_digest"),
        ({"eigensolver": "compiled"}, "it has another eigensolver"),
    ],
)
def test_chunks_of_another_computation_are_not_taken(job, expected, changes, reason, caplog):
    job.interrupt(2, **changes)
    assert job.compute() == expected
    assert len(recomputed(caplog)) == 2
    assert all(message.endswith(reason) for message in recomputed(caplog))


def test_chunks_of_other_weights_or_points_are_not_taken(job, expected, tmp_path, caplog):
    for number, changes in enumerate(({"seed": 1}, {"sample_seed": 1})):
        folder = tmp_path / str(number)
        folder.mkdir()
        other = Job(folder, **changes)
        other.interrupt(1)
        job.staged.mkdir()
        for path in other.staged.iterdir():
            path.rename(job.staged / path.name)
        assert job.compute() == expected
    assert [message.rsplit(" ", 1)[1] for message in recomputed(caplog)] == [
        "weights_sha256",
        "points_sha256",
    ]


@pytest.mark.parametrize("library", ["torch", "numba"])
def test_chunks_of_another_library_are_not_taken(job, expected, monkeypatch, caplog, library):
    def versions(*libraries):
        found = library_versions(*libraries)
        return {name: "1.0" if name == f"{library}_version" else found[name] for name in found}

    monkeypatch.setattr("jacspec.spectra.computation.library_versions", versions)
    job.interrupt(1)
    monkeypatch.undo()
    assert job.compute() == expected
    assert recomputed(caplog)[0].endswith(f"it has another {library}_version")


def test_chunks_of_other_sizes_are_no_obstacle(job, expected):
    job.interrupt(1, chunk_size=600)
    assert job.compute() == expected


def test_a_damaged_chunk_is_not_taken_or_holds_the_same(tmp_path, caplog):
    """Bits are flipped everywhere; those of dates and the like in an archive mean nothing."""
    staged = StagedChunks(tmp_path / "shard.h5", {"seed": 1})
    generator = np.random.default_rng(0)
    columns = {
        name: (100 * generator.standard_normal((40, *entry_shape(name, 3)))).astype(type_)
        for name, type_ in TYPES.items()
    }
    staged.save(0, 40, JacobianSpectra(**columns))
    (path,) = staged.folder.iterdir()
    content = path.read_bytes()
    refused = 0
    for position in generator.choice(len(content), 200, replace=False):
        damaged = bytearray(content)
        damaged[position] ^= 1 << int(position) % 8
        path.write_bytes(damaged)
        spectra = staged.load(0, 40)
        refused += spectra is None
        if spectra is not None:
            assert all(
                values.tobytes() == columns[name].tobytes()
                for name, values in spectra.columns().items()
            )
    assert refused > 150
    assert len(recomputed(caplog)) == refused
    assert all("it is damaged" in message for message in recomputed(caplog))


@pytest.mark.parametrize("size", [0, 10, 1000, -1])
def test_truncated_chunks_are_computed_again(job, expected, size, caplog):
    job.interrupt(1)
    (chunk,) = job.staged.iterdir()
    chunk.write_bytes(chunk.read_bytes()[:size])
    assert job.compute() == expected
    assert "it is damaged" in recomputed(caplog)[0]


def test_a_chunk_runs_no_code(job, expected, tmp_path, caplog):
    job.interrupt(1)
    (chunk,) = job.staged.iterdir()

    class Payload:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    with np.load(chunk) as archive:
        arrays = {name: archive[name] for name in archive}
    with chunk.open("wb") as file:
        np.savez(file, **{**arrays, "latent": np.array([Payload()], dtype=object)})
    assert job.compute() == expected
    assert not (tmp_path / "ran").exists()
    assert "it is damaged" in recomputed(caplog)[0]


def test_a_killed_process_costs_one_chunk(job, expected):
    program = textwrap.dedent(
        f"""
        import os, signal, sys
        sys.path.insert(0, {str(Path(jacspec.__file__).parents[1])!r})
        from jacspec.key import ModelKey
        from jacspec.spectra.computation import compute_shard

        def report(done, total, seconds):
            os.kill(os.getpid(), signal.SIGKILL)

        compute_shard(
            {str(job.weights)!r}, {str(job.points)!r}, {str(job.output)!r},
            report=report, **{SETTINGS!r},
        )
        """
    )
    killed = subprocess.run([sys.executable, "-c", program], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not job.output.exists()
    assert len(list(job.staged.glob("*.npz"))) == 1
    # What a kill in the middle of writing leaves: a file of a name that nothing else has.
    (job.staged / f".256-512.npz.elsewhere.{os.getpid()}.tmp").write_bytes(b"PK")
    assert job.compute() == expected
    assert not job.staged.exists()


def test_a_larger_sample_has_the_same_first_rows(job, tmp_path):
    """Whole blocks do not depend on what comes after them."""
    folder = tmp_path / "larger"
    folder.mkdir()
    larger = Job(folder, count=COUNT + 200)
    job.compute()
    larger.compute()
    with SpectraFile(job.output) as short, SpectraFile(larger.output) as long:
        whole = COUNT // 256 * 256
        expected = short.read(list(TYPES), 0, whole)
        for name, values in long.read(list(TYPES), 0, whole).items():
            np.testing.assert_array_equal(values, expected[name], err_msg=name)


def test_damaged_inputs_are_reported(job):
    content = bytearray(job.points.read_bytes())
    content[len(content) // 2] ^= 4
    job.points.write_bytes(content)
    with pytest.raises(DamagedFileError, match=r"uniform\.0\.h5"):
        job.compute()
    assert not job.output.exists()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_memory_does_not_grow_with_the_number_of_points(tmp_path):
    """Two chunks of points are held: far fewer than twenty chunks."""
    tracker = """
        import sys
        from jacspec.key import ModelKey
        from jacspec.spectra.computation import compute_shard
        compute_shard(*sys.argv[1:4], key=ModelKey("paper", 4, 7), precision="float64",
                      device="cpu", threads=1, chunk_size=512, code_digest="")
        # The peak that getrusage reports would begin with that of the process that starts this one.
        with open("/proc/self/status") as status:
            print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
        """
    peaks = []
    for count in (1024, 8192):
        folder = tmp_path / str(count)
        folder.mkdir()
        job = Job(folder, count=count)
        peaks.append(int(python(tracker, job.weights, job.points, job.output)) / 1024)
    # The points alone are 22 MB more, and as float64 45.
    assert peaks[1] - peaks[0] < 10
