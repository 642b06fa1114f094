"""What a failed run says at its end, from Snakemake's events and from logs as SLURM writes them."""

import logging
from pathlib import Path

import pytest
from snakemake.exceptions import WorkflowError
from snakemake_interface_logger_plugins.common import LogEvent

from sweep.failures import FailureLog, slurm_sentence

WEIGHTS = "results/paper/models/d3_seed0/weights.pt"
SPECTRA = "results/paper/spectra/mnist/d3_seed0.0.h5"
TRAINING_LOG = "logs/train_model/d3_seed0.log"
SLURM_LOG = "logs/slurm/group_model/9.log"

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
REFUSED = (
    "SLURM sbatch failed. The error message was 'sbatch: error: Batch job submission failed: "
    "Requested time limit is invalid (missing or exceeds some limit)'.\n    sbatch call:\n   sbatch"
)


def error_info(rule: str, *output: str, log: str, message: str | None = None, indent=False) -> dict:
    """Return what Snakemake's events say of one job that failed."""
    return {
        "event": LogEvent.JOB_ERROR,
        "rule_name": rule,
        "rule_msg": message,
        "output": list(output),
        "log": [log],
        "indent": indent,
    }


class Run:
    """A run that ends with errors, as far as the report of failures hears of them."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.failures = FailureLog()
        self.logger = logging.Logger("snakemake")
        self.logger.addHandler(self.failures)

    def group_fails(self, message: str = "", logs: tuple[str, ...] = (SLURM_LOG,)) -> None:
        members = [
            error_info(
                "compute_spectra",
                SPECTRA,
                log="logs/compute_spectra/mnist/d3_seed0.0.log",
                indent=True,
            ),
            error_info(
                "train_model",
                WEIGHTS,
                "results/paper/models/d3_seed0/training.csv",
                log=TRAINING_LOG,
                indent=True,
            ),
        ]

        def report(_job_info: object, **_message: str) -> None:
            """As Snakemake does: the message goes nowhere."""
            event = {"event": LogEvent.GROUP_ERROR, "job_error_info": members}
            self.logger.error("Error in group", extra={**event, "aux_logs": list(logs)})
            for member in members:
                self.logger.error("Error in rule", extra=member)

        self.failures.keeping_message(report)(None, msg=message)

    def rule_fails(self, message: str | None = None) -> None:
        info = error_info("train_model", WEIGHTS, log=TRAINING_LOG, message=message)
        self.logger.error("Error in rule", extra=info)

    def write(self, log: str, text: str) -> None:
        (self.folder / log).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / log).write_text(text)

    @property
    def report(self) -> str:
        return self.failures.report(self.folder)


@pytest.fixture
def run(tmp_path) -> Run:
    return Run(tmp_path)


def test_member_that_failed_is_named_with_its_sentence_and_logs(run):
    run.write(SLURM_LOG, MEMBER_FAILED)
    run.write(TRAINING_LOG, "")
    run.group_fails()
    said = run.report
    assert f"{WEIGHTS} (train_model): training diverged: the loss of epoch 3 is nan" in said
    assert TRAINING_LOG in said
    assert SLURM_LOG in said
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
def test_reason_that_slurm_gives(run, slurm_text, reason):
    run.write(SLURM_LOG, slurm_text)
    run.group_fails("SLURM-job '9' failed, SLURM status is: 'FAILED'. For further ...")
    assert f"{WEIGHTS} (train_model): {reason}" in run.report
    assert f"{SPECTRA} (compute_spectra): {reason}" in run.report


def test_status_says_what_the_log_does_not(run):
    run.group_fails("SLURM-job '9' failed, SLURM status is: 'TIMEOUT'. For further ...")
    assert f"{WEIGHTS} (train_model): out of time" in run.report


def test_request_that_slurm_refuses_is_reported_with_its_sentence_and_without_logs(run):
    run.group_fails(REFUSED, logs=())
    said = run.report
    sentence = "Requested time limit is invalid (missing or exceeds some limit)"
    assert f"{WEIGHTS} (train_model): SLURM refuses the request: {sentence}" in said
    assert ".log" not in said


def test_request_that_the_executor_refuses_is_reported_with_its_sentence(run):
    error = WorkflowError("The given account nope appears to be invalid.")
    run.rule_fails(f"Job submission failed with exception: {error}")
    assert "(train_model): SLURM refuses the request: The given account nope appears" in run.report


def test_message_of_one_group_is_not_that_of_the_next(run):
    run.group_fails(REFUSED)
    run.group_fails()
    assert f"{WEIGHTS} (train_model): see its logs" in run.report


def test_job_of_one_rule(run):
    run.write(TRAINING_LOG, "2026-11-23 20:00:52,1 ERROR training diverged: the loss is nan\n")
    run.rule_fails()
    assert f"{WEIGHTS} (train_model): training diverged: the loss is nan" in run.report
    assert TRAINING_LOG in run.report


def test_output_that_a_later_attempt_made_is_not_reported(run):
    run.group_fails()
    for output in (WEIGHTS, SPECTRA):
        run.write(output, "")
    assert run.report == ""


def test_nothing_failed(run):
    run.logger.info("Nothing to be done")
    assert run.report == ""


def test_what_sbatch_says_is_one_sentence():
    said = (
        "sbatch: error: Memory specification can not be satisfied\n"
        "sbatch: error: Batch job submission failed: Requested node configuration is not available"
    )
    assert slurm_sentence(said) == (
        "Memory specification can not be satisfied; Requested node configuration is not available"
    )
    assert slurm_sentence("allocation failure: Invalid qos specification\n") == (
        "Invalid qos specification"
    )
