"""Forwards a worker's messages to the process with the terminal, as datagrams on a Unix socket of their own.

A device's worker has no terminal; the process that has one listens. Nothing waits for anything here: what
cannot be sent, as nobody listens any more, is not said.
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
    """Who is told: the user's terminal, or another process (``progress_link``)."""

    def say(self, text: str) -> None:
        """A line that is to stay."""

    def progress(self, text: str) -> None:
        """A line that the next one may replace."""


SOCKET = "progress.sock"
MESSAGE_MAX_BYTES = 65_536
INTERVAL_S = 5.0
END = b""


class ProgressReceiver:
    """Listens in a thread of its own, in a new folder of mode 0700, until it is closed."""

    def __init__(self, shown: Listener) -> None:
        self._say = shown.say
        self._folder = Path(tempfile.mkdtemp(prefix="lmkd-"))
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    @property
    def path(self) -> Path:
        """What a ``ProgressSender`` wants to know."""
        return self._folder / SOCKET

    def close(self) -> None:
        """Returns once all that was sent is shown."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(END, str(self.path))
        self._thread.join()
        self._socket.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _listen(self) -> None:
        while (message := self._socket.recv(MESSAGE_MAX_BYTES)) != END:
            self._say(message.decode(errors="replace"))


class ProgressSender:
    """A ``Listener`` that hands on what it is told to the receiver at ``path``."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._progress_at_s = float("-inf")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def say(self, text: str) -> None:
        with suppress(OSError):  # nobody listens any more
            self._socket.sendto(text.encode()[:MESSAGE_MAX_BYTES] or b" ", self._path)

    def progress(self, text: str) -> None:
        """Only if the last one is some time ago: others have as much to say."""
        if time.monotonic() - self._progress_at_s >= INTERVAL_S:
            self._progress_at_s = time.monotonic()
            self.say(text)
