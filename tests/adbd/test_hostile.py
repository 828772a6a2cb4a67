"""Hosts that violate the protocol: the daemon serves the next host regardless of their data."""

from __future__ import annotations

import os
import random
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from daemon import Daemon
from raw_host import MAX_PAYLOAD
from raw_host import RawHost
from raw_host import greeting
from raw_host import packet

pytestmark = pytest.mark.compiler

FUZZ_SEED = 20_260_511
FUZZ_HOSTS = 60
FUZZ_PACKETS_EACH = 40


@pytest.fixture(autouse=True)
def serves_the_next_host(daemon: Daemon) -> Iterator[None]:
    """Runs after every test here."""
    yield
    with RawHost.attach(daemon.socket_path) as host:
        host.greet()
        remote = host.open(b"shell,v2,raw:echo alive")
        assert b"alive\n" in host.receive_data(1, remote)


def header(
    command: bytes, arg0: int = 0, arg1: int = 0, length: int = 0, *, magic: int | None = None
) -> bytes:
    number = int.from_bytes(command, "little")
    return struct.pack("<6I", number, arg0, arg1, length, 0, number ^ 0xFFFFFFFF if magic is None else magic)


@pytest.mark.parametrize(
    "nonsense",
    [
        header(b"OPEN", 1, 0, 0, magic=0),
        header(b"WRTE", 1, 1, MAX_PAYLOAD + 1),
        header(b"CNXN", 0x01000001, MAX_PAYLOAD, 0xFFFFFFFF),
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        bytes(24),
    ],
    ids=["wrong magic", "too long", "endless", "http", "zeros"],
)
def test_what_is_no_packet_ends_the_link(daemon: Daemon, nonsense: bytes) -> None:
    with RawHost.attach(daemon.socket_path) as host:
        host.greet()
        host.send(nonsense)
        assert host.is_hung_up_on()


def last_answer(host: RawHost) -> bytes:
    """The answer to the last stream, if nothing else was answered."""
    host.send(packet(b"OPEN", 99, 0, b"nothing:"))
    answer = host.receive()
    assert (answer.command, answer.arg0, answer.arg1) == (b"CLSE", 0, 99)
    return answer.command


@pytest.mark.parametrize(
    "ignored",
    [
        packet(b"OPEN", 0, 0, b"exec:echo"),
        packet(b"WRTE", 7, 7, b"to nobody"),
        packet(b"WRTE", 0, 0, b""),
        packet(b"OKAY", 7, 7),
        packet(b"CLSE", 7, 7),
        packet(b"CLSE", 0, 0),
        packet(b"AUTH", 2, 0, bytes(256)),
        packet(b"STLS", 0x01000000, 0),
        packet(b"WHAT", 1, 2, b"?"),
    ],
    ids=lambda packet: packet[:4].decode(),
)
def test_packets_about_nothing_are_ignored(daemon: Daemon, ignored: bytes) -> None:
    with RawHost.attach(daemon.socket_path) as host:
        host.greet()
        host.send(ignored)
        last_answer(host)


def test_nothing_is_done_before_a_greeting(daemon: Daemon, folder: Path) -> None:
    touched = folder / "touched"
    with RawHost.attach(daemon.socket_path) as host:
        host.send(packet(b"OPEN", 1, 0, b"exec:touch " + os.fsencode(touched)))
        host.send(greeting())
        assert host.receive().command == b"CNXN"
        assert not touched.exists()


@pytest.mark.parametrize(
    "odd",
    [
        packet(b"CNXN", 0x00FFFFFF, MAX_PAYLOAD, b"host::"),
        packet(b"CNXN", 0x01000001, 100, b"host::"),
        packet(b"CNXN", 0x01000001, MAX_PAYLOAD, b"device::"),
        packet(b"CNXN", 0x01000001, MAX_PAYLOAD, b""),
    ],
    ids=["old version", "tiny payloads", "no host", "no banner"],
)
def test_odd_greetings_end_the_link(daemon: Daemon, odd: bytes) -> None:
    with RawHost.attach(daemon.socket_path) as host:
        host.send(odd)
        assert host.is_hung_up_on()


@pytest.mark.parametrize(
    "service",
    [
        b"",
        b":",
        b"shell",
        b"shell,v2,raw",
        b"shell," + b"v2," * 100 + b":true",
        b"tcp:",
        b"tcp:0",
        b"tcp:65536",
        b"tcp:-1",
        b"tcp:80:example",
        b"localabstract:",
        b"localabstract:" + b"x" * 200,
        b"localfilesystem:" + b"/x" * 100,
        b"jdwp:1",
        b"\xff" * 1000,
        b"exec:" + b"x" * (128 * 1024),
    ],
)
def test_services_that_are_not_there_are_refused(daemon: Daemon, service: bytes) -> None:
    with RawHost.attach(daemon.socket_path) as host:
        host.greet()
        host.send(packet(b"OPEN", 1, 0, service))
        answer = host.receive()
        assert (answer.command, answer.arg0, answer.arg1) == (b"CLSE", 0, 1)


def test_an_open_with_a_window_is_refused_as_that_feature_is_not_offered(daemon: Daemon) -> None:
    with RawHost.attach(daemon.socket_path) as host:
        host.greet()
        host.send(packet(b"OPEN", 1, 1024, b"exec:true"))
        assert host.receive().command == b"CLSE"


