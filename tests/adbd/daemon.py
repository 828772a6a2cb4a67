"""A running ``lmkd-adbd`` on this host."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

PATIENCE_S = 30.0
"""The limit for waits for events that are immediate on an idle machine."""


class Daemon:
    """``lmkd-adbd --listen`` in ``folder``, started by ``starter``; ready once constructed."""

    def __init__(self, program: Path, folder: Path, starter: Sequence[str] = ()) -> None:
        self.socket_path = folder / "device.sock"
        self.log_path = folder / "daemon.log"
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [*starter, program, "--listen", self.socket_path], stdout=subprocess.PIPE, stderr=log
            )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"lmkd-adbd: ready\n", self.log_path.read_text()

    @property
    def address(self) -> str:
        return f"localfilesystem:{self.socket_path}"

    def children(self) -> list[int]:
        """The pids of its children, including ended ones that it has not reaped."""
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def stop(self) -> None:
        """Ends the daemon; its exit status must be 0, which a sanitizer report prevents."""
        self.process.terminate()
        assert self.process.wait(PATIENCE_S) == 0, self.log_path.read_text()
        assert not self.socket_path.exists()
