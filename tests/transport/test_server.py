"""Tests the user's adb server: adb's variables name it, and we stop it only if we started it here."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import suppress
from pathlib import Path

import pytest
from fake_adb_server import PATIENCE_S
from fake_adb_server import SERIAL
from fake_adb_server import FakeAdbServer
from fake_adb_server import Talk
from fake_adb_server import block

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import EXIT_NO_DEVICE
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import TransportLost
from lmkd_core.base.errors import UsageProblem
from pytest_lmkd.transport import AdbServer
from pytest_lmkd.transport import TcpEndpoint
from pytest_lmkd.transport import UnixEndpoint
from pytest_lmkd.transport import server as server_module
from pytest_lmkd.transport.endpoint import endpoint_from_environment


@pytest.mark.parametrize(
    ("environment", "endpoint"),
    [
        ({}, TcpEndpoint("127.0.0.1", 5037)),
        ({"ANDROID_ADB_SERVER_PORT": "5038"}, TcpEndpoint("127.0.0.1", 5038)),
        ({"ANDROID_ADB_SERVER_ADDRESS": "lab-3"}, TcpEndpoint("lab-3", 5037)),
        ({"ADB_SERVER_SOCKET": "tcp:5040", "ANDROID_ADB_SERVER_PORT": "1"}, TcpEndpoint("127.0.0.1", 5040)),
        ({"ADB_SERVER_SOCKET": "tcp:lab-3:5040"}, TcpEndpoint("lab-3", 5040)),
        ({"ADB_SERVER_SOCKET": "tcp:[::1]:5040"}, TcpEndpoint("::1", 5040)),
        ({"ADB_SERVER_SOCKET": "localfilesystem:/run/adb.sock"}, UnixEndpoint(Path("/run/adb.sock"))),
        ({"ADB_SERVER_SOCKET": "", "ANDROID_ADB_SERVER_PORT": ""}, TcpEndpoint("127.0.0.1", 5037)),
    ],
)
def test_the_environment_names_the_server(
    environment: dict[str, str], endpoint: TcpEndpoint | UnixEndpoint
) -> None:
    assert endpoint_from_environment(environment) == endpoint


@pytest.mark.parametrize(
    "environment",
    [
        {"ANDROID_ADB_SERVER_PORT": "adb"},
        {"ANDROID_ADB_SERVER_PORT": "0"},
        {"ANDROID_ADB_SERVER_PORT": "65536"},
        {"ANDROID_ADB_SERVER_PORT": "-1"},
        {"ANDROID_ADB_SERVER_PORT": "٥٠٣٧"},
        {"ADB_SERVER_SOCKET": "5037"},
        {"ADB_SERVER_SOCKET": "tcp:"},
        {"ADB_SERVER_SOCKET": "tcp:lab:99999"},
        {"ADB_SERVER_SOCKET": "localfilesystem:/" + "x" * 107},
    ],
)
def test_a_variable_that_makes_no_sense_is_wrong_usage(environment: dict[str, str]) -> None:
    with pytest.raises(UsageProblem):
        endpoint_from_environment(environment)


@pytest.mark.parametrize(
    ("host", "here"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True), ("10.0.0.1", False)],
)
def test_loopback_addresses_are_on_this_machine(host: str, here: bool) -> None:
    assert TcpEndpoint(host, 5037).is_on_this_machine == here


def test_devices_are_listed_with_their_states(server: AdbServer, fake: FakeAdbServer) -> None:
    listed = f"{SERIAL}\tdevice\nother\tunauthorized\n"
    fake.on["host:devices"] = lambda talk: talk.okay(block(listed))
    assert server.list_devices(Deadline(PATIENCE_S)) == [(SERIAL, "device"), ("other", "unauthorized")]


def test_an_old_server_is_refused(server: AdbServer, fake: FakeAdbServer) -> None:
    fake.on["host:version"] = lambda talk: talk.okay(block("0028"))
    with pytest.raises(
        DeviceUnusable, match=r"has version 1\.0\.40, which is too old: install platform-tools"
    ):
        server.require(Deadline(PATIENCE_S))


def test_a_failed_connect_quotes_adb(server: AdbServer, fake: FakeAdbServer) -> None:
    fake.on["host:connect:"] = lambda talk: talk.okay(block("could not connect to nowhere"))
    with pytest.raises(DeviceUnusable, match=r"adb cannot reach nowhere \(could not connect to nowhere\)"):
        server.connect("nowhere", Deadline(PATIENCE_S))


def test_a_spoilt_first_connect_is_followed_by_one_more(server: AdbServer, fake: FakeAdbServer) -> None:
    answers = iter(["failed to connect to phone", "connected to phone"])
    fake.on["host:connect:"] = lambda talk: talk.okay(block(next(answers)))
    fake.on["host:disconnect:"] = lambda talk: talk.fail("no such device")
    fake.on["host:track-devices"] = lambda talk: talk.okay(block(f"{SERIAL}\tdevice\n"))
    assert server.connect(SERIAL, Deadline(PATIENCE_S)).serial == SERIAL
    assert list(answers) == []


def test_a_link_that_was_just_ending_is_made_anew(server: AdbServer, fake: FakeAdbServer) -> None:
    """Adb 36, as observed, still reports a device as connected after a disconnect, but does not list it."""
    links = iter([("already connected to phone", ""), ("connected to phone", f"{SERIAL}\tdevice\n")])
    listed = ""

    def connect(talk: Talk) -> None:
        nonlocal listed
        answer, listed = next(links)
        talk.okay(block(answer))

    fake.on["host:connect:"] = connect
    fake.on["host:track-devices"] = lambda talk: talk.okay(block(listed))
    assert server.connect(SERIAL, Deadline(PATIENCE_S)).serial == SERIAL
    assert list(links) == []


@contextmanager
def not_adb(answer: bytes | None) -> Iterator[TcpEndpoint]:
    """Opens a TCP port of something else, which sends ``answer`` to every client, or nothing if None."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer, suppress(OSError):
                peer.recv(1000)
                peer.sendall(answer or b"")

    thread = threading.Thread(target=serve)
    if answer is not None:
        thread.start()
    try:
        yield TcpEndpoint(*listener.getsockname())
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        if answer is not None:
            thread.join(PATIENCE_S)


