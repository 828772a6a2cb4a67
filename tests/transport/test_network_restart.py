"""Tests that a network device is reconnected after its adb daemon restarts, even if its port refuses."""

from __future__ import annotations

import pytest
from fake_adb_server import PATIENCE_S
from fake_adb_server import FakeAdbServer
from fake_adb_server import Talk
from fake_adb_server import block

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import DeadlineExceeded
from pytest_lmkd.transport import AdbServer
from pytest_lmkd.transport import server as server_module

ADDRESS = "127.0.0.1:6520"


class NetworkDevice:
    """A device at the fake adb server; after a restart it is offline until a connection succeeds."""

    def __init__(self, server: FakeAdbServer, refusals: float) -> None:
        self._refusals = refusals
        self.answers: list[str] = []
        server.on |= {
            "host:track-devices": self._track,
            "host:connect:": self._connect,
            "host:disconnect:": lambda talk: talk.okay(block(f"disconnected {ADDRESS}")),
        }

    def _track(self, talk: Talk) -> None:
        talk.okay(block(f"other\tdevice\n{ADDRESS}\tdevice\n"))
        if not self.answers:
            talk.send(block(f"{ADDRESS}\tdevice\n"))  # another device went
            talk.send(block(f"{ADDRESS}\toffline\n"))
        talk.drain()

    def _connect(self, talk: Talk) -> None:
        refuses = len(self.answers) < self._refusals
        self.answers.append("failed to connect to" if refuses else "connected to")
        talk.okay(block(f"{self.answers[-1]} {ADDRESS}"))


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "_RECONNECT_S", 0)


def test_it_is_connected_again(server: AdbServer, fake: FakeAdbServer) -> None:
    device = NetworkDevice(fake, refusals=3)
    assert server.await_restart(ADDRESS, lambda: True, Deadline(PATIENCE_S))
    assert device.answers == [*["failed to connect to"] * 3, "connected to"]


def test_a_device_that_does_not_restart_is_left_alone(server: AdbServer, fake: FakeAdbServer) -> None:
    device = NetworkDevice(fake, refusals=0)
    assert not server.await_restart(ADDRESS, lambda: False, Deadline(PATIENCE_S))
    assert device.answers == []


def test_a_device_that_does_not_come_back_is_not_awaited_for_ever(
    server: AdbServer, fake: FakeAdbServer
) -> None:
    NetworkDevice(fake, refusals=float("inf"))
    with pytest.raises(DeadlineExceeded):
        server.await_restart(ADDRESS, lambda: True, Deadline(1))
