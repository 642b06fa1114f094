"""What SLURM says to the largest requests of a sweep, asked before the first one is submitted."""

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from os.path import relpath
from pathlib import Path
from typing import Any

from sweep.failures import slurm_sentence

_AMOUNTS = ("runtime", "mem_mb", "gpu", "_cores")
# Of what SLURM complains, and the settings that it may mean; the first that fits.
_MEANT = {
    r"time limit": ("runtime", "slurm_partition"),
    r"account": ("slurm_account", "slurm_partition"),
    r"qos": ("qos",),
    r"partition": ("slurm_partition",),
    r"memory": ("mem_mb", "slurm_partition"),
    r"feature|constraint": ("constraint",),
    r"processors": ("threads", "cores", "slurm_partition"),
    r"": ("gpu_model", "gres", "gpu", "mem_mb", "constraint", "slurm_partition", "slurm_extra"),
}


def refused_requests(workflow: Any) -> str:
    """Return which of a sweep's requests SLURM refuses, why and what to change; "" if none.

    Of each group and each rule, the largest are tried with `sbatch --test-only`. SLURM refuses them
    then for nodes that are merely down, too, so what is refused is submitted once more, for
    tomorrow, and cancelled if it is accepted.
    """
    executor = workflow.scheduler._executor  # no public name
    refusals = {}
    for job in _largest(_submitted_jobs(workflow.dag)):
        sentence = _refusal(executor, job)
        if sentence:
            refusals.setdefault((_name(job), sentence), job)
    project, folder = Path(workflow.main_snakefile).parent, Path(workflow.rundir)
    sources = SettingSources.of(sys.argv, project, folder)
    return "\n".join(
        f"SLURM refuses {name}: {sentence}. {_advice(sentence, job, sources)}"
        for (name, sentence), job in refusals.items()
    )


@dataclass(frozen=True)
class SettingSources:
    """Where a user sets resources: the command line, then profiles; the first one prevails."""

    arguments: tuple[str, ...]
    profiles: tuple[Path, ...]
    folder: Path

    @classmethod
    def of(cls, arguments: Sequence[str], project: Path, folder: Path) -> "SettingSources":
        """Find the project's profile and those that a command line names, given in `folder`."""
        from snakemake.cli import get_profile_dir

        given = dict(re.findall(r"(--(?:workflow-)?profile)[= ](\S+)", " ".join(arguments)))
        ours = given.get("--workflow-profile", str(project / "profiles/default"))
        names = [name for name in (ours, given.get("--profile")) if name]
        # Snakemake has left the folder for that of the results.
        names = [str(folder / name) if (folder / name).exists() else name for name in names]
        files = [found[1] for found in map(get_profile_dir, names) if found]
        return cls(tuple(arguments), tuple(files), folder)

    def of_setting(self, setting: str, rule: str) -> str | None:
        """Return where a resource is set for a rule, or for all; None if nowhere."""
        for argument in self.arguments:
            if re.match(rf"({rule}:)?{setting}=", argument):
                return f"{argument} of the command line"
        for scope in (rf"[\"']?{rule}\b.*\b{setting}\b", rf"(- *)?[\"']?{setting}\b"):
            for file in self.profiles:
                for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1):
                    if re.match(rf"\s*{scope}", line):
                        return f"line {number} of {self._shown(file)}, {line.strip()!r}"
        return None

    @property
    def profile(self) -> str:
        """The profile to write a new line into."""
        return self._shown(self.profiles[-1]) if self.profiles else "a profile"

    def _shown(self, file: Path) -> str:
        return relpath(file, self.folder)


def _submitted_jobs(dag: Any) -> set[Any]:
    jobs = {dag.get_job_group(job) or job for job in dag.needrun_jobs()}
    return {job for job in jobs if not job.is_local}


def _name(job: Any) -> str:
    return f"group {job.groupid}" if job.is_group() else f"rule {job.rule.name}"


def _largest(jobs: Iterable[Any]) -> Iterator[Any]:
    """Yield, of all jobs that differ in amounts only, the one with the most of each."""
    largest: dict[tuple, Any] = {}
    for job in jobs:
        words = {name: value for name, value in job.resources.items() if isinstance(value, str)}
        words.pop("tmpdir", None)
        for amount in _AMOUNTS:
            key = (_name(job), tuple(sorted(words.items())), amount)
            most = largest.setdefault(key, job)
            if job.resources.get(amount, 0) > most.resources.get(amount, 0):
                largest[key] = job
    yield from dict.fromkeys(largest.values())


def _refusal(executor: Any, job: Any) -> str:
    """Return SLURM's sentence if it refuses the request of `job`, "" if it takes it."""
    from snakemake.exceptions import WorkflowError

    try:
        call = _submission(executor, job)
    except WorkflowError as error:
        return " ".join(str(error).split())
    if _sbatch(f"{call} --test-only").returncode == 0:
        return ""
    answer = _sbatch(f"{call} --begin=now+1days")
    if answer.returncode == 0:
        number = answer.stdout.strip().split(";")[0]
        subprocess.run(["scancel", number], check=False, capture_output=True)
        return ""
    return slurm_sentence(answer.stderr)


def _submission(executor: Any, job: Any) -> str:
    """Return the call of `sbatch` as the executor makes it, but for a job that does nothing."""
    from snakemake_executor_plugin_slurm import get_submit_command, set_gres_string

    params = {
        "run_uuid": executor.run_uuid,
        "slurm_logfile": "/dev/null",
        "comment_str": "jacspec-request",
        "account": next(executor.get_account_arg(job)),
        "partition": executor.get_partition_arg(job),
        "workdir": executor.workflow.workdir_init,
    }
    settings = executor.workflow.executor_settings
    return f"{get_submit_command(job, params, settings)}{set_gres_string(job)} --wrap=true"


def _sbatch(call: str) -> subprocess.CompletedProcess:
    return subprocess.run(call, shell=True, text=True, capture_output=True, check=False)


def _advice(sentence: str, job: Any, sources: SettingSources) -> str:
    """Return what the request is, and where to change it."""
    settings = next(
        names for pattern, names in _MEANT.items() if re.search(pattern, sentence, re.IGNORECASE)
    )
    asked = [name for name in settings if job.resources.get(name)]
    if not asked:
        return f"Add {settings[0]} to default-resources in {sources.profile}"
    request = ", ".join(f"{name}={job.resources.get(name)}" for name in asked)
    places = {name: sources.of_setting(name, _rule_with_most(job, name)) for name in asked}
    remedies = [place for place in places.values() if place]
    unset = [name for name, place in places.items() if place is None]
    if unset:
        rule = _rule_with_most(job, unset[0])
        remedies.append(f"{', '.join(unset)} of {rule} under set-resources in {sources.profile}")
    return f"It asks for {request}: change {' or '.join(remedies)}"


def _rule_with_most(job: Any, setting: str) -> str:
    members = sorted(job.jobs if job.is_group() else [job], key=lambda member: member.rule.name)

    def amount(member: Any) -> tuple[bool, float]:
        value = member.resources.get(setting)
        return value is not None, value if isinstance(value, int | float) else 0

    return max(members, key=amount).rule.name
