"""A booted virtual device with the stand-in Android on it, reached over real adb."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from install import install

import lmkd_virtual
from lmkd_core.base.deadline import Deadline
from lmkd_core.logs.deaths import Death
from lmkd_core.logs.reading import Reader
from lmkd_core.logs.sources import Line
from lmkd_core.logs.summary import Summary
from lmkd_core.logs.summary import summarise
from pytest_lmkd.apps.android import Android
from pytest_lmkd.transport import PrivateAdbServer
from pytest_lmkd.transport import Transport

PATIENCE_S = 120.0
"""No test is about time: this ends one that hangs."""

READY = b"lmkd-adbd: ready"
"""What the daemon says on the console whenever it begins."""

ACTIVITY = "android.app.NativeActivity"


@dataclass(frozen=True, slots=True)
class StandIn:
    """The device, and what tests ask of it."""

    transport: Transport

    @property
    def android(self) -> Android:
        return Android(self.transport, "stand-in")

    def output(self, command: str) -> str:
        """What ``command`` prints, without the last line's end; it must succeed and not complain."""
        done = self.transport.shell(command, Deadline(PATIENCE_S))
        assert (done.exit_code, done.stderr) == (0, b""), (command, done)
        return done.stdout.decode().removesuffix("\n")

    def await_line(self, command: str, text: str) -> str:
        """The first line of ``command`` that has ``text``; what goes on and on is ended then."""
        with self.transport.stream_lines(command, Deadline(PATIENCE_S)) as lines:
            for line in lines:
                if text in line.decode():
                    return line.decode()
        raise AssertionError(f"{command} ended without {text}")

    def start(self, package: str, size_kb: int) -> int:
        """The pid of the app, once it has its memory."""
        pid = self.android.start(f"{package}/{ACTIVITY}", {"size_kb": size_kb})
        self.await_line("logcat -s lmkdlab", f"ready {package} pid={pid} ")
        return pid

    def adj(self, pid: int) -> int:
        return int(self.output(f"cat /proc/{pid}/oom_score_adj"))

    def summary(self) -> Summary:
        """What the logs and exit-info tell; they must hold nothing that is not understood."""
        texts = {
            "logcat": self.output("logcat -d -v threadtime -b main,system,events"),
            "exit-info": self.output("dumpsys activity exit-info"),
        }
        reader = Reader()
        events = [
            event
            for file, text in texts.items()
            for event in reader.read(
                Line(file, number, line) for number, line in enumerate(text.splitlines(), 1)
            )
        ]
        assert reader.account.not_understood == []
        return summarise(events)

    def death(self, pid: int) -> Death:
        (found,) = [death for death in self.summary().deaths if death.pid == pid]
        return found


@contextmanager
def own_runtime_folder(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keeps our devices apart from those of the user. A short path: pytest's own is too long for sockets."""
    with tempfile.TemporaryDirectory(prefix="lmkd-") as folder:
        patch.setenv("XDG_RUNTIME_DIR", folder)
        yield


@contextmanager
def up(name: str, memory_mb: int, personality: str = "stock") -> Iterator[lmkd_virtual.Instance]:
    """A device with the stand-in; unbound, so that a session in a process of its own finds it."""
    lmkd_virtual.build(print)
    instance = lmkd_virtual.up(
        personality, name=name, progress=print, deadline=Deadline(PATIENCE_S), memory_mb=memory_mb
    )
    try:
        with attached(instance) as transport:
            install(transport)
        yield instance
    finally:
        lmkd_virtual.down(name)


@contextmanager
def attached(instance: lmkd_virtual.Instance) -> Iterator[Transport]:
    """The device talks to one adb server at a time."""
    server = PrivateAdbServer(instance.folder / "adb")
    server.require(Deadline(PATIENCE_S))
    try:
        yield server.connect(f"localfilesystem:{instance.adb_socket}", Deadline(PATIENCE_S))
    finally:
        server.stop(Deadline(PATIENCE_S))


BECOME_A_USER_BUILD = """
set -e
mv /sbin/lmkd-adbd /sbin/lmkd-adbd-of-root
printf '%s\\n' '#!/bin/sh' 'exec stand-in-android as-shell /sbin/lmkd-adbd-of-root "$@"' > /sbin/lmkd-adbd
chmod 755 /sbin/lmkd-adbd
chown 2000:2000 /dev/vport0p1
mkdir -p /data/local/tmp
chown -R 2000:2000 /data/local/tmp
kill $(pidof lmkd-adbd)
"""
"""The device's init starts the daemon again, from then on as AID_SHELL: adb gives no root any more."""


def become_a_user_build(instance: lmkd_virtual.Instance) -> None:
    """Adb's shell is of the user that it is of on user builds, until the device restarts."""
    seen = instance.console_log.read_bytes().count(READY)
    deadline = Deadline(PATIENCE_S)
    # The daemon ends, which QEMU does not report to the host: only the console shows that the next one is up.
    with attached(instance) as transport, transport.stream_lines(BECOME_A_USER_BUILD, deadline):
        while instance.console_log.read_bytes().count(READY) == seen:
            assert deadline.remaining_s() > 0, instance.console_log.read_text()


@contextmanager
def running(name: str, memory_mb: int) -> Iterator[StandIn]:
    """A device with the stand-in, and our link to it."""
    with up(name, memory_mb) as instance, attached(instance) as transport:
        yield StandIn(transport)


def make_apks(folder: Path, count: int) -> list[Path]:
    """Files of the two bytes by which the stand-in tells an APK, named as workload apps are."""
    folder.mkdir()
    paths = [folder / f"org.lmkdlab.w{number:02}.apk" for number in range(1, count + 1)]
    for path in paths:
        path.write_bytes(b"PK")
    return paths
