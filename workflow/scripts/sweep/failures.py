"""Which outputs are missing at the end of a failed run, why, and where the logs are.

Snakemake scatters this over its log, SLURM over the logs of its jobs: of a SLURM job with several
members, only its own log says which one failed, and what SLURM did to it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

# In the order of what explains most: SLURM cancels a job for any of the reasons.
_SLURM_REASONS = {
    r"exceeded memory limit|Exceeded job memory limit|oom.kill|OUT_OF_MEMORY": "out of memory",
    r"DUE TO TIME LIMIT": "out of time",
    r"DUE TO PREEMPTION": "preempted",
    r"DUE TO NODE FAILURE": "its node failed",
    r"CANCELLED AT": "cancelled",
}
_GROUP = re.compile(
    r"^ *message: Error in group \S+\n *log: (\S+).*\n *jobs:\n((?: {8,}.*\n)+)", re.M
)
_MEMBER = re.compile(r"^ *rule (\w+):\n(?:.*\n)*?.*output: ([^,\n]+).*\n.*log: ([^,\s]+)", re.M)
_RULE = re.compile(r"^ *Error in rule (\w+):\n((?: {4,}.*\n)+)", re.M)


@dataclass(frozen=True)
class Failure:
    """A job that failed: its first output, the reason in words, and its logs."""

    rule: str
    output: str
    reason: str
    logs: tuple[str, ...]

    def __str__(self) -> str:
        """Name all that a person needs to go on."""
        return f"{self.output} ({self.rule}): {self.reason}\n    " + "\n    ".join(self.logs)


def failure_report(snakemake_logs: Iterable[Path | str], folder: Path | str = ".") -> str:
    """Return the last failure of each output that is missing in `folder`, for people to read.

    `snakemake_logs` are the logs of one run; paths in them are relative to `folder`.
    """
    folder = Path(folder)
    text = "".join(_read(Path(log)) for log in snakemake_logs)
    last = {failure.output: failure for failure in _failures(text, folder)}
    missing = [failure for output, failure in last.items() if not (folder / output).exists()]
    return "\n".join(["Missing at the end:", *map(str, missing)]) if missing else ""


def _failures(text: str, folder: Path) -> Iterator[Failure]:
    in_groups = set()
    for slurm_log, members in _GROUP.findall(text):
        slurm_text = _read(folder / slurm_log)
        members = _MEMBER.findall(members)
        in_groups.update(output for _, output, _ in members)
        blamed = [member for member in members if _is_blamed(slurm_text, member[1])]
        for rule, output, log in blamed or members:
            yield Failure(rule, output, _reason(slurm_text, rule), (log, slurm_log))
    for rule, fields in _RULE.findall(text):
        output = re.search(r"output: ([^,\n]+)", fields)
        logs = re.search(r"log: (.+?)(?: \(check.*)?$", fields, re.M)
        if output is None or output[1] in in_groups:
            continue
        paths = tuple(logs[1].split(", ")) if logs else ()
        said = "".join(_read(folder / path) for path in paths)
        yield Failure(rule, output[1], _reason(said + text, rule), paths)


def _is_blamed(slurm_text: str, output: str) -> bool:
    return any(f"output: {output}" in fields for _, fields in _RULE.findall(slurm_text))


def _reason(text: str, rule: str) -> str:
    for pattern, words in _SLURM_REASONS.items():
        if re.search(pattern, text):
            return words
    sentence = re.findall(rf"^{rule}: (.+)$", text, re.M)
    return sentence[-1] if sentence else "see its logs"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
