"""Reads the device's logs from a mark that we write into them."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Iterator
from contextlib import closing

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import DeadlineExceeded
from lmkd_core.base.errors import TrialInvalid
from lmkd_core.logs.carriers import parse_entry
from lmkd_core.logs.events import Event
from lmkd_core.logs.reading import Reader
from lmkd_core.logs.sources import Line
from pytest_lmkd.transport import Transport

TAG = "lmkdlab"
"""The log tag of the workload apps and of our marks."""

BUFFERS = "main,system,events"
READ_S = 60.0

LINES_MAX = 200_000
"""More lines than any phone's buffer holds; bounds the output of a broken device."""


class DeviceLog:
    """The log since construction. ``mark`` writes a mark, whose time ``events`` returns."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._nonce = secrets.token_hex(8)
        self._since = self._shell("date '+%m-%d %H:%M:%S.000'").strip()
        self.mark("begin")

    def mark(self, word: str) -> None:
        self._shell(f"log -p i -t {TAG} {shlex.quote(self._text(word))}")

    def await_ready(self, package: str, pid: int, seconds: float) -> None:
        """Returns once the workload app has allocated its memory.

        Raises:
            TrialInvalid: the app reports a failure, died, or took longer than ``seconds``.
        """
        read = f"logcat -v threadtime -T {shlex.quote(self._since)} -s {TAG}"
        watch = f"{read} & log=$!; while [ -d /proc/{pid} ]; do sleep 0.2; done; kill $log"
        try:
            with closing(self._transport.stream_lines(watch, Deadline(seconds))) as lines:
                for line in lines:
                    text = line.decode(errors="replace")
                    if f"ready {package} pid={pid} " in text:
                        return
                    if f"failed {package} pid={pid}:" in text:
                        raise TrialInvalid(text.partition("failed ")[2][:200])
        except DeadlineExceeded:
            raise TrialInvalid(f"{package} did not allocate its memory within {seconds:g} s") from None
        raise TrialInvalid(f"{package} died before it had allocated its memory")

    def events(self, exit_infos: bytes, counted_from: str) -> tuple[list[Event], int | None]:
        """The events about kills since construction, and the time of the mark ``counted_from``.

        The time is in ms of the log's clock, None if the mark is missing.
        """
        command = f"logcat -d -v threadtime -b {BUFFERS} -T {shlex.quote(self._since)}"
        lines = list(self._since_begin(self._shell(command)))
        reader = Reader()
        events = list(reader.read(Line("logcat", number, text) for number, text in enumerate(lines, 1)))
        infos = exit_infos.decode(errors="replace").splitlines()
        events += reader.read(Line("exit-info", number, text) for number, text in enumerate(infos, 1))
        return events, self._time_of(counted_from, lines)

    def _since_begin(self, text: str) -> Iterator[str]:
        has_begun = False
        for line in text.splitlines()[-LINES_MAX:]:
            has_begun = has_begun or line.endswith(self._text("begin"))
            if has_begun:
                yield line

    def _time_of(self, word: str, lines: list[str]) -> int | None:
        for line in lines:
            entry = parse_entry(line) if line.endswith(self._text(word)) else None
            if entry is not None:
                return entry.time_ms
        return None

    def _text(self, word: str) -> str:
        return f"pytest-lmkd {word} {self._nonce}"

    def _shell(self, command: str) -> str:
        return self._transport.shell(command, Deadline(READ_S)).stdout_text
