"""Records of our own long-running processes, which outlive the command that started them.

The kernel reuses pids, so a record holds the start time as well, and signals are sent through a pidfd:
an unrelated process is never signalled.
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
    """Identifies one process.

    ``started_ticks``: its start time in clock ticks since boot, field 22 of proc_pid_stat(5).
    """

    pid: int
    started_ticks: int

    @classmethod
    def from_pid(cls, pid: int) -> ProcessRecord:
        """Returns the record of a running process.

        Raises:
            ProcessLookupError: no such process is running.
        """
        return cls(pid, _started_ticks(pid))

    @classmethod
    def load(cls, path: Path) -> ProcessRecord | None:
        """Returns the record that ``save`` wrote; None if the file is missing or unusable."""
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
        """Sends SIGTERM, and SIGKILL after half of the time; returns when the process has ended.

        Raises:
            DeadlineExceeded: the process is still running (it sleeps uninterruptibly).
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
        for signal_number, share in ((signal.SIGTERM, 0.5), (signal.SIGKILL, 1.0)):
            signal.pidfd_send_signal(pidfd, signal_number)
            if _ends_within(pidfd, deadline.remaining_s() * share):
                return
        raise DeadlineExceeded(
            f"process {self.pid} did not end within {deadline.seconds:g} s after it was asked to"
        )


def _ends_within(pidfd: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _started_ticks(pid: int) -> int:
    """Raises ProcessLookupError also for a zombie: it has ended, but its parent has not waited for it."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        raise ProcessLookupError(pid) from None
    state, *fields = text.rpartition(")")[2].split()  # the name in parentheses may contain anything
    if state in {"Z", "X"}:
        raise ProcessLookupError(pid)
    return int(fields[18])
