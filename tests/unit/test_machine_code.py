"""Machine code is kept for the next process, is never stale, and needs no cache."""

import importlib.util
import logging

import pytest
from numba.core.caching import CacheImpl, IndexDataCacheFile

SOURCE = """
from jacspec.machine_code import in_machine_code

@in_machine_code("int64(int64)")
def more(number):
    return number + 1
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Return a function that imports the module anew."""
    monkeypatch.setattr("numba.config.CACHE_DIR", "")
    path = tmp_path / "arithmetic.py"
    path.write_text(SOURCE)

    def imported():
        spec = importlib.util.spec_from_file_location("arithmetic", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return imported


def kept(folder):
    return sorted((folder / "__pycache__").glob("*.nbc"))


def hits(module):
    return sum(module.more.stats.cache_hits.values())


def test_the_next_process_takes_what_is_kept(module, tmp_path):
    first = module()
    assert (first.more(1), hits(first)) == (2, 0)
    assert len(kept(tmp_path)) == 1
    second = module()
    assert (second.more(1), hits(second)) == (2, 1)


def test_other_code_and_other_processors_have_other_files(module, tmp_path, monkeypatch):
    """By itself, numba does not look at the modules that the function's own one imports."""
    module()
    monkeypatch.setattr("jacspec.machine_code.code_digest", lambda _: "another")
    assert hits(module()) == 0
    monkeypatch.setattr("llvmlite.binding.get_host_cpu_name", lambda: "another")
    assert hits(module()) == 0
    assert len(kept(tmp_path)) == 3


def test_where_nothing_can_be_written_it_is_made_anew(module, tmp_path, monkeypatch, caplog):
    # By permissions alone it could not be tested as root, so numba is told that there is no folder.
    monkeypatch.setattr(CacheImpl, "_locator_classes", [])
    assert module().more(1) == 2
    assert "no locator available" in caplog.text
    assert kept(tmp_path) == []


def test_a_full_disk_is_no_obstacle(module, monkeypatch, caplog):
    def fail(*_):
        raise OSError("No space left on device")

    # Short of a disk that is full, this is where numba would notice it.
    monkeypatch.setattr(IndexDataCacheFile, "_save_data", fail)
    assert module().more(1) == 2
    assert "No space left" in caplog.text


@pytest.mark.parametrize("content", [b"", b"\x80\x05garbage"])
def test_a_damaged_file_is_no_obstacle(module, tmp_path, caplog, content):
    module()
    (path,) = kept(tmp_path)
    path.write_bytes(content)
    assert module().more(1) == 2
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_errors_of_the_code_are_errors(module, tmp_path):
    (tmp_path / "arithmetic.py").write_text(SOURCE.replace("number + 1", "number + nothing"))
    with pytest.raises(Exception, match="nothing"):
        module()
