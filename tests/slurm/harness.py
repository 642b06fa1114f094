"""A real SLURM cluster, and sweeps that run on it through profiles/slurm."""

import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

HERE = Path(__file__).parent
FIRST_PORT = 20000  # each process of the tests has 40 of its own
GPU_NODES = ("n1", "n2")
TRAINING_LOGS = "logs/train_model/*/*.log"
PATIENCE = 3600.0  # seconds until what is waited for counts as never coming, on a busy machine too


def wait_until(condition: Callable[[], object], what: str):
    """Return the first true value of `condition`."""
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {PATIENCE:.0f} s in vain: {what}"
        time.sleep(0.1)
    return value


@dataclass(frozen=True)
class SlurmJob:
    """What `scontrol show job` says of one job."""

    number: str
    name: str
    rule: str
    state: str
    nodes: str
    gpus: int
    megabytes: int
    minutes: int
    restarts: int
    start: datetime | None
    end: datetime | None


@dataclass(frozen=True)
class FrozenTraining:
    """A stopped training process, the job that it is of, and the last epoch in its log."""

    process: int
    job: str
    epoch: int

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self.process, signal.SIGCONT)


class Cluster:
    """The cluster of cluster.sh, in a folder and at ports of its own."""

    def __init__(self, folder: Path, project: Path, *, accounting: bool = False):
        self.folder = folder
        self.project = project
        self.environment = {
            **os.environ,
            "USER": "root",
            "CLUSTER_FOLDER": str(folder),
            # One cluster with accounting and one without may run side by side.
            "CLUSTER_PORT": str(FIRST_PORT + (os.getpid() % 500 * 2 + accounting) * 20),
            "CLUSTER_ACCOUNTING": str(int(accounting)),
            "SLURM_CONF": str(folder / "etc/slurm.conf"),
            "PATH": f"{folder}/bin:{os.environ['PATH']}",
        }

    def up(self) -> str:
        return self.run(str(HERE / "cluster.sh"), "up")

    def down(self) -> str:
        return self.run(str(HERE / "cluster.sh"), "down")

    def run(self, *command: str) -> str:
        finished = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False
        )
        assert finished.returncode == 0, f"{command}: {finished.stdout}{finished.stderr}"
        return finished.stdout

    def jobs(self, prefix: str) -> list[SlurmJob]:
        """Return the jobs of the sweep with this prefix."""
        lines = self.run("scontrol", "--oneliner", "show", "jobs").splitlines()
        jobs = [_parse_job(line) for line in lines if line.startswith("JobId=")]
        return [job for job in jobs if job.name.startswith(f"{prefix}_")]

    def slurmd(self, node: str) -> int:
        """Return the process number of a node's daemon."""
        return int((self.folder / f"pid/slurmd.{node}.pid").read_text())


def _parse_job(line: str) -> SlurmJob:
    fields = dict(re.findall(r"(\S+?)=(\S*)", line))
    days, clock = re.fullmatch(r"(?:(\d+)-)?([\d:]+)", fields["TimeLimit"]).groups()
    hours, minutes, _ = (int(part) for part in clock.split(":"))
    gpus = re.search(r"gpu(?::\w+)?:(\d+)", fields.get("TresPerJob", ""))
    return SlurmJob(
        number=fields["JobId"],
        name=fields["JobName"],
        rule=fields.get("Comment", ""),
        state=fields["JobState"],
        nodes=fields["NodeList"],
        gpus=int(gpus[1]) if gpus else 0,
        megabytes=int(re.search(r"mem=(\d+)M", fields["TRES"])[1]),
        minutes=(int(days or 0) * 24 + hours) * 60 + minutes,
        restarts=int(fields["Restarts"]),
        start=_parse_time(fields["StartTime"]),
        end=_parse_time(fields["EndTime"]),
    )


def _parse_time(text: str) -> datetime | None:
    return None if text == "Unknown" else datetime.fromisoformat(text)


