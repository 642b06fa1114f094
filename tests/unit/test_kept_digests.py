"""What is kept of code digests is what they are, whatever becomes of files and of what is kept."""

from pathlib import Path

import pytest

from jacspec import provenance
from sweep import kept_digests
from sweep.kept_digests import KEPT_DIGESTS, kept_code_digest, sources_digest


@pytest.fixture
def scripts(tmp_path, monkeypatch) -> Path:
    """Return a folder of scripts, one of which imports a package, beside a sweep's folder."""
    scripts = tmp_path / "scripts"
    (scripts / "jacspec").mkdir(parents=True)
    (scripts / "jacspec/one.py").write_text("x = 1\n")
    (scripts / "script.py").write_text("from jacspec import one\n")
    (scripts / "other.py").write_text("y = 1\n")
    monkeypatch.setattr(provenance, "PACKAGE_FOLDER", scripts / "jacspec")
    (tmp_path / "sweep").mkdir()
    monkeypatch.chdir(tmp_path / "sweep")
    return scripts


@pytest.fixture
def taken(monkeypatch) -> list[list[str]]:
    """Return a list to which the names of files are added whose digest is taken anew."""
    calls = []

    def counted(files):
        calls.append([Path(file).name for file in files])
        return provenance.code_digest(files)

    monkeypatch.setattr(kept_digests, "code_digest", counted)
    return calls


def digest(scripts: Path, *names: str) -> str:
    files = [scripts / name for name in names]
    found = kept_code_digest(files, scripts, sources_digest(scripts))
    assert found == provenance.code_digest(files)
    return found


def test_a_digest_is_taken_once(scripts, taken):
    first = [
        digest(scripts, "script.py"),
        digest(scripts, "other.py"),
        digest(scripts, "script.py"),
    ]
    assert first[0] == first[2] != first[1]
    assert taken == [["script.py"], ["other.py"]]


@pytest.mark.parametrize("name", ["script.py", "jacspec/one.py", "other.py"])
def test_after_an_edit_of_any_source_all_are_taken_anew(scripts, taken, name):
    digest(scripts, "script.py")
    (scripts / name).write_text("x = 2\n")
    digest(scripts, "script.py")
    assert len(taken) == 2


def test_an_edit_of_a_file_elsewhere_is_noticed(scripts, tmp_path, taken):
    own = tmp_path / "own.py"
    own.write_text("z = 1\n")
    before = digest(scripts, "script.py", "../own.py")
    own.write_text("z = 2\n")
    assert digest(scripts, "script.py", "../own.py") != before
    assert len(taken) == 2


def test_a_file_that_is_saved_meanwhile_is_not_mistaken_for_what_it_was(scripts, monkeypatch):
    """The digest is of what was there after the edit, and must not be kept for what was before."""

    def saved_meanwhile(files):
        (scripts / "jacspec/one.py").write_text("x = 2\n")
        return provenance.code_digest(files)

    with monkeypatch.context() as patched:
        patched.setattr(kept_digests, "code_digest", saved_meanwhile)
        kept_code_digest([scripts / "script.py"], scripts, sources_digest(scripts))
    (scripts / "jacspec/one.py").write_text("x = 1\n")
    digest(scripts, "script.py")


@pytest.mark.parametrize("damage", ["emptied", "cut", "another digit", "not text"])
def test_what_is_damaged_is_taken_anew_and_kept_again(scripts, taken, damage):
    found = digest(scripts, "script.py")
    whole = KEPT_DIGESTS.read_bytes()
    another = found.translate(str.maketrans("0123456789abcdef", "123456789abcdef0"))
    KEPT_DIGESTS.write_bytes(
        {
            "emptied": b"",
            "cut": whole[:-5],
            "another digit": whole.replace(found.encode(), another.encode()),
            "not text": b"\xff" + whole,
        }[damage]
    )
    digest(scripts, "script.py")
    digest(scripts, "script.py")
    assert len(taken) == 2


def test_what_is_kept_does_not_grow_with_edits(scripts):
    digest(scripts, "script.py")
    before = len(KEPT_DIGESTS.read_bytes())
    for value in range(5):
        (scripts / "other.py").write_text(f"y = {value}\n")
        digest(scripts, "script.py")
    assert len(KEPT_DIGESTS.read_bytes()) == before


def test_where_nothing_can_be_kept_the_digest_is_taken(scripts):
    # A file in the place of the folder: no user may write there, root neither.
    KEPT_DIGESTS.parent.write_text("")
    digest(scripts, "script.py")
    KEPT_DIGESTS.parent.unlink()
    KEPT_DIGESTS.parent.mkdir()
    digest(scripts, "script.py")
    assert KEPT_DIGESTS.exists()


def test_nothing_but_the_digests_is_left_in_the_folder(scripts):
    digest(scripts, "script.py")
    assert [path.name for path in KEPT_DIGESTS.parent.iterdir()] == [KEPT_DIGESTS.name]
