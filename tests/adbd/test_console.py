"""The console port, replaced by a terminal: one byte stream with one host after the other.

A terminal cannot report the arrival and departure of hosts like a virtio port; the tests of the virtual
device cover that. These tests cover how the daemon finds a new host in the middle of an incomplete packet of
the last one.
"""

from __future__ import annotations

import os
import pty
import subprocess
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon import PATIENCE_S
from processes import ends
from raw_host import RawHost
from raw_host import greeting
from raw_host import packet

pytestmark = pytest.mark.compiler


class TerminalStream:
    """The master end of a terminal, with the socket methods that RawHost needs."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def settimeout(self, seconds: float) -> None:
        """Does nothing: pytest's own time limit applies."""

    def sendall(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._fd, data) :]

    def recv(self, count: int) -> bytes:
        return os.read(self._fd, count)


@pytest.fixture
def port() -> Iterator[tuple[int, str]]:
    """(the host's end, the path of the device's end)"""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    yield ours, os.ttyname(theirs)
    os.close(theirs)
    os.close(ours)


@pytest.fixture
def host(adbd: Path, port: tuple[int, str]) -> Iterator[RawHost]:
    ours, theirs = port
    process = subprocess.Popen([adbd, "--console", theirs], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"lmkd-adbd: ready\n"
    yield RawHost(TerminalStream(ours))  # type: ignore[arg-type]
    process.terminate()
    assert process.wait(PATIENCE_S) == 0


def alive(host: RawHost) -> bool:
    remote = host.open(b"shell,v2,raw:echo alive")
    return b"alive\n" in host.receive_data(1, remote)


def test_a_session(host: RawHost) -> None:
    host.greet()
    assert alive(host)


LEFT_BEHIND = [
    b"C",
    greeting()[:23],
    greeting()[:-1],
    packet(b"OPEN", 1, 0, b"x" * 3000)[:24],
    packet(b"OPEN", 1, 0, b"x" * 3000)[:-1],
    packet(b"WRTE", 1, 1, bytes(900_000))[:100_000],
    packet(b"OPEN", 1, 0, b"\xff" * 100)[30:],
    b"CNXN" * 500,
    bytes(range(256)) * 5000,
    greeting()[:24] + greeting()[:24],
]


@pytest.mark.parametrize("left_behind", LEFT_BEHIND, ids=range(len(LEFT_BEHIND)))
def test_a_new_host_is_found_after_a_half_said_word(host: RawHost, left_behind: bytes) -> None:
    host.greet()
    assert alive(host)
    host.send(left_behind)
    host.greet()
    assert alive(host)


def test_a_greeting_inside_a_payload_is_data(host: RawHost) -> None:
    # Unlike a real greeting, other data follows it.
    host.greet()
    remote = host.open(b"exec:cat")
    data = bytes(1000) + greeting() + bytes(1000)
    host.send(packet(b"WRTE", 1, remote, data))
    back = b""
    while len(back) < len(data):
        back += host.receive_data(1, remote)
    assert back == data


def test_a_new_host_ends_what_the_last_one_ran(host: RawHost) -> None:
    host.greet()
    remote = host.open(b"shell,v2,raw:echo $$; exec sleep 1000")
    shell = int(host.receive_data(1, remote)[5:])
    host.send(packet(b"WRTE", 1, remote, bytes(500))[:100])
    host.greet()
    assert ends(shell)
