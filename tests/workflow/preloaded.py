"""Snakemake as a fork of a process that has imported it: imports are half the time of a plan."""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

_SERVER = multiprocessing.get_context("forkserver")
# Snakemake with the plugins that every call of it imports; nothing of this project, of which a
# test may use a changed copy.
_SERVER.set_forkserver_preload(
    [
        "jsonschema",
        "snakemake.cli",
        "snakemake.executors.dryrun",
        "snakemake.report.html_reporter",
        "snakemake_executor_plugin_slurm",
        "snakemake_logger_plugin_rich",
    ]
)


def run_snakemake(arguments: Sequence[str], folder: Path) -> subprocess.CompletedProcess:
    """Do what ``python -m snakemake`` does with these arguments in this folder.

    Limits of the calling process do not hold for it: they are those of the server.
    """
    with tempfile.TemporaryDirectory() as temporary:
        stdout, stderr = Path(temporary, "stdout"), Path(temporary, "stderr")
        process = _SERVER.Process(
            target=_main, args=(arguments, folder, dict(os.environ), stdout, stderr)
        )
        process.start()
        process.join()
        return subprocess.CompletedProcess(
            arguments, process.exitcode, stdout.read_text(), stderr.read_text()
        )


def _main(
    arguments: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    stdout: Path,
    stderr: Path,
) -> None:
    for descriptor, path in ((1, stdout), (2, stderr)):
        with path.open("wb") as file:
            os.dup2(file.fileno(), descriptor)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["snakemake", *arguments]
    # Already imported in the server, not to be imported by the process that calls it.
    from snakemake.cli import main

    main()
