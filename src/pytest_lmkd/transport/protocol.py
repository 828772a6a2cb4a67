"""The interface of a link to a device; ``AdbTransport`` implements it.

Every call takes a ``Deadline`` for the entire call and raises only our own errors
(``lmkd_core.base.errors``): ``DeadlineExceeded`` when the time is over, ``TransportLost`` when the link
broke, ``DeviceUnusable`` when the device is absent or refuses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol

from lmkd_core.base.deadline import Deadline

ERROR_TEXT_MAX = 200


def error_text(output: bytes) -> str:
    """The first ``ERROR_TEXT_MAX`` characters of a command's output, for error messages."""
    return output.decode(errors="replace").strip()[:ERROR_TEXT_MAX]


@dataclass(frozen=True, slots=True)
class Completed:
    """A finished command: its unmodified output and its exit code (128 + signal when killed)."""

    stdout: bytes
    stderr: bytes
    exit_code: int

    @property
    def stdout_text(self) -> str:
        """``stdout`` as text, with invalid UTF-8 replaced."""
        return self.stdout.decode(errors="replace")

    @property
    def error_text(self) -> str:
        """``stderr`` and ``stdout`` as ``error_text``."""
        return error_text(self.stderr + self.stdout)


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """``size_bytes`` is modulo 2**32, as adb reports it; ``mode`` is as in ``os.stat_result.st_mode``."""

    size_bytes: int
    mode: int


class LineStream(Protocol):
    """Yields the lines of a running command's stdout as they arrive, without line ends.

    ``exit_code`` and ``stderr`` are known once the lines are exhausted. Closing the stream makes the device
    send SIGHUP to the command.
    """

    @property
    def exit_code(self) -> int: ...

    @property
    def stderr(self) -> bytes: ...

    def __iter__(self) -> Iterator[bytes]: ...

    def __next__(self) -> bytes: ...

    def end_input(self) -> None:
        """Ends the command's input if it was kept open. The end is sent when the next line is read."""

    def close(self) -> None: ...

    def __enter__(self) -> LineStream: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Transport(Protocol):
    """Runs commands on a device and transfers files."""

    @property
    def serial(self) -> str: ...

    def shell(self, command: str, deadline: Deadline, stdin: bytes = b"") -> Completed:
        """Runs ``command`` in the device's shell until it ends."""

    def stream_lines(self, command: str, deadline: Deadline, *, keep_input: bool = False) -> LineStream:
        """Starts ``command`` and returns its lines; ``deadline`` applies to all of them.

        Its input ends at once or, with ``keep_input``, by ``end_input`` or with the stream.
        """

    def push(self, local: Path, remote: str, mode: int, deadline: Deadline) -> None:
        """Stores ``local`` as ``remote`` with the low 9 bits of ``mode``, completely or not at all."""

    def pull(self, remote: str, local: Path, deadline: Deadline) -> None:
        """Stores the device's ``remote`` as ``local``, completely or not at all."""

    def stat(self, remote: str, deadline: Deadline) -> RemoteFile | None:
        """The file at ``remote``, without following links; None if there is none."""

    def close(self) -> None:
        """Closes every stream that is still open. May be called again."""
