"""A booted virtual device, reached over real adb, and what tests ask of its QEMU."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import lmkd_virtual
from lmkd_core.base.deadline import Deadline
from pytest_lmkd.transport import Completed
from pytest_lmkd.transport import PrivateAdbServer
from pytest_lmkd.transport import Transport

PATIENCE_S = 120.0
"""No test is about time: this ends one that hangs."""


@dataclass(frozen=True, slots=True)
class Device:
    instance: lmkd_virtual.Instance
    transport: Transport

    def run(self, command: str) -> Completed:
        return self.transport.shell(command, Deadline(PATIENCE_S))

    def output(self, command: str) -> str:
        """What ``command`` prints, without the last line's end; it must succeed and not complain."""
        done = self.run(command)
        assert (done.exit_code, done.stderr) == (0, b""), (command, done)
        return done.stdout.decode().removesuffix("\n")


@contextmanager
def attached(instance: lmkd_virtual.Instance) -> Iterator[Transport]:
    server = PrivateAdbServer(instance.folder / "adb")
    server.require(Deadline(PATIENCE_S))
    try:
        yield server.connect(f"localfilesystem:{instance.adb_socket}", Deadline(PATIENCE_S))
    finally:
        server.stop(Deadline(PATIENCE_S))


def start(personality: str, name: str) -> lmkd_virtual.Instance:
    """One that ends with us, small enough for four of them beside each other."""
    return lmkd_virtual.up(
        personality, name=name, progress=print, deadline=Deadline(PATIENCE_S), memory_mb=512, bound=True
    )


@contextmanager
def running(personality: str, name: str) -> Iterator[Device]:
    instance = start(personality, name)
    try:
        with attached(instance) as transport:
            yield Device(instance, transport)
    finally:
        lmkd_virtual.down(name)


def ends(pid: int) -> bool:
    """Wait until process ``pid`` has ended; False when it does not."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        return bool(poll.poll(PATIENCE_S * 1000))
    finally:
        os.close(pidfd)
