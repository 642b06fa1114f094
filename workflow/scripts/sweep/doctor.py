"""What is wrong with results, told from their receipts, and the command that mends it."""

import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from zipfile import ZipFile

from jacspec.data.mnist import COLLECTIONS
from jacspec.provenance import sha256_of_file
from sweep.receipts import PlannedJob, Receipt, read_receipt

CONDITIONS = ("damaged", "missing", "stale", "unknown")
_LONGEST_REASON = 100  # of what was and what is, in characters

Content = Callable[[str], str | None]


@dataclass(frozen=True)
class Fault:
    """A file with which something is wrong: `condition` is one of `CONDITIONS`.

    One that may be somebody's own is never to be overwritten, so that making it `by_force` is
    advised only where a receipt says that a job has made it.
    """

    path: str
    condition: str
    reason: str
    by_force: bool = False

    def line(self, options: str) -> str:
        """Say it in one line, with the command; `options` are those that make it of this sweep."""
        path = shlex.quote(self.path)
        force = "--force " if self.by_force else ""
        command = f"snakemake --cores 1 {force}{path} {options}".rstrip()
        if self.condition == "unknown":
            advice = f"Keep it if it is yours; else: mv {path} {path}.other && {command}"
        else:
            advice = f"Make it again with: {command}"
        return f"{self.condition}: {self.path}: {self.reason}. {advice}"


@dataclass(frozen=True)
class _Staleness:
    """Why outputs are not what would be made now; not its own if that of an input is enough."""

    reason: str
    is_own: bool


def examine(jobs: Sequence[PlannedJob]) -> Iterator[Fault]:
    """Yield what is wrong with the outputs of `jobs`, of which those come last that need others.

    All of every file is read, and its SHA-256 compared with that of its receipt.
    """
    content = cache(_sha256)
    stale: set[str] = set()
    # Once mended, a damaged file is again what later ones were made from.
    damaged: dict[str, str] = {}

    def mended_content(path: str) -> str | None:
        return damaged.get(path) or content(path)

    for job in jobs:
        receipt = read_receipt(job.outputs)
        staleness = _staleness(job, receipt, stale, mended_content) if receipt else None
        if staleness:
            stale.update(job.outputs)
        for output in job.outputs:
            finding = _examine_output(output, receipt, staleness, content)
            if finding:
                yield finding
            if finding and finding.condition == "damaged" and receipt:
                damaged[output] = receipt.outputs.get(output, "")


def examine_others(receipts: Iterable[Receipt], jobs: Sequence[PlannedJob]) -> Iterator[Fault]:
    """Yield what is damaged of the files that other configurations than this one have made.

    Several receipts may name a file, where an earlier version of the workflow made it in a job with
    other outputs; one of them knows the file as it is.
    """
    planned = {output for job in jobs for output in job.outputs}
    written: dict[str, set[str]] = {}
    for receipt in receipts:
        for output, content in receipt.outputs.items():
            written.setdefault(output, set()).add(content)
    for output, contents in written.items():
        if output not in planned and Path(output).exists() and _sha256(output) not in contents:
            finding = _not_what_was_written(output)
            reason = f"{finding.reason}, and of another configuration than this one"
            yield replace(finding, reason=reason)


def _examine_output(
    output: str, receipt: Receipt | None, staleness: _Staleness | None, content: Content
) -> Fault | None:
    if not Path(output).exists():
        return Fault(output, "missing", "there is no such file")
    if content(output) is None:
        return Fault(output, "damaged", "it cannot be read", by_force=receipt is not None)
    if receipt is None:
        if content(output) == _published_content(output):
            return None
        return Fault(output, "unknown", "no receipt says what it was made from")
    if content(output) != receipt.outputs.get(output):
        return _not_what_was_written(output)
    if staleness:
        return Fault(output, "stale", staleness.reason, by_force=staleness.is_own)
    return None


def _not_what_was_written(output: str) -> Fault:
    if _is_whole_archive(output):
        return Fault(output, "unknown", "it is whole, but not what was written here")
    return Fault(output, "damaged", "it is not what was written", by_force=True)


def _staleness(
    job: PlannedJob, receipt: Receipt, stale: set[str], content: Content
) -> _Staleness | None:
    reasons = [*_differences(receipt, job), *_changed_inputs(receipt, content)]
    if reasons:
        return _Staleness("; ".join(reasons), is_own=True)
    for path in job.origin.inputs:
        if path in stale:
            return _Staleness(f"{path}, from which it was made, is stale", is_own=False)
    return None


def _differences(receipt: Receipt, job: PlannedJob) -> Iterator[str]:
    """Yield in what the job of a receipt was another one than is planned."""
    was, now = receipt.origin, job.origin
    if was.rule != now.rule:
        yield f"it was made by {was.rule}, now by {now.rule}"
    for name in {**was.params, **now.params}:
        old, new = (origin.params.get(name, "nothing") for origin in (was, now))
        if old != new and (name == "code" or len(old + new) > _LONGEST_REASON):
            yield f"{name} has changed"
        elif old != new:
            yield f"{name} was {old}, is {new}"
    for path in {**dict.fromkeys(was.inputs), **dict.fromkeys(now.inputs)}:
        if (path in was.inputs) != (path in now.inputs):
            yield f"it was made {'with' if path in was.inputs else 'without'} {path}"


def _changed_inputs(receipt: Receipt, content: Content) -> Iterator[str]:
    for path, was in receipt.inputs.items():
        if content(path) not in (was, None):
            yield f"it was made from another {path}"


def _sha256(path: str) -> str | None:
    try:
        return sha256_of_file(path)
    except OSError:
        return None


def _published_content(path: str) -> str | None:
    """Return the SHA-256 of a raw file of images, which is known without a receipt."""
    collection = COLLECTIONS.get(Path(path).parent.name)
    return collection and collection.sha256.get(Path(path).name)


def _is_whole_archive(path: str) -> bool:
    """Return whether somebody may have put weights of their own in the place of a model's.

    Those are zip archives, as torch saves them, of whatever layers and names, with a checksum on
    each member.
    """
    try:
        with ZipFile(path) as archive:
            return archive.testzip() is None
    # Damage makes a reader fail in any way.
    except Exception:
        return False
