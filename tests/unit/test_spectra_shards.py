"""Shards of spectra: the format, equal bytes, and that no damage becomes a number."""

import fcntl
import hashlib
import math

import h5py
import numpy as np
import pytest

from jacspec.errors import DamagedFileError
from jacspec.key import ModelKey
from jacspec.spectra.quantities import TYPES, JacobianSpectra, entry_shape
from jacspec.spectra.shards import CHUNK_POINTS, SpectraFile, write_shard

LATENT_DIM = 3
# Two whole chunks and a part of one.
COUNT = 2 * CHUNK_POINTS + 300
USER_BLOCK_BYTES, DIGEST_BYTES = 512, 64
ATTRIBUTES = {
    "variant": "paper",
    "latent_dim": LATENT_DIM,
    "seed": 4,
    "dataset": "mnist",
    "first": 7000,
    "precision": "float64",
    "engine": "dense",
    "sign_rule": "bound",
    "weights_sha256": "0123456789abcdef" * 4,
    "code_digest": "fedcba9876543210",
    "torch_version": "2.13.0",
    "numpy_version": "2.4.6",
    "h5py_version": "3.16.0",
}


def random_columns(count=COUNT, latent_dim=LATENT_DIM):
    generator = np.random.default_rng(5)
    columns = JacobianSpectra.empty(count, latent_dim).columns()
    for name, type_ in TYPES.items():
        shape = (count, *entry_shape(name, latent_dim))
        values = generator.normal(scale=9, size=(2, *shape))
        values = values[0] + 1j * values[1] if "c" in type_ else values[0]
        columns[name] = (values > 0 if "b" in type_ else values).astype(type_)
    columns["logabsdet_input"][:5] = -math.inf
    columns["eigenvalues_latent"][:5, 1:] = 0
    return columns


def cut(columns, *edges):
    """Return the columns in pieces that end at `edges` and at the end."""
    pieces = {name: np.split(values, edges) for name, values in columns.items()}
    return [{name: pieces[name][number] for name in columns} for number in range(len(edges) + 1)]


def write(path, columns, *edges, count=None, attributes=ATTRIBUTES):
    count = len(columns["latent"]) if count is None else count
    write_shard(path, cut(columns, *edges), count=count, attributes=attributes)
    return path


def read_everything(path):
    with SpectraFile(path) as file:
        return file.attributes, file.read(["index", *TYPES])


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert found[name].dtype == values.dtype
        # NaN and -0 included.
        assert found[name].tobytes() == values.tobytes()


@pytest.fixture(scope="module")
def columns():
    return random_columns()


@pytest.fixture
def shard(tmp_path, columns):
    return write(tmp_path / "d3_seed4.7.h5", columns)


def test_what_is_written_is_read_back(shard, columns):
    with SpectraFile(shard) as file:
        assert (file.path, file.count) == (shard, COUNT)
        assert file.attributes == {"format_version": 2, **ATTRIBUTES}
        index = 7000 + np.arange(COUNT)
        assert_same(file.read(["index", *TYPES]), {"index": index, **columns})
        for start, stop in ((0, 1), (990, 1010), (COUNT - 1, COUNT), (4, 4)):
            expected = {name: columns[name][start:stop] for name in ("latent", "sign_input")}
            assert_same(file.read(["latent", "sign_input"], start, stop), expected)
        assert_same(file.read(["latent"], 2000), {"latent": columns["latent"][2000:]})


@pytest.mark.parametrize("size", [1, 700, 1000, COUNT, 10 * COUNT])
def test_blocks_are_all_rows_in_order(tmp_path, size):
    expected = random_columns(count=30 if size == 1 else COUNT)
    path = write(tmp_path / "a.h5", expected)
    with SpectraFile(path) as file:
        blocks = list(file.blocks(["trace_input", "same_pattern"], size=size))
    assert all(len(block["same_pattern"]) == size for block in blocks[:-1])
    for name in ("trace_input", "same_pattern"):
        np.testing.assert_array_equal(
            np.concatenate([block[name] for block in blocks]), expected[name]
        )


