"""A booted virtual device, reached over real adb."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from own_devices import PATIENCE_S
from own_devices import attached

import lmkd_virtual
from lmkd_core.base.deadline import Deadline
from pytest_lmkd.transport import Completed
from pytest_lmkd.transport import Transport


@dataclass(frozen=True, slots=True)
class Device:
    instance: lmkd_virtual.Instance
    transport: Transport

    def run(self, command: str) -> Completed:
        return self.transport.shell(command, Deadline(PATIENCE_S))

    def output(self, command: str) -> str:
        """Returns the output of ``command`` without the last newline; it must succeed and print no error."""
        done = self.run(command)
        assert (done.exit_code, done.stderr) == (0, b""), (command, done)
        return done.stdout.decode().removesuffix("\n")


def start(personality: str, name: str) -> lmkd_virtual.Instance:
    """Starts a device that ends with the test, small enough for four of them at once."""
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
