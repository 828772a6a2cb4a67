"""The host's side of lmkd-client: what it makes of the program's lines, on this host."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from pytest_lmkd.agent import lmkd_client
from pytest_lmkd.agent.lmkd_client import LmkdProcess
from pytest_lmkd.agent.lmkd_client import kill_count
from pytest_lmkd.agent.lmkd_client import register
from pytest_lmkd.agent.program import RemoteProgram
from pytest_lmkd.apps.observation import kills_between
from pytest_lmkd.deadline import Deadline
from pytest_lmkd.errors import AgentBug
from pytest_lmkd.errors import DeviceUnusable
from pytest_lmkd.transport import Completed

PROCESS = LmkdProcess(pid=123, uid=10001, oom_score_adj=905, service=True)


class StandInTransport:
    """This host as the device, as far as the driver needs one."""

    serial = "stand-in"

    def shell(self, command: str, deadline: Deadline, stdin: bytes = b"") -> Completed:
        done = subprocess.run(["sh", "-c", command], capture_output=True, check=False, input=stdin)
        return Completed(done.stdout, done.stderr, done.returncode)

    def push(self, local: Path, remote: str, mode: int, deadline: Deadline) -> None:
        shutil.copy(local, remote)
        Path(remote).chmod(mode)


class StandInProgram:
    """In the program's place: notes its words, tells ``output``, and ends with ``status``."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "program"
        self._words = folder / "words"

    def tells(self, output: str, status: int = 0) -> None:
        script = f'#!/bin/sh\necho "$@" >{self._words}\nprintf %s {shlex.quote(output)}\nexit {status}\n'
        self.path.write_text(script)
        self.path.chmod(0o755)

    @property
    def words(self) -> list[str]:
        return self._words.read_text().split()


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandInProgram:
    stand_in = StandInProgram(tmp_path)
    brought = RemoteProgram(str(stand_in.path), "x86_64", "")
    monkeypatch.setattr(lmkd_client, "bring", lambda *_: brought)
    return stand_in


def failure(call: str, errno: str, reason: str = "of some kind") -> str:
    return f'{{"type":"lmkd_error","call":"{call}","errno":"{errno}","reason":"{reason}"}}\n'


@pytest.mark.skipif(Path("/dev/socket/lmkd").exists(), reason="this host has an lmkd")
def test_without_a_socket_there_is_no_count_and_nobody_to_register_with(tmp_path: Path) -> None:
    """The program as devices get it, brought and run."""
    device = StandInTransport()
    assert kill_count(device, str(tmp_path), print) is None
    assert register(device, str(tmp_path), PROCESS, print) is False


def test_all_kills_are_counted(program: StandInProgram) -> None:
    program.tells('{"type":"lmkd_count","min_adj":1001,"max_adj":1001,"count":7}\n')
    assert kill_count(StandInTransport(), "/folder", print) == 7
    assert program.words == ["--lock", "/folder/lmkd-client.lock", "count:1001:1001"]


def test_a_process_is_registered_with_its_kind(program: StandInProgram) -> None:
    program.tells('{"type":"lmkd_done","command":"register"}\n')
    assert register(StandInTransport(), "/folder", PROCESS, print)
    assert program.words[2:] == ["register:123:10001:905:1"]


@pytest.mark.parametrize(
    ("output", "status", "said"),
    [
        (failure("connect", "EACCES"), 1, "stand-in: lmkd's socket is for root .* userdebug build"),
        (failure("connect", "ECONNREFUSED"), 1, "lmkd does not run"),
        (failure("receive", "ECONNRESET", "lmkd closed the connection"), 3, "lmkd closed the connection"),
        (failure("lock", "EAGAIN", "process 77 holds the lock"), 1, "process 77 holds the lock"),
        ("", 127, "lmkd-client does not run .exit status 127"),
    ],
)
def test_why_lmkd_could_not_be_asked_is_told(
    output: str, status: int, said: str, program: StandInProgram
) -> None:
    program.tells(output, status)
    with pytest.raises(DeviceUnusable, match=said):
        kill_count(StandInTransport(), "/folder", print)


@pytest.mark.parametrize(
    "output", ["Segmentation fault", '{"type":"lmkd_count"}', '{"type":"flood"}', "\xff"]
)
def test_lines_that_are_not_of_the_language_are_a_bug(output: str, program: StandInProgram) -> None:
    program.tells(output)
    with pytest.raises(AgentBug, match="not of its protocol"):
        kill_count(StandInTransport(), "/folder", print)


@pytest.mark.parametrize(
    ("before", "after", "between"),
    [(3, 7, 4), (3, 3, 0), (None, 7, None), (3, None, None), (7, 3, None)],
)
def test_an_observation_has_the_kills_between_two_counts(
    before: int | None, after: int | None, between: int | None
) -> None:
    assert kills_between(before, after) == between
