"""Listens to the device's own lmkd over its socket: to each kill that it reports, and to its kill count.

One run of the client program and one connection serve both. Without a socket, lmkd reports nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.progress import Progress
from pytest_lmkd.lmkd.client import ALL_KILLS
from pytest_lmkd.lmkd.client import PROGRAM
from pytest_lmkd.lmkd.client import LmkdCount
from pytest_lmkd.lmkd.client import LmkdDone
from pytest_lmkd.lmkd.client import LmkdKilled
from pytest_lmkd.lmkd.client import client_command
from pytest_lmkd.lmkd.client import decode_line
from pytest_lmkd.lmkd.client import reports_no_socket
from pytest_lmkd.transport import LineStream
from pytest_lmkd.transport import Transport
from pytest_lmkd.transport.program import run_failure

WATCH_S = 3600.0
"""Longer than any observation."""


@dataclass(frozen=True, slots=True)
class ReportedKills:
    """``count``: the increase of lmkd's own kill count, for all processes; None: unavailable, or lmkd ended.

    ``kills``: the kills that lmkd reported, in order; None: unavailable.
    """

    count: int | None = None
    kills: tuple[LmkdKilled, ...] | None = None


class KillWatch:
    """Listens from construction to ``finish``. ``close`` or a broken link also end it.

    Raises:
        DeviceUnusable: lmkd has a socket but does not answer, with the reason.
        TransportLost: the link broke.
    """

    def __init__(self, transport: Transport, folder: str, progress: Progress) -> None:
        self._serial = transport.serial
        count = f"count:{ALL_KILLS}:{ALL_KILLS}"
        command = client_command(transport, folder, f"{count} subscribe:kill watch {count}", progress)
        self._stream: LineStream = transport.stream_lines(command, Deadline(WATCH_S), keep_input=True)
        try:
            self._before = self._await_subscription()
        except BaseException:
            self.close()
            raise

    def finish(self) -> ReportedKills:
        """The reports up to now, or up to lmkd's end."""
        if self._before is None:
            return ReportedKills()
        self._stream.end_input()
        lines = list(map(decode_line, self._stream))
        counts = [line.count for line in lines if isinstance(line, LmkdCount)]
        kills = tuple(line for line in lines if isinstance(line, LmkdKilled))
        return ReportedKills(counts[-1] - self._before if counts else None, kills)

    def close(self) -> None:
        self._stream.close()

    def _await_subscription(self) -> int | None:
        """The kill count when lmkd starts to report each kill; None if lmkd has no socket."""
        before = None
        for text in self._stream:
            line = decode_line(text)
            if isinstance(line, LmkdCount):
                before = line.count
            elif isinstance(line, LmkdDone):
                return before
            elif reports_no_socket(line, self._serial):
                return None
        raise run_failure(self._serial, PROGRAM, self._stream.exit_code, self._stream.stderr)
