"""RawHost: a stand-in for the adb server that can send anything."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from pathlib import Path

from daemon import PATIENCE_S
from sockets import receive

VERSION_WITH_CHECKSUM = 0x01000000
VERSION = 0x01000001
MAX_PAYLOAD = 1024 * 1024
BANNER = b"host::features=shell_v2,stat_v2"
_HEADER = struct.Struct("<4s5I")


@dataclass(frozen=True)
class Packet:
    command: bytes
    arg0: int
    arg1: int
    payload: bytes
    check: int


def packet(command: bytes, arg0: int, arg1: int, payload: bytes = b"") -> bytes:
    magic = int.from_bytes(command, "little") ^ 0xFFFFFFFF
    return _HEADER.pack(command, arg0, arg1, len(payload), sum(payload) & 0xFFFFFFFF, magic) + payload


def greeting(version: int = VERSION, max_payload: int = MAX_PAYLOAD) -> bytes:
    return packet(b"CNXN", version, max_payload, BANNER)


class RawHost:
    """Attached to ``stream``, a connected socket."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream
        stream.settimeout(PATIENCE_S)

    @classmethod
    def attach(cls, path: Path) -> RawHost:
        stream = socket.socket(socket.AF_UNIX)
        stream.connect(str(path))
        return cls(stream)

    def __enter__(self) -> RawHost:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def send(self, *parts: bytes) -> None:
        self._stream.sendall(b"".join(parts))

    def greet(self, version: int = VERSION, max_payload: int = MAX_PAYLOAD) -> Packet:
        """Greets, and skips packets that were in transit to the previous session."""
        self.send(greeting(version, max_payload))
        answer = self.receive()
        while answer.command != b"CNXN":
            answer = self.receive()
        return answer

    def open(self, service: bytes, local: int = 1) -> int:
        """Opens ``service``: the daemon's id of the stream."""
        self.send(packet(b"OPEN", local, 0, service + b"\0"))
        answer = self.receive()
        assert (answer.command, answer.arg1) == (b"OKAY", local)
        return answer.arg0

    def receive(self) -> Packet:
        command, arg0, arg1, length, check, magic = _HEADER.unpack(self._read(_HEADER.size))
        assert magic == int.from_bytes(command, "little") ^ 0xFFFFFFFF
        return Packet(command, arg0, arg1, self._read(length), check)

    def receive_data(self, local: int, remote: int) -> bytes:
        """The next payload of the stream, acknowledged."""
        arrived = self.receive()
        while arrived.command == b"OKAY":
            arrived = self.receive()
        assert (arrived.command, arrived.arg0, arrived.arg1) == (b"WRTE", remote, local)
        self.send(packet(b"OKAY", local, remote))
        return arrived.payload

    def is_hung_up_on(self) -> bool:
        """Reads until the end of the link."""
        try:
            while self._stream.recv(65536):
                pass
        except ConnectionResetError:
            return True
        return True

    def _read(self, count: int) -> bytes:
        data = receive(self._stream, count)
        if len(data) < count:
            raise EOFError
        return data
