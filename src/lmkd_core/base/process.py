"""A process of ours that outlives the command that started it, found again by its pid.

The kernel gives pids out again, so the record holds the start time as well, and signals go through a
pidfd: nobody else's process can be hit.
"""

from __future__ import annotations

import json
import os
import select
import signal
from dataclasses import asdict
from dataclasses import dataclass
from pathlib import Path

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import DeadlineExceeded


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """``started_ticks``: the process's start in clock ticks since boot, field 22 of proc_pid_stat(5)."""

    pid: int
    started_ticks: int

    @classmethod
    def of(cls, pid: int) -> ProcessRecord:
        """The record of a running process; ProcessLookupError when there is none."""
        return cls(pid, _started_ticks(pid))

    @classmethod
    def load(cls, path: Path) -> ProcessRecord | None:
        """What ``save`` wrote; None when nothing usable is there."""
        try:
            fields = json.loads(path.read_text())
            return cls(int(fields["pid"]), int(fields["started_ticks"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def save(self, path: Path) -> None:
        partial = path.with_name(f"{path.name}.tmp")
        partial.write_text(json.dumps(asdict(self)))
        partial.replace(path)

    def is_running(self) -> bool:
        try:
            return _started_ticks(self.pid) == self.started_ticks
        except ProcessLookupError:
            return False

    def stop(self, deadline: Deadline) -> None:
        """SIGTERM, and SIGKILL when half of the time has not been enough; returns when it has ended.

        Raises:
            DeadlineExceeded: it runs on (it sleeps uninterruptibly).
        """
        try:
            pidfd = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return
        try:
            if self.is_running():
                self._stop(pidfd, deadline)
        finally:
            os.close(pidfd)

    def _stop(self, pidfd: int, deadline: Deadline) -> None:
        for number, share in ((signal.SIGTERM, 0.5), (signal.SIGKILL, 1.0)):
            signal.pidfd_send_signal(pidfd, number)
            if _ended_within(pidfd, deadline.remaining_s() * share):
                return
        raise DeadlineExceeded(
            f"process {self.pid} did not end within {deadline.seconds:g} s of being told to"
        )


def _ended_within(pidfd: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _started_ticks(pid: int) -> int:
    """Also ProcessLookupError for a zombie: it has ended, and only its parent has not looked yet."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        raise ProcessLookupError(pid) from None
    state, *fields = text.rpartition(")")[2].split()  # the name before may hold anything
    if state in {"Z", "X"}:
        raise ProcessLookupError(pid)
    return int(fields[18])
