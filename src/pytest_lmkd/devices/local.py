"""This Linux machine as a device: the virtual device's adb daemon, in its own folder and memory cgroup.

Without a virtual machine, first results take seconds, on the running kernel. The process ``local_keeper``
owns everything that outlives a call.
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
from pytest_lmkd.devices.embedded import EmbeddedSource
from pytest_lmkd.transport import Transport
from pytest_lmkd.transport.program import MACHINE_ABI

NAME = "local"
DAEMON = "lmkd-adbd"
ATTACH_S = 60.0

DEFAULT_BASE = "/var/tmp"  # noqa: S108 - the keeper creates a folder of mode 0700 in it
"""On a disk, unlike /tmp, which may be in memory: some victims map files, and these must be on a disk."""


def reason_unusable() -> str:
    """The reason why this user cannot measure this machine, with the remedy; empty if it can be used."""
    if platform.system() != "Linux":
        return "only a Linux machine can be the local device: use --lmkd-device virtual or a phone"
    if os.geteuid() != 0:
        return (
            "measuring this machine needs root, for memory cgroups and priorities: "
            "run the same command as root (sudo), or use --lmkd-device virtual"
        )
    return ""


class LocalSource(EmbeddedSource):
    """This machine. Its parts exist from ``attach`` to ``detach``, or until this process dies."""

    name = spec = NAME
    is_ours = False
    is_shareable = True

    def __init__(self) -> None:
        super().__init__()
        self._keeper: Keeper | None = None
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
        folder = self._keeper.folder
        return self._connect(folder / local_keeper.SERVER_FOLDER, folder / local_keeper.SOCKET, deadline)

    @property
    def usual_boots(self) -> int:
        return 1

    def reason_no_restart(self) -> str:
        return "it is this machine; leave out --lmkd-boots, and compare runs made after restarts by hand"

    def restart(self, progress: Progress) -> None:
        raise DeviceUnusable(f"{self.name} cannot be restarted: {self.reason_no_restart()}")

    def detach(self) -> None:
        self._disconnect()
        if self._keeper is not None:
            problem = self._keeper.end()
            if problem:
                self._progress(f"{self.name}: {problem}")
        self._keeper = None


class Keeper:
    """The running ``local_keeper``. Its device is ready after construction.

    Raises:
        DeviceUnusable: this machine does not allow what the device needs.
        DeadlineExceeded: the device was not ready in time.
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
            start_new_session=True,  # so that Ctrl-C reaches only us; the keeper notices our end
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
            raise DeadlineExceeded(f"{NAME}: its adb daemon did not start within {deadline.seconds:g} s")
        line = self._process.stdout.readline()
        if not line:
            raise DeviceUnusable(f"{NAME}: its keeper process died: {self.end() or 'no error output'}")
        answer: dict[str, str] = json.loads(line)
        if "error" in answer:
            raise DeviceUnusable(f"{NAME}: {answer['error']}")
        return answer["folder"]

    def check(self) -> None:
        """Raises: DeviceUnusable: the device has died."""
        daemon = ProcessRecord.load(self.folder / local_keeper.DAEMON_RECORD)
        if self._process.poll() is not None or daemon is None or not daemon.is_running():
            raise DeviceUnusable(f"{NAME}: its adb daemon died, and its current work is lost: run again")

    def end(self) -> str:
        """Removes the device; returns what could not be removed, empty if nothing is left."""
        try:
            _, stderr_text = self._process.communicate(timeout=2 * local_keeper.END_S)
        except subprocess.TimeoutExpired:
            return f"its keeper, process {self._process.pid}, is still cleaning up"
        return stderr_text.strip()


def _abi() -> str:
    return MACHINE_ABI.get(platform.machine(), platform.machine())


def _base() -> Path:
    base = Path(os.environ.get("TMPDIR") or DEFAULT_BASE).absolute()
    if not re.fullmatch(r"[\w./+@-]+", str(base), re.ASCII):
        raise UsageProblem(f"TMPDIR={base} is unsuitable: use a path of letters, digits and ./_+@- only")
    return base
