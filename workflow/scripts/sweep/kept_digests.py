"""Digests of code, kept from one command to the next: to take them is a sixth of a small plan."""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from jacspec.atomic import replacing
from jacspec.provenance import code_digest, sha256_of_file

# In the folder of a sweep, beside what Snakemake keeps.
KEPT_DIGESTS = Path(".snakemake/jacspec_code_digests")


def sources_digest(scripts: Path) -> str:
    """Return a digest of all Python files below a folder, which takes a hundredth of a second."""
    digest = sha256()
    for path in sorted(scripts.rglob("*.py")):
        digest.update(f"{path.relative_to(scripts)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def kept_code_digest(files: Iterable[Path | str], scripts: Path, sources: str) -> str:
    """Return `code_digest(files)`, from `KEPT_DIGESTS` if no byte has changed since it was taken.

    What files import, and what counts, lies in `scripts`, of which `sources` is the digest. Where
    nothing can be kept, as in a folder that is read-only, the digest is taken anew.
    """
    files = [Path(file) for file in files]
    kept = _kept(sources)
    content = _content_digest(files)
    if content not in kept:
        kept[content] = code_digest(files)
        # Somebody may have saved a file in the meantime: then it is the digest of neither state.
        if (sources_digest(scripts), _content_digest(files)) == (sources, content):
            _keep(sources, kept)
    return kept[content]


def _content_digest(files: Sequence[Path]) -> str:
    digest = sha256()
    for path in files:
        digest.update(f"{path.resolve()}\n{sha256_of_file(path)}\n".encode())
    return digest.hexdigest()


def _kept(sources: str) -> dict[str, str]:
    """Return the digests of one state of the sources by the contents of files."""
    with suppress(OSError, ValueError):
        head, _, body = KEPT_DIGESTS.read_text(encoding="utf-8").partition("\n")
        # Of these sources, and undamaged: a wrong digit would run a whole sweep again.
        if head == _seal(sources, body):
            return json.loads(body)
    return {}


def _keep(sources: str, digests: Mapping[str, str]) -> None:
    body = json.dumps(digests, indent=1)
    with suppress(OSError), replacing(KEPT_DIGESTS) as temporary:
        temporary.write_text(f"{_seal(sources, body)}\n{body}", encoding="utf-8")


def _seal(sources: str, body: str) -> str:
    return sha256(f"{sources}\n{body}".encode()).hexdigest()
