"""Runs a command in the device's shell over adb's shell protocol, version 2.

A packet consists of one byte for the stream, four bytes of length (little-endian) and the data; see
``shell_protocol.h`` in AOSP's packages/modules/adb. adbutils' implementation lacks input and streaming.
"""

from __future__ import annotations

import selectors
import struct
from collections.abc import Iterator

from lmkd_core.base.deadline import Deadline
from pytest_lmkd.transport.connection import Connection

STDIN = 0
STDOUT = 1
STDERR = 2
EXIT = 3
CLOSE_STDIN = 4

_HEADER = struct.Struct("<BI")
_CHUNK_BYTES = 64 * 1024
_PACKET_MAX_BYTES = 4 * 1024 * 1024
"""More than any adb sends at once (its payloads are at most 1 MiB): a longer packet is a protocol error."""


class ShellSession:
    """One running command. Sends ``stdin`` and its end while it yields the command's output.

    Without ``stdin``, the command's input is empty and ends at ``end_input``.
    """

    def __init__(self, connection: Connection, command: str, stdin: bytes | None, deadline: Deadline) -> None:
        connection.request(f"shell,v2,raw:{command}")
        self._socket = connection.conn
        self._deadline = deadline
        self._unsent = memoryview(b"" if stdin is None else _stdin_packets(stdin))
        self._received = bytearray()

    def end_input(self) -> None:
        """Ends the command's input. The end is sent while ``packets`` is read."""
        self._unsent = memoryview(_HEADER.pack(CLOSE_STDIN, 0))

    def packets(self) -> Iterator[tuple[int, bytes]]:
        """Yields (stream, data) as packets arrive, EXIT last.

        Raises:
            EOFError: the link ended before the command did.
            ValueError: a packet violates the protocol.
        """
        stream = -1
        while stream != EXIT:
            stream, length = _HEADER.unpack(self._take(_HEADER.size))
            if length > _PACKET_MAX_BYTES or (stream == EXIT and length != 1):
                raise ValueError(f"the device's shell sent a packet {stream} of {length} bytes")
            data = self._take(length)
            yield stream, data

    def _take(self, count: int) -> bytes:
        while len(self._received) < count:
            self._exchange()
        taken = bytes(self._received[:count])
        del self._received[:count]
        return taken

    def _exchange(self) -> None:
        """Waits until the link is readable or writable, then transfers; doing both prevents a deadlock."""
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)
        with selectors.PollSelector() as selector:
            selector.register(self._socket, wanted)
            ready = selector.select(self._deadline.remaining_s())
        if not ready:
            raise TimeoutError
        _, events = ready[0]
        if events & selectors.EVENT_READ:
            self._receive()
        elif events & selectors.EVENT_WRITE:
            self._send()

    def _send(self) -> None:
        try:
            self._unsent = self._unsent[self._socket.send_some(self._unsent[:_CHUNK_BYTES]) :]
        except BrokenPipeError:  # the command ended without reading its input; its output is still readable
            self._unsent = memoryview(b"")

    def _receive(self) -> None:
        arrived = self._socket.recv_some(_CHUNK_BYTES)
        if not arrived:
            raise EOFError("the link ended before the command did")
        self._received += arrived


def _stdin_packets(stdin: bytes) -> bytes:
    parts: list[bytes] = []
    for start in range(0, len(stdin), _CHUNK_BYTES):
        chunk = stdin[start : start + _CHUNK_BYTES]
        parts += [_HEADER.pack(STDIN, len(chunk)), chunk]
    parts.append(_HEADER.pack(CLOSE_STDIN, 0))
    return b"".join(parts)
