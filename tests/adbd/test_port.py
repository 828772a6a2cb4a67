"""The daemon on a real virtio-serial port, in the virtual device: hosts arrive and leave at any moment."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from contextlib import suppress
from pathlib import Path

import pytest
from processes import ends
from raw_host import RawHost
from raw_host import greeting
from raw_host import packet

import lmkd_virtual
from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import TransportLost
from pytest_lmkd.transport import AdbTransport
from pytest_lmkd.transport import PrivateAdbServer

pytestmark = pytest.mark.compiler

PATIENCE_S = 120.0

IS_GONE = "while kill -0 {pid} 2> /dev/null; do sleep 0.1; done; echo gone"


@pytest.fixture(scope="module")
def guest() -> Iterator[lmkd_virtual.Instance]:
    lmkd_virtual.build(print)
    name = f"test-adbd-{os.getpid()}"
    with ExitStack() as stack:
        instance = lmkd_virtual.up(
            "stock", name=name, progress=print, deadline=Deadline(PATIENCE_S), memory_mb=512, bound=True
        )
        stack.callback(lmkd_virtual.down, name)
        yield instance


def attach(server: PrivateAdbServer, guest: lmkd_virtual.Instance) -> AdbTransport:
    server.require(Deadline(PATIENCE_S))
    return server.connect(f"localfilesystem:{guest.adb_socket}", Deadline(PATIENCE_S))


def output(device: AdbTransport, command: str) -> bytes:
    return device.shell(command, Deadline(PATIENCE_S)).stdout


def kill(server: PrivateAdbServer) -> None:
    pid = server.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert ends(pid)


def test_files_go_there_and_back(
    server: PrivateAdbServer, guest: lmkd_virtual.Instance, folder: Path
) -> None:
    device = attach(server, guest)
    (folder / "sent").write_bytes(os.urandom(16 * 1024 * 1024 + 1))
    device.push(folder / "sent", "/data/local/tmp/sent", 0o600, Deadline(PATIENCE_S))
    device.pull("/data/local/tmp/sent", folder / "back", Deadline(PATIENCE_S))
    assert (folder / "back").read_bytes() == (folder / "sent").read_bytes()
    assert output(device, "rm /data/local/tmp/sent; stat -c %a /data/local/tmp/sent") == b""


def test_a_host_that_dies_in_a_shell(server: PrivateAdbServer, guest: lmkd_virtual.Instance) -> None:
    lines = attach(server, guest).stream_lines("echo $$; exec sleep 100000", Deadline(PATIENCE_S))
    pid = int(next(lines))
    kill(server)
    with pytest.raises(TransportLost):
        next(lines)
    assert output(attach(server, guest), IS_GONE.format(pid=pid)) == b"gone\n"


def test_a_host_that_dies_while_the_device_floods_it(
    server: PrivateAdbServer, guest: lmkd_virtual.Instance
) -> None:
    flood = "echo $$; exec yes a line of a length that is usual"
    lines = attach(server, guest).stream_lines(flood, Deadline(PATIENCE_S))
    pid = int(next(lines))
    for _ in range(10_000):
        next(lines)
    kill(server)
    assert output(attach(server, guest), IS_GONE.format(pid=pid)) == b"gone\n"
    with suppress(TransportLost):
        lines.close()


def test_a_host_that_leaves_ends_what_it_ran(server: PrivateAdbServer, guest: lmkd_virtual.Instance) -> None:
    lines = attach(server, guest).stream_lines("echo $$; exec sleep 100000", Deadline(PATIENCE_S))
    pid = int(next(lines))
    server.disconnect(f"localfilesystem:{guest.adb_socket}", Deadline(PATIENCE_S))
    assert output(attach(server, guest), IS_GONE.format(pid=pid)) == b"gone\n"


def test_a_push_that_is_cut_leaves_no_file(server: PrivateAdbServer, guest: lmkd_virtual.Instance) -> None:
    path = b"/data/local/tmp/half,33188"
    half = b"SEND" + len(path).to_bytes(4, "little") + path + b"DATA" + (9).to_bytes(4, "little") + b"half"
    with RawHost.attach(guest.adb_socket) as host:
        host.greet()
        remote = host.open(b"sync:")
        host.send(packet(b"WRTE", 1, remote, half))
        assert host.receive().command == b"OKAY"
    assert output(attach(server, guest), "ls /data/local/tmp") == b""


LEFT_BEHIND = [
    b"",
    greeting()[:10],
    greeting()[:-1],
    packet(b"OPEN", 2, 0, b"x" * 100_000)[:24],
    packet(b"OPEN", 2, 0, b"x" * 100_000)[:-1],
    bytes(5000),
]


def test_hosts_that_follow_each_other_at_once(server: PrivateAdbServer, guest: lmkd_virtual.Instance) -> None:
    # The port reports data and arrivals through two channels, either of which may be faster.
    for turn in range(60):
        with RawHost.attach(guest.adb_socket) as host:
            host.greet()
            remote = host.open(b"shell,v2,raw:cat")
            host.send(packet(b"WRTE", 1, remote, b"\x00\x05\x00\x00\x00hello"))
            assert host.receive_data(1, remote) == b"\x01\x05\x00\x00\x00hello"
            with suppress(socket.timeout):
                host.send(LEFT_BEHIND[turn % len(LEFT_BEHIND)])
    assert output(attach(server, guest), "pidof cat") == b""
