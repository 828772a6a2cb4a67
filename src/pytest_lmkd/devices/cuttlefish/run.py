"""Runs a launcher's command with a deadline and passes on its stderr, line by line."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import DeadlineExceeded
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.process import ProcessRecord
from pytest_lmkd.devices.cuttlefish.launcher import Command

LINES_KEPT = 10
LINE_MAX_CHARACTERS = 300
END_S = 20.0
"""Time for a launcher to clean up: cvd handles SIGTERM (cvd/utils/interrupt_listener.cpp)."""

LOG_PREFIX = re.compile(r"^.{0,200}?\b[\w./-]{1,100}\.(?:cc|cpp|h):\d{1,6}\] ")
"""Matches ``kernel_log_monitor(4089384)  I 05-15 16:39:26 4089384 4089384 kernel_log_server.cc:153] ``."""

REMINDER = re.compile(r"If the error above is unclear|^http://go/cuttlefish-bug$")
"""cvd's main.cc prints this after every error; without it, the error itself is the last line."""

COLOURS = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Ended:
    """A finished launcher; ``stderr_text``: the last ``LINES_KEPT`` lines of its stderr."""

    exit_code: int
    stderr_text: str


class LineFilter:
    """Splits bytes into lines and removes log prefixes, colours and control characters, in bounded memory."""

    def __init__(self, emit: Callable[[str], None]) -> None:
        self._emit = emit
        self._unfinished = b""
        self.last_lines: deque[str] = deque(maxlen=LINES_KEPT)

    def feed(self, data: bytes) -> None:
        *lines, self._unfinished = (self._unfinished + data).split(b"\n")
        self._unfinished = self._unfinished[-16 * LINE_MAX_CHARACTERS :]
        for line in lines:
            self._pass_on(line)

    def end(self) -> None:
        self._pass_on(self._unfinished)

    def _pass_on(self, line: bytes) -> None:
        text = LOG_PREFIX.sub("", COLOURS.sub("", line[: 16 * LINE_MAX_CHARACTERS].decode(errors="replace")))
        shown = "".join(letter for letter in text if letter.isprintable()).strip()[:LINE_MAX_CHARACTERS]
        if shown and not REMINDER.search(shown):
            self.last_lines.append(shown)
            self._emit(shown)


def run(command: Command, deadline: Deadline, emit: Callable[[str], None]) -> Ended:
    """Runs ``command`` to its end; ``emit`` gets each line of its stderr.

    Devices that the command leaves running in the background do not delay the return.

    Raises:
        DeviceUnusable: the command cannot be executed.
        DeadlineExceeded: the command did not end in time and was killed.
    """
    try:
        process = subprocess.Popen(
            command.words,
            env={**os.environ, **command.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # cvd prints the group as JSON, which we do not need
            stderr=subprocess.PIPE,
            start_new_session=True,  # so that Ctrl-C reaches only us, and we end the launcher
        )
    except OSError as error:
        raise DeviceUnusable(f"`{command}` cannot be executed: {error.strerror}") from error
    lines = LineFilter(emit)
    try:
        return _await_exit(process, deadline, lines)
    except BaseException:
        _end(process)
        raise
    finally:
        assert process.stderr is not None
        process.stderr.close()


def _await_exit(process: subprocess.Popen[bytes], deadline: Deadline, lines: LineFilter) -> Ended:
    """Reads stderr until the process has ended; its children may keep stderr open for longer."""
    assert process.stderr is not None
    stderr = process.stderr.fileno()
    os.set_blocking(stderr, False)
    pidfd = os.pidfd_open(process.pid)
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    poll.register(stderr, select.POLLIN)
    try:
        while pidfd not in _ready(poll, deadline, lines):
            if not _read(stderr, lines):
                poll.unregister(stderr)
    finally:
        os.close(pidfd)
    while _read(stderr, lines) and not deadline.expired and _has_more(stderr):
        pass
    lines.end()
    return Ended(process.wait(), "\n".join(lines.last_lines))


def _ready(poll: select.poll, deadline: Deadline, lines: LineFilter) -> set[int]:
    ready = poll.poll(deadline.remaining_s() * 1000)
    if not ready or deadline.expired:
        heading = "; its last lines:" if lines.last_lines else ""
        raise DeadlineExceeded(
            "\n".join([f"it had not ended after {deadline.seconds:g} s{heading}", *lines.last_lines])
        )
    return {descriptor for descriptor, _ in ready}


def _read(stderr: int, lines: LineFilter) -> bool:
    """Reads the available data; False at the end of stderr."""
    try:
        data = os.read(stderr, 65536)
    except BlockingIOError:
        return True
    lines.feed(data)
    return bool(data)


def _has_more(stderr: int) -> bool:
    return bool(select.select([stderr], [], [], 0)[0])


def _end(process: subprocess.Popen[bytes]) -> None:
    """Sends SIGTERM, so that the launcher ends its children, then SIGKILL to its process group."""
    with suppress(ProcessLookupError, DeadlineExceeded):
        ProcessRecord.from_pid(process.pid).stop(Deadline(END_S))
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # not waited for yet, so the pid cannot be reused
    process.wait()
