"""Tests our own adb server with the real adb: only the user reaches it, and nothing of it stays."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from fake_adb_server import PATIENCE_S

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import DeadlineExceeded
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import UsageProblem
from lmkd_core.base.process import ProcessRecord
from pytest_lmkd.transport import PrivateAdbServer
from pytest_lmkd.transport import private_server as private_server_module


@pytest.fixture
def private(folder: Path) -> Iterator[PrivateAdbServer]:
    server = PrivateAdbServer(folder / "adb")
    server.require(Deadline(PATIENCE_S))
    yield server
    server.stop(Deadline(PATIENCE_S))


def server_pid(server: PrivateAdbServer) -> int:
    pid = server.pid
    assert pid is not None
    return pid


def socket_inodes(pid: int) -> set[str]:
    """Returns the inodes of the sockets of process ``pid``."""
    inodes = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed while we look
            link = str(entry.readlink())
            if link.startswith("socket:["):
                inodes.add(link[len("socket:[") : -1])
    return inodes


def tcp_and_udp_sockets(pid: int) -> set[str]:
    tables = [Path(f"/proc/{pid}/net/{name}") for name in ("tcp", "tcp6", "udp", "udp6")]
    lines = [
        line.split() for table in tables if table.exists() for line in table.read_text().splitlines()[1:]
    ]
    return {fields[9] for fields in lines}


def test_it_has_no_network_socket(private: PrivateAdbServer) -> None:
    pid = server_pid(private)
    assert socket_inodes(pid)
    assert not socket_inodes(pid) & tcp_and_udp_sockets(pid)


def test_only_the_user_can_reach_it(private: PrivateAdbServer) -> None:
    assert private.folder.stat().st_mode & 0o777 == 0o700


def test_it_answers_and_has_no_devices_of_the_user(private: PrivateAdbServer) -> None:
    assert private.list_devices(Deadline(PATIENCE_S)) == []


def test_its_keys_are_not_the_users(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    server = PrivateAdbServer(folder / "adb")
    server.require(Deadline(PATIENCE_S))
    server.stop(Deadline(PATIENCE_S))
    assert (server.folder / "home" / ".android" / "adbkey").exists()
    assert list(tmp_path.iterdir()) == []


def test_two_users_of_a_folder_share_it(private: PrivateAdbServer) -> None:
    second = PrivateAdbServer(private.folder)
    second.require(Deadline(PATIENCE_S))
    assert second.pid == private.pid


def test_any_process_of_the_user_can_stop_it_and_nothing_stays(private: PrivateAdbServer) -> None:
    pid = server_pid(private)
    PrivateAdbServer(private.folder).stop(Deadline(PATIENCE_S))
    assert private.pid is None
    private.stop(Deadline(PATIENCE_S))  # our own child: reaped
    assert not Path(f"/proc/{pid}").exists()
    assert not (private.folder / "server.sock").exists()
    assert not (private.folder / "server.json").exists()


def kill(pid: int) -> None:
    """Sends SIGKILL and waits for the end of the process."""
    pidfd = os.pidfd_open(pid)
    signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    assert poll.poll(PATIENCE_S * 1000)
    os.close(pidfd)


def test_a_killed_server_is_replaced(private: PrivateAdbServer) -> None:
    old = server_pid(private)
    kill(old)
    private.require(Deadline(PATIENCE_S))
    assert server_pid(private) != old
    assert private.list_devices(Deadline(PATIENCE_S)) == []


def test_a_server_whose_socket_is_gone_is_replaced(private: PrivateAdbServer) -> None:
    old = server_pid(private)
    (private.folder / "server.sock").unlink()
    private.require(Deadline(PATIENCE_S))
    assert server_pid(private) != old
    assert not Path(f"/proc/{old}").exists()


def test_another_process_with_the_recorded_pid_is_left_alone(folder: Path) -> None:
    server = PrivateAdbServer(folder / "adb")
    ours = ProcessRecord.from_pid(os.getpid())
    ProcessRecord(ours.pid, ours.started_ticks - 1).save(server.folder / "server.json")
    assert server.pid is None
    server.stop(Deadline(PATIENCE_S))  # or this test would not end well


@pytest.mark.parametrize("junk", ["", "{}", '{"pid": 1}', '{"pid": "x", "started_ticks": 1}', "\x00"])
def test_a_damaged_record_is_no_server(folder: Path, junk: str) -> None:
    server = PrivateAdbServer(folder / "adb")
    (server.folder / "server.json").write_text(junk)
    assert server.pid is None
    server.stop(Deadline(PATIENCE_S))


def test_a_folder_too_deep_for_a_socket(folder: Path) -> None:
    with pytest.raises(UsageProblem, match=r"but a Unix socket allows 107: use a folder with a shorter path"):
        PrivateAdbServer(folder / ("x" * 100))


def test_the_longest_folder_that_a_socket_allows(folder: Path) -> None:
    room = 107 - len(os.fsencode(folder)) - len("//server.sock")
    server = PrivateAdbServer(folder / ("x" * room))
    server.require(Deadline(PATIENCE_S))
    server.stop(Deadline(PATIENCE_S))


def test_a_folder_that_others_may_enter(folder: Path) -> None:
    (folder / "adb").mkdir(mode=0o755)
    with pytest.raises(UsageProblem, match=r"other users may enter .*: run `chmod 700 "):
        PrivateAdbServer(folder / "adb")


def stand_in_adb(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    """Installs ``script`` in place of adb; returns the file to which it writes its pid."""
    program, noted = folder / "fake-adb", folder / "pid"
    program.write_text(f"#!/bin/sh\necho $$ > {noted}\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(private_server_module, "shipped_adb_program", lambda: str(program))
    return noted


def test_a_server_that_ends_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in_adb(folder, monkeypatch, "exit 1")
    server = PrivateAdbServer(folder / "adb")
    with pytest.raises(DeviceUnusable, match=r"ended at once: see .*server\.log for the reason"):
        server.require(Deadline(PATIENCE_S))
    assert server.pid is None


def test_a_server_that_never_gets_ready_is_ended(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noted = stand_in_adb(folder, monkeypatch, "exec sleep 1000")
    server = PrivateAdbServer(folder / "adb")
    with pytest.raises(DeadlineExceeded, match="did not start within 2 s"):
        server.require(Deadline(2))
    assert not Path(f"/proc/{int(noted.read_text())}").exists()


def test_a_held_lock_is_awaited_no_longer_than_allowed(
    private: PrivateAdbServer,
) -> None:
    second = PrivateAdbServer(private.folder)
    with (
        private._locked(Deadline(PATIENCE_S)),
        pytest.raises(DeadlineExceeded, match=r"another process held .*server\.lock for 0\.3 s"),
    ):
        second.require(Deadline(0.3))


def test_a_process_that_ignores_sigterm_is_killed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = "trap '' TERM; echo OK > /proc/self/fd/$6; exec sleep 1000"
    noted = stand_in_adb(folder, monkeypatch, script)
    server = PrivateAdbServer(folder / "adb")
    monkeypatch.setattr(server, "_check_version", lambda _: None)
    server.require(Deadline(PATIENCE_S))
    assert server.pid == int(noted.read_text())
    server.stop(Deadline(1))
    assert server.pid is None
