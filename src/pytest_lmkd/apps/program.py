"""Runs lmkd-apps, which kills an app's process by an arm; a second run of it watches free memory.

Two runs are necessary because only root may do both: an app's own user (``run-as``) may kill the app but not
read /proc/zoneinfo, and adb's shell may do the opposite (AOSP sepolicy, runas_app.te and shell.te). Both
report times of CLOCK_MONOTONIC, which the whole device shares.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Annotated

import msgspec

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import AgentBug
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import TrialInvalid
from lmkd_core.base.progress import Progress
from lmkd_core.records.arms import AgentArm
from lmkd_core.records.trial import Call
from pytest_lmkd.transport import LineStream
from pytest_lmkd.transport import Transport
from pytest_lmkd.transport.program import SETUP_S
from pytest_lmkd.transport.program import RemoteProgram
from pytest_lmkd.transport.program import decode_message
from pytest_lmkd.transport.program import install_program
from pytest_lmkd.transport.program import run_failure

PROGRAM = "lmkd-apps"

LIMIT_MS = 30_000
"""The longest watch of the program (device_agent/apps/watch.c)."""

MS_PER_S = 1000

Sample = tuple[int, int]
"""(CLOCK_MONOTONIC in ns, free memory of the device in kB)."""


class AppKill(msgspec.Struct, frozen=True, tag="app-kill"):
    """One kill by an arm, carried out as the user ``uid``. Times are ns since ``killed_ns``.

    ``exit_ns`` is null if the process had not ended by the timeout. The sizes were read just before the kill
    and are null if the kernel hides them from this user: VmRSS, RssAnon and VmSwap of /proc/PID/status, and
    Private_Dirty of /proc/PID/smaps_rollup.
    """

    pid: int
    uid: int
    killed_ns: int
    exit_ns: int | None
    rss_kb: int | None
    anon_kb: int | None
    swap_kb: int | None
    private_dirty_kb: int | None
    calls: tuple[Call, ...]


class Watching(msgspec.Struct, frozen=True, tag="watching"):
    """The idle window is over. ``pid`` is the watching process; SIGTERM ends it."""

    pid: Annotated[int, msgspec.Meta(gt=1)]
    clock_resolution_ns: int


class Samples(msgspec.Struct, frozen=True, tag="samples"):
    """Samples in time order; the next line continues them."""

    points: tuple[Sample, ...]


class Watched(msgspec.Struct, frozen=True, tag="watched"):
    """Last line, with the number of samples."""

    samples: int


class AppsFailure(msgspec.Struct, frozen=True, tag="error"):
    """The program failed and killed nothing."""

    reason: str


AppsLine = AppKill | Watching | Samples | Watched | AppsFailure

_decoder: msgspec.json.Decoder[AppsLine] = msgspec.json.Decoder(AppsLine)


@dataclass(frozen=True, slots=True)
class Target:
    """A process. The pid may be reused, but not with the same ``start_ticks`` (from /proc/PID/stat)."""

    pid: int
    start_ticks: int


@dataclass(frozen=True, slots=True)
class Watch:
    """The samples of free memory, and the resolution of their clock."""

    samples: tuple[Sample, ...]
    clock_resolution_ns: int


class AppsProgram:
    """The program on one device, with a copy in the folder of each app that it kills by run-as."""

    def __init__(self, transport: Transport, program: RemoteProgram) -> None:
        self._transport = transport
        self._program = program
        self._copy_name = f"{PROGRAM}-{program.sha256[:16]}"
        self._copied: set[str] = set()

    @classmethod
    def load(cls, transport: Transport, folder: str, progress: Progress) -> AppsProgram:
        return cls(transport, install_program(transport, folder, PROGRAM, progress))

    def prepare(self, run_as: str | None, progress: Progress) -> None:
        """Copies the program into the folder of the package ``run_as``, if one is given.

        Raises:
            DeviceUnusable: the copy failed, with the reason.
        """
        if run_as and run_as not in self._copied:
            progress(f"{self._transport.serial}: copying {PROGRAM} into the folder of {run_as}")
            self._copy_into(run_as)

    def kill(self, target: Target, arm: AgentArm, timeout_ms: int, run_as: str | None) -> AppKill:
        """Kills ``target`` by ``arm``, as the user of the package ``run_as`` or, if None, as adb's user.

        Raises:
            TrialInvalid: the target was not killed: it is another process, it has ended, or EPERM.
            DeviceUnusable: the program does not run on the device.
        """
        words = (
            f"kill pid={target.pid} start_ticks={target.start_ticks} arm={arm.name} "
            f"delay_us={arm.delay_us} timeout_ms={timeout_ms}"
        )
        begin = f"run-as {shlex.quote(run_as)} ./{self._copy_name}" if run_as else self._program.path
        done = self._transport.shell(f"exec {begin} {words}", Deadline(SETUP_S + timeout_ms / MS_PER_S))
        lines = decode_lines(done.stdout)
        line = lines[0] if lines else None
        if isinstance(line, AppsFailure):
            raise TrialInvalid(line.reason)
        if not isinstance(line, AppKill):
            raise run_failure(self._transport.serial, PROGRAM, done.exit_code, done.stderr + done.stdout)
        return line

    def watch(self, idle_ms: int) -> FreeMemoryWatch:
        """A watch of free memory for a ``with`` statement, whose body begins after ``idle_ms`` of samples."""
        command = f"exec {self._program.path} watch idle_ms={idle_ms} limit_ms={LIMIT_MS}"
        return FreeMemoryWatch(self._transport, command)

    def tidy(self) -> None:
        """Deletes the copies in the apps' folders."""
        for package in self._copied:
            self._transport.shell(f"run-as {shlex.quote(package)} rm -f {self._copy_name}", Deadline(SETUP_S))
        self._copied.clear()

    def _copy_into(self, package: str) -> None:
        """Copies through a pipe, since an app may not read our folder."""
        write = f"cat > {self._copy_name} && chmod 700 {self._copy_name} && sha256sum {self._copy_name}"
        done = self._transport.shell(
            f"cat {self._program.path} | run-as {shlex.quote(package)} sh -c {shlex.quote(write)}",
            Deadline(SETUP_S),
        )
        if not done.stdout.startswith(self._program.sha256.encode()):
            raise DeviceUnusable(
                f"{self._transport.serial}: {PROGRAM} could not be copied into {package}: {done.error_text}"
            )
        self._copied.add(package)


