"""Files are written whole, on file systems that can less than usual too."""

import errno
import logging
import os
import stat

import pytest

from jacspec import atomic
from jacspec.atomic import replacing


@pytest.fixture
def refuse(monkeypatch):
    """Make fsync fail: of folders only, as on old CIFS, or of everything."""
    atomic._warn_of_no_flush.cache_clear()
    real = os.fsync

    def make(number: int, *, folders_only: bool) -> None:
        def fsync(descriptor):
            if not folders_only or stat.S_ISDIR(os.fstat(descriptor).st_mode):
                raise OSError(number, os.strerror(number))
            real(descriptor)

        monkeypatch.setattr(os, "fsync", fsync)

    return make


@pytest.mark.parametrize("folders_only", [True, False])
@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS, errno.ENOTSUP])
def test_a_file_system_that_cannot_flush_is_written_to(
    tmp_path, refuse, caplog, number, folders_only
):
    refuse(number, folders_only=folders_only)
    with caplog.at_level(logging.WARNING):
        for name in ("a", "b"):
            with replacing(tmp_path / name) as temporary:
                temporary.write_text(name)
    assert (tmp_path / "a").read_text() + (tmp_path / "b").read_text() == "ab"
    (message,) = caplog.messages
    assert "cannot flush" in message
    assert "power failure" in message


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_a_flush_that_fails_is_an_error(tmp_path, refuse, number):
    refuse(number, folders_only=False)
    (tmp_path / "a").write_text("old")
    with pytest.raises(OSError) as raised, replacing(tmp_path / "a") as temporary:
        temporary.write_text("new")
    assert raised.value.errno == number
    assert (tmp_path / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
