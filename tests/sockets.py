"""Reads from sockets."""

from __future__ import annotations

import socket


def receive(stream: socket.socket, count: int) -> bytes:
    """Returns the next ``count`` bytes; fewer only at the end of the stream."""
    data = b""
    while len(data) < count:
        chunk = stream.recv(count - len(data))
        if not chunk:
            break
        data += chunk
    return data
