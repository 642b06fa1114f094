"""Snakemake gets a record of what was finished unseen, and only of that, in either backend."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.io import IOFile
from snakemake.persistence import MetadataRecord
from snakemake.settings.types import PersistenceBackend

from sweep.completion import completing
from sweep.receipts import Origin, read_receipts
from sweep.records import persistence_of, record_unseen

WEIGHTS = "results/models/d2_seed0/weights.pt"
ORIGIN = Origin("train_model", {"seed": "0"}, {"epochs": "3", "code": "'ab'"}, ("mnist",))


@pytest.fixture(params=PersistenceBackend)
def persistence(request, tmp_path, monkeypatch):
    """Return the memory of a Snakemake that has not seen how a job ended."""
    monkeypatch.chdir(tmp_path)
    Path("mnist").write_text("images")
    with completing([WEIGHTS], ORIGIN):
        Path(WEIGHTS).parent.mkdir(parents=True, exist_ok=True)
        Path(WEIGHTS).write_text("weights")
    settings = SimpleNamespace(persistence_backend=request.param, persistence_backend_db_url=None)
    return persistence_of(SimpleNamespace(workflow_settings=settings))


def recorded(persistence) -> MetadataRecord | None:
    return persistence.metadata(IOFile(WEIGHTS))


def listing() -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in Path("results").rglob("*") if path.is_file()}


def test_what_was_finished_unseen_is_recorded_and_no_result_is_changed(persistence):
    before = listing()
    assert recorded(persistence) is None
    record_unseen(persistence, read_receipts(["results"]))
    record = recorded(persistence)
    assert record.rule == "train_model"
    assert record.params == ["'ab'", "3"]
    assert record.input == ["mnist"]
    assert listing() == before


def test_an_output_that_was_begun_and_finished_counts_as_finished(persistence):
    job = SimpleNamespace(output=[IOFile(WEIGHTS)])
    persistence.started(job)
    persistence._write_record(WEIGHTS, MetadataRecord(params=["2"], record_format_version=6))
    persistence.started(job)
    record_unseen(persistence, read_receipts(["results"]))
    assert recorded(persistence).params == ["'ab'", "3"]
    assert not persistence._filter_incomplete_keys([WEIGHTS])


def test_what_snakemake_has_recorded_stays(persistence):
    persistence._write_record(WEIGHTS, MetadataRecord(params=["2"], record_format_version=6))
    record_unseen(persistence, read_receipts(["results"]))
    assert recorded(persistence).params == ["2"]


def test_another_file_in_the_place_of_an_output_is_not_recorded(persistence):
    Path(WEIGHTS).unlink()
    Path(WEIGHTS).write_text("imported")
    record_unseen(persistence, read_receipts(["results"]))
    assert recorded(persistence) is None
    Path(WEIGHTS).unlink()
    record_unseen(persistence, read_receipts(["results"]))
    assert recorded(persistence) is None


def test_nothing_is_recorded_while_snakemake_runs(persistence):
    persistence._write_locks("output", ["another file"])
    record_unseen(persistence, read_receipts(["results"]))
    assert recorded(persistence) is None
    persistence.cleanup_locks()
    record_unseen(persistence, read_receipts(["results"]))
    assert recorded(persistence) is not None
