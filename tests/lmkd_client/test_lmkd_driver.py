"""The host side of lmkd-client: its results for the lines of the program, on this host."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import AgentBug
from lmkd_core.base.errors import DeviceUnusable
from pytest_lmkd.apps.kill_watch import KillWatch
from pytest_lmkd.apps.kill_watch import ReportedKills
from pytest_lmkd.lmkd import client as lmkd_client
from pytest_lmkd.lmkd.client import LmkdProcess
from pytest_lmkd.lmkd.client import register
from pytest_lmkd.transport import Completed
from pytest_lmkd.transport.program import RemoteProgram

pytestmark = pytest.mark.compiler

PROCESS = LmkdProcess(pid=123, uid=10001, oom_score_adj=905, service=True)


class StandInStream:
    """The lines of a command, on this host."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.stderr = b""

    def __iter__(self) -> StandInStream:
        return self

    def __next__(self) -> bytes:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise StopIteration
        return line.rstrip(b"\n")

    @property
    def exit_code(self) -> int:
        return self._process.wait()

    def end_input(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


class StandInTransport:
    """This host as the device, with the parts that the driver needs."""

    serial = "stand-in"

    def shell(self, command: str, deadline: Deadline, stdin: bytes = b"") -> Completed:
        done = subprocess.run(["sh", "-c", command], capture_output=True, check=False, input=stdin)
        return Completed(done.stdout, done.stderr, done.returncode)

    def __init__(self) -> None:
        self.running: subprocess.Popen[bytes] | None = None

    def stream_lines(self, command: str, deadline: Deadline, *, keep_input: bool) -> StandInStream:
        assert keep_input
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.running = subprocess.Popen(["sh", "-c", command], **pipes)
        return StandInStream(self.running)

    def push(self, local: Path, remote: str, mode: int, deadline: Deadline) -> None:
        shutil.copy(local, remote)
        Path(remote).chmod(mode)


class StandInProgram:
    """Replaces the program: records its arguments, prints ``output``, and ends with ``status``.

    ``after_input`` is printed after the end of its input.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "program"
        self._words = folder / "words"

    def prints(self, output: str, status: int = 0, after_input: str = "") -> None:
        then = f"cat >/dev/null\nprintf %s {shlex.quote(after_input)}\n" if after_input else ""
        script = (
            f'#!/bin/sh\necho "$@" >{self._words}\nprintf %s {shlex.quote(output)}\n{then}exit {status}\n'
        )
        self.path.write_text(script)
        self.path.chmod(0o755)

    @property
    def words(self) -> list[str]:
        return self._words.read_text().split()


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandInProgram:
    stand_in = StandInProgram(tmp_path)
    brought = RemoteProgram(str(stand_in.path), "x86_64", "")
    monkeypatch.setattr(lmkd_client, "install_program", lambda *_: brought)
    return stand_in


def failure(call: str, errno: str, reason: str = "of some kind") -> str:
    return f'{{"type":"lmkd_error","call":"{call}","errno":"{errno}","reason":"{reason}"}}\n'


@pytest.mark.skipif(Path("/dev/socket/lmkd").exists(), reason="this host has an lmkd")
def test_without_a_socket_nothing_is_told_and_there_is_nobody_to_register_with(tmp_path: Path) -> None:
    """The program as for devices, pushed and run."""
    device = StandInTransport()
    assert KillWatch(device, str(tmp_path), print).finish() == ReportedKills(None, None)
    assert register(device, str(tmp_path), PROCESS, print) is False


def counted(count: int) -> str:
    return f'{{"type":"lmkd_count","min_adj":1001,"max_adj":1001,"count":{count}}}\n'


def killed(pid: int) -> str:
    return f'{{"type":"lmkd_killed","pid":{pid},"uid":10001,"rss_kb":64000,"seen_ns":5}}\n'


SUBSCRIBED = '{"type":"lmkd_done","command":"subscribe"}\n'


def test_kills_are_told_until_the_watch_is_finished(program: StandInProgram) -> None:
    program.prints(counted(7) + SUBSCRIBED, after_input=killed(11) + killed(12) + counted(9))
    kills = KillWatch(StandInTransport(), "/folder", print).finish()
    assert program.words[2:] == ["count:1001:1001", "subscribe:kill", "watch", "count:1001:1001"]
    assert kills.count == 2
    assert [kill.pid for kill in kills.kills or ()] == [11, 12]


def test_of_an_lmkd_that_ended_meanwhile_there_is_no_count(program: StandInProgram) -> None:
    lost = failure("receive", "ECONNRESET", "lmkd closed the connection")
    program.prints(counted(7) + SUBSCRIBED, 3, after_input=killed(11) + lost)
    kills = KillWatch(StandInTransport(), "/folder", print).finish()
    assert kills.count is None
    assert [kill.pid for kill in kills.kills or ()] == [11]


def test_a_watch_that_is_closed_ends_the_program(program: StandInProgram) -> None:
    program.prints(counted(7) + SUBSCRIBED, after_input=counted(7))
    device = StandInTransport()
    KillWatch(device, "/folder", print).close()
    assert device.running is not None
    assert device.running.wait(60) is not None


def test_a_process_is_registered_with_its_kind(program: StandInProgram) -> None:
    program.prints('{"type":"lmkd_done","command":"register"}\n')
    assert register(StandInTransport(), "/folder", PROCESS, print)
    assert program.words[2:] == ["register:123:10001:905:1"]


@pytest.mark.parametrize(
    ("output", "status", "reason"),
    [
        (failure("connect", "EACCES"), 1, "stand-in: lmkd's socket is open to root .* userdebug build"),
        (failure("connect", "ECONNREFUSED"), 1, "lmkd does not run"),
        (failure("receive", "ECONNRESET", "lmkd closed the connection"), 3, "lmkd closed the connection"),
        (failure("lock", "EAGAIN", "process 77 holds the lock"), 1, "process 77 holds the lock"),
        ("", 127, "lmkd-client does not run .exit status 127"),
    ],
)
def test_why_lmkd_could_not_be_asked_is_told(
    output: str, status: int, reason: str, program: StandInProgram
) -> None:
    program.prints(output, status)
    with pytest.raises(DeviceUnusable, match=reason):
        register(StandInTransport(), "/folder", PROCESS, print)
    with pytest.raises(DeviceUnusable, match=reason):
        KillWatch(StandInTransport(), "/folder", print)


@pytest.mark.parametrize(
    "output", ["Segmentation fault", '{"type":"lmkd_count"}', '{"type":"flood"}', "\xff"]
)
def test_lines_that_are_not_of_the_language_are_a_bug(output: str, program: StandInProgram) -> None:
    program.prints(output)
    with pytest.raises(AgentBug, match="not match its protocol"):
        register(StandInTransport(), "/folder", PROCESS, print)
    with pytest.raises(AgentBug, match="not match its protocol"):
        KillWatch(StandInTransport(), "/folder", print)