def test_a_host_that_never_waits_loses_its_stream(daemon: Daemon) -> None:
    with RawHost.attach(daemon.socket_path) as host:
        host.greet()
        remote = host.open(b"exec:exec sleep 1000")
        for _ in range(6):
            host.send(packet(b"WRTE", 1, remote, bytes(MAX_PAYLOAD)))
        answer = host.receive()
        assert (answer.command, answer.arg1) == (b"CLSE", 1)


def sync_word(word: bytes, number: int, data: bytes = b"") -> bytes:
    return word + struct.pack("<I", number) + data


def send_request(path: bytes) -> bytes:
    return sync_word(b"SEND", len(path), path)


@pytest.mark.parametrize(
    "talk",
    [
        sync_word(b"STAT", 1025),
        sync_word(b"STAT", 0xFFFFFFFF),
        sync_word(b"WHAT", 0),
        sync_word(b"DONE", 0),
        send_request(b"no-comma"),
        send_request(b"/nowhere/file,"),
        send_request(b"/nowhere/file,x"),
        send_request(b"/nowhere/file,-1"),
        send_request(b",33188"),
        send_request(b"/proc/no,33188") + sync_word(b"DATA", 64 * 1024 + 1),
        send_request(b"/proc/no,33188") + sync_word(b"RECV", 0),
        send_request(b"/proc/no,41471") + sync_word(b"DATA", 5000, b"/" * 5000) + sync_word(b"DONE", 0),
        sync_word(b"RECV", 5, b"/proc"),
        sync_word(b"RECV", 0),
    ],
)
def test_bad_file_requests_fail_with_a_reason(daemon: Daemon, talk: bytes) -> None:
    with RawHost.attach(daemon.socket_path) as host:
        host.greet()
        remote = host.open(b"sync:")
        host.send(packet(b"WRTE", 1, remote, talk))
        reply = host.receive_data(1, remote)
        assert reply[:4] == b"FAIL"
        assert len(reply) == 8 + struct.unpack_from("<I", reply, 4)[0] > 8


@pytest.mark.parametrize("cut", range(0, 40, 3))
def test_a_file_request_that_is_cut_off_leaves_nothing(daemon: Daemon, folder: Path, cut: int) -> None:
    path = b"%s/f,33188" % os.fsencode(folder)
    talk = send_request(path) + sync_word(b"DATA", 20, b"x" * 20) + sync_word(b"DONE", 0)
    with RawHost.attach(daemon.socket_path) as host:
        host.greet()
        remote = host.open(b"sync:")
        host.send(packet(b"WRTE", 1, remote, talk[: len(talk) - 1 - cut]))
        host.send(packet(b"CLSE", 1, remote))
        host.greet()
        assert not (folder / "f").exists()


def test_shell_packets_of_any_kind_and_length(daemon: Daemon) -> None:
    with RawHost.attach(daemon.socket_path) as host:
        host.greet()
        remote = host.open(b"shell,v2,raw:cat")
        junk = b"".join(
            bytes([kind]) + struct.pack("<I", length) + bytes(length)
            for kind in (1, 2, 3, 5, 77, 255)
            for length in (0, 1, 200)
        )
        host.send(packet(b"WRTE", 1, remote, junk + b"\x00\x04\x00\x00\x00real" + b"\x04\x00\x00\x00\x00"))
        output = b""
        while b"\x03\x01\x00\x00\x00\x00" not in output:
            output += host.receive_data(1, remote)
        assert b"real" in output


def fuzzed(chance: random.Random, folder: Path) -> bytes:
    """A packet like those of a real host, with wrong numbers and lengths.

    The names of services and files are unchanged, because the daemon executes them.
    """
    path = os.fsencode(folder / "fuzz")
    services = [
        b"sync:",
        b"exec:cat",
        b"shell,v2,raw:cat",
        b"shell,v2,pty:cat",
        b"localabstract:nobody",
        b"?",
    ]
    talks = [
        send_request(path + b",33188"),
        sync_word(b"DATA", chance.choice([0, 5, 70_000, 2**32 - 1]), b"hello"),
        sync_word(b"LIS2", len(path), path),
        sync_word(b"RECV", len(path), path),
        sync_word(b"DONE", chance.getrandbits(32)),
        b"\x00" + struct.pack("<I", chance.choice([0, 3, 2**31])) + b"abc",
        chance.randbytes(chance.randrange(40)),
    ]
    numbers = [0, 1, 2, 3, 4, 5, chance.getrandbits(32)]
    command = chance.choice([b"OPEN", b"OPEN", b"WRTE", b"WRTE", b"WRTE", b"OKAY", b"CLSE", b"CNXN"])
    payload = chance.choice(services) if command == b"OPEN" else b"".join(chance.sample(talks, 2))
    made = bytearray(packet(command, chance.choice(numbers), chance.choice(numbers), payload))
    if chance.random() < 0.1:
        made[chance.randrange(24)] ^= 1 << chance.randrange(8)
    return bytes(made)


def test_random_hosts(daemon: Daemon, folder: Path) -> None:
    chance = random.Random(FUZZ_SEED)
    for _ in range(FUZZ_HOSTS):
        with (
            RawHost.attach(daemon.socket_path) as host,
            # A damaged header: the daemon has hung up.
            suppress(BrokenPipeError, ConnectionResetError),
        ):
            host.greet()
            for _ in range(FUZZ_PACKETS_EACH):
                host.send(fuzzed(chance, folder))
