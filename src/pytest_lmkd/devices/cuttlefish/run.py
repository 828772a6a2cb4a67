"""Runs a launcher's command with a deadline and passes on what it says, line by line."""

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
"""For a launcher to end what it began: cvd handles SIGTERM (cvd/utils/interrupt_listener.cpp)."""

LOG_PREFIX = re.compile(r"^.{0,200}?\b[\w./-]{1,100}\.(?:cc|cpp|h):\d{1,6}\] ")
"""``kernel_log_monitor(4089384)  I 05-15 16:39:26 4089384 4089384 kernel_log_server.cc:153] ``."""

REMINDER = re.compile(r"If the error above is unclear|^http://go/cuttlefish-bug$")
"""What cvd's main.cc says after every error, so that the error itself is not the last line."""

COLOURS = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Ended:
    """``said``: the last lines of stderr."""

    exit_code: int
    said: str


class Speech:
    """Bytes into lines without log prefixes, colours and control characters; bounded, whatever comes."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._unfinished = b""
        self.last: deque[str] = deque(maxlen=LINES_KEPT)

    def hear(self, data: bytes) -> None:
        *lines, self._unfinished = (self._unfinished + data).split(b"\n")
        self._unfinished = self._unfinished[-16 * LINE_MAX_CHARACTERS :]
        for line in lines:
            self._tell(line)

    def end(self) -> None:
        self._tell(self._unfinished)

    def _tell(self, line: bytes) -> None:
        text = LOG_PREFIX.sub("", COLOURS.sub("", line[: 16 * LINE_MAX_CHARACTERS].decode(errors="replace")))
        shown = "".join(letter for letter in text if letter.isprintable()).strip()[:LINE_MAX_CHARACTERS]
        if shown and not REMINDER.search(shown):
            self.last.append(shown)
            self._say(shown)


def run(command: Command, deadline: Deadline, say: Callable[[str], None]) -> Ended:
    """Runs ``command`` to its end; devices that it leaves running in the background do not count.

    Raises:
        DeviceUnusable: it cannot be run.
        DeadlineExceeded: it did not end in time, and was ended.
    """
    try:
        process = subprocess.Popen(
            command.words,
            env={**os.environ, **command.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # cvd prints the group as JSON, nothing that we do not know
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for us, and we end it
        )
    except OSError as error:
        raise DeviceUnusable(f"`{command}` cannot be run: {error.strerror}") from error
    speech = Speech(say)
    try:
        return _listen(process, deadline, speech)
    except BaseException:
        _end(process)
        raise
    finally:
        assert process.stderr is not None
        process.stderr.close()


def _listen(process: subprocess.Popen[bytes], deadline: Deadline, speech: Speech) -> Ended:
    """Until the process has ended: its stderr may stay open for longer, in the hands of its children."""
    assert process.stderr is not None
    stderr = process.stderr.fileno()
    os.set_blocking(stderr, False)
    pidfd = os.pidfd_open(process.pid)
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    poll.register(stderr, select.POLLIN)
    try:
        while pidfd not in _ready(poll, deadline, speech):
            if not _hear(stderr, speech):
                poll.unregister(stderr)
    finally:
        os.close(pidfd)
    while _hear(stderr, speech) and not deadline.expired and _has_more(stderr):
        pass
    speech.end()
    return Ended(process.wait(), "\n".join(speech.last))


def _ready(poll: select.poll, deadline: Deadline, speech: Speech) -> set[int]:
    ready = poll.poll(deadline.remaining_s() * 1000)
    if not ready or deadline.expired:
        said = "; it said last:" if speech.last else ""
        raise DeadlineExceeded(
            "\n".join([f"it had not ended after {deadline.seconds:g} s{said}", *speech.last])
        )
    return {descriptor for descriptor, _ in ready}


def _hear(stderr: int, speech: Speech) -> bool:
    """Takes in what is there; False at the end."""
    try:
        data = os.read(stderr, 65536)
    except BlockingIOError:
        return True
    speech.hear(data)
    return bool(data)


def _has_more(stderr: int) -> bool:
    return bool(select.select([stderr], [], [], 0)[0])


def _end(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM, so that it ends its own; then what is left of its process group."""
    with suppress(ProcessLookupError, DeadlineExceeded):
        ProcessRecord.from_pid(process.pid).stop(Deadline(END_S))
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # not waited for yet: nobody else can have the number
    process.wait()