def test_files_are_the_documented_hdf5(shard):
    """The contract with programs of other people: names, types, attributes, checksums."""
    with h5py.File(shard, "r") as file:
        assert {name: (column.dtype.str, column.shape) for name, column in file.items()} == {
            "index": ("<i8", (COUNT,)),
            "eigenvalues_input": ("<c8", (COUNT, 3)),
            "eigenvalues_latent": ("<c8", (COUNT, 3)),
            "logabsdet_input": ("<f8", (COUNT,)),
            "logabsdet_latent": ("<f8", (COUNT,)),
            "sign_input": ("|i1", (COUNT,)),
            "sign_latent": ("|i1", (COUNT,)),
            "trace_input": ("<f8", (COUNT,)),
            "trace_latent": ("<f8", (COUNT,)),
            "rank_bound_input": ("<i2", (COUNT,)),
            "rank_bound_latent": ("<i2", (COUNT,)),
            "reconstruction_error": ("<f8", (COUNT,)),
            "latent": ("<f4", (COUNT, 3)),
            "same_pattern": ("|b1", (COUNT,)),
        }
        for column in file.values():
            assert column.fletcher32
            assert column.compression == "gzip"
            assert column.chunks[0] == CHUNK_POINTS
            # No clock time: two files that were written in one second could agree in spite of it.
            assert h5py.h5o.get_info(column.id).mtime == 0
        assert h5py.h5o.get_info(file.id).mtime == 0
        assert dict(file.attrs) == {"format_version": 2, **ATTRIBUTES}
        assert type(file.attrs["dataset"]) is str


@pytest.mark.parametrize("edges", [(), (1,), (999, 1000, 1001), (1000, 2000), (700, 1400, 1401)])
def test_bytes_do_not_depend_on_the_pieces(tmp_path, shard, columns, edges):
    reordered = dict(reversed(ATTRIBUTES.items()))
    pieces = write(tmp_path / "pieces.h5", columns, *edges, attributes=reordered)
    assert pieces.read_bytes() == shard.read_bytes()


def test_a_shard_may_be_smaller_than_a_chunk(tmp_path):
    few = random_columns(count=1, latent_dim=1)
    path = write(tmp_path / "a.h5", few, attributes={**ATTRIBUTES, "latent_dim": 1})
    attributes, found = read_everything(path)
    assert attributes["latent_dim"] == 1
    assert_same(found, {"index": np.array([7000]), **few})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"count": COUNT + 1}, "2300 points were delivered, allowed: exactly 2301"),
        ({"count": COUNT - 1}, "2300 points were delivered, allowed: exactly 2299"),
        ({"count": 1000}, "2300 points were delivered, allowed: exactly 1000"),
        ({"attributes": {"seed": 1}}, "it has no attribute variant, latent_dim, dataset"),
    ],
)
def test_wrong_content_is_refused_and_leaves_nothing(tmp_path, columns, changes, message):
    with pytest.raises(ValueError, match=message):
        write(tmp_path / "a.h5", columns, **changes)
    assert list(tmp_path.iterdir()) == []


def test_attributes_that_nobody_knows_are_ignored(tmp_path, columns):
    path = write(tmp_path / "a.h5", columns, attributes={**ATTRIBUTES, "invented": "later"})
    with SpectraFile(path) as file:
        assert file.attributes["invented"] == "later"
        assert file.key == ModelKey("paper", LATENT_DIM, 4)
        assert_same(file.read(list(TYPES)), columns)


def test_a_file_of_another_format_is_called_so(shard):
    with h5py.File(shard, "r+") as file:
        file.attrs["format_version"] = 1
    with pytest.raises(DamagedFileError, match=r"format 1 of spectra shards, not in 2.*--force"):
        SpectraFile(shard, check_seal=False)


def test_the_seal_need_not_be_checked_twice(shard, columns):
    content = bytearray(shard.read_bytes())
    content[0] ^= 1
    shard.write_bytes(content)
    assert_reported(shard)
    with SpectraFile(shard, check_seal=False) as file:
        assert_same(file.read(["latent"]), {"latent": columns["latent"]})


