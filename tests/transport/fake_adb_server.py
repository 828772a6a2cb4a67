"""FakeAdbServer: a stand-in for an adb server whose every byte a test decides."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path

from sockets import receive

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
    """The server's end of one connection."""

    def __init__(self, stream: socket.socket, stopped: threading.Event) -> None:
        self._stream = stream
        self._stopped = stopped

    def request(self) -> str:
        """Returns the next request; "" at the end of the stream."""
        head = self.read(4)
        return self.read(int(head, 16)).decode() if head else ""

    def read(self, count: int) -> bytes:
        return receive(self._stream, count)

    def send(self, *parts: bytes) -> None:
        self._stream.sendall(b"".join(parts))

    def okay(self, *parts: bytes) -> None:
        self.send(b"OKAY", *parts)

    def fail(self, reason: str) -> None:
        self.send(b"FAIL", block(reason))

    def drip(self, data: bytes) -> None:
        """Sends ``data`` again and again, one byte at a time, as long as the test runs."""
        while True:
            for byte in data:
                if self._stopped.wait(DRIP_S):
                    return
                self.send(bytes([byte]))

    def hang(self) -> None:
        """Sends nothing more, and keeps the connection open."""
        self._stopped.wait(PATIENCE_S)

    def drain(self) -> None:
        """Reads to the end."""
        while self._stream.recv(65536):
            pass


Behaviour = Callable[[Talk], None]


class FakeAdbServer:
    """Listens on the Unix socket ``path``; ``on[prefix]`` handles the requests with that prefix.

    By default it has one good device, ``phone``; the test adds the services of the device.
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
        """Reads a request and runs its handler in ``on``; sends FAIL if there is none."""
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
