"""What the product needs of the way to a device; ``AdbTransport`` is the one that stands.

Every call takes a ``Deadline`` for the whole of it, however slowly bytes may drip, and raises only our
own errors (``lmkd_core.base.errors``): ``DeadlineExceeded`` when the time is over, ``TransportLost`` when the
link broke, ``DeviceUnusable`` when the device is not there or refuses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol

from lmkd_core.base.deadline import Deadline


@dataclass(frozen=True, slots=True)
class Completed:
    """A command that ended: its output, byte for byte, and its exit code (128 + signal when killed)."""

    stdout: bytes
    stderr: bytes
    exit_code: int


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """``size_bytes`` modulo 2**32, as adb tells it; ``mode`` as in ``os.stat_result.st_mode``."""

    size_bytes: int
    mode: int


class LineStream(Protocol):
    """The lines of a running command's stdout, without their ends, as they arrive.

    ``exit_code`` and ``stderr`` are known once the lines are exhausted. Closing ends the stream: the
    device then sends SIGHUP to the command.
    """

    @property
    def exit_code(self) -> int: ...

    @property
    def stderr(self) -> bytes: ...

    def __iter__(self) -> Iterator[bytes]: ...

    def __next__(self) -> bytes: ...

    def end_input(self) -> None:
        """The end of the command's input, where it was kept open; sent with the next line that is read."""

    def close(self) -> None: ...

    def __enter__(self) -> LineStream: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Transport(Protocol):
    """A device that runs commands and keeps files."""

    @property
    def serial(self) -> str: ...

    def shell(self, command: str, deadline: Deadline, stdin: bytes = b"") -> Completed:
        """Run ``command`` in the device's shell to its end."""

    def stream_lines(self, command: str, deadline: Deadline, *, keep_input: bool = False) -> LineStream:
        """Start ``command`` and hand out its lines; ``deadline`` is for all of them.

        With ``keep_input`` its input ends by ``end_input``, or with the stream, not at once.
        """

    def push(self, local: Path, remote: str, mode: int, deadline: Deadline) -> None:
        """Store ``local`` as ``remote``: there whole, with ``mode`` (its low 9 bits), or not at all."""

    def pull(self, remote: str, local: Path, deadline: Deadline) -> None:
        """Store the device's ``remote`` as ``local``: there whole, or not at all."""

    def stat(self, remote: str, deadline: Deadline) -> RemoteFile | None:
        """What is at ``remote`` (links are not followed); None when nothing is."""

    def close(self) -> None:
        """End every stream that is still open; may be called again."""
