"""The program that kills a process of an app by our arms, and, started once more, watches free memory.

Two runs of it, as no user but root may do both: an app's own user (``run-as``) may kill the app and not read
/proc/zoneinfo, adb's shell the other way round (AOSP sepolicy, runas_app.te and shell.te). Both tell times of
CLOCK_MONOTONIC, which is one for the whole device.
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
from pytest_lmkd.transport.program import install_program

PROGRAM = "lmkd-apps"

LIMIT_MS = 30_000
"""What the program watches at most (device_agent/apps/watch.c)."""

MS_PER_S = 1000

Sample = tuple[int, int]
"""(CLOCK_MONOTONIC in ns, free memory of the device in kB)."""


class AppKill(msgspec.Struct, frozen=True, tag="app-kill"):
    """One kill by an arm, which the user ``uid`` carried out. Times are ns since ``killed_ns``.

    ``exit_ns`` is null where the process had not ended by the timeout. The sizes are of just before the kill,
    null where the kernel does not tell this user: VmRSS, RssAnon and VmSwap of /proc/PID/status, and
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
    """The idle window is over. ``pid`` is the watching process, which SIGTERM ends."""

    pid: Annotated[int, msgspec.Meta(gt=1)]
    clock_resolution_ns: int


class Samples(msgspec.Struct, frozen=True, tag="samples"):
    """Samples in time order; the next line goes on with them."""

    points: tuple[Sample, ...]


class Watched(msgspec.Struct, frozen=True, tag="watched"):
    """Last line: how many samples there were."""

    samples: int


class AppsFailure(msgspec.Struct, frozen=True, tag="error"):
    """Why the program could not do it; nothing was killed."""

    reason: str


AppsLine = AppKill | Watching | Samples | Watched | AppsFailure

_decoder: msgspec.json.Decoder[AppsLine] = msgspec.json.Decoder(AppsLine)


@dataclass(frozen=True, slots=True)
class Target:
    """A process: a pid may be another's by now, but not with the same ``start_ticks`` (of /proc/PID/stat)."""

    pid: int
    start_ticks: int


@dataclass(frozen=True, slots=True)
class Watch:
    """What was free, and the step of the clock that says when."""

    samples: tuple[Sample, ...]
    clock_resolution_ns: int


class AppsProgram:
    """The program, lying on the device, with a copy in the folder of each app that is killed by run-as."""

    def __init__(self, transport: Transport, program: RemoteProgram) -> None:
        self._transport = transport
        self._program = program
        self._own = f"{PROGRAM}-{program.sha256[:16]}"
        self._copied: set[str] = set()

    @classmethod
    def load(cls, transport: Transport, folder: str, progress: Progress) -> AppsProgram:
        return cls(transport, install_program(transport, folder, PROGRAM, progress))

    def prepare(self, run_as: str | None, progress: Progress) -> None:
        """Copies the program into the folder of the package ``run_as``; not into none.

        Raises:
            DeviceUnusable: the package does not take it, and why.
        """
        if run_as and run_as not in self._copied:
            progress(f"{self._transport.serial}: copying {PROGRAM} into the folder of {run_as}")
            self._copy_into(run_as)

    def kill(self, target: Target, arm: AgentArm, timeout_ms: int, run_as: str | None) -> AppKill:
        """Kills ``target`` by ``arm``: as the user of the package ``run_as``, or (None) as ourselves.

        Raises:
            TrialInvalid: it was not killed, and why: it is another process, it has ended, it may not be.
            DeviceUnusable: the program does not run there.
        """
        words = (
            f"kill pid={target.pid} start_ticks={target.start_ticks} arm={arm.name} "
            f"delay_us={arm.delay_us} timeout_ms={timeout_ms}"
        )
        begin = f"run-as {shlex.quote(run_as)} ./{self._own}" if run_as else self._program.path
        done = self._transport.shell(f"exec {begin} {words}", Deadline(SETUP_S + timeout_ms / MS_PER_S))
        lines = decode_lines(done.stdout)
        line = lines[0] if lines else None
        if isinstance(line, AppsFailure):
            raise TrialInvalid(line.reason)
        if not isinstance(line, AppKill):
            said = (done.stderr or done.stdout).decode(errors="replace").strip()[:200]
            raise DeviceUnusable(
                f"{self._transport.serial}: {PROGRAM} does not run (exit status {done.exit_code}: {said})"
            )
        return line

    def watch(self, idle_ms: int) -> FreeMemoryWatch:
        """Watches free memory within a ``with``, which begins ``idle_ms`` after the first sample."""
        command = f"exec {self._program.path} watch idle_ms={idle_ms} limit_ms={LIMIT_MS}"
        return FreeMemoryWatch(self._transport, command)

    def tidy(self) -> None:
        """Deletes the copies in the apps' folders."""
        for package in self._copied:
            self._transport.shell(f"run-as {shlex.quote(package)} rm -f {self._own}", Deadline(SETUP_S))
        self._copied.clear()

    def _copy_into(self, package: str) -> None:
        """Through a pipe: an app may not be let into our folder."""
        write = f"cat > {self._own} && chmod 700 {self._own} && sha256sum {self._own}"
        done = self._transport.shell(
            f"cat {self._program.path} | run-as {shlex.quote(package)} sh -c {shlex.quote(write)}",
            Deadline(SETUP_S),
        )
        if not done.stdout.startswith(self._program.sha256.encode()):
            said = (done.stderr or done.stdout).decode(errors="replace").strip()[:200]
            raise DeviceUnusable(f"{self._transport.serial}: {package} has no copy of {PROGRAM}: {said}")
        self._copied.add(package)


class FreeMemoryWatch:
    """A running watch: a context manager; within it, ``end`` ends it and gives what it saw."""

    def __init__(self, transport: Transport, command: str) -> None:
        self._transport = transport
        self._command = command
        self._stream: LineStream | None = None
        self._lines: Iterator[AppsLine] = iter(())
        self._watching: Watching | None = None

    def __enter__(self) -> FreeMemoryWatch:
        """Raises: DeviceUnusable: free memory cannot be read there, and why."""
        self._stream = self._transport.stream_lines(
            self._command, Deadline(SETUP_S + 2 * LIMIT_MS / MS_PER_S)
        )
        self._lines = (_decode(line) for line in self._stream)
        first = next(self._lines, None)
        if not isinstance(first, Watching):
            self._stream.close()
            reason = first.reason if isinstance(first, AppsFailure) else f"{PROGRAM} told {first}"
            raise DeviceUnusable(f"{self._transport.serial}: free memory cannot be watched: {reason}")
        self._watching = first
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            self._stream.close()  # adbd hangs up on it, if it still runs

    def end(self, after_ms: int) -> Watch:
        """Goes on for ``after_ms``, and then gives the samples.

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
        raise AgentBug(
            f"{self._transport.serial}: {PROGRAM} ended after {len(samples)} samples, not at its end"
        )


def decode_lines(output: bytes) -> tuple[AppsLine, ...]:
    """The program's lines; none where the first is none of its language: something else spoke then."""
    lines = output.splitlines()
    return tuple(map(_decode, lines)) if lines and lines[0].startswith(b"{") else ()


def _decode(line: bytes) -> AppsLine:
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise AgentBug(
            f"{PROGRAM} answered {line[:200]!r}, which is not of its protocol ({error})"
        ) from error
