"""This Linux machine as a device: the virtual one's adb daemon, in a folder and a memory cgroup of its own.

No virtual machine: first results within seconds, on the kernel that runs here. ``local_keeper`` holds what
lives longer than a call.
"""

from __future__ import annotations

import json
import os
import platform
import re
import select
import subprocess
import sys
from pathlib import Path

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import DeadlineExceeded
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import UsageProblem
from lmkd_core.base.process import ProcessRecord
from lmkd_core.base.progress import Progress
from lmkd_core.base.toolchain import static_program
from pytest_lmkd.devices import local_keeper
from pytest_lmkd.transport import PrivateAdbServer
from pytest_lmkd.transport import Transport
from pytest_lmkd.transport.program import MACHINE_ABI

NAME = "local"
DAEMON = "lmkd-adbd"
ATTACH_S = 60.0

DEFAULT_BASE = "/var/tmp"  # noqa: S108 - the keeper makes a folder of mode 0700 in it
"""On a disk, where /tmp may be in memory: some victims map files, and those must be on a disk."""


def reason_unusable() -> str:
    """Why this user cannot measure this machine, and what to do; empty when nothing is against it."""
    if platform.system() != "Linux":
        return "this machine is a device only under Linux: use --lmkd-device virtual or a phone"
    if os.geteuid() != 0:
        return (
            "measuring this machine needs root, for memory cgroups and priorities: "
            "run the same command as root (sudo), or use --lmkd-device virtual"
        )
    return ""


class LocalSource:
    """This machine; what it is made of exists from ``attach`` to ``detach``, or until this process dies."""

    name = spec = NAME
    is_ours = False
    runs_here = True
    is_shareable = True

    def __init__(self) -> None:
        self._keeper: Keeper | None = None
        self._server: PrivateAdbServer | None = None
        self._transport: Transport | None = None
        self._progress: Progress = print

    @property
    def folder(self) -> str:
        assert self._keeper is not None, "the folder exists once the device is attached"
        return str(self._keeper.folder / local_keeper.ROOT)

    def attach(self, progress: Progress) -> Transport:
        reason = reason_unusable()
        if reason:
            raise DeviceUnusable(f"{self.name}: {reason}")
        self._progress = progress
        deadline = Deadline(ATTACH_S)
        if self._keeper is None:
            self._keeper = Keeper(_base(), progress, deadline)
        self._keeper.check()
        return self._connect(self._keeper.folder, deadline)

    def _connect(self, folder: Path, deadline: Deadline) -> Transport:
        self._server = PrivateAdbServer(folder / local_keeper.SERVER_FOLDER)
        self._server.require(deadline)
        address = f"localfilesystem:{folder / local_keeper.SOCKET}"
        self._server.disconnect(address, deadline)  # a link that broke may still be listed
        self._transport = self._server.connect(address, deadline)
        return self._transport

    def detach(self) -> None:
        if self._transport is not None:
            self._transport.close()
        if self._server is not None:
            self._server.stop(Deadline(local_keeper.END_S))
        if self._keeper is not None:
            left = self._keeper.end()
            if left:
                self._progress(f"{self.name}: {left}")
        self._transport = self._server = self._keeper = None


class Keeper:
    """The running ``local_keeper``; its device stands once this is constructed.

    Raises:
        DeviceUnusable: this machine does not let it make what it needs.
    """

    def __init__(self, base: Path, progress: Progress, deadline: Deadline) -> None:
        daemon = static_program(DAEMON, _abi(), progress)
        words = [sys.executable, "-P", "-m", local_keeper.__name__, str(os.getpid()), str(daemon), str(base)]
        self._process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for us; the keeper sees us end
        )
        try:
            self.folder = Path(self._answer(deadline))
        except BaseException:
            self.end()
            raise

    def _answer(self, deadline: Deadline) -> str:
        assert self._process.stdout is not None
        poll = select.poll()
        poll.register(self._process.stdout, select.POLLIN)
        if not poll.poll(deadline.remaining_s() * 1000):
            raise DeadlineExceeded(f"{NAME}: its adb daemon was not up after {deadline.seconds:g} s")
        line = self._process.stdout.readline()
        if not line:
            raise DeviceUnusable(f"{NAME}: its keeper died: {self.end() or 'without a word'}")
        answer: dict[str, str] = json.loads(line)
        if "error" in answer:
            raise DeviceUnusable(f"{NAME}: {answer['error']}")
        return answer["folder"]

    def check(self) -> None:
        """Raises: DeviceUnusable, when the device has died."""
        daemon = ProcessRecord.load(self.folder / local_keeper.DAEMON_RECORD)
        if self._process.poll() is not None or daemon is None or not daemon.is_running():
            raise DeviceUnusable(f"{NAME}: its adb daemon died, and what it was doing is lost: run again")

    def end(self) -> str:
        """Clears the device away; what could not be, in a sentence, or nothing."""
        try:
            _, said = self._process.communicate(timeout=2 * local_keeper.END_S)
        except subprocess.TimeoutExpired:
            return f"its keeper, process {self._process.pid}, is still clearing away what was made"
        return said.strip()


def _abi() -> str:
    return MACHINE_ABI.get(platform.machine(), platform.machine())


def _base() -> Path:
    base = Path(os.environ.get("TMPDIR") or DEFAULT_BASE).absolute()
    if not re.fullmatch(r"[\w./+@-]+", str(base), re.ASCII):
        raise UsageProblem(f"TMPDIR={base} cannot hold a device: use a path of letters, digits and ./_+@-")
    return base
