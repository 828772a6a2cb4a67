"""Runs our client of lmkd's socket, decodes its answers and registers processes with lmkd.

Each run of the program is one connection. A lock on the device prevents two of our runs at once: lmkd takes
three clients, and Android itself uses one or two of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.progress import Progress
from pytest_lmkd.transport import Transport
from pytest_lmkd.transport.program import decode_message
from pytest_lmkd.transport.program import install_program
from pytest_lmkd.transport.program import run_failure

PROGRAM = "lmkd-client"

ASK_S = 60.0
"""The program itself waits 5 s for each of lmkd's answers."""

ALL_KILLS = 1001
"""A minimum oom_score_adj above OOM_SCORE_ADJ_MAX makes lmkd count every kill (AOSP, get_killcnt)."""


class LmkdCount(msgspec.Struct, frozen=True, tag="lmkd_count"):
    """Kills since lmkd started, with oom_score_adj from ``min_adj`` to ``max_adj``; 1001: all kills."""

    min_adj: int
    max_adj: int
    count: int


class LmkdDone(msgspec.Struct, frozen=True, tag="lmkd_done"):
    """lmkd accepted the command."""

    command: str


class LmkdKilled(msgspec.Struct, frozen=True, tag="lmkd_killed"):
    """lmkd reported a kill. ``rss_kb`` is null before July 2024. ``seen_ns`` is CLOCK_MONOTONIC."""

    pid: int
    uid: int
    rss_kb: int | None
    seen_ns: int


class LmkdStat(msgspec.Struct, frozen=True, tag="lmkd_stat"):
    """LMK_STAT_KILL_OCCURRED, with the names of AOSP's statslog.h; null where lmkd has no value."""

    pgfault: int | None
    pgmajfault: int | None
    rss_in_bytes: int | None
    cache_in_bytes: int | None
    swap_in_bytes: int | None
    process_start_time_ns: int | None
    uid: int
    oom_score: int
    min_oom_score: int
    free_mem_kb: int
    free_swap_kb: int
    kill_reason: int
    thrashing_pct: int
    max_thrashing_pct: int
    taskname: str
    seen_ns: int


class LmkdUnknown(msgspec.Struct, frozen=True, tag="lmkd_unknown"):
    """A packet with a command or a size that the program does not know."""

    command: int
    size_bytes: int
    seen_ns: int


class LmkdFailure(msgspec.Struct, frozen=True, tag="lmkd_error"):
    """The program could not go on. ``errno`` is a name such as ``EACCES``, or empty."""

    call: str
    errno: str
    reason: str


LmkdLine = LmkdCount | LmkdDone | LmkdKilled | LmkdStat | LmkdUnknown | LmkdFailure

_decoder: msgspec.json.Decoder[LmkdLine] = msgspec.json.Decoder(LmkdLine)


@dataclass(frozen=True, slots=True)
class LmkdProcess:
    """A process to register with lmkd; ``service``: it does not belong to an app."""

    pid: int
    uid: int
    oom_score_adj: int
    service: bool = False


def register(transport: Transport, folder: str, process: LmkdProcess, progress: Progress) -> bool:
    """Makes lmkd set the process's oom_score_adj and consider it for kills; False if lmkd has no socket.

    lmkd does not report success: check /proc/PID/oom_score_adj. A living process that another client has
    registered stays unchanged.

    Raises:
        DeviceUnusable: lmkd has a socket but does not answer, with the reason.
        TransportLost: the link broke.
    """
    words = (process.pid, process.uid, process.oom_score_adj, int(process.service))
    lines = _run(transport, folder, "register:" + ":".join(map(str, words)), progress)
    return any(isinstance(line, LmkdDone) for line in lines)


def client_command(transport: Transport, folder: str, commands: str, progress: Progress) -> str:
    """Installs the program and returns the shell command that runs it; the caller provides its input.

    Raises:
        DeviceUnusable: the program cannot be installed.
        TransportLost: the link broke.
    """
    path = install_program(transport, folder, PROGRAM, progress).path
    return f"exec {path} --lock {folder}/{PROGRAM}.lock {commands}"


def reports_no_socket(line: LmkdLine, serial: str) -> bool:
    """Whether ``line`` reports that lmkd has no socket. Raises: DeviceUnusable: another failure."""
    if not isinstance(line, LmkdFailure):
        return False
    if (line.call, line.errno) != ("connect", "ENOENT"):
        raise DeviceUnusable(f"{serial}: {explain(line)}")
    return True


def _run(transport: Transport, folder: str, command: str, progress: Progress) -> tuple[LmkdLine, ...]:
    """The program's answers; none if lmkd has no socket."""
    done = transport.shell(client_command(transport, folder, command, progress), Deadline(ASK_S))
    lines = tuple(map(decode_line, done.stdout.splitlines()))
    if any(reports_no_socket(line, transport.serial) for line in lines):
        return ()
    if done.exit_code != 0 or not lines:
        raise run_failure(transport.serial, PROGRAM, done.exit_code, done.stderr + done.stdout)
    return lines


def decode_line(line: bytes) -> LmkdLine:
    """One of the program's lines. Raises: AgentBug."""
    return decode_message(_decoder, line, PROGRAM)


def explain(failure: LmkdFailure) -> str:
    """The failure and its remedy."""
    if (failure.call, failure.errno) == ("connect", "EACCES"):
        return "lmkd's socket is open to root and system only: use a userdebug build after `adb root`"
    if (failure.call, failure.errno) == ("connect", "ECONNREFUSED"):
        return f"lmkd does not run ({failure.reason})"
    return f"lmkd does not answer: {failure.reason}"