@pytest.fixture
def adb_log(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Puts FakeAdb in adb's place; returns the log of its arguments."""
    program = folder / "adb"
    script = Path(__file__).with_name("fake_adb_program.py")
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "$@"\n')
    program.chmod(0o755)
    log = folder / "adb.log"
    monkeypatch.setenv("ADBUTILS_ADB_PATH", str(program))
    monkeypatch.setenv("FAKE_ADB_LOG", str(log))
    return log


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"FAIL0005wrong", None])
def test_a_port_in_use_by_something_else(
    adb_log: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes | None
) -> None:
    monkeypatch.setattr(server_module, "_ANSWER_S", 0.3)
    with not_adb(answer) as endpoint:
        expected = (
            f"the program that answers at {endpoint} is not an adb server: stop it, or set another port"
        )
        with pytest.raises(DeviceUnusable, match=expected) as caught:
            AdbServer(endpoint).require(Deadline(PATIENCE_S))
    assert caught.value.exit_code == EXIT_NO_DEVICE
    assert not adb_log.exists()


def test_a_server_is_started_here_when_none_answers_and_stopped_again(adb_log: Path) -> None:
    endpoint = TcpEndpoint("127.0.0.1", free_port())
    server = AdbServer(endpoint)
    server.require(Deadline(PATIENCE_S))
    assert adb_log.read_text() == f"-P {endpoint.port} start-server\n"
    server.require(Deadline(PATIENCE_S))  # it answers now: no second one
    server.stop(Deadline(PATIENCE_S))
    assert adb_log.read_text() == f"-P {endpoint.port} start-server\n"
    with pytest.raises(ConnectionRefusedError):
        endpoint.connect(PATIENCE_S)
    server.stop(Deadline(PATIENCE_S))  # again: nothing


def test_a_server_that_was_there_is_not_stopped(adb_log: Path) -> None:
    endpoint = TcpEndpoint("127.0.0.1", free_port())
    first = AdbServer(endpoint)
    first.require(Deadline(PATIENCE_S))
    second = AdbServer(endpoint)
    second.require(Deadline(PATIENCE_S))
    second.stop(Deadline(PATIENCE_S))
    endpoint.connect(PATIENCE_S).close()
    first.stop(Deadline(PATIENCE_S))


def test_a_server_that_cannot_be_started(adb_log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_ADB_FAILS", "1")
    with pytest.raises(DeviceUnusable, match=r"the adb server at .* could not be started: cannot bind"):
        AdbServer(TcpEndpoint("127.0.0.1", free_port())).require(Deadline(PATIENCE_S))


def test_no_server_is_started_for_another_machine(adb_log: Path) -> None:
    remote = AdbServer(TcpEndpoint("lab-3.invalid", 5037))
    with pytest.raises(
        DeviceUnusable, match=r"no adb server answers at lab-3\.invalid:5037: start one there"
    ):
        remote.require(Deadline(PATIENCE_S))
    with pytest.raises((DeviceUnusable, TransportLost)):
        remote.list_devices(Deadline(PATIENCE_S))
    with pytest.raises((DeviceUnusable, TransportLost)):
        remote.transport(SERIAL).shell("true", Deadline(PATIENCE_S))
    assert not adb_log.exists()


def test_without_any_adb_the_message_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> str:
        raise server_module.AdbError("No adb exe could be found. Install adb on your system")

    monkeypatch.setattr(server_module.adbutils, "adb_path", absent)
    with pytest.raises(DeviceUnusable, match="install Android's platform-tools"):
        AdbServer(TcpEndpoint("127.0.0.1", free_port())).require(Deadline(PATIENCE_S))
