"""One writer at a time for an output, even when two jobs were started for it.

A workflow engine that is killed leaves its cluster jobs running, and its successor submits them
again. The owner of an output is named in a lock file beside it, and touches that file every few
seconds. A second writer waits while the owner lives, and takes over from a dead one:

* On the same machine, the owner lives while its process does; its start time tells it from a later
  process of the same number.
* On another machine, and where `/proc` is missing or hides the owner, it lives while the touches go
  on. One that was merely silent, suspended or cut off from the file system, is interrupted when it
  finds itself replaced. Until then it does no harm: both write whole files of the same bytes, each
  under a temporary name of its own.

Only the standard library is used. Lock files need no more of a file system than exclusive creation
and rename, so they work where ``flock`` does not.
"""

import _thread
import json
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from jacspec.errors import JacspecError

PROC = Path("/proc")
HEARTBEAT_SECONDS = 5.0
SILENCE_SECONDS = 60.0  # longer than the usual hiccup of a network file system
POLL_SECONDS = 1.0
SETTLING_SECONDS = 2.0  # for two writers that take over from the same dead owner
# To the main thread of this process. Not SIGINT, which a shell's background jobs ignore.
_LOST = signal.SIGUSR2


class OwnershipLostError(JacspecError):
    """Another writer took this process for dead and replaced it."""


@dataclass(frozen=True)
class Owner:
    """The process that writes an output, as its lock file describes it."""

    host: str
    process_space: str | None
    pid: int
    process_start: int | None
    slurm_job: str | None
    token: str

    @classmethod
    def this_process(cls) -> "Owner":
        """Describe the calling process, with a token of its own."""
        return cls(
            host=socket.gethostname(),
            process_space=_process_space(),
            pid=os.getpid(),
            process_start=_process_start(os.getpid()),
            slurm_job=os.environ.get("SLURM_JOB_ID"),
            token=secrets.token_hex(8),
        )

    def __str__(self) -> str:
        """Name the process as a person would look for it."""
        job = f", SLURM job {self.slurm_job}" if self.slurm_job else ""
        return f"process {self.pid} on {self.host}{job}"


@contextmanager
def owning(output: Path | str, report: Callable[[str], None] = print) -> Iterator[None]:
    """Own `output` while the block runs, after waiting for any other living owner.

    `report` is called with one sentence when the wait begins and when a dead owner is replaced.
    Raises `OwnershipLostError` if this process was taken for dead and replaced, as happens to a
    machine that was frozen for longer than `SILENCE_SECONDS`: the block is interrupted then. For
    that, it has to be called from the main thread.
    """
    lock = lock_path(output)
    lock.parent.mkdir(parents=True, exist_ok=True)
    me = Owner.this_process()
    if None in (me.process_space, me.process_start):
        report(
            "/proc does not tell here which processes live: a job that is killed keeps its output "
            f"for {SILENCE_SECONDS:.0f} s, and one that is stopped for longer loses it"
        )
    _acquire(lock, me, report)

    def interrupt(*_: object) -> None:
        raise OwnershipLostError(f"{output}: {_read(lock)} took over the output")

    previous = signal.signal(_LOST, interrupt)
    finished = threading.Event()
    heart = threading.Thread(target=_beat, args=(lock, me, finished), daemon=True)
    heart.start()
    try:
        yield
    finally:
        finished.set()
        heart.join()
        signal.signal(_LOST, previous)
        if _read(lock) == me:
            lock.unlink(missing_ok=True)


def lock_path(output: Path | str) -> Path:
    """Return the path of the lock file of an output."""
    output = Path(output)
    return output.with_name(f".{output.name}.owner")


def _acquire(lock: Path, me: Owner, report: Callable[[str], None]) -> None:
    announced = None
    observed, silent_since = None, time.monotonic()
    while not _create(lock, me):
        owner, heartbeat = _read(lock), _last_heartbeat(lock)
        if (owner, heartbeat) != observed:
            observed, silent_since = (owner, heartbeat), time.monotonic()
        if heartbeat is None:
            continue  # released since the attempt to create it
        if not _lives(owner, silence=time.monotonic() - silent_since):
            if _take_over(lock, owner, me):
                report(f"taking over from {owner or 'an unknown writer'}, which is dead")
                return
        elif owner != announced:
            report(f"waiting: {owner} writes the same output")
            announced = owner
        time.sleep(POLL_SECONDS)


def _create(lock: Path, me: Owner) -> bool:
    try:
        descriptor = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        return False
    try:
        with os.fdopen(descriptor, "w") as file:
            json.dump(asdict(me), file)
    except BaseException:
        # On a full disk: an empty lock would keep the next writer waiting.
        lock.unlink(missing_ok=True)
        raise
    return True


def _take_over(lock: Path, dead: Owner | None, me: Owner) -> bool:
    """Replace the lock of a dead owner; of several that try, the last to do so wins."""
    mine = lock.with_name(f"{lock.name}.{me.token}")
    mine.write_text(json.dumps(asdict(me)), encoding="utf-8")
    if _read(lock) != dead:
        mine.unlink()
        return False
    mine.replace(lock)
    time.sleep(SETTLING_SECONDS)
    return _read(lock) == me


def _read(lock: Path) -> Owner | None:
    """Return the owner, or None if there is none or its lock file is not yet, or badly, written."""
    try:
        return Owner(**json.loads(lock.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _last_heartbeat(lock: Path) -> int | None:
    """Return the time stamp of the last touch, in the file server's nanoseconds."""
    # NFS looks at the server when a file is opened; a mere stat may be a minute old.
    with suppress(OSError), lock.open("rb") as file:
        return os.fstat(file.fileno()).st_mtime_ns
    return None


def _beat(lock: Path, me: Owner, finished: threading.Event) -> None:
    while not finished.wait(HEARTBEAT_SECONDS):
        owner = _read(lock)
        if owner == me:
            # The file system may come back before anybody takes this process for dead.
            with suppress(OSError):
                os.utime(lock)
        elif owner is not None:
            _thread.interrupt_main(_LOST)
            return


def _lives(owner: Owner | None, silence: float) -> bool:
    seen = owner and _process_lives(owner)
    return silence < SILENCE_SECONDS if seen is None else seen


def _process_lives(owner: Owner) -> bool | None:
    """Return whether the owner's process lives, or None if that cannot be seen from here."""
    if owner.process_space is None or owner.process_space != _process_space():
        return None
    try:
        # Needs no /proc, and tells a process that /proc hides (hidepid) from one that is gone.
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    start = _process_start(owner.pid)
    return None if None in (start, owner.process_start) else start == owner.process_start


def _process_space() -> str | None:
    """Return what processes that know each other by the same numbers share; None if unknown."""
    with suppress(OSError):
        # In a container, /proc may be that of the machine outside, with other numbers.
        if (PROC / "self").readlink().name == str(os.getpid()):
            boot = (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
            return f"{boot} {(PROC / 'self/ns/pid').readlink()}"
    return None


def _process_start(pid: int) -> int | None:
    """Return when a process started, in clock ticks since boot; -1 of a zombie, None if unknown."""
    try:
        status = (PROC / f"{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name, in parentheses, may hold blanks; the state follows, the start is 19 fields later.
    state, *fields = status.rpartition(")")[2].split()
    return -1 if state in "ZX" else int(fields[18])
