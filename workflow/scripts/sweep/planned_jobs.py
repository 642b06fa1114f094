"""What a configuration asks for: all jobs of the sweep, and the command that it was given with."""

import json
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from snakemake.jobs import Job

from sweep.receipts import Origin, PlannedJob

if TYPE_CHECKING:
    from snakemake.workflow import Workflow


def planned_jobs(workflow: "Workflow", targets: Iterable[str]) -> list[PlannedJob]:
    """Return every job that `targets` depend on, those last that depend on others.

    Files that no rule makes are left out. Snakemake's own plan knows only what it is asked for, and
    has no place for what a rule without inputs, as is that of the doctor, would like to look at.
    """
    jobs: dict[tuple, PlannedJob] = {}
    seen: set[str] = set()

    def visit(file: str) -> None:
        seen.add(file)
        rules = workflow.dag.output_index.match_producers(file)
        if not rules:
            return
        rule = max(rules)
        wildcards = rule.get_wildcards(file)
        job = Job(rule, workflow.dag, wildcards, targetfile=file)
        for path in map(str, job.input):
            if path not in seen:
                visit(path)
        planned = PlannedJob(Origin.of(rule.name, job), tuple(map(str, job.output)))
        jobs.setdefault((rule.name, *sorted(wildcards.items())), planned)

    for target in map(str, targets):
        if target not in seen:
            visit(target)
    return list(jobs.values())


def command_line(workflow: "Workflow") -> str:
    """Return the options that make another call of Snakemake mean the same sweep as this one."""
    folder = Path(workflow.rundir)
    words = []
    if Path(workflow.main_snakefile).resolve() != (folder / "Snakefile").resolve():
        words += ["--snakefile", _seen_from(folder, workflow.main_snakefile)]
    if workflow.overwrite_workdir is not None:
        words += ["--directory", _seen_from(folder, workflow.overwrite_workdir)]
    settings = workflow.config_settings
    if settings.configfiles:
        words += ["--configfile", *(_seen_from(folder, path) for path in settings.configfiles)]
    if settings.config:
        words += [
            "--config",
            *(f"{key}={json.dumps(settings.config[key])}" for key in settings.config),
        ]
    return shlex.join(words)


def _seen_from(folder: Path, path: str | Path) -> str:
    path = folder / path
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)
