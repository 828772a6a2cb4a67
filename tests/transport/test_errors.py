"""Tests that every failure between host and device becomes one of our errors, in one clear sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fake_adb_server import FEATURES
from fake_adb_server import PATIENCE_S
from fake_adb_server import SERIAL
from fake_adb_server import FakeAdbServer
from fake_adb_server import Talk
from fake_adb_server import block
from fake_adb_server import shell_packet

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import LmkdError
from lmkd_core.base.errors import TransportLost
from pytest_lmkd.transport import AdbServer
from pytest_lmkd.transport import AdbTransport
from pytest_lmkd.transport import UnixEndpoint
from pytest_lmkd.transport import adb as adb_module

ANSWER = b"OKAY" + shell_packet(1, b"hello\n") + shell_packet(2, b"warning\n") + shell_packet(3, b"\x00")


def shell(phone: AdbTransport) -> bytes:
    return phone.shell("echo hello", Deadline(PATIENCE_S)).stdout


def answering(data: bytes) -> Callable[[Talk], None]:
    def answer(talk: Talk) -> None:
        talk.send(data)
        talk.drain()

    return answer


def cutting(data: bytes) -> Callable[[Talk], None]:
    return lambda talk: talk.send(data)


def work_once(phone: AdbTransport, fake: FakeAdbServer) -> None:
    fake.on["shell,"] = answering(ANSWER)
    assert shell(phone) == b"hello\n"


@pytest.mark.parametrize("cut", range(len(ANSWER)))
def test_a_link_cut_at_any_byte_is_lost(phone: AdbTransport, fake: FakeAdbServer, cut: int) -> None:
    fake.on["shell,"] = cutting(ANSWER[:cut])
    with pytest.raises(TransportLost, match=SERIAL):
        shell(phone)


def test_a_link_that_is_reset_is_lost(phone: AdbTransport, fake: FakeAdbServer) -> None:
    # A Unix socket closed with unread data resets its peer.
    work_once(phone, fake)
    fake.on = {"host:tport": lambda talk: talk.okay()}
    with pytest.raises(TransportLost, match=SERIAL):
        phone.shell("x" * 50_000, Deadline(PATIENCE_S))


@pytest.mark.parametrize(
    ("nonsense", "stage"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "host:tport"),
        (b"", "host:tport"),
        (b"OKAY\x00\x00", "host:tport"),
        (b"FAILzzzz", "host:tport"),
        (b"FAIL00ffshort", "host:tport"),
        (b"OKAYxyz!", "host-transport-id"),
        (b"OKAY" + shell_packet(1, b"")[:1] + b"\xff\xff\xff\xff", "shell,"),
        (b"OKAY" + shell_packet(1, b"x") + b"\x03\x00\x00\x00\x00", "shell,"),
    ],
)
def test_nonsense_is_a_lost_link(
    phone: AdbTransport, fake: FakeAdbServer, nonsense: bytes, stage: str
) -> None:
    fake.on = {stage: cutting(nonsense), **fake.on}
    with pytest.raises(TransportLost, match=SERIAL):
        shell(phone)


REFUSALS = [
    (
        f"device '{SERIAL}' not found",
        DeviceUnusable,
        TransportLost,
        "is not attached: run `pytest-lmkd",
    ),
    ("no devices/emulators found", DeviceUnusable, TransportLost, "is not attached"),
    ("device offline", DeviceUnusable, TransportLost, "as offline: reconnect or restart it"),
    (
        "device unauthorized.\nThis adb server's $ADB_VENDOR_KEYS is not set",
        DeviceUnusable,
        DeviceUnusable,
        "is unauthorized: unlock it and accept",
    ),
    ("device still authorizing", DeviceUnusable, DeviceUnusable, "is unauthorized"),
    ("closed", TransportLost, TransportLost, "adb failed while running `echo hello` on phone: closed"),
]


@pytest.mark.parametrize(("reason", "at_first", "later", "sentence"), REFUSALS)
def test_a_refusal_at_first_and_later(
    phone: AdbTransport,
    fake: FakeAdbServer,
    reason: str,
    at_first: type[LmkdError],
    later: type[LmkdError],
    sentence: str,
) -> None:
    good = dict(fake.on)
    fake.on = {"host:tport": lambda talk: talk.fail(reason)}
    with pytest.raises(at_first) as first:
        shell(phone)
    assert type(first.value) is at_first
    assert sentence in str(first.value)
    fake.on = good
    work_once(phone, fake)
    fake.on = {"host:tport": lambda talk: talk.fail(reason)}
    with pytest.raises(later) as second:
        shell(phone)
    assert type(second.value) is later


def test_no_server_at_first_and_later(folder: Path) -> None:
    endpoint = UnixEndpoint(folder / "fake.sock")
    phone = AdbServer(endpoint).transport(SERIAL)
    with pytest.raises(DeviceUnusable, match=r"no adb server answers at .*: start it"):
        shell(phone)
    fake = FakeAdbServer(endpoint.path)
    try:
        work_once(phone, fake)
    finally:
        fake.stop()
    with pytest.raises(TransportLost, match="no adb server answers at"):
        shell(phone)


def test_a_device_without_the_shell_protocol_is_unusable(phone: AdbTransport, fake: FakeAdbServer) -> None:
    fake.on["host-transport-id:1:features"] = lambda talk: talk.okay(block("cmd,stat_v2"))
    with pytest.raises(DeviceUnusable, match="phone lacks adb shell protocol 2"):
        shell(phone)


def test_features_are_asked_for_once(phone: AdbTransport, fake: FakeAdbServer) -> None:
    work_once(phone, fake)
    work_once(phone, fake)
    assert sum("features" in request for request in fake.requests) == 1
    assert "shell_v2" in FEATURES


def test_a_command_longer_than_adb_can_carry_is_not_sent(phone: AdbTransport, fake: FakeAdbServer) -> None:
    work_once(phone, fake)
    with pytest.raises(TransportLost, match="exceeds adb's 65535"):
        phone.shell("x" * 70_000, Deadline(PATIENCE_S))


def test_a_line_that_never_ends_is_given_up(
    phone: AdbTransport, fake: FakeAdbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adb_module, "_LINE_MAX_BYTES", 100)
    fake.on["shell,"] = answering(b"OKAY" + shell_packet(1, b"x" * 101))
    with pytest.raises(TransportLost, match="a line is longer than 100 bytes"):
        next(phone.stream_lines("x", Deadline(PATIENCE_S)))