def test_values_have_checksums_of_their_own(shard):
    """Where the seal is not checked again, a flipped bit of a value shows all the same."""
    with h5py.File(shard, "r") as file:
        chunk = file["trace_input"].id.get_chunk_info(0)
        offset = chunk.byte_offset + USER_BLOCK_BYTES
    content = bytearray(shard.read_bytes())
    content[offset + chunk.size // 2] ^= 1
    shard.write_bytes(content)
    with SpectraFile(shard, check_seal=False) as file, pytest.raises(DamagedFileError):
        file.read(["trace_input"])


def test_a_failing_source_leaves_the_file_that_was_there(shard, columns):
    before = shard.read_bytes()

    def deliver():
        yield cut(columns, 1500)[0]
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        write_shard(shard, deliver(), count=COUNT, attributes=ATTRIBUTES)
    assert shard.read_bytes() == before
    assert list(shard.parent.iterdir()) == [shard]


@pytest.mark.parametrize(
    ("names", "rows", "message"),
    [
        (["latent"], (-1, 2), "allowed: 0 to 2300"),
        (["latent"], (2, 1), "allowed: 0 to 2300"),
        (["latent"], (0, COUNT + 1), "allowed: 0 to 2300"),
        (["latent", "pixels"], (0, 1), "no column pixels"),
    ],
)
def test_what_the_shard_does_not_have_is_refused(shard, names, rows, message):
    with SpectraFile(shard) as file, pytest.raises(ValueError, match=message):
        file.read(names, *rows)


def test_no_column_is_read_before_it_is_asked_for(shard, monkeypatch):
    reads = []
    original = h5py.Dataset.__getitem__

    def recorded(self, arguments, **options):
        reads.append((self.name, arguments))
        return original(self, arguments, **options)

    monkeypatch.setattr(h5py.Dataset, "__getitem__", recorded)
    with SpectraFile(shard) as file:
        assert reads == []
        blocks = file.blocks(["trace_input"], size=1000)
        assert reads == []
        next(blocks)
        assert reads == [("/trace_input", slice(0, 1000, None))]


def test_a_lock_of_someone_else_is_no_obstacle(shard):
    with shard.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with SpectraFile(shard) as file:
            assert file.count == COUNT


def assert_reported(path):
    with pytest.raises(DamagedFileError, match="snakemake --cores 1 --force") as caught:
        read_everything(path)
    assert str(path) in str(caught.value)


def test_every_flipped_bit_that_matters_is_reported(tmp_path):
    """Every byte of the digest and of what HDF5 reads counts; the rest of the user block is void.

    HDF5 hangs on some flipped bits in the heap of attribute texts, so that this test would as well,
    if it ever came to see one.
    """
    path = write(tmp_path / "a.h5", random_columns(count=20))
    content = path.read_bytes()
    expected = read_everything(path)
    heap = content.index(b"GCOL")
    spread = np.random.default_rng(0).choice(len(content), 200, replace=False).tolist()
    for position in [*range(DIGEST_BYTES), *range(heap, heap + 100), *spread]:
        damaged = bytearray(content)
        damaged[position] ^= 1 << position % 8
        path.write_bytes(damaged)
        if DIGEST_BYTES <= position < USER_BLOCK_BYTES:
            attributes, found = read_everything(path)
            assert attributes == expected[0]
            assert_same(found, expected[1])
        else:
            assert_reported(path)


def test_a_truncated_or_longer_file_is_reported(shard):
    content = shard.read_bytes()
    sizes = [0, 1, 63, 64, 511, 512, 520, len(content) - 1]
    for size in sizes + np.linspace(600, len(content) - 2, 20).astype(int).tolist():
        shard.write_bytes(content[:size])
        assert_reported(shard)
    shard.write_bytes(content + b"\0")
    assert_reported(shard)
    shard.write_bytes(content[:4000] + bytes(len(content) - 4000))
    assert_reported(shard)


def test_a_value_altered_through_hdf5_is_reported(shard):
    """HDF5 renews its own checksums, so that only the digest can tell."""
    with h5py.File(shard, "r+") as file:
        file["sign_input"][5] = 1 - file["sign_input"][5]
    assert_reported(shard)


def retype(file):
    values = file.pop("latent")[:]
    file.create_dataset("latent", data=values.astype("f8"), chunks=(CHUNK_POINTS, 3))


def shorten(file):
    values = file.pop("sign_input")[:-1]
    file.create_dataset("sign_input", data=values, chunks=(CHUNK_POINTS,))


def leave_out_chunks(file):
    del file["trace_input"]
    column = file.create_dataset("trace_input", (COUNT,), "f8", chunks=(CHUNK_POINTS,))
    column[:CHUNK_POINTS] = 1


def unchunk(file):
    values = file.pop("trace_input")[:]
    file.create_dataset("trace_input", data=values)


FOREIGN = {
    "no index": lambda file: file.pop("index"),
    "a column less": lambda file: file.pop("rank_bound_latent"),
    "another type": retype,
    "fewer rows": shorten,
    "chunks left out": leave_out_chunks,
    "no chunks": unchunk,
    "an attribute less": lambda file: file.attrs.pop("seed"),
    "no version": lambda file: file.attrs.pop("format_version"),
    "another version": lambda file: file.attrs.modify("format_version", 1),
    "another dimension": lambda file: file.attrs.modify("latent_dim", 4),
}


@pytest.mark.parametrize("change", FOREIGN.values(), ids=FOREIGN.keys())
def test_a_file_of_another_program_is_reported_though_its_digest_fits(shard, change):
    with h5py.File(shard, "r+") as file:
        change(file)
    content = shard.read_bytes()[USER_BLOCK_BYTES:]
    with shard.open("r+b") as file:
        file.write(hashlib.sha256(content).hexdigest().encode())
    with pytest.raises(DamagedFileError) as error:
        SpectraFile(shard)
    assert "those that were written" not in str(error.value)
    assert_reported(shard)


def test_files_that_are_absent_or_no_hdf5_are_told_apart(tmp_path):
    with pytest.raises(FileNotFoundError):
        SpectraFile(tmp_path / "absent.h5")
    with pytest.raises(IsADirectoryError):
        SpectraFile(tmp_path)
    (tmp_path / "text.h5").write_text("eigenvalues")
    assert_reported(tmp_path / "text.h5")
