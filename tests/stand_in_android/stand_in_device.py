"""A booted virtual device with the stand-in Android, reached over real adb."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from install import install
from own_devices import PATIENCE_S
from own_devices import attached
from own_devices import own_runtime_folder

import lmkd_virtual
from lmkd_core.base.deadline import Deadline
from lmkd_core.logs.deaths import Death
from lmkd_core.logs.reading import Reader
from lmkd_core.logs.sources import Line
from lmkd_core.logs.summary import Summary
from lmkd_core.logs.summary import summarise
from pytest_lmkd.apps.android import Android
from pytest_lmkd.devices.device import Device
from pytest_lmkd.devices.virtual import VirtualSource
from pytest_lmkd.transport import Transport

READY = b"lmkd-adbd: ready"
"""The line that the daemon prints on the console at each start."""

ACTIVITY = "android.app.NativeActivity"


@dataclass(frozen=True, slots=True)
class StandIn:
    """The device and its commands."""

    transport: Transport

    @property
    def android(self) -> Android:
        return Android(self.transport, "stand-in")

    def output(self, command: str) -> str:
        """Returns the output of ``command`` without the last newline; it must succeed and print no error."""
        done = self.transport.shell(command, Deadline(PATIENCE_S))
        assert (done.exit_code, done.stderr) == (0, b""), (command, done)
        return done.stdout.decode().removesuffix("\n")

    def await_line(self, command: str, text: str) -> str:
        """Returns the first output line of ``command`` with ``text``, and ends the command."""
        with self.transport.stream_lines(command, Deadline(PATIENCE_S)) as lines:
            for line in lines:
                if text in line.decode():
                    return line.decode()
        raise AssertionError(f"{command} ended without {text}")

    def start(self, package: str, size_kb: int) -> int:
        """Starts the app; returns its pid once it has its memory."""
        pid = self.android.start(f"{package}/{ACTIVITY}", {"size_kb": size_kb})
        self.await_line("logcat -s lmkdlab", f"ready {package} pid={pid} ")
        return pid

    def adj(self, pid: int) -> int:
        return int(self.output(f"cat /proc/{pid}/oom_score_adj"))

    def summary(self) -> Summary:
        """Returns the summary of the logs and exit-info; every line must be understood."""
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
        (death,) = [death for death in self.summary().deaths if death.pid == pid]
        return death


@contextmanager
def up(name: str, memory_mb: int, personality: str = "stock") -> Iterator[lmkd_virtual.Instance]:
    """Yields a device with the stand-in, not bound to this process, so that another session finds it."""
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
"""The device's init restarts the daemon, from then on as AID_SHELL: adb no longer gives root."""


def become_a_user_build(instance: lmkd_virtual.Instance) -> None:
    """Gives adb's shell the user that it has on user builds, until the device restarts."""
    ready_before = instance.console_log.read_bytes().count(READY)
    deadline = Deadline(PATIENCE_S)
    # QEMU does not report the end of the daemon to the host: only the console shows that the next one is up.
    with attached(instance) as transport, transport.stream_lines(BECOME_A_USER_BUILD, deadline):
        while instance.console_log.read_bytes().count(READY) == ready_before:
            assert deadline.remaining_s() > 0, instance.console_log.read_text()


@contextmanager
def running(name: str, memory_mb: int) -> Iterator[StandIn]:
    """Yields a device with the stand-in, apart from the user's devices, over our own link."""
    with own_runtime_folder(), up(name, memory_mb) as instance, attached(instance) as transport:
        yield StandIn(transport)


@contextmanager
def session_device(name: str) -> Iterator[Device]:
    """Yields a device with the stand-in, apart from the user's devices, as a session of the plugin has it."""
    with own_runtime_folder(), up(name, memory_mb=512), Device(VirtualSource("stock"), print) as device:
        yield device


def run_suite(checkout: Path, results: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs one block of the suites in ``words`` in another session; returns its exit code and output."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--lmkd-blocks", "1"]
    return subprocess.run(
        [*command, "--lmkd-results", str(results), *words],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
        timeout=5 * PATIENCE_S,
    )


def make_apks(folder: Path, count: int) -> list[Path]:
    """Makes files that the stand-in takes for APKs of workload apps: it checks two bytes only."""
    folder.mkdir()
    paths = [folder / f"org.lmkdlab.w{number:02}.apk" for number in range(1, count + 1)]
    for path in paths:
        path.write_bytes(b"PK")
    return paths
