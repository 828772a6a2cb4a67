"""Forwards a worker's messages to the process with the terminal, as datagrams on a Unix socket.

Nothing blocks: a message is dropped when no process listens any more.
"""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Protocol


class Listener(Protocol):
    """Shows messages to the user: on the terminal, or by way of another process."""

    def say(self, text: str) -> None:
        """Shows a line that stays."""

    def progress(self, text: str) -> None:
        """Shows a line that the next one may replace."""


SOCKET = "progress.sock"
MESSAGE_MAX_BYTES = 65_536
INTERVAL_S = 5.0
END = b""


class ProgressReceiver:
    """Shows forwarded messages from a thread. Its socket lies in a folder of mode 0700."""

    def __init__(self, shown: Listener) -> None:
        self._say = shown.say
        self._folder = Path(tempfile.mkdtemp(prefix="lmkd-"))
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    @property
    def path(self) -> Path:
        """The socket that a ``ProgressSender`` writes to."""
        return self._folder / SOCKET

    def close(self) -> None:
        """Returns after showing every message sent so far."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(END, str(self.path))
        self._thread.join()
        self._socket.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _listen(self) -> None:
        while (message := self._socket.recv(MESSAGE_MAX_BYTES)) != END:
            self._say(message.decode(errors="replace"))


class ProgressSender:
    """A ``Listener`` that forwards messages to the receiver at ``path``."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._progress_at_s = float("-inf")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def say(self, text: str) -> None:
        with suppress(OSError):  # no process listens any more
            self._socket.sendto(text.encode()[:MESSAGE_MAX_BYTES] or b" ", self._path)

    def progress(self, text: str) -> None:
        """Forwards at most one line per interval, since several workers share the terminal."""
        if time.monotonic() - self._progress_at_s >= INTERVAL_S:
            self._progress_at_s = time.monotonic()
            self.say(text)
