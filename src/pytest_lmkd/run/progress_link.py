"""Forwards a worker's messages to the process with the terminal, as datagrams on a Unix socket.

Nothing blocks: a message is dropped when no process listens any more.
"""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

import msgspec

from pytest_lmkd.run.messages import Listener
from pytest_lmkd.run.messages import Message
from pytest_lmkd.run.messages import Plan
from pytest_lmkd.run.messages import Said
from pytest_lmkd.run.messages import Update
from pytest_lmkd.run.messages import decode
from pytest_lmkd.run.messages import encode

SOCKET = "progress.sock"
MESSAGE_MAX_BYTES = 65_536
TEXT_MAX = 8_000
"""Characters of a sentence, so that it fits into a message."""
END = b""


class ProgressReceiver:
    """Shows forwarded messages from a thread. Its socket lies in a folder of mode 0700."""

    def __init__(self, shown: Listener) -> None:
        self._shown = shown
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
        while (content := self._socket.recv(MESSAGE_MAX_BYTES)) != END:
            with suppress(msgspec.DecodeError):
                self._show(decode(content))

    def _show(self, message: Message) -> None:
        if isinstance(message, Said):
            self._shown.say(message.text)
        else:
            self._shown.show(message)


class ProgressSender:
    """A ``Listener`` that forwards messages to the receiver at ``path``."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def say(self, text: str) -> None:
        self._send(Said(text[:TEXT_MAX]))

    def show(self, message: Plan | Update) -> None:
        self._send(message)

    def _send(self, message: Message) -> None:
        with suppress(OSError):  # no process listens any more
            self._socket.sendto(encode(message), self._path)
