"""Finished work that survives Snakemake's deleting it.

Snakemake deletes outputs that are whole: those of every member when one member of a group fails,
and those that it did not see finished. A finished job therefore leaves a second link to each of its
outputs, beside its receipt. A job that is to compute the same again links them back instead. Links
take no space; `forget_kept_outputs` removes those that are not needed any more.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from jacspec.atomic import replacing
from jacspec.provenance import sha256_of_file
from sweep.ownership import owning
from sweep.receipts import Origin, Receipt, read_receipt, write_receipt

_KEPT_SUFFIX = ".kept"


@contextmanager
def completing(
    outputs: Sequence[str], origin: Origin, report: Callable[[str], None] = print
) -> Iterator[bool]:
    """Own `outputs` while the block runs, and yield whether they are there already.

    They are when an earlier job of the same origin, with inputs of the same content and the same
    libraries, has finished them, be it while this one waited for it. If not, the block must write
    all of them. Raises what `owning` raises.
    """
    outputs = [str(output) for output in outputs]
    with owning(outputs[0], report):
        receipt = Receipt.of(origin)
        restored = _restore(outputs, receipt)
        if restored:
            report("nothing to compute: an earlier job has finished the same output")
        yield restored
        if not restored:
            _keep(outputs, receipt)


def forget_kept_outputs(folders: Iterable[str], is_recorded: Callable[[str], bool]) -> None:
    """Remove second links below `folders` where nothing can be lost by it.

    That is where the output is there, recorded by Snakemake, and has the same content: most often
    it is the same file under another name. Where anything else lies in the place of the output, the
    link is the only whole copy and stays.
    """
    for folder in folders:
        for kept in Path(folder).rglob(f".*{_KEPT_SUFFIX}"):
            output = kept.with_name(kept.name.removesuffix(_KEPT_SUFFIX)[1:])
            if is_recorded(str(output)) and output.exists() and _have_same_content(output, kept):
                kept.unlink(missing_ok=True)


def _kept(output: str) -> Path:
    path = Path(output)
    return path.with_name(f".{path.name}{_KEPT_SUFFIX}")


def _keep(outputs: Sequence[str], receipt: Receipt) -> None:
    for output in outputs:
        # Some file systems know no hard links: then a Snakemake that forgets costs the work again.
        with suppress(OSError):
            _link(Path(output), _kept(output))
    hashes = {output: sha256_of_file(output) for output in outputs}
    write_receipt(replace(receipt, outputs=hashes))


def _restore(outputs: Sequence[str], receipt: Receipt) -> bool:
    """Put kept outputs in their places, if all of them are whole."""
    earlier = read_receipt(outputs)
    if earlier is None or not earlier.has_same_source(receipt):
        return False
    whole = {output: _whole(output, earlier) for output in outputs}
    if None in whole.values():
        return False
    for output, path in whole.items():
        _link(path, Path(output))
    return True


def _whole(output: str, receipt: Receipt) -> Path | None:
    """Return a file with the content that an output had; None if there is none any more."""
    for path in (Path(output), _kept(output)):
        with suppress(OSError):
            if sha256_of_file(path) == receipt.outputs.get(output):
                return path
    return None


def _have_same_content(one: Path, other: Path) -> bool:
    return one.samefile(other) or sha256_of_file(one) == sha256_of_file(other)


def _link(existing: Path, new: Path) -> None:
    # Renaming a file over another link to it does nothing, and would leave the temporary one.
    if not (new.exists() and new.samefile(existing)):
        with replacing(new) as temporary:
            os.link(existing, temporary)