class FreeMemoryWatch:
    """A watch of free memory, as a context manager; ``end`` ends the watch and returns its samples."""

    def __init__(self, transport: Transport, command: str) -> None:
        self._transport = transport
        self._command = command
        self._stream: LineStream | None = None
        self._lines: Iterator[AppsLine] = iter(())
        self._watching: Watching | None = None

    def __enter__(self) -> FreeMemoryWatch:
        """Raises: DeviceUnusable: free memory cannot be read, with the reason."""
        self._stream = self._transport.stream_lines(
            self._command, Deadline(SETUP_S + 2 * LIMIT_MS / MS_PER_S)
        )
        self._lines = (_decode(line) for line in self._stream)
        first = next(self._lines, None)
        if not isinstance(first, Watching):
            self._stream.close()
            reason = first.reason if isinstance(first, AppsFailure) else f"{PROGRAM} answered {first}"
            raise DeviceUnusable(f"{self._transport.serial}: free memory cannot be watched: {reason}")
        self._watching = first
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            self._stream.close()  # adbd sends SIGHUP to the program if it still runs

    def end(self, after_ms: int) -> Watch:
        """Watches for another ``after_ms`` and returns all samples.

        Raises:
            DeviceUnusable: free memory could not be read to the end.
            AgentBug: samples are missing.
        """
        if self._watching is None:
            raise RuntimeError("the watch has not begun")
        end = f"sleep {after_ms / MS_PER_S:g}; kill -TERM {self._watching.pid}"
        self._transport.shell(end, Deadline(SETUP_S + after_ms / MS_PER_S))
        samples: list[Sample] = []
        for line in self._lines:
            if isinstance(line, Samples):
                samples += line.points
            elif isinstance(line, Watched) and line.samples == len(samples):
                return Watch(tuple(samples), self._watching.clock_resolution_ns)
            elif isinstance(line, AppsFailure):
                raise DeviceUnusable(f"{self._transport.serial}: {line.reason}")
        raise AgentBug(f"{self._transport.serial}: {PROGRAM} ended early, after {len(samples)} samples")


def decode_lines(output: bytes) -> tuple[AppsLine, ...]:
    """The program's answers; none if the first line is not JSON, as it then comes from another program."""
    lines = output.splitlines()
    return tuple(map(_decode, lines)) if lines and lines[0].startswith(b"{") else ()


def _decode(line: bytes) -> AppsLine:
    return decode_message(_decoder, line, PROGRAM)
