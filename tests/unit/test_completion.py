"""Finished outputs come back after the engine has deleted them, and only the right ones."""

import subprocess
import sys
from pathlib import Path

import pytest

from jacspec.completion import (
    completing,
    fingerprint_of,
    forget_kept_outputs,
    withdraw_unrecorded_outputs,
)


@pytest.fixture
def outputs(tmp_path) -> list[Path]:
    return [tmp_path / "weights.pt", tmp_path / "training.csv"]


def compute(outputs, fingerprint="a", content="result") -> bool:
    """Return whether anything had to be computed."""
    with completing(outputs, fingerprint) as complete:
        if not complete:
            for output in outputs:
                output.unlink(missing_ok=True)
                output.write_text(f"{content} {output.name}")
    return not complete


def delete(outputs) -> None:
    for output in outputs:
        output.unlink()


def test_deleted_outputs_come_back(outputs):
    assert compute(outputs)
    delete(outputs)
    assert not compute(outputs)
    assert [output.read_text() for output in outputs] == [
        "result weights.pt",
        "result training.csv",
    ]


def test_outputs_that_are_still_there_stay(outputs):
    assert compute(outputs)
    assert not compute(outputs)
    hidden = [path.name for path in outputs[0].parent.iterdir() if path.name.startswith(".")]
    assert sorted(hidden) == [".training.csv.kept", ".weights.pt.kept", ".weights.pt.receipt"]


def test_other_facts_compute_again(outputs):
    assert compute(outputs, "a", "first")
    delete(outputs)
    assert compute(outputs, "b", "second")
    delete(outputs)
    assert compute(outputs, "a", "third")
    assert outputs[0].read_text() == "third weights.pt"


def test_failed_work_is_not_kept(outputs):
    with pytest.raises(ValueError, match="inside"), completing(outputs, "a"):
        outputs[0].write_text("half")
        raise ValueError("inside")
    assert compute(outputs)


@pytest.mark.parametrize("hidden", [".weights.pt.kept", ".training.csv.kept"])
@pytest.mark.parametrize("damage", [b"", b"resulu weights.pt"])
def test_damaged_or_missing_copies_compute_again(outputs, hidden, damage):
    assert compute(outputs)
    delete(outputs)
    outputs[0].with_name(hidden).write_bytes(damage)
    assert compute(outputs)
    delete(outputs)
    outputs[0].with_name(hidden).unlink()
    assert compute(outputs)


@pytest.mark.parametrize("receipt", ["", "[]", "{}", '{"fingerprint": "a"}'])
def test_damaged_receipt_computes_again(outputs, receipt):
    assert compute(outputs)
    delete(outputs)
    outputs[0].with_name(".weights.pt.receipt").write_text(receipt)
    assert compute(outputs)


def test_file_system_without_hard_links_still_works(outputs, monkeypatch):
    def refuse(*_):
        raise PermissionError("no hard links here")

    monkeypatch.setattr("jacspec.completion.os.link", refuse)
    assert compute(outputs)
    delete(outputs)
    assert compute(outputs)


def test_forgetting_removes_links_and_leaves_outputs(outputs):
    compute(outputs)
    forget_kept_outputs(outputs[0].parent)
    assert sorted(outputs[0].parent.iterdir()) == sorted(outputs)


@pytest.fixture
def finished(tmp_path, monkeypatch) -> tuple[Path, Path]:
    """Return a finished output, and where Snakemake would have a record of it."""
    monkeypatch.chdir(tmp_path)
    output = Path("results/paper/models/d2_seed0/weights.pt")
    output.parent.mkdir(parents=True)
    compute([output])
    Path(".snakemake/metadata").mkdir(parents=True)
    # base64 of the path, as Snakemake 9.27 names its records
    record = "cmVzdWx0cy9tb2RlbHMvZDJfc2VlZDAvd2VpZ2h0cy5wdA=="
    return output, Path(".snakemake/metadata") / record


def test_unrecorded_output_is_withdrawn_and_comes_back(finished):
    output, _ = finished
    assert withdraw_unrecorded_outputs("results") == [output]
    assert not output.exists()
    assert not compute([output])
    assert output.exists()


def test_recorded_output_stays(finished):
    output, record = finished
    record.touch()
    assert withdraw_unrecorded_outputs("results") == []
    assert output.exists()


def test_nothing_is_withdrawn_while_snakemake_runs(finished):
    output, _ = finished
    lock = Path(".snakemake/locks/0.output.lock")
    lock.parent.mkdir()
    lock.touch()
    assert withdraw_unrecorded_outputs("results") == []
    assert output.exists()


def test_second_of_two_processes_finds_the_work_of_the_first(outputs, project):
    writer = """
import sys, time
from jacspec import ownership
from jacspec.completion import completing
ownership.POLL_SECONDS = 0.02
with completing([sys.argv[1]], "a") as complete:
    if not complete:
        time.sleep(0.5)
        open(sys.argv[1], "w").write("result")
print("restored" if complete else "computed")
"""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", writer, str(outputs[0])],
            env={"PYTHONPATH": str(project / "workflow/scripts")},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    lines = [process.communicate(timeout=30)[0].splitlines()[-1] for process in processes]
    assert sorted(lines) == ["computed", "restored", "restored"]


def test_fingerprint_follows_facts_and_content_of_inputs(tmp_path):
    points = tmp_path / "points.h5"
    points.write_text("one")
    first = fingerprint_of({"seed": 0}, [points])
    assert fingerprint_of({"seed": 0}, [points]) == first
    assert fingerprint_of({"seed": 1}, [points]) != first
    points.write_text("two")
    assert fingerprint_of({"seed": 0}, [points]) != first
