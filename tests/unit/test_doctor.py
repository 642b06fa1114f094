"""The doctor names what is damaged, missing and stale, and has nothing to say about the rest."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from jacspec.models.autoencoder import initialized_autoencoder
from jacspec.models.weights import save_weights
from jacspec.provenance import sha256_of_file
from sweep.doctor import examine, examine_others
from sweep.receipts import Origin, PlannedJob, Receipt, read_receipts, write_receipt

WEIGHTS = "results/paper/models/d2_seed0/weights.pt"
HISTORY = "results/paper/models/d2_seed0/training.csv"
POINTS = "results/points/uniform.0.h5"
SPECTRA = "results/paper/spectra/uniform/d2_seed0.0.h5"
FIGURE = "results/paper/figures/figure_1.pdf"
FOLDER = Path("results/.receipts")

TRAINING = PlannedJob(
    Origin("train_model", {"seed": "0"}, {"learning_rate": "0.5", "code": "'ab'"}, ()),
    (WEIGHTS, HISTORY),
)
SAMPLING = PlannedJob(Origin("random_points", {}, {"sample_seed": "0"}, ()), (POINTS,))
COMPUTING = PlannedJob(Origin("compute_spectra", {}, {}, (WEIGHTS, POINTS)), (SPECTRA,))
DRAWING = PlannedJob(Origin("figure", {}, {}, (SPECTRA,)), (FIGURE,))
JOBS = [TRAINING, SAMPLING, COMPUTING, DRAWING]


def write_weights(path: str, seed: int) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    save_weights(Path(path), initialized_autoencoder(2, (5, 4), seed=seed, input_dim=6))


@pytest.fixture(autouse=True)
def finished(tmp_path, monkeypatch):
    """Do all jobs in a folder, and leave their receipts."""
    monkeypatch.chdir(tmp_path)
    write_weights(WEIGHTS, seed=0)
    for path in (HISTORY, POINTS, SPECTRA, FIGURE):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(f"content of {path}")
    for job in JOBS:
        outputs = {output: sha256_of_file(output) for output in job.outputs}
        write_receipt(Receipt.of(job.origin, outputs))


def findings(jobs=JOBS) -> dict[str, tuple[str, str]]:
    """Return condition and reason of the files with which something is wrong."""
    return {found.path: (found.condition, found.reason) for found in examine(jobs)}


def with_params(job: PlannedJob, **params: str) -> PlannedJob:
    return replace(job, origin=replace(job.origin, params={**job.origin.params, **params}))


def test_nothing_is_wrong_with_what_was_made_as_planned():
    assert findings() == {}


@pytest.mark.parametrize("path", [HISTORY, POINTS, SPECTRA, FIGURE])
@pytest.mark.parametrize("damage", ["", "content"])
def test_a_damaged_file_of_any_kind_is_named_with_the_command_that_mends_it(path, damage):
    Path(path).write_text(damage)
    (found,) = examine(JOBS)
    assert (found.condition, found.reason) == ("damaged", "it is not what was written")
    line = found.line("--config 'samples=10'")
    assert line.startswith(f"damaged: {path}: ")
    assert line.endswith(f": snakemake --cores 1 --force {path} --config 'samples=10'")


def test_damaged_weights_are_damaged():
    Path(WEIGHTS).write_bytes(Path(WEIGHTS).read_bytes()[:-40])
    assert findings() == {WEIGHTS: ("damaged", "it is not what was written")}


def test_a_missing_file_is_missing_and_needs_no_force():
    Path(FIGURE).unlink()
    (found,) = examine(JOBS)
    assert found.condition == "missing"
    assert found.line("").endswith(f"snakemake --cores 1 {FIGURE}")


@pytest.mark.parametrize("with_receipt", [True, False])
def test_weights_of_ones_own_are_never_to_be_overwritten(with_receipt):
    write_weights(WEIGHTS, seed=1)
    if not with_receipt:
        for receipt in FOLDER.iterdir():
            if "train_model" in receipt.read_text():
                receipt.unlink()
    (found, *_) = [finding for finding in examine(JOBS) if finding.path == WEIGHTS]
    assert found.condition == "unknown"
    assert "--force" not in found.line("")
    assert f"Keep it if it is yours; else: mv {WEIGHTS} {WEIGHTS}.other && snake" in found.line("")


def test_weights_of_ones_own_are_so_whatever_their_layers_and_names():
    torch.save(torch.nn.Conv2d(16, 16, 5).to(torch.bfloat16).state_dict(), WEIGHTS)
    (found, *_) = [finding for finding in examine(JOBS) if finding.path == WEIGHTS]
    assert (found.condition, found.by_force) == ("unknown", False)
    content = bytearray(Path(WEIGHTS).read_bytes())
    content[len(content) // 2] ^= 1
    Path(WEIGHTS).write_bytes(content)
    assert findings() == {WEIGHTS: ("damaged", "it is not what was written")}


def test_what_was_made_from_other_weights_is_stale_and_all_that_follows():
    write_weights(WEIGHTS, seed=1)
    found = findings()
    assert found[SPECTRA] == ("stale", f"it was made from another {WEIGHTS}")
    assert found[FIGURE] == ("stale", f"{SPECTRA}, from which it was made, is stale")
    assert POINTS not in found


@pytest.mark.parametrize(
    ("job", "params", "reason"),
    [
        (TRAINING, {"learning_rate": "0.1"}, "learning_rate was 0.5, is 0.1"),
        (TRAINING, {"batch_size": "16"}, "batch_size was nothing, is 16"),
        (TRAINING, {"code": "'cd'"}, "code has changed"),
        (SAMPLING, {"sample_seed": "1"}, "sample_seed was 0, is 1"),
        (SAMPLING, {"distribution": repr(["long"] * 20)}, "distribution has changed"),
    ],
)
def test_another_parameter_makes_a_result_stale_and_all_that_follows(job, params, reason):
    jobs = [with_params(planned, **params) if planned is job else planned for planned in JOBS]
    found = {finding.path: finding for finding in examine(jobs)}
    for output in job.outputs:
        assert (found[output].condition, found[output].reason) == ("stale", reason)
        assert "--force" in found[output].line("")
    assert set(found) == {*job.outputs, SPECTRA, FIGURE}
    # To make again what they are made from is enough.
    assert "--force" not in found[FIGURE].line("")


def test_other_inputs_make_a_result_stale():
    more = replace(COMPUTING.origin, inputs=(WEIGHTS, "results/points/more.h5"))
    found = findings([TRAINING, SAMPLING, replace(COMPUTING, origin=more)])
    words = f"it was made with {POINTS}; it was made without results/points/more.h5"
    assert found == {SPECTRA: ("stale", words)}


def test_a_file_without_a_receipt_is_unknown():
    for receipt in FOLDER.iterdir():
        receipt.unlink()
    found = findings()
    assert set(found) == {WEIGHTS, HISTORY, POINTS, SPECTRA, FIGURE}
    assert {condition for condition, _ in found.values()} == {"unknown"}


def test_raw_images_are_known_without_a_receipt(monkeypatch):
    path = Path("resources/mnist/train-images-idx3-ubyte")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"images")
    fetching = PlannedJob(Origin("fetch_mnist", {}, {}, ()), (str(path),))
    assert findings([fetching])[str(path)][0] == "unknown"
    content = sha256_of_file(path)
    monkeypatch.setattr("sweep.doctor._published_content", lambda _: content)
    assert findings([fetching]) == {}


def test_files_of_another_configuration_are_looked_at_for_damage_alone():
    jobs = [TRAINING, SAMPLING]
    assert not [*examine_others(read_receipts(["results"]), jobs)]
    Path(SPECTRA).write_text("")
    Path(FIGURE).unlink()
    Path(POINTS).write_text("")
    (found,) = examine_others(read_receipts(["results"]), jobs)
    assert (found.path, found.condition) == (SPECTRA, "damaged")
    assert found.reason == "it is not what was written, and of another configuration than this one"


def test_a_file_that_an_earlier_workflow_made_in_a_job_with_others_is_as_the_later_one_wrote_it():
    Path(SPECTRA).write_text("later")
    Path(FIGURE).write_text("later, too")
    outputs = {path: sha256_of_file(path) for path in (FIGURE, SPECTRA)}
    write_receipt(Receipt.of(Origin("compute_and_draw", {}, {}, ()), outputs))
    jobs = [TRAINING, SAMPLING]
    assert not [*examine_others(read_receipts(["results"]), jobs)]
    Path(SPECTRA).write_text("damaged")
    assert [one.path for one in examine_others(read_receipts(["results"]), jobs)] == [SPECTRA]


def test_weights_of_ones_own_in_another_configuration_are_not_to_be_overwritten_either():
    write_weights(WEIGHTS, seed=1)
    (found,) = examine_others(read_receipts(["results"]), [SAMPLING, COMPUTING, DRAWING])
    assert (found.path, found.condition) == (WEIGHTS, "unknown")
    assert "--force" not in found.line("")
