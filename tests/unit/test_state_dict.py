"""Files of torch read without torch: what torch itself reads from them, in every layout."""

import numpy as np
import pytest
import torch

from jacspec.errors import DamagedFileError
from jacspec.models.state_dict import read_state_dict


def test_a_modules_own_state_dict(tmp_path):
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    torch.save(module.state_dict(), tmp_path / "module.pt")
    found = read_state_dict(tmp_path / "module.pt")
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
    found = read_state_dict(tmp_path / "views.pt")
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
    found = read_state_dict(tmp_path / "tensor.pt")
    assert found.dtype == tensor.numpy().dtype
    assert np.array_equal(found, tensor)


def test_a_type_that_numpy_lacks_is_refused_by_name(tmp_path):
    torch.save(torch.zeros(2, dtype=torch.bfloat16), tmp_path / "tensor.pt")
    with pytest.raises(DamagedFileError, match="BFloat16Storage"):
        read_state_dict(tmp_path / "tensor.pt")


def test_a_whole_module_is_refused(tmp_path):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "module.pt")
    with pytest.raises(DamagedFileError, match="Linear"):
        read_state_dict(tmp_path / "module.pt")
