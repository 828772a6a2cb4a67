"""Boots the virtual device, each personality once a session, and reaches it over real adb."""

from __future__ import annotations

import os
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import lmkd_virtual
import pytest

from pytest_lmkd.deadline import Deadline
from pytest_lmkd.transport import PrivateAdbServer
from pytest_lmkd.transport.protocol import Completed
from pytest_lmkd.transport.protocol import Transport

PATIENCE_S = 120.0
"""No test is about time: this ends one that hangs."""


@dataclass(frozen=True, slots=True)
class Device:
    instance: lmkd_virtual.Instance
    transport: Transport

    def run(self, command: str) -> Completed:
        return self.transport.shell(command, Deadline(PATIENCE_S))

    def output(self, command: str) -> str:
        """What ``command`` prints; it must succeed and must not complain."""
        done = self.run(command)
        assert (done.exit_code, done.stderr) == (0, b""), (command, done)
        return done.stdout.decode()


@pytest.fixture(scope="session")
def image() -> lmkd_virtual.Image:
    return lmkd_virtual.build(print)


@contextmanager
def attached(instance: lmkd_virtual.Instance) -> Iterator[Transport]:
    server = PrivateAdbServer(instance.folder / "adb")
    server.require(Deadline(PATIENCE_S))
    try:
        yield server.connect(f"localfilesystem:{instance.adb_socket}", Deadline(PATIENCE_S))
    finally:
        server.stop(Deadline(PATIENCE_S))


@contextmanager
def running(personality: str) -> Iterator[Device]:
    """A device of our own, named apart from those that the user runs."""
    name = f"test-{os.getpid()}-{personality}"
    instance = lmkd_virtual.up(
        personality, name=name, progress=print, deadline=Deadline(PATIENCE_S), memory_mb=512, bound=True
    )
    try:
        with attached(instance) as transport:
            yield Device(instance, transport)
    finally:
        lmkd_virtual.down(name)


@pytest.fixture(scope="session")
def boot(image: lmkd_virtual.Image) -> Iterator[Callable[[str], Device]]:
    """``boot(personality)``: the session's one device of that personality, which stays up to the end."""
    with ExitStack() as stack:

        @cache
        def boot_once(personality: str) -> Device:
            return stack.enter_context(running(personality))

        yield boot_once


@pytest.fixture
def device(boot: Callable[[str], Device], personality: str) -> Device:
    return boot(personality)


@pytest.fixture
def runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty runtime folder for tests that start nothing, so that they see no real device."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path / "pytest-lmkd"
