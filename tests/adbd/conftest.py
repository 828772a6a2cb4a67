"""Builds the adb daemon with gcc under ASan and UBSan and as for devices; runs it with the real adb."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon import PATIENCE_S
from daemon import Daemon
from raw_host import RawHost
from sanitized import sanitized_program

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.toolchain import static_program
from pytest_lmkd.transport import PrivateAdbServer
from pytest_lmkd.transport.private_server import shipped_adb_program

Adb = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture(scope="session")
def sanitized_adbd(checkout: Path) -> Path:
    return sanitized_program("lmkd-adbd", checkout)


@pytest.fixture(scope="session")
def static_adbd() -> Path:
    return static_program("lmkd-adbd", "x86_64", print)


@pytest.fixture(params=["sanitized_adbd", "static_adbd"])
def adbd(request: pytest.FixtureRequest) -> Path:
    """Every test runs with both builds."""
    path: Path = request.getfixturevalue(request.param)
    return path


@pytest.fixture
def folder() -> Iterator[Path]:
    """A private folder with a path short enough for Unix sockets, which pytest's own folder may lack."""
    with tempfile.TemporaryDirectory(prefix="lmkd-") as path:
        yield Path(path)


@pytest.fixture
def daemon(adbd: Path, folder: Path) -> Iterator[Daemon]:
    running = Daemon(adbd, folder)
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def server(folder: Path) -> Iterator[PrivateAdbServer]:
    running = PrivateAdbServer(folder / "server")
    running.require(Deadline(PATIENCE_S))
    try:
        yield running
    finally:
        running.stop(Deadline(PATIENCE_S))


@pytest.fixture
def adb(daemon: Daemon, server: PrivateAdbServer) -> Adb:
    """The real adb client, attached to the daemon: ``adb("shell", "ls")``."""
    server.connect(daemon.address, Deadline(PATIENCE_S))

    def run(*words: str | bytes | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        base = [shipped_adb_program(), "-L", f"localfilesystem:{server.endpoint}", "-s", daemon.address]
        return subprocess.run(
            [*base, *words], input=stdin, capture_output=True, check=False, timeout=4 * PATIENCE_S
        )

    return run


@pytest.fixture
def host(daemon: Daemon) -> Iterator[RawHost]:
    with RawHost.attach(daemon.socket_path) as attached:
        yield attached
