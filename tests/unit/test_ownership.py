"""Real processes that write the same output, some of them killed with SIGKILL."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from sweep import ownership
from sweep.ownership import Owner, OwnershipLostError, lock_path, owning

# Appends "begin N" and "end N" to a journal; a second writer inside would interleave its lines.
WRITER = """
import sys, time
from pathlib import Path
from sweep import ownership
ownership.POLL_SECONDS = 0.02
ownership.HEARTBEAT_SECONDS = 0.1
ownership.SETTLING_SECONDS = 0.2
ownership.SILENCE_SECONDS = 1.0
output, name, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
ownership.PROC = Path(sys.argv[4])
def journal(text):
    with open(output + ".journal", "a") as file:
        file.write(text + "\\n")
with ownership.owning(output, report=lambda text: print(text, flush=True)):
    journal(f"begin {name}")
    time.sleep(seconds)
    journal(f"end {name}")
"""


@pytest.fixture
def output(tmp_path) -> Path:
    return tmp_path / "weights.pt"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(ownership, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(ownership, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(ownership, "SETTLING_SECONDS", 0.1)
    monkeypatch.setattr(ownership, "SILENCE_SECONDS", 0.3)
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)


@pytest.fixture
def start(output, project):
    processes = []

    def start_writer(name: str, seconds: float, proc: str = "/proc") -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(output), name, str(seconds), proc],
            env={**os.environ, "PYTHONPATH": str(project / "workflow/scripts")},
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield start_writer
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()


def journal(output: Path) -> list[str]:
    path = Path(f"{output}.journal")
    return path.read_text().splitlines() if path.exists() else []


def wait_until(condition, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def elsewhere(**changes) -> Owner:
    return replace(
        Owner.this_process(),
        host="node7",
        process_space="another boot",
        token="another token",
        **changes,
    )


def write_lock(output: Path, owner: Owner) -> None:
    lock_path(output).write_text(json.dumps(asdict(owner)))


def test_lock_exists_only_inside_the_block(output):
    with owning(output):
        assert lock_path(output).exists()
    assert list(output.parent.iterdir()) == []


def test_lock_goes_when_the_block_raises(output):
    with pytest.raises(ValueError, match="inside"), owning(output):
        raise ValueError("inside")
    assert not lock_path(output).exists()


def test_no_lock_stays_when_it_cannot_be_written(output, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(ownership.json, "dump", full)
    with pytest.raises(OSError, match="No space left"), owning(output):
        pytest.fail("entered without a lock")
    assert list(output.parent.iterdir()) == []


def test_second_writer_waits_for_a_living_one(output, start):
    first = start("first", 2.0)
    wait_until(lambda: journal(output) == ["begin first"])
    second = start("second", 0.0)
    assert first.wait() == 0
    report, _ = second.communicate()
    assert second.returncode == 0
    assert journal(output) == ["begin first", "end first", "begin second", "end second"]
    assert f"waiting: process {first.pid} on" in report


def test_stopped_writer_counts_as_living(output, start):
    first = start("first", 0.2)
    wait_until(lambda: journal(output) == ["begin first"])
    first.send_signal(signal.SIGSTOP)
    second = start("second", 0.0)
    time.sleep(1.5)  # longer than the silence after which a distant owner counts as dead
    assert second.poll() is None
    assert journal(output) == ["begin first"]
    first.send_signal(signal.SIGCONT)
    assert second.wait(timeout=20) == 0
    assert journal(output) == ["begin first", "end first", "begin second", "end second"]


def test_killed_writer_is_replaced(output, start):
    first = start("first", 60.0)
    wait_until(lambda: journal(output) == ["begin first"])
    first.kill()
    first.wait()
    second = start("second", 0.0)
    report, _ = second.communicate(timeout=20)
    assert second.returncode == 0
    assert journal(output) == ["begin first", "begin second", "end second"]
    assert f"taking over from process {first.pid} on" in report
    assert not lock_path(output).exists()


def test_zombie_is_dead(output, start):
    first = start("first", 60.0)
    wait_until(lambda: journal(output) == ["begin first"])
    first.kill()  # not waited for: its number and start time stay in /proc
    second = start("second", 0.0)
    assert second.wait(timeout=20) == 0


def test_of_many_writers_at_a_dead_lock_one_works_at_a_time(output, start):
    first = start("first", 60.0)
    wait_until(lambda: journal(output) == ["begin first"])
    first.kill()
    first.wait()
    followers = [start(str(number), 0.1) for number in range(5)]
    assert [follower.wait(timeout=60) for follower in followers] == [0] * 5
    lines = journal(output)[1:]
    begun = [line.removeprefix("begin ") for line in lines[::2]]
    ended = [line.removeprefix("end ") for line in lines[1::2]]
    assert begun == ended
    assert sorted(begun) == ["0", "1", "2", "3", "4"]


def test_another_process_of_the_same_number_is_not_the_owner(output):
    earlier = replace(Owner.this_process(), process_start=1, token="earlier")
    write_lock(output, earlier)
    reports = []
    with owning(output, reports.append):
        pass
    assert reports == [f"taking over from {earlier}, which is dead"]


def test_owner_on_another_machine_lives_while_it_touches_the_lock(output):
    write_lock(output, elsewhere())
    toucher = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import os, sys, time\nfor _ in range(20): os.utime(sys.argv[1]); time.sleep(0.05)",
            str(lock_path(output)),
        ]
    )
    reports = []
    with owning(output, reports.append):
        assert toucher.poll() == 0
    assert reports == [
        f"waiting: process {os.getpid()} on node7 writes the same output",
        f"taking over from process {os.getpid()} on node7, which is dead",
    ]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}'])
def test_unreadable_lock_is_replaced_after_a_silence(output, content):
    lock_path(output).write_text(content)
    begin = time.monotonic()
    with owning(output):
        assert time.monotonic() - begin >= ownership.SILENCE_SECONDS


def test_writer_that_was_replaced_is_interrupted(output):
    usurper = elsewhere()
    with pytest.raises(OwnershipLostError, match="node7 took over"), owning(output):
        write_lock(output, usurper)
        for _ in range(400):
            time.sleep(0.05)
        pytest.fail("not interrupted")
    assert json.loads(lock_path(output).read_text())["token"] == usurper.token


def test_heartbeat_touches_the_lock(output):
    with owning(output):
        before = lock_path(output).stat().st_mtime_ns
        wait_until(lambda: lock_path(output).stat().st_mtime_ns > before)


@pytest.fixture
def hiding_proc(tmp_path, monkeypatch) -> Path:
    """Return a /proc that shows a process nothing but itself, as with hidepid=2."""
    proc = tmp_path / "proc"
    proc.mkdir()
    (proc / "self").symlink_to(str(os.getpid()))
    (proc / str(os.getpid())).symlink_to(f"/proc/{os.getpid()}")
    (proc / "sys").symlink_to("/proc/sys")
    monkeypatch.setattr(ownership, "PROC", proc)
    return proc


@pytest.fixture
def owner_process(output) -> subprocess.Popen:
    """Return a living process of this machine that owns the output and never touches its lock."""
    with subprocess.Popen(["sleep", "60"]) as process:
        start = ownership._process_start(process.pid)
        me = Owner.this_process()
        write_lock(output, replace(me, pid=process.pid, process_start=start, token="other"))
        yield process
        process.kill()


def test_without_proc_a_second_writer_waits_for_a_living_one(output, start):
    first = start("first", 2.0, proc="/nowhere")  # longer than the silence
    wait_until(lambda: journal(output) == ["begin first"])
    second = start("second", 0.0, proc="/nowhere")
    assert [first.wait(), second.wait(timeout=20)] == [0, 0]
    assert journal(output) == ["begin first", "end first", "begin second", "end second"]


def test_without_proc_a_killed_writer_is_replaced_after_a_silence(output, start):
    first = start("first", 60.0, proc="/nowhere")
    wait_until(lambda: journal(output) == ["begin first"])
    first.kill()
    first.wait()
    second = start("second", 0.0, proc="/nowhere")
    report, _ = second.communicate(timeout=20)
    assert journal(output) == ["begin first", "begin second", "end second"]
    assert "/proc does not tell here which processes live" in report
    assert f"taking over from process {first.pid} on" in report


def test_owner_that_proc_shows_to_some_only_is_not_dead(output, start):
    first = start("first", 2.0)
    wait_until(lambda: journal(output) == ["begin first"])
    second = start("second", 0.0, proc="/nowhere")
    assert [first.wait(), second.wait(timeout=20)] == [0, 0]
    assert journal(output) == ["begin first", "end first", "begin second", "end second"]


@pytest.mark.usefixtures("hiding_proc")
def test_owner_that_proc_hides_lives_until_it_is_silent(output, owner_process):
    begin = time.monotonic()
    with owning(output):
        assert time.monotonic() - begin >= ownership.SILENCE_SECONDS
    assert owner_process.poll() is None


def test_owner_that_proc_shows_but_does_not_describe_lives_until_it_is_silent(
    output, hiding_proc, owner_process
):
    (hiding_proc / f"{owner_process.pid}/stat").mkdir(parents=True)  # unreadable even for root
    begin = time.monotonic()
    with owning(output):
        assert time.monotonic() - begin >= ownership.SILENCE_SECONDS


@pytest.mark.usefixtures("hiding_proc")
def test_owner_that_is_gone_is_dead_at_once_though_proc_hides_all(
    output, owner_process, monkeypatch
):
    monkeypatch.setattr(ownership, "SILENCE_SECONDS", 1000.0)
    owner_process.kill()
    owner_process.wait()
    with owning(output):
        pass


@pytest.mark.parametrize("missing", ["boot_id", "numbers of this container"])
@pytest.mark.usefixtures("owner_process")
def test_proc_that_does_not_tell_enough_is_not_trusted(output, hiding_proc, missing):
    if missing == "boot_id":
        (hiding_proc / "sys").unlink()
    else:
        (hiding_proc / "self").unlink()
        (hiding_proc / "self").symlink_to("4711")
    reports = []
    begin = time.monotonic()
    with owning(output, reports.append):
        assert time.monotonic() - begin >= ownership.SILENCE_SECONDS
    assert reports[0].startswith("/proc does not tell here which processes live")
