"""The client of lmkd's socket: what it is told to do, what it answers, and how processes are registered.

Each run of the program is one connection, and a lock on the device keeps our runs from being there twice:
lmkd takes three clients, and Android itself is one or two of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import AgentBug
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.progress import Progress
from pytest_lmkd.transport import Transport
from pytest_lmkd.transport.program import install_program

PROGRAM = "lmkd-client"

ASK_S = 60.0
"""The program itself waits 5 s for each of lmkd's answers."""

ALL_KILLS = 1001
"""A lowest oom_score_adj above OOM_SCORE_ADJ_MAX: lmkd then counts every kill (AOSP, get_killcnt)."""


class LmkdCount(msgspec.Struct, frozen=True, tag="lmkd_count"):
    """Kills since lmkd began, of oom_score_adj ``min_adj`` to ``max_adj``; all, if ``min_adj`` is 1001."""

    min_adj: int
    max_adj: int
    count: int


class LmkdDone(msgspec.Struct, frozen=True, tag="lmkd_done"):
    """lmkd has obeyed the command."""

    command: str


class LmkdKilled(msgspec.Struct, frozen=True, tag="lmkd_killed"):
    """lmkd told that it killed; ``rss_kb`` is null before July 2024. ``seen_ns``: CLOCK_MONOTONIC."""

    pid: int
    uid: int
    rss_kb: int | None
    seen_ns: int


class LmkdStat(msgspec.Struct, frozen=True, tag="lmkd_stat"):
    """LMK_STAT_KILL_OCCURRED, named as in AOSP's statslog.h; null is what lmkd does not know."""

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
    """A packet of a command or a size that the program does not know."""

    command: int
    size_bytes: int
    seen_ns: int


class LmkdFailure(msgspec.Struct, frozen=True, tag="lmkd_error"):
    """Why the program could not go on; ``errno`` is a name, or empty."""

    call: str
    errno: str
    reason: str


LmkdLine = LmkdCount | LmkdDone | LmkdKilled | LmkdStat | LmkdUnknown | LmkdFailure

_decoder: msgspec.json.Decoder[LmkdLine] = msgspec.json.Decoder(LmkdLine)


@dataclass(frozen=True, slots=True)
class LmkdProcess:
    """A process for lmkd to know; ``service``: it is none of an app's."""

    pid: int
    uid: int
    oom_score_adj: int
    service: bool = False


def register(transport: Transport, folder: str, process: LmkdProcess, progress: Progress) -> bool:
    """Has lmkd set the process's oom_score_adj and take it for a candidate; False where there is no socket.

    lmkd does not say whether it could: /proc/PID/oom_score_adj does. A process that another client has
    registered, and is still there, is left as it is.

    Raises:
        DeviceUnusable: there is a socket, but lmkd could not be asked; why.
        TransportLost: the link broke.
    """
    words = (process.pid, process.uid, process.oom_score_adj, int(process.service))
    lines = _run(transport, folder, "register:" + ":".join(map(str, words)), progress)
    return any(isinstance(line, LmkdDone) for line in lines)


def client_command(transport: Transport, folder: str, commands: str, progress: Progress) -> str:
    """What runs the program on the device, which is brought there; its input is the caller's affair.

    Raises:
        DeviceUnusable: the program cannot be brought there.
        TransportLost: the link broke.
    """
    path = install_program(transport, folder, PROGRAM, progress).path
    return f"exec {path} --lock {folder}/{PROGRAM}.lock {commands}"


def raise_failure(line: LmkdLine, serial: str) -> bool:
    """Whether the line says that there is no socket. Raises: DeviceUnusable: it tells of another failure."""
    if not isinstance(line, LmkdFailure):
        return False
    if (line.call, line.errno) != ("connect", "ENOENT"):
        raise DeviceUnusable(f"{serial}: {explain(line)}")
    return True


def _run(transport: Transport, folder: str, command: str, progress: Progress) -> tuple[LmkdLine, ...]:
    """What the program told; nothing where there is no socket."""
    done = transport.shell(client_command(transport, folder, command, progress), Deadline(ASK_S))
    lines = tuple(map(decode_line, done.stdout.splitlines()))
    if any(raise_failure(line, transport.serial) for line in lines):
        return ()
    if done.exit_code != 0 or not lines:
        raise does_not_run(transport.serial, done.exit_code, done.stderr)
    return lines


def does_not_run(serial: str, exit_code: int, stderr: bytes) -> DeviceUnusable:
    said = stderr.decode(errors="replace").strip()
    return DeviceUnusable(f"{serial}: {PROGRAM} does not run (exit status {exit_code}: {said[:200]})")


def decode_line(line: bytes) -> LmkdLine:
    """One of the program's lines. Raises: AgentBug."""
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise AgentBug(
            f"{PROGRAM} answered {line[:200]!r}, which is not of its protocol ({error})"
        ) from error


def explain(failure: LmkdFailure) -> str:
    """The failure, and what to do about it."""
    if (failure.call, failure.errno) == ("connect", "EACCES"):
        return "lmkd's socket is for root and system only: use a userdebug build after `adb root`"
    if (failure.call, failure.errno) == ("connect", "ECONNREFUSED"):
        return f"lmkd does not run ({failure.reason})"
    return f"lmkd could not be asked: {failure.reason}"
