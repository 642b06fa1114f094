"""Finished outputs come back after Snakemake has deleted them, and only the right ones."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sweep.completion import completing, forget_kept_outputs
from sweep.receipts import Origin, read_receipt, read_receipts

WEIGHTS = Path("results/models/d2_seed0/weights.pt")
HISTORY = Path("results/models/d2_seed0/training.csv")
OUTPUTS = [str(WEIGHTS), str(HISTORY)]
FOLDER = Path("results/.receipts")


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def origin(seed: int = 0, inputs: tuple[str, ...] = ()) -> Origin:
    return Origin("train_model", {"latent_dim": "2"}, {"seed": repr(seed)}, inputs)


def compute(source=None, content="result", outputs=OUTPUTS) -> bool:
    """Return whether anything had to be computed."""
    with completing(outputs, source or origin()) as complete:
        if not complete:
            for output in map(Path, outputs):
                output.unlink(missing_ok=True)
                output.write_text(f"{content} {output.name}")
    return not complete


def delete_outputs():
    for output in OUTPUTS:
        Path(output).unlink()


def kept(output: Path) -> Path:
    return output.with_name(f".{output.name}.kept")


def test_deleted_outputs_come_back():
    assert compute()
    delete_outputs()
    assert not compute()
    assert WEIGHTS.read_text() == "result weights.pt"
    assert HISTORY.read_text() == "result training.csv"


def test_outputs_that_are_still_there_stay():
    assert compute()
    assert not compute()
    assert sorted(WEIGHTS.parent.iterdir()) == sorted(
        [WEIGHTS, HISTORY, kept(WEIGHTS), kept(HISTORY)]
    )


def test_one_of_two_outputs_that_was_deleted_comes_back():
    assert compute()
    HISTORY.unlink()
    kept(WEIGHTS).unlink()
    assert not compute()
    assert HISTORY.read_text() == "result training.csv"


def test_another_origin_computes_again():
    assert compute(origin(seed=0), "first")
    delete_outputs()
    assert compute(origin(seed=1), "second")
    delete_outputs()
    assert compute(origin(seed=0), "third")
    assert WEIGHTS.read_text() == "third weights.pt"


def test_an_input_of_another_content_computes_again():
    Path("points.h5").write_text("one")
    assert compute(origin(inputs=("points.h5",)))
    assert not compute(origin(inputs=("points.h5",)))
    Path("points.h5").write_text("two")
    assert compute(origin(inputs=("points.h5",)))


def test_another_version_of_a_library_computes_again(monkeypatch):
    assert compute()
    monkeypatch.setattr("sweep.receipts.library_versions", lambda: {"torch_version": "3"})
    assert compute()


def test_failed_work_is_not_kept():
    with pytest.raises(ValueError, match="inside"), completing(OUTPUTS, origin()):
        WEIGHTS.write_text("half")
        raise ValueError("inside")
    assert not [*read_receipts(["results"])]
    assert compute()


@pytest.mark.parametrize("output", [WEIGHTS, HISTORY])
@pytest.mark.parametrize("damage", [b"", b"resulu weights.pt"])
def test_damaged_or_missing_copies_compute_again(output, damage):
    assert compute()
    delete_outputs()
    kept(output).write_bytes(damage)
    assert compute()
    delete_outputs()
    kept(output).unlink()
    assert compute()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"origin": {}}', '{"origin": 1}', "\x00"])
def test_a_damaged_receipt_computes_again(text):
    assert compute()
    delete_outputs()
    (receipt,) = FOLDER.iterdir()
    receipt.write_text(text)
    assert compute()


def test_a_file_system_without_hard_links_still_works(monkeypatch):
    def refuse(*_):
        raise PermissionError("no hard links here")

    monkeypatch.setattr("sweep.completion.os.link", refuse)
    assert compute()
    assert not compute()
    delete_outputs()
    assert compute()


def test_a_receipt_says_what_was_made_and_from_what():
    Path("points.h5").write_text("one")
    compute(origin(inputs=("points.h5",)))
    receipt = read_receipt(OUTPUTS)
    assert receipt.origin == origin(inputs=("points.h5",))
    # SHA-256 of "one", "result weights.pt" and "result training.csv", by sha256sum
    one = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
    assert receipt.inputs == {"points.h5": one}
    assert [*receipt.outputs] == OUTPUTS
    assert receipt.outputs[str(WEIGHTS)] == (
        "3097a49877e28f98e4b063cf38b4a4f80750fc050ccaad82da90095f7a03d40d"
    )
    assert set(receipt.libraries) == {"torch_version", "numpy_version", "h5py_version"}


def test_the_same_job_leaves_the_same_receipt():
    compute()
    (receipt,) = FOLDER.iterdir()
    before = receipt.read_bytes()
    receipt.unlink()
    compute()
    assert receipt.read_bytes() == before


def test_names_of_any_length_that_a_file_system_takes_are_kept():
    # Kept links and temporary files have longer names; Snakemake's own limit is that of a path.
    folder = Path("results", *["f" * 200] * 10)
    outputs = [str(folder / ("o" * 80 + ".0.h5"))]
    assert compute(outputs=outputs)
    Path(outputs[0]).unlink()
    assert not compute(outputs=outputs)
    assert all(len(path.name) < 40 for path in FOLDER.iterdir())


def is_recorded(_: str) -> bool:
    return True


def test_forgetting_removes_links_and_leaves_outputs_and_receipts():
    compute()
    forget_kept_outputs(["results"], is_recorded)
    assert sorted(WEIGHTS.parent.iterdir()) == sorted([WEIGHTS, HISTORY])
    assert read_receipt(OUTPUTS) is not None


def test_a_link_whose_output_is_gone_is_not_forgotten():
    compute()
    WEIGHTS.unlink()
    forget_kept_outputs(["results"], is_recorded)
    assert kept(WEIGHTS).exists()
    assert not kept(HISTORY).exists()


def test_a_link_whose_output_is_not_recorded_is_not_forgotten():
    compute()
    forget_kept_outputs(["results"], lambda output: output == str(HISTORY))
    assert kept(WEIGHTS).exists()
    assert not kept(HISTORY).exists()


def test_a_link_whose_output_was_replaced_is_not_forgotten():
    compute()
    WEIGHTS.unlink()
    WEIGHTS.write_text("damaged")
    HISTORY.unlink()
    HISTORY.write_text("result training.csv")
    forget_kept_outputs(["results"], is_recorded)
    assert kept(WEIGHTS).read_text() == "result weights.pt"
    assert not kept(HISTORY).exists()


def test_second_of_two_processes_finds_the_work_of_the_first(project):
    writer = """
import sys, time
from sweep import ownership
from sweep.completion import completing
from sweep.receipts import Origin
ownership.POLL_SECONDS = 0.02
with completing(["output"], Origin("rule", {}, {}, ())) as complete:
    if not complete:
        time.sleep(0.5)
        open("output", "w").write("result")
print("restored" if complete else "computed")
"""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", writer],
            env={"PYTHONPATH": str(project / "workflow/scripts")},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    lines = [process.communicate(timeout=30)[0].splitlines()[-1] for process in processes]
    assert sorted(lines) == ["computed", "restored", "restored"]


def test_a_receipt_is_text_that_people_can_read():
    compute()
    (path,) = FOLDER.iterdir()
    assert json.loads(path.read_text())["origin"]["params"] == {"seed": "0"}
