"""Finished work that survives the engine's forgetting it.

Snakemake deletes outputs that are whole: those of every member when one member of a group fails,
and those that were finished after it was itself killed. A finished job therefore leaves a second
link to each of its outputs, with a receipt that says what it was computed from. A job that is to
compute the same again links them back instead. Links take no space; `forget_kept_outputs` removes
them at the end of a sweep.

It also records nothing for an output that was finished after it was itself killed, and would not
see later that a parameter of it has changed. `withdraw_unrecorded_outputs` makes it ask again.

Only the standard library is used.
"""

import base64
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from jacspec.atomic import replacing
from jacspec.ownership import owning
from jacspec.provenance import library_versions, sha256_of_file

_KEPT_SUFFIX = ".kept"
_RECEIPT_SUFFIX = ".receipt"


@contextmanager
def completing(
    outputs: Sequence[Path | str],
    fingerprint: str,
    report: Callable[[str], None] = print,
) -> Iterator[bool]:
    """Own `outputs` while the block runs, and yield whether they are there already.

    They are when an earlier job with the same `fingerprint` has finished them, be it while this
    one waited for it. If not, the block must write all of them. Raises what `owning` raises.
    """
    outputs = [Path(output) for output in outputs]
    with owning(outputs[0], report):
        restored = _restore(outputs, fingerprint)
        if restored:
            report("nothing to compute: an earlier job has finished the same output")
        yield restored
        if not restored:
            _keep(outputs, fingerprint)


def fingerprint_of(facts: Mapping[str, Any], inputs: Sequence[Path | str]) -> str:
    """Return 64 hexadecimal digits for what decides over the bytes of a job's outputs.

    `facts` are its parameters, as JSON can hold them; the content of the `inputs` and the versions
    of the libraries are added.
    """
    description = {
        "facts": dict(facts),
        "inputs": [sha256_of_file(path) for path in inputs],
        "libraries": library_versions(),
    }
    return hashlib.sha256(json.dumps(description, sort_keys=True, default=str).encode()).hexdigest()


def withdraw_unrecorded_outputs(
    folder: Path | str, engine_folder: Path | str = ".snakemake"
) -> list[Path]:
    """Remove, and return, finished outputs below `folder` of which Snakemake has no record.

    Their second links stay, so that the job that is asked for them again has nothing to compute,
    if it is still the same job. Does nothing while a lock says that Snakemake runs in this folder:
    it may not have noticed yet what has just been finished. `folder` is relative to that of the
    run, as the names of outputs are.
    """
    engine_folder = Path(engine_folder)
    if any((engine_folder / "locks").glob("*")):
        return []
    withdrawn = []
    for receipt in Path(folder).rglob(f".*{_RECEIPT_SUFFIX}"):
        output = receipt.with_name(receipt.name.removesuffix(_RECEIPT_SUFFIX)[1:])
        record = base64.urlsafe_b64encode(str(output).encode()).decode()
        if output.exists() and not (engine_folder / "metadata" / record).exists():
            output.unlink()
            withdrawn.append(output)
    return withdrawn


def forget_kept_outputs(folder: Path | str) -> None:
    """Remove the links and receipts below `folder`; the outputs stay."""
    for suffix in (_KEPT_SUFFIX, _RECEIPT_SUFFIX):
        for path in Path(folder).rglob(f".*{suffix}"):
            path.unlink(missing_ok=True)


def _hidden(output: Path, suffix: str) -> Path:
    return output.with_name(f".{output.name}{suffix}")


def _keep(outputs: Sequence[Path], fingerprint: str) -> None:
    receipt = _hidden(outputs[0], _RECEIPT_SUFFIX)
    receipt.unlink(missing_ok=True)
    # Some file systems know no hard links: then an engine that forgets costs the work again.
    with suppress(OSError):
        for output in outputs:
            _link(output, _hidden(output, _KEPT_SUFFIX))
        contents = [sha256_of_file(output) for output in outputs]
        with replacing(receipt) as temporary:
            temporary.write_text(json.dumps({"fingerprint": fingerprint, "contents": contents}))


def _restore(outputs: Sequence[Path], fingerprint: str) -> bool:
    try:
        receipt = json.loads(_hidden(outputs[0], _RECEIPT_SUFFIX).read_text(encoding="utf-8"))
        kept = [_hidden(output, _KEPT_SUFFIX) for output in outputs]
        if receipt["fingerprint"] != fingerprint:
            return False
        if receipt["contents"] != [sha256_of_file(path) for path in kept]:
            return False
        for output, path in zip(outputs, kept, strict=True):
            _link(path, output)
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return True


def _link(existing: Path, new: Path) -> None:
    # Renaming a file over another link to it does nothing, and would leave the temporary one.
    if not (new.exists() and new.samefile(existing)):
        with replacing(new) as temporary:
            os.link(existing, temporary)
