"""FakeAdb: a stand-in for the program ``adb`` that can only start a server on a port.

``adb -P PORT start-server`` logs its arguments to the file $FAKE_ADB_LOG and starts a server that knows the
requests host:version and host:kill.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path


def serve(listener: socket.socket) -> None:
    while True:
        peer, _ = listener.accept()
        length = int(peer.recv(4) or b"0", 16)
        request = peer.recv(length)
        if request == b"host:version":
            peer.sendall(b"OKAY00040029")
        if request == b"host:kill":
            listener.close()
            peer.sendall(b"OKAY")
            return
        peer.close()


def main() -> None:
    if sys.argv[1:] == ["version"]:
        return
    with Path(os.environ["FAKE_ADB_LOG"]).open("a") as log:
        print(*sys.argv[1:], file=log)
    if os.environ.get("FAKE_ADB_FAILS"):
        sys.exit("cannot bind")
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(sys.argv[2])))
    listener.listen()
    if os.fork() == 0:
        for stream in (sys.stdin, sys.stdout, sys.stderr):
            os.close(stream.fileno())
        serve(listener)


main()
