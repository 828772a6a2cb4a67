"""FakeAdbServer: a stand-in for an adb server whose every byte a test decides."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path

PATIENCE_S = 30.0
SERIAL = "phone"
FEATURES = "cmd,shell_v2,stat_v2"
DRIP_S = 0.02


def block(text: str | bytes) -> bytes:
    """``text`` as adb's server sends strings: four hexadecimal digits of length, then the text."""
    data = text.encode() if isinstance(text, str) else text
    return b"%04x" % len(data) + data


def shell_packet(stream: int, data: bytes) -> bytes:
    return struct.pack("<BI", stream, len(data)) + data


class Talk:
    """One connection, seen from the server."""

    def __init__(self, stream: socket.socket, stopped: threading.Event) -> None:
        self._stream = stream
        self._stopped = stopped

    def request(self) -> str:
        """The next request; "" at the end."""
        head = self.read(4)
        return self.read(int(head, 16)).decode() if head else ""

    def read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            chunk = self._stream.recv(count - len(data))
            if not chunk:
                return data
            data += chunk
        return data

    def send(self, *parts: bytes) -> None:
        self._stream.sendall(b"".join(parts))

    def okay(self, *parts: bytes) -> None:
        self.send(b"OKAY", *parts)

    def fail(self, reason: str) -> None:
        self.send(b"FAIL", block(reason))

    def drip(self, data: bytes) -> None:
        """``data`` again and again, a byte at a time, as long as the test runs."""
        while True:
            for byte in data:
                if self._stopped.wait(DRIP_S):
                    return
                self.send(bytes([byte]))

    def hang(self) -> None:
        """Says nothing more, and stays."""
        self._stopped.wait(PATIENCE_S)

    def drain(self) -> None:
        """Reads to the end."""
        while self._stream.recv(65536):
            pass


Behaviour = Callable[[Talk], None]


class FakeAdbServer:
    """Listens on the Unix socket ``path``; ``on[prefix]`` is what it does with requests that begin so.

    By default it has one good device, ``phone``; the test says what its services do.
    """

    def __init__(self, path: Path) -> None:
        self.requests: list[str] = []
        self.on: dict[str, Behaviour] = {
            "host:version": lambda talk: talk.okay(block("0029")),
            f"host:tport:serial:{SERIAL}": self._to_device,
            "host-transport-id:1:features": lambda talk: talk.okay(block(FEATURES)),
        }
        self._stopped = threading.Event()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def stop(self) -> None:
        self._stopped.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                stream, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(stream,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, stream: socket.socket) -> None:
        with stream:
            try:
                self.answer(Talk(stream, self._stopped))
            except OSError:
                return  # the client has gone, as clients do

    def answer(self, talk: Talk) -> None:
        """Read a request and do what ``on`` says; FAIL for what it does not know."""
        request = talk.request()
        self.requests.append(request)
        for prefix, behaviour in self.on.items():
            if request.startswith(prefix):
                behaviour(talk)
                return
        talk.fail(f"unknown host service {request!r}")

    def _to_device(self, talk: Talk) -> None:
        talk.okay((1).to_bytes(8, "little"))
        self.answer(talk)
