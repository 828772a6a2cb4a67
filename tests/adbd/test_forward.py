"""Sockets of the device, forwarded to the host by the real adb client. The host's end is a Unix socket."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from daemon import PATIENCE_S

pytestmark = pytest.mark.compiler

Adb = Callable[..., "subprocess.CompletedProcess[bytes]"]


@contextmanager
def echo_server(address: str | tuple[str, int], family: socket.AddressFamily) -> Iterator[socket.socket]:
    """Sends the data of one peer back to it, once the peer has finished."""
    listener = socket.socket(family)
    listener.settimeout(PATIENCE_S)
    listener.bind(address)
    listener.listen()

    def serve() -> None:
        peer, _ = listener.accept()
        with peer:
            while data := peer.recv(65536):
                peer.sendall(data)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener
        thread.join(PATIENCE_S)
    finally:
        listener.close()


def round_trip(adb: Adb, remote: str, folder: Path, data: bytes) -> bytes:
    local = folder / "forward.sock"
    assert adb("forward", f"localfilesystem:{local}", remote).returncode == 0
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE_S)
        client.connect(str(local))
        sender = threading.Thread(target=client.sendall, args=(data,))
        sender.start()
        received = b""
        while len(received) < len(data):
            chunk = client.recv(65536)
            assert chunk, "the link ended early"
            received += chunk
        sender.join(PATIENCE_S)
    return received


@pytest.mark.parametrize("kind", ["localabstract", "localfilesystem", "tcp"])
def test_bytes_go_there_and_back(adb: Adb, folder: Path, kind: str) -> None:
    data = os.urandom(3_000_000)
    family = socket.AF_INET if kind == "tcp" else socket.AF_UNIX
    address = {
        "localabstract": f"\0{folder.name}",
        "localfilesystem": str(folder / "echo.sock"),
        "tcp": ("127.0.0.1", 0),
    }[kind]
    with echo_server(address, family) as listener:
        name = listener.getsockname()
        remote = {
            "localabstract": f"localabstract:{folder.name}",
            "localfilesystem": f"localfilesystem:{name}",
            "tcp": f"tcp:{name[1]}",
        }[kind]
        assert round_trip(adb, remote, folder, data) == data


def test_a_socket_that_nobody_listens_on_is_refused(adb: Adb, folder: Path) -> None:
    local = folder / "forward.sock"
    adb("forward", f"localfilesystem:{local}", "localabstract:nobody-listens-here")
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE_S)
        client.connect(str(local))
        assert client.recv(1) == b""
