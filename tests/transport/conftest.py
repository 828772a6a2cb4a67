"""Fixtures of the transport's tests: stand-ins that misbehave, and the real adb where it matters."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_adb_server import SERIAL
from fake_adb_server import FakeAdbServer

from pytest_lmkd.transport import AdbServer
from pytest_lmkd.transport import AdbTransport
from pytest_lmkd.transport import UnixEndpoint


@pytest.fixture
def folder() -> Iterator[Path]:
    """A private folder with a path short enough for Unix sockets; pytest's may be too long."""
    with tempfile.TemporaryDirectory(prefix="lmkd-") as path:
        yield Path(path)


@pytest.fixture
def fake(folder: Path) -> Iterator[FakeAdbServer]:
    running = FakeAdbServer(folder / "fake.sock")
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def server(fake: FakeAdbServer, folder: Path) -> AdbServer:
    return AdbServer(UnixEndpoint(folder / "fake.sock"))


@pytest.fixture
def phone(server: AdbServer) -> AdbTransport:
    return server.transport(SERIAL)
