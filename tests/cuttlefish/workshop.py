"""The workshop of a test against the stand-in launcher: host folder, ports, messages and commands."""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import sys
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

import pytest
import stand_in_launcher
from stand_in_host import StandInHost

import lmkd_virtual
from lmkd_core.base.deadline import Deadline
from lmkd_core.base.process import ProcessRecord
from pytest_lmkd.devices.cuttlefish.settings import Settings
from pytest_lmkd.devices.cuttlefish.source import CuttlefishSource

PATIENCE_S = 120.0


@dataclass(slots=True)
class Workshop:
    """``base_port`` is the adb port of instance 1; ``messages`` are those shown to the user."""

    folder: Path
    base_port: int
    patch: pytest.MonkeyPatch
    messages: list[str] = field(default_factory=list)

    def program(self, name: str) -> Path:
        return self.folder / "host" / "bin" / name

    def settings(self, launcher: str = "cvd", **others: object) -> Settings:
        given = {"launcher": self.program(launcher), "adb_base_port": self.base_port, **others}
        return Settings(**given)  # type: ignore[arg-type]  # the tests' own

    def source(self, number: int = 1, launcher: str = "cvd", **others: object) -> CuttlefishSource:
        return CuttlefishSource(number, self.settings(launcher, **others), StandInHost())

    def let_it(self, behaviour: str) -> None:
        """Sets the behaviour of the stand-in from now on; "" is normal."""
        self.patch.setenv("STAND_IN_DOES", behaviour)

    def type_in(self, command: str) -> None:
        """Runs a command that a user types; it must succeed."""
        subprocess.run(shlex.split(command), check=True, stdout=subprocess.DEVNULL)

    def restart_adbd(self, number: int) -> bool:
        """Cuts the instance's link and restores it; returns True, as ``AdbServer.await_restart`` requires."""
        words = [sys.executable, stand_in_launcher.__file__, "restart_relay", str(number)]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        return True

    def commands(self) -> list[list[str]]:
        log = self.folder / "commands.jsonl"
        return [json.loads(line) for line in log.open()] if log.exists() else []

    def verbs(self) -> list[str]:
        """Returns the program of every command so far, or the verb of cvd."""
        return [words[2] if words[0] == "cvd" else words[0] for words in self.commands()]

    def running(self) -> list[str]:
        """Returns the running stand-ins and relays, sorted."""
        relays = {path: ProcessRecord.load(path) for path in self.folder.glob("relay-*.json")}
        alive = [path.stem for path, record in relays.items() if record is not None and record.is_running()]
        return sorted(alive + [instance.name for instance in lmkd_virtual.status()])

    def end(self) -> None:
        for path in self.folder.glob("relay-*.json"):
            record = ProcessRecord.load(path)
            assert record is not None
            record.stop(Deadline(PATIENCE_S))
        for instance in lmkd_virtual.status():
            lmkd_virtual.down(instance.name)


def make_host(made: Workshop) -> None:
    """Makes a folder like that of an unpacked build: images, and the launchers in bin."""
    bin_folder = made.folder / "host" / "bin"
    bin_folder.mkdir(parents=True)
    (made.folder / "host" / "super.img").touch()
    for name in ("cvd", "launch_cvd", "restart_cvd", "stop_cvd"):
        words = [sys.executable, os.fspath(Path(stand_in_launcher.__file__)), name]
        made.program(name).write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
        made.program(name).chmod(0o755)


def free_ports() -> int:
    """Returns the first of two successive ports on which nothing listens."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port
