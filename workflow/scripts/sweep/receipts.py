"""Receipts: what each finished job made, and from what.

Snakemake's own records get lost: with its folder, by a kill, in a copy without hidden files. They
also hold what was planned, not what was computed. A receipt lies with the results and says both
SHA-256 of every output and all that decided over its bytes. Its name is short, whatever the names
of the outputs are. A job that gives the same bytes leaves the same receipt.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jacspec.atomic import replacing
from jacspec.provenance import library_versions, sha256_of_file

# Folders of results; where there is none, the folder of an output takes its place.
_TOPS = ("results", "resources")
_NAME = ".receipts"


@dataclass(frozen=True)
class Origin:
    """What decides over the bytes of a job's outputs, without the content of its inputs.

    `params` are in the words of Python (`repr`), as Snakemake records and compares them.
    """

    rule: str
    wildcards: dict[str, str]
    params: dict[str, str]
    inputs: tuple[str, ...]

    @classmethod
    def of(cls, rule: str, job: Any) -> "Origin":
        """Take it from a job of Snakemake, as a script or as the plan sees it."""
        return cls(
            rule=rule,
            wildcards={name: str(value) for name, value in job.wildcards.items()},
            params={name: repr(value) for name, value in job.params.items()},
            inputs=tuple(map(str, job.input)),
        )


@dataclass(frozen=True)
class PlannedJob:
    """One job as it would be run now, done already or not."""

    origin: Origin
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Receipt:
    """A finished job: its origin, SHA-256 of inputs and outputs by path, versions of libraries."""

    origin: Origin
    inputs: dict[str, str]
    libraries: dict[str, str]
    outputs: dict[str, str]

    @classmethod
    def of(cls, origin: Origin, outputs: Mapping[str, str] | None = None) -> "Receipt":
        """Return the receipt of a job that is run now; its `outputs` can be given later."""
        return cls(
            origin=origin,
            inputs={path: sha256_of_file(path) for path in origin.inputs},
            libraries=library_versions(),
            outputs=dict(outputs or {}),
        )

    def has_same_source(self, other: "Receipt") -> bool:
        """Return whether the two jobs must have given the same bytes."""
        mine, others = (
            (receipt.origin, receipt.inputs, receipt.libraries) for receipt in (self, other)
        )
        return mine == others


def receipt_path(outputs: Sequence[str]) -> Path:
    """Return where the receipt of the job with these outputs is, or is going to be."""
    output = Path(outputs[0])
    top = next((folder for folder in output.parents if folder.name in _TOPS), output.parent)
    return top / _NAME / f"{hashlib.sha256(str(output).encode()).hexdigest()[:32]}.json"


def read_receipt(outputs: Sequence[str]) -> Receipt | None:
    """Return the receipt of the job with these outputs; None if there is none that can be read."""
    return _read(receipt_path(outputs))


def read_receipts(folders: Iterable[Path | str]) -> Iterator[Receipt]:
    """Yield all receipts below folders of results that can be read, in the order of their names."""
    for folder in folders:
        for path in sorted(Path(folder, _NAME).glob("*.json")):
            receipt = _read(path)
            if receipt is not None:
                yield receipt


def write_receipt(receipt: Receipt) -> None:
    """Write a receipt, or replace that of an earlier job with the same outputs."""
    with replacing(receipt_path([*receipt.outputs])) as temporary:
        temporary.write_text(json.dumps(asdict(receipt), indent=1), encoding="utf-8")


def _read(path: Path) -> Receipt | None:
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        origin = Origin(**fields.pop("origin"))
        return Receipt(
            origin=Origin(origin.rule, origin.wildcards, origin.params, tuple(origin.inputs)),
            **fields,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
