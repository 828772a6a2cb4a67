"""A stand-in for lmkd on this host: a socket whose answers are written by each test, byte by byte."""

from __future__ import annotations

import json
import os
import shutil
import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE_S = 60.0
"""No test measures time; this limit ends a test that hangs."""

PROCPRIO, PROCREMOVE, GETKILLCNT, SUBSCRIBE, PROCKILL, UPDATE_PROPS, STAT_KILL_OCCURRED = 1, 2, 4, 5, 6, 7, 8


def packet(*values: int) -> bytes:
    """Packets of lmkd are int32, big-endian."""
    return struct.pack(f">{len(values)}i", *values)


def stat_packet(longs: list[int], words: list[int], name: bytes) -> bytes:
    """AOSP's lmkd_pack_set_kill_occurred: six int64, eight int32, and text as Java's readUTF() reads it."""
    head = struct.pack(">i6q8i", STAT_KILL_OCCURRED, *longs, *words)
    return head + struct.pack(">H", len(name)) + name + b"\0"


@dataclass
class Client:
    """Our program, connected to the stand-in."""

    process: subprocess.Popen[bytes]
    link: socket.socket

    def receive(self) -> tuple[int, ...]:
        data = self.link.recv(256)
        return struct.unpack(f">{len(data) // 4}i", data)

    def send(self, *values: int) -> None:
        self.link.send(packet(*values))

    def line(self) -> dict[str, Any]:
        """The next line of the program."""
        assert self.process.stdout is not None
        line: dict[str, Any] = json.loads(self.process.stdout.readline())
        return line

    def end(self) -> tuple[int, list[dict[str, Any]]]:
        """Its exit status and last lines, after the end of its standard input."""
        output, errors = self.process.communicate(timeout=PATIENCE_S)
        assert errors == b""
        return self.process.returncode, [json.loads(line) for line in output.splitlines()]


class StandInLmkd:
    """Listens, and starts our program on its socket."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program = program
        self.path = folder / "lmkd"
        self.lock = folder / "lock"
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.settimeout(PATIENCE_S)
        self._listener.bind(str(self.path))

    def listen(self) -> None:
        self._listener.listen(3)

    def close(self) -> None:
        self._listener.close()

    def command(self, *words: str) -> list[str]:
        return [str(self._program), "--lock", str(self.lock), "--socket", str(self.path), *words]

    @contextmanager
    def client(self, *words: str) -> Iterator[Client]:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(self.command(*words), **pipes) as process:
            try:
                link, _ = self._listener.accept()
                with link:
                    link.settimeout(PATIENCE_S)
                    yield Client(process, link)
            finally:
                process.kill()

    def refuse(self, *words: str, user: int | None = None) -> tuple[int, dict[str, Any]]:
        """The exit status and the only line of a program that fails before it reaches lmkd.

        ``user``: runs it in our place where we are root, who is refused nothing.
        """
        command = self.command(*words)
        if user is not None and os.getuid() == 0:
            command[0] = shutil.copy(self._program, self.path.parent)
            self.path.parent.chmod(0o777)
        else:
            user = None
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
            user=user,
        )
        return done.returncode, json.loads(done.stdout)