class Sweep:
    """A folder in which Snakemake runs the project's workflow."""

    def __init__(self, folder: Path, project: Path, configfile: Path, mnist: Path | None = None):
        self.folder = folder
        self.project = project
        self.configfile = configfile
        self.config = {"device": "cpu"} | ({"mnist_source": mnist} if mnist else {})

    def command(self, *arguments: str, targets: Sequence[str] = ()) -> list[str]:
        """Return the command line; options that take several values stand last."""
        return [
            *(sys.executable, "-m", "snakemake", *targets),
            *("--snakefile", str(self.project / "Snakefile"), "--directory", str(self.folder)),
            *arguments,
            *("--configfile", str(self.configfile)),
            *("--config", *(f"{key}={value}" for key, value in self.config.items())),
        ]

    def run_locally(self, *targets: str) -> None:
        command = self.command("--cores", "2", targets=targets)
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
        assert finished.returncode == 0, finished.stdout + finished.stderr

    def path(self, pattern: str) -> Path:
        """Return the one file of the sweep that fits the pattern."""
        (path,) = self.folder.glob(pattern)
        return path

    def results(self) -> dict[str, str]:
        """Return the SHA-256 of every file that must not depend on where it was computed."""
        return {
            str(path.relative_to(self.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for pattern in ("*/models/*/weights.pt", "points/*.h5", "*/spectra/*/*.h5", "**/*.csv")
            for path in sorted(self.folder.glob(f"results/{pattern}"))
            if path.name != "training.csv"
        }


class ClusterSweep(Sweep):
    """A sweep that runs on a cluster through profiles/slurm and the overlay of the tests."""

    def __init__(self, cluster: Cluster, folder: Path, configfile: Path, mnist: Path | None = None):
        super().__init__(folder, cluster.project, configfile, mnist)
        self.cluster = cluster
        self.profile = self.project / "profiles/slurm"
        self.prefix = f"jacspec-{folder.name}"
        self.output = folder / "snakemake.out"
        self.process: subprocess.Popen | None = None
        self.frozen: FrozenTraining | None = None

    def start(self, *arguments: str, targets: Sequence[str] = ()) -> None:
        """Start Snakemake in the background."""
        with self.output.open("a") as output:
            self.process = subprocess.Popen(
                self.command_on_cluster(*arguments, targets=targets),
                env=self.cluster.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def run_in_foreground(self) -> int:
        """Run Snakemake on the terminal and return its exit status."""
        command = self.command_on_cluster()
        return subprocess.run(command, env=self.cluster.environment, check=False).returncode

    def command_on_cluster(self, *arguments: str, targets: Sequence[str] = ()) -> list[str]:
        return self.command(
            *("--profile", str(self.profile)),
            *("--workflow-profile", str(HERE / "overlay")),
            *("--slurm-jobname-prefix", self.prefix),
            *arguments,
            targets=targets,
        )

    def finish(self, *, succeeds: bool = True) -> str:
        """Wait for Snakemake, check how it ended, and return what it said."""
        try:
            code = self.process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            code = None
        said = self.output.read_text()
        assert code is not None and (code == 0) == succeeds, (
            f"exit code {code} of {self.folder}:\n{said[-8000:]}"
        )
        return said

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        # Snakemake may hang in a job whose script was killed; SLURM's cgroups would end it.
        for process in self.processes("snakemake"):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def jobs(self) -> list[SlurmJob]:
        """Return the jobs of this sweep, the earliest first."""
        return sorted(self.cluster.jobs(self.prefix), key=lambda job: int(job.number))

    def processes(self, command: str) -> list[int]:
        """Return the numbers of the living processes here whose command fits the pattern."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                line = (process / "cmdline").read_bytes().decode()
                here = (process / "cwd").readlink() == self.folder
            except OSError:
                continue
            if here and re.search(command, line):
                found.append(int(process.name))
        return sorted(found)

    def is_in_training(self, epochs: int) -> bool:
        """Return whether so many epochs are in the log of its one model."""
        return any(last_epoch(log) >= epochs for log in self.folder.glob(TRAINING_LOGS))

    def freeze_training(self) -> None:
        """Stop the training process, and say in `frozen` where it was."""
        (process,) = self.processes(r"\.snakemake/scripts/\S*train_model")
        os.kill(process, signal.SIGSTOP)
        environment = Path(f"/proc/{process}/environ").read_bytes().decode().split("\0")
        (job,) = (item.split("=")[1] for item in environment if item.startswith("SLURM_JOB_ID="))
        self.frozen = FrozenTraining(process, job, last_epoch(self.path(TRAINING_LOGS)))


def freeze_trainings(sweeps: Iterable[ClusterSweep], epochs: int = 2) -> None:
    """Stop the training of each sweep after so many epochs, in whatever order they come."""
    awaited = list(sweeps)
    while awaited:
        reached = wait_until(
            lambda: [made for made in awaited if made.is_in_training(epochs)],
            f"epoch {epochs} of {', '.join(made.folder.name for made in awaited)}",
        )
        for made in reached:
            made.freeze_training()
            awaited.remove(made)


def epochs_in(log: Path) -> list[int]:
    """Return the epochs that a training log reports, in its order."""
    return [int(number) for number in re.findall(r"epoch (\d+)/", log.read_text())]


def last_epoch(log: Path) -> int:
    return max(epochs_in(log), default=0)
