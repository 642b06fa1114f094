"""Files of torch read and written without torch: what torch itself reads from them and writes."""

import numpy as np
import pytest
import torch

from jacspec.errors import DamagedFileError
from jacspec.models.state_dict import read_archive, write_archive


def test_a_modules_own_state_dict(tmp_path):
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    torch.save(module.state_dict(), tmp_path / "module.pt")
    found = read_archive(tmp_path / "module.pt").content
    assert list(found) == list(module.state_dict())
    for name, tensor in module.state_dict().items():
        assert np.array_equal(found[name], tensor)
        assert found[name].dtype == np.float32


@pytest.mark.parametrize(
    "view",
    [
        lambda whole: whole.T,
        lambda whole: whole[1:3, ::2],
        lambda whole: whole[2],
        lambda whole: whole[0, 0],
        lambda whole: whole[:0],
        lambda whole: whole[:, :1].expand(4, 3),
    ],
)
def test_views_of_a_storage(tmp_path, view):
    whole = torch.arange(20, dtype=torch.float32).reshape(4, 5)
    torch.save({"whole": whole, "view": view(whole)}, tmp_path / "views.pt")
    found = read_archive(tmp_path / "views.pt").content
    assert np.array_equal(found["whole"], whole)
    assert np.array_equal(found["view"], view(whole))


@pytest.mark.parametrize(
    "type_",
    [
        *(torch.float64, torch.float32, torch.float16),
        *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool),
    ],
)
def test_types_of_numbers(tmp_path, type_):
    tensor = torch.tensor([0, 1, 100]).to(type_)
    torch.save(tensor, tmp_path / "tensor.pt")
    found = read_archive(tmp_path / "tensor.pt").content
    assert found.dtype == tensor.numpy().dtype
    assert np.array_equal(found, tensor)


def test_a_type_that_numpy_lacks_is_refused_by_name(tmp_path):
    torch.save(torch.zeros(2, dtype=torch.bfloat16), tmp_path / "tensor.pt")
    with pytest.raises(DamagedFileError, match="BFloat16Storage"):
        read_archive(tmp_path / "tensor.pt")


def test_a_whole_module_is_refused(tmp_path):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "module.pt")
    with pytest.raises(DamagedFileError, match="Linear"):
        read_archive(tmp_path / "module.pt")


ARRAYS = {
    "matrix": np.arange(6, dtype=np.float32).reshape(2, 3),
    "transposed": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    "scalar": np.array(3.5),
    "empty": np.zeros((0, 4), np.float32),
    "integers": np.arange(-70_000, 70_000),
    "flags": np.array([True, False]),
    "a name ✓": np.ones(1, np.float32),
}


@pytest.mark.parametrize("mapped", [False, True])
def test_torch_reads_what_is_written(tmp_path, mapped):
    write_archive(tmp_path / "arrays.pt", ARRAYS, {"anything": [1, "two"]})
    found = torch.load(tmp_path / "arrays.pt", weights_only=True, mmap=mapped)
    assert list(found) == list(ARRAYS)
    for name, values in ARRAYS.items():
        assert found[name].numpy().dtype == values.dtype
        assert np.array_equal(found[name], values)
        assert found[name].is_contiguous()
        assert found[name].data_ptr() % 64 == 0


def test_a_module_of_torch_takes_what_is_written(tmp_path):
    module = torch.nn.Linear(3, 2)
    state = {name: values.numpy() for name, values in module.state_dict().items()}
    write_archive(tmp_path / "module.pt", state, {})
    loaded = torch.nn.Linear(3, 2)
    loaded.load_state_dict(torch.load(tmp_path / "module.pt"))
    loaded(torch.ones(3)).sum().backward()
    assert torch.equal(loaded.weight, module.weight)


def test_what_is_written_is_read_back_with_its_record(tmp_path):
    record = {"numbers": [0.1, 3], "nested": {"text": "✓"}}
    write_archive(tmp_path / "arrays.pt", ARRAYS, record)
    found = read_archive(tmp_path / "arrays.pt")
    assert found.record == record
    for name, values in ARRAYS.items():
        assert found.content[name].dtype == values.dtype
        assert np.array_equal(found.content[name], values)


def test_a_file_of_torch_has_no_record(tmp_path):
    torch.save({"values": torch.zeros(2)}, tmp_path / "tensor.pt")
    assert read_archive(tmp_path / "tensor.pt").record is None


def test_the_same_arrays_and_record_give_the_same_bytes(tmp_path):
    write_archive(tmp_path / "first.pt", ARRAYS, {"one": 1, "two": 2})
    write_archive(tmp_path / "second.pt", ARRAYS, {"two": 2, "one": 1})
    assert (tmp_path / "first.pt").read_bytes() == (tmp_path / "second.pt").read_bytes()
