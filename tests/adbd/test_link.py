"""The loss of the link to the host ends everything that the host had started."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from daemon import PATIENCE_S
from daemon import Daemon
from processes import ends
from raw_host import VERSION
from raw_host import VERSION_WITH_CHECKSUM
from raw_host import RawHost
from raw_host import greeting
from raw_host import packet

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import TransportLost
from pytest_lmkd.transport import PrivateAdbServer

pytestmark = pytest.mark.compiler

Adb = Callable[..., "subprocess.CompletedProcess[bytes]"]


def kill(server: PrivateAdbServer) -> None:
    pid = server.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert ends(pid)


def reconnect(server: PrivateAdbServer, daemon: Daemon) -> bytes:
    deadline = Deadline(PATIENCE_S)
    server.require(deadline)
    return server.connect(daemon.address, deadline).shell("echo back", deadline).stdout


def test_a_link_cut_in_a_shell(adb: Adb, daemon: Daemon, server: PrivateAdbServer) -> None:
    transport = server.transport(daemon.address)
    lines = transport.stream_lines("echo $$; exec sleep 1000", Deadline(PATIENCE_S))
    shell = int(next(lines))
    kill(server)
    with pytest.raises(TransportLost):
        next(lines)
    assert ends(shell)
    assert reconnect(server, daemon) == b"back\n"
    assert daemon.children() == []


def test_a_link_cut_in_a_push(daemon: Daemon, server: PrivateAdbServer, folder: Path) -> None:
    # A FIFO that stays half full holds the push in its middle.
    source, stored = folder / "source", folder / "stored"
    os.mkfifo(source)
    transport = server.connect(daemon.address, Deadline(PATIENCE_S))
    failures: list[Exception] = []

    def push() -> None:
        try:
            transport.push(source, str(stored), 0o644, Deadline(PATIENCE_S))
        except Exception as error:
            failures.append(error)

    pushing = threading.Thread(target=push)
    pushing.start()
    # What comes after the cut may find the reader gone: that is the push's own failure.
    with suppress(BrokenPipeError), source.open("wb", buffering=0) as feed:
        feed.write(bytes(300_000))
        kill(server)
        feed.write(bytes(300_000))
    pushing.join(PATIENCE_S)
    assert [type(failure) for failure in failures] == [TransportLost]
    assert reconnect(server, daemon) == b"back\n"
    assert not stored.exists()
    assert not stored.with_name("stored.tmp").exists()


def test_a_half_pushed_file_is_removed(host: RawHost, daemon: Daemon, folder: Path) -> None:
    target = folder / "half"
    path = os.fsencode(target) + b",33188"
    half = b"SEND" + len(path).to_bytes(4, "little") + path + b"DATA" + (9).to_bytes(4, "little") + b"half"
    host.greet()
    remote = host.open(b"sync:")
    host.send(packet(b"WRTE", 1, remote, half))
    assert host.receive().command == b"OKAY"
    assert target.read_bytes() == b"half"
    host.greet()
    assert not target.exists()


def test_a_new_greeting_ends_what_the_last_session_ran(host: RawHost) -> None:
    host.greet()
    remote = host.open(b"shell,v2,raw:echo $$; exec sleep 1000")
    shell = int(host.receive_data(1, remote)[5:])
    host.greet()
    assert ends(shell)


def test_a_second_host_is_turned_away_until_the_first_leaves(host: RawHost, daemon: Daemon) -> None:
    host.greet()
    with RawHost.attach(daemon.socket_path) as second:
        assert second.is_hung_up_on()
    host.open(b"shell,v2,raw:cat")
    host.__exit__()
    with RawHost.attach(daemon.socket_path) as third:
        third.greet()


def test_a_host_that_leaves_unread_data_behind_can_be_followed(daemon: Daemon) -> None:
    for _ in range(20):
        with RawHost.attach(daemon.socket_path) as host:
            host.greet()
            host.open(b"exec:cat /dev/zero")
            host.send(packet(b"OPEN", 2, 0, b"exec:cat"), packet(b"OPEN", 3, 0, b"x" * 500_000)[:400_000])


@pytest.mark.parametrize(("version", "checked"), [(VERSION_WITH_CHECKSUM, True), (VERSION, False)])
def test_checksums_by_version(host: RawHost, version: int, checked: bool) -> None:
    answer = host.greet(version)
    assert answer.check == sum(answer.payload)
    host.send(packet(b"OPEN", 1, 0, b"exec:echo hello"))
    assert host.receive().command == b"OKAY"
    data = host.receive()
    assert (data.payload, data.check) == (b"hello\n", sum(b"hello\n") if checked else 0)


def test_a_wrong_checksum_ends_the_link_where_they_count(host: RawHost) -> None:
    host.greet(VERSION_WITH_CHECKSUM)
    damaged = bytearray(packet(b"OPEN", 1, 0, b"exec:echo hello"))
    damaged[-1] ^= 1
    host.send(bytes(damaged))
    assert host.is_hung_up_on()


def test_the_hosts_payload_limit_is_kept(host: RawHost) -> None:
    host.greet(max_payload=4096)
    remote = host.open(b"exec:head -c 100000 /dev/zero")
    arrived = 0
    while arrived < 100_000:
        data = host.receive_data(1, remote)
        assert len(data) <= 4096
        arrived += len(data)


def test_no_second_payload_before_the_first_is_acknowledged(host: RawHost) -> None:
    host.greet()
    flood = host.open(b"exec:cat /dev/zero")
    assert host.receive().command == b"WRTE"
    host.send(packet(b"OPEN", 2, 0, b"exec:echo other; exec sleep 1000"))
    for expected in (b"OKAY", b"WRTE"):
        answer = host.receive()
        assert (answer.command, answer.arg1) == (expected, 2)
    host.send(packet(b"OKAY", 1, flood))
    assert host.receive().arg1 == 1


def test_sixty_four_streams_and_not_one_more(host: RawHost) -> None:
    host.greet()
    for local in range(1, 65):
        host.open(b"exec:cat", local)
    host.send(packet(b"OPEN", 65, 0, b"exec:cat"))
    refused = host.receive()
    assert (refused.command, refused.arg0, refused.arg1) == (b"CLSE", 0, 65)


def test_features_are_those_that_are_there(host: RawHost) -> None:
    banner = host.greet().payload.decode()
    assert banner.startswith("device::ro.product.name=lmkd;")
    features = banner.partition("features=")[2].split(",")
    assert set(features) == {
        "shell_v2",
        "stat_v2",
        "ls_v2",
        "fixed_push_mkdir",
        "fixed_push_symlink_timestamp",
    }


@pytest.mark.parametrize("starter", [[], ["nohup"]], ids=["plain", "nohup"])
def test_the_daemon_ends_its_children_when_told_to_stop(adbd: Path, folder: Path, starter: list[str]) -> None:
    daemon = Daemon(adbd, folder, starter)
    with RawHost.attach(daemon.socket_path) as host:
        host.greet()
        remote = host.open(b"shell,v2,raw:echo $$; exec sleep 1000")
        shell = int(host.receive_data(1, remote)[5:])
        daemon.stop()
        assert ends(shell)


def test_greetings_may_repeat(host: RawHost) -> None:
    host.send(greeting() * 3)
    assert [host.receive().command for _ in range(3)] == [b"CNXN"] * 3
