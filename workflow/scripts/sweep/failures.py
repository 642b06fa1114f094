"""Which outputs are missing at the end of a failed run, why, and where the logs are.

Snakemake scatters this over its log, SLURM over the logs of its jobs: of a SLURM job with several
members, only its own log says which one failed, and what SLURM did to it. What SLURM says when it
refuses a request of several members, Snakemake drops.
"""

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# In the order of what explains most: SLURM cancels a job for any of the reasons.
_SLURM_REASONS = {
    r"exceeded memory limit|Exceeded job memory limit|oom.kill|OUT_OF_MEMORY": "out of memory",
    r"DUE TO TIME LIMIT|'TIMEOUT'": "out of time",
    r"DUE TO PREEMPTION|'PREEMPTED'": "preempted",
    r"DUE TO NODE FAILURE|'NODE_FAIL'": "its node failed",
    r"CANCELLED AT": "cancelled",
}
_REFUSAL = re.compile(r"The error message was '(.*?)'\.\s|failed with exception: (.+)", re.S)


@dataclass(frozen=True)
class Failure:
    """A job that failed: its first output, the reason in words, and its logs."""

    rule: str
    output: str
    reason: str
    logs: tuple[str, ...]

    def __str__(self) -> str:
        """Name all that a person needs to go on."""
        return "\n    ".join([f"{self.output} ({self.rule}): {self.reason}", *self.logs])


class FailureLog(logging.Handler):
    """Listens to Snakemake's logger, and says at the end what failed."""

    def __init__(self) -> None:
        super().__init__()
        self._errors: list[tuple[list[Mapping[str, Any]], list[str], str]] = []
        self._message = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what is said of a job that failed, or of several that were submitted as one."""
        event = getattr(record, "event", None)
        if event == "group_error":
            self._errors.append((record.job_error_info, record.aux_logs, self._message))
        # After a group, its members come once more.
        elif event == "job_error" and not record.indent:
            self._errors.append(([vars(record)], [], record.rule_msg or ""))

    def keeping_message(self, report: Callable[..., None]) -> Callable[..., None]:
        """Wrap an executor's `report_job_error`, whose message Snakemake drops of a group."""

        def kept(job_info: Any, msg: str | None = None, **more: Any) -> None:
            self._message = msg or ""
            report(job_info, msg=msg, **more)
            self._message = ""

        return kept

    def report(self, folder: Path | str = ".") -> str:
        """Return the last failure of each output that is missing in `folder`, to be read."""
        folder = Path(folder)
        last = {failure.output: failure for failure in self._failures(folder)}
        missing = [failure for output, failure in last.items() if not (folder / output).exists()]
        return "\n".join(["Missing at the end:", *map(str, missing)]) if missing else ""

    def _failures(self, folder: Path) -> Iterator[Failure]:
        for members, shared_logs, message in self._errors:
            shared_text = _read_all(folder, shared_logs)
            members = [member for member in members if member["output"]]
            blamed = [member for member in members if _is_blamed(shared_text, member["output"][0])]
            for member in blamed or members:
                logs, rule = [*member["log"], *shared_logs], member["rule_name"]
                text = _read_all(folder, member["log"]) + shared_text
                yield Failure(
                    rule=rule,
                    output=member["output"][0],
                    reason=_refusal(message) or _reason(message + text, rule),
                    logs=tuple(log for log in logs if (folder / log).exists()),
                )


def slurm_sentence(said: str) -> str:
    """Return what `sbatch` says of a request, without the names of its parts."""
    prefix = r"^(sbatch: |error: |allocation failure: |Batch job submission failed: )*"
    lines = [re.sub(prefix, "", line.strip()) for line in said.splitlines()]
    return "; ".join(dict.fromkeys(line for line in lines if line))


def _is_blamed(slurm_text: str, output: str) -> bool:
    errors = re.findall(r"^ *Error in rule \w+:\n((?: {4,}.*\n)+)", slurm_text, re.M)
    return any(f"output: {output}" in fields for fields in errors)


def _refusal(message: str) -> str | None:
    found = _REFUSAL.search(message)
    return found and f"SLURM refuses the request: {slurm_sentence(found[1] or found[2])}"


def _reason(text: str, rule: str) -> str:
    for pattern, words in _SLURM_REASONS.items():
        if re.search(pattern, text):
            return words
    # A job ends with its sentence on the terminal, and in its log.
    sentence = re.findall(rf"^(?:{rule}:|\S+ \S+ ERROR) (.+)$", text, re.M)
    return sentence[-1] if sentence else "see its logs"


def _read_all(folder: Path, logs: Iterable[str]) -> str:
    text = ""
    for log in logs:
        with suppress(OSError):
            text += (folder / log).read_text(encoding="utf-8", errors="replace")
    return text
