"""Transfers files over adb's ``sync:`` service (SYNC.TXT in AOSP's packages/modules/adb).

adbutils' implementation drops the reason for which the device refuses a file.
"""

from __future__ import annotations

import struct
import time
from typing import BinaryIO

from pytest_lmkd.transport.connection import Connection
from pytest_lmkd.transport.protocol import RemoteFile

_HEADER = struct.Struct("<4sI")
_STAT = struct.Struct("<4sIII")
_CHUNK_BYTES = 64 * 1024
"""The largest payload of one DATA."""

_REGULAR_FILE = 0o100000


class SyncRefused(Exception):
    """The device answered FAIL; the message is its reason."""


class SyncSession:
    """One ``sync:`` stream, which serves one request after the other."""

    def __init__(self, connection: Connection) -> None:
        connection.request("sync:")
        self._connection = connection

    def stat(self, remote: str) -> RemoteFile | None:
        self._request(b"STAT", remote)
        word, mode, size_bytes, _ = _STAT.unpack(self._connection.read_exact(_STAT.size))
        if word != b"STAT":
            raise ValueError(f"the device answered {word!r} to STAT")
        return RemoteFile(size_bytes, mode) if mode else None

    def send(self, source: BinaryIO, remote: str, mode: int) -> int:
        """Stores the content of ``source`` at ``remote``; returns the number of bytes sent.

        Raises:
            SyncRefused: the device cannot store it.
        """
        self._request(b"SEND", f"{remote},{_REGULAR_FILE | mode & 0o777}")
        try:
            sent_bytes = self._send_chunks(source)
        except (BrokenPipeError, ConnectionResetError):
            self._expect_okay()  # a device that refuses closes the stream; its reason may have arrived
            raise
        self._expect_okay()
        return sent_bytes

    def receive(self, remote: str, target: BinaryIO) -> None:
        """Writes the content of ``remote`` to ``target``.

        Raises:
            SyncRefused: the device cannot read it.
        """
        self._request(b"RECV", remote)
        while True:
            word, length = self._read_header()
            if word == b"DONE":
                return
            if word != b"DATA" or length > _CHUNK_BYTES:
                raise ValueError(f"the device answered {word!r} to RECV")
            target.write(self._connection.read_exact(length))

    def _request(self, word: bytes, argument: str) -> None:
        encoded = argument.encode()
        self._connection.send(_HEADER.pack(word, len(encoded)) + encoded)

    def _send_chunks(self, source: BinaryIO) -> int:
        sent_bytes = 0
        while chunk := source.read(_CHUNK_BYTES):
            self._connection.send(_HEADER.pack(b"DATA", len(chunk)) + chunk)
            sent_bytes += len(chunk)
        self._connection.send(_HEADER.pack(b"DONE", int(time.time())))
        return sent_bytes

    def _read_header(self) -> tuple[bytes, int]:
        word, number = _HEADER.unpack(self._connection.read_exact(_HEADER.size))
        if word == b"FAIL":
            reason = self._connection.read_exact(min(number, _CHUNK_BYTES))
            raise SyncRefused(reason.decode(errors="replace"))
        return word, number

    def _expect_okay(self) -> None:
        word, _ = self._read_header()
        if word != b"OKAY":
            raise ValueError(f"the device answered {word!r} to SEND")
