"""lmkd-apps on this host: it kills exactly the requested process, and samples the memory that is freed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path

import pytest

from pytest_lmkd.apps.program import AppKill
from pytest_lmkd.apps.program import AppsFailure
from pytest_lmkd.apps.program import Samples
from pytest_lmkd.apps.program import Watched
from pytest_lmkd.apps.program import Watching
from pytest_lmkd.apps.program import decode_lines

pytestmark = [pytest.mark.host_kernel, pytest.mark.measures]

PATIENCE_S = 60.0
NOBODY, SOMEBODY = 65534, 65533
SIZE_KB = 8 << 10

HOLD = (
    f"memory = bytearray(b'x' * {SIZE_KB << 10}); print('ready', flush=True); import time; time.sleep(1000)"
)

SMALL = ("/bin/sh", "-c", "echo ready; exec sleep 1000")
"""A program that every user may run: our Python may be in a folder without access for others."""

Process = subprocess.Popen[bytes]

as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can start processes of other users")


def start_app(command: Sequence[str] = (sys.executable, "-c", HOLD), uid: int | None = None) -> Process:
    app = subprocess.Popen(command, stdout=subprocess.PIPE, user=uid)
    assert app.stdout is not None
    assert app.stdout.readline() == b"ready\n"
    return app


@pytest.fixture
def app() -> Iterator[Process]:
    process = start_app()
    yield process
    process.kill()
    process.communicate()


def start_ticks(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


def lives(process: Process) -> bool:
    """Whether no SIGKILL was sent to it: it can still be stopped and continued, unlike a dying process."""
    os.kill(process.pid, signal.SIGSTOP)
    stopped = os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    os.kill(process.pid, signal.SIGCONT)
    return stopped is not None and stopped.si_code == os.CLD_STOPPED


def kill(
    program: Path, pid: int, ticks: int, arm: str = "kill", uid: int | None = None, **words: int
) -> tuple[int, AppKill | AppsFailure]:
    plan = {"pid": pid, "start_ticks": ticks, "arm": arm, "delay_us": 0, "timeout_ms": 60_000} | words
    command = [str(program), "kill", *(f"{key}={value}" for key, value in plan.items())]
    done = subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE_S, user=uid)
    assert done.stderr == b""
    (line,) = decode_lines(done.stdout)
    assert isinstance(line, (AppKill, AppsFailure))
    return done.returncode, line


@pytest.mark.parametrize(
    ("arm", "calls"),
    [("kill", ["pidfd_send_signal"]), ("kill+mrelease", ["pidfd_send_signal", "process_mrelease"])],
)
def test_it_kills_by_the_arm_and_tells_what_the_process_had(
    arm: str, calls: list[str], program: Path, app: Process
) -> None:
    status, killed = kill(program, app.pid, start_ticks(app.pid), arm)
    assert isinstance(killed, AppKill)
    assert app.wait(PATIENCE_S) == -signal.SIGKILL
    assert (status, killed.pid, killed.uid) == (0, app.pid, os.getuid())
    assert [call.name for call in killed.calls] == calls
    assert killed.calls[0].start_ns == 0
    assert killed.exit_ns is not None
    assert killed.exit_ns > 0
    assert killed.private_dirty_kb is not None
    assert killed.anon_kb is not None
    assert killed.rss_kb is not None
    assert SIZE_KB <= killed.private_dirty_kb <= killed.rss_kb
    assert SIZE_KB <= killed.anon_kb <= killed.rss_kb


def test_the_delay_is_between_the_two_calls(program: Path, app: Process) -> None:
    _, killed = kill(program, app.pid, start_ticks(app.pid), "kill+mrelease", delay_us=20_000)
    assert isinstance(killed, AppKill)
    assert killed.calls[1].start_ns >= 20_000_000


def test_a_pid_that_is_another_process_by_now_is_left_alone(program: Path, app: Process) -> None:
    status, refused = kill(program, app.pid, start_ticks(app.pid) - 1)
    assert isinstance(refused, AppsFailure)
    assert (status, lives(app)) == (1, True)
    assert "it is another, and is left alone" in refused.reason


@as_root
def test_a_process_of_another_user_is_left_alone(program: Path) -> None:
    app = start_app(SMALL, SOMEBODY)
    status, refused = kill(program, app.pid, start_ticks(app.pid), uid=NOBODY)
    assert isinstance(refused, AppsFailure)
    assert (status, lives(app)) == (1, True)
    assert refused.reason == (
        f"process {app.pid} belongs to user {SOMEBODY}, and this runs as {NOBODY}: it is left alone"
    )
    app.kill()
    app.communicate()


@as_root
def test_a_users_own_process_is_killed_without_root(program: Path) -> None:
    app = start_app(SMALL, NOBODY)
    _, killed = kill(program, app.pid, start_ticks(app.pid), uid=NOBODY)
    assert isinstance(killed, AppKill)
    assert killed.uid == NOBODY
    assert app.wait(PATIENCE_S) == -signal.SIGKILL


def test_what_has_ended_is_not_killed(program: Path, app: Process) -> None:
    ticks = start_ticks(app.pid)
    app.kill()
    os.waitid(os.P_PID, app.pid, os.WEXITED | os.WNOWAIT)  # a zombie from here on
    _, ended = kill(program, app.pid, ticks)
    assert ended == AppsFailure(f"process {app.pid} has already exited")
    app.wait()
    _, gone = kill(program, app.pid, ticks)
    assert gone == AppsFailure(f"open process {app.pid}: No such process")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["kill"], "the plan lacks pid="),
        (["kill", "pid=1", "start_ticks=0"], "pid=1 is not a number from 2 to 4194304"),
        (["kill", "pid=2", "arm=nonsense"], "there is no arm named nonsense"),
        (["watch", "idle_ms=1", "limit_ms=99999999"], "limit_ms=99999999 is not a number from 1 to 30000"),
        (["watch", "x" * 600], "the arguments are longer than 512 bytes"),
    ],
)
def test_words_without_sense_do_nothing(words: list[str], reason: str, program: Path) -> None:
    done = subprocess.run([program, *words], capture_output=True, check=False, timeout=PATIENCE_S)
    assert decode_lines(done.stdout) == (AppsFailure(reason),)
    assert done.returncode == 1


def test_without_a_verb_it_says_how_it_is_used(program: Path) -> None:
    done = subprocess.run([program], capture_output=True, check=False, timeout=PATIENCE_S)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"Usage: lmkd-apps kill ")


def start_watch(program: Path, idle_ms: int, limit_ms: int) -> Process:
    command = [str(program), "watch", f"idle_ms={idle_ms}", f"limit_ms={limit_ms}"]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def check_samples(lines: bytes) -> list[int]:
    """The times: they increase, memory is free, and their number equals the last reported number."""
    *parts, end = decode_lines(lines)
    points = [point for part in parts if isinstance(part, Samples) for point in part.points]
    assert end == Watched(len(points))
    times = [at_ns for at_ns, _ in points]
    assert times == sorted(set(times))
    assert all(free_kb > 0 for _, free_kb in points)
    return times


def test_it_watches_until_it_is_told_to_end(program: Path) -> None:
    with start_watch(program, idle_ms=20, limit_ms=30_000) as watch:
        assert watch.stdout is not None
        (begun,) = decode_lines(watch.stdout.readline())
        assert isinstance(begun, Watching)
        assert begun.pid == watch.pid
        assert begun.clock_resolution_ns > 0
        watch.terminate()
        times = check_samples(watch.stdout.read())
    assert watch.returncode == 0
    assert times[-1] - times[0] >= 15_000_000  # the idle window, but for the last step


def test_it_ends_by_itself_in_the_end(program: Path) -> None:
    with start_watch(program, idle_ms=0, limit_ms=600) as watch:
        assert watch.stdout is not None
        watch.stdout.readline()
        check_samples(watch.stdout.read())
    assert watch.returncode == 0


def test_it_ends_when_nobody_listens_any_more(program: Path) -> None:
    with start_watch(program, idle_ms=0, limit_ms=30_000) as watch:
        assert watch.stdout is not None
        watch.stdout.readline()
        watch.stdout.close()
        watch.send_signal(signal.SIGHUP)
        assert watch.wait(PATIENCE_S) == 1
