"""What a failed run says at its end, from logs as Snakemake and SLURM write them."""

from pathlib import Path

import pytest

from sweep.failures import failure_report

WEIGHTS = "results/paper/models/d3_seed0/weights.pt"
SPECTRA = "results/paper/spectra/mnist/d3_seed0.0.h5"
TRAINING_LOG = "logs/train_model/d3_seed0.log"
SLURM_LOG = "logs/slurm/group_model/9.log"

GROUP = f"""\
[Mon Nov 23 20:16:07 2026]
    message: Error in group model
    log: {{folder}}/{SLURM_LOG} (check log file(s) for error details)
    jobs:
        rule compute_spectra:
            jobid: 1
            output: {SPECTRA}
            log: logs/compute_spectra/mnist/d3_seed0.0.log (check log file(s) for error details)
        rule train_model:
            jobid: 0
            output: {WEIGHTS}, results/paper/models/d3_seed0/training.csv
            log: {TRAINING_LOG} (check log file(s) for error details)
    [Mon Nov 23 20:16:07 2026]
    Error in rule train_model:
        message: None
        jobid: 0
        output: {WEIGHTS}, results/paper/models/d3_seed0/training.csv
        log: {TRAINING_LOG} (check log file(s) for error details)
Exiting because a job execution failed. Look above for error messages
"""
MEMBER_FAILED = f"""\
train_model: training diverged: the loss of epoch 3 is nan
(log: {TRAINING_LOG})
[Mon Nov 23 20:00:52 2026]
Error in rule train_model:
    message: None
    jobid: 0
    output: {WEIGHTS}, results/paper/models/d3_seed0/training.csv
    log: {TRAINING_LOG} (check log file(s) for error details)
Shutting down, this might take some time.
"""
SINGLE = f"""\
train_model: training diverged: the loss of epoch 3 is nan
[Mon Nov 23 20:00:52 2026]
Error in rule train_model:
    message: SLURM-job '9' failed, SLURM status is: 'FAILED'.
    jobid: 0
    output: {WEIGHTS}, results/paper/models/d3_seed0/training.csv
    log: {TRAINING_LOG}, {SLURM_LOG} (check log file(s) for error details)
Shutting down, this might take some time.
"""


@pytest.fixture
def report(tmp_path):
    def make(snakemake_text: str, slurm_text: str = "") -> str:
        log = tmp_path / SLURM_LOG
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(slurm_text)
        main = tmp_path / "snakemake.log"
        main.write_text(snakemake_text.format(folder=tmp_path))
        return failure_report([main], tmp_path)

    return make


def test_member_that_failed_is_named_with_its_sentence_and_logs(report, tmp_path):
    said = report(GROUP, MEMBER_FAILED)
    assert f"{WEIGHTS} (train_model): training diverged: the loss of epoch 3 is nan" in said
    assert TRAINING_LOG in said
    assert str(tmp_path / SLURM_LOG) in said
    assert SPECTRA not in said


@pytest.mark.parametrize(
    ("slurm_text", "reason"),
    [
        ("slurmstepd-n1: error: StepId=8.batch exceeded memory limit (1 > 0)", "out of memory"),
        ("error: *** JOB 8 ON n1 CANCELLED AT 2026-11-23 DUE TO TIME LIMIT ***", "out of time"),
        ("error: *** JOB 8 ON n1 CANCELLED AT 2026-11-23 DUE TO PREEMPTION ***", "preempted"),
        ("*** JOB 8 ON n1 CANCELLED AT 2026 DUE TO NODE FAILURE, SEE ... ***", "its node failed"),
        ("error: *** JOB 8 ON n1 CANCELLED AT 2026-11-23 ***", "cancelled"),
        ("", "see its logs"),
    ],
)
def test_reason_that_slurm_gives(report, slurm_text, reason):
    said = report(GROUP, slurm_text)
    assert f"{WEIGHTS} (train_model): {reason}" in said
    assert f"{SPECTRA} (compute_spectra): {reason}" in said


def test_job_of_one_rule(report):
    said = report(SINGLE)
    assert f"{WEIGHTS} (train_model): training diverged" in said
    assert TRAINING_LOG in said
    assert SLURM_LOG in said


def test_output_that_a_later_attempt_made_is_not_reported(report, tmp_path):
    for output in (WEIGHTS, SPECTRA):
        path = Path(tmp_path / output)
        path.parent.mkdir(parents=True)
        path.touch()
    assert report(GROUP, MEMBER_FAILED) == ""


def test_nothing_failed(report):
    assert report("Nothing to be done\n") == ""
