"""Records of Snakemake's for outputs that were finished without its seeing it.

Snakemake records what an output was made from when it sees the job end. Of an output without a
record it cannot tell later that a parameter has changed: after a kill of Snakemake whose jobs went
on, after a loss of ``.snakemake``, in a copy without it. Then the receipt of the job tells.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from snakemake.io import IOFile
from snakemake.persistence import RECORD_FORMAT_VERSION, MetadataRecord, PersistenceBase
from snakemake.persistence.db import DbPersistence
from snakemake.persistence.file import FilePersistence
from snakemake.settings.types import PersistenceBackend

from jacspec.provenance import sha256_of_file
from sweep.receipts import Receipt

if TYPE_CHECKING:
    from snakemake.workflow import Workflow


def persistence_of(workflow: "Workflow") -> PersistenceBase:
    """Return what Snakemake will record in, which it opens only after it has read the rules."""
    settings = workflow.workflow_settings
    if settings.persistence_backend == PersistenceBackend.DB:
        url = settings.persistence_backend_db_url
        return DbPersistence(db_url=url) if url else DbPersistence()
    return FilePersistence()


def record_unseen(persistence: PersistenceBase, receipts: Iterable[Receipt]) -> None:
    """Record the outputs of receipts that have no record, or count as begun but not finished.

    Files that are not there any more, or have another content than their receipt says, are left
    out. Nothing is done while a lock says that Snakemake runs in this folder: it may be about to
    record what has just been finished. No file outside of Snakemake's own folder is changed.
    """
    if any(persistence._read_locks()):
        return
    receipts = list(receipts)
    outputs = [output for receipt in receipts for output in receipt.outputs]
    begun = persistence._filter_incomplete_keys(outputs)
    for receipt in receipts:
        for output, content in receipt.outputs.items():
            file = IOFile(output)
            is_recorded = output not in begun and persistence.metadata(file) is not None
            if is_recorded or not _has_content(Path(output), content):
                continue
            # Whatever was begun has been finished, or else the content would be another one.
            persistence.cleanup_metadata(file)
            persistence._write_record(output, _record(receipt, Path(output)))


def _has_content(path: Path, content: str) -> bool:
    try:
        return sha256_of_file(path) == content
    except OSError:
        return False


def _record(receipt: Receipt, output: Path) -> MetadataRecord:
    """Return what Snakemake compares with the plan; the rest of its records, only it knows."""
    finished = output.stat().st_mtime
    return MetadataRecord(
        record_format_version=RECORD_FORMAT_VERSION,
        rule=receipt.origin.rule,
        input=sorted(receipt.origin.inputs),
        params=sorted(receipt.origin.params.values()),
        input_checksums={path: f"sha256:{sum_}" for path, sum_ in receipt.inputs.items()},
        log=[],
        starttime=finished,
        endtime=finished,
        incomplete=False,
    )
