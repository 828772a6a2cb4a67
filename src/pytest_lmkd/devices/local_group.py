"""The memory cgroup of one local device: of its daemon, of the agents that it starts, and of their victims.

``<memory mount>/<name>`` contains a leaf with the daemon, since a v2 cgroup that divides memory may have no
process of its own; agents create their cgroups beside it. The keeper imports this module and must start at
once, so it uses only the standard library and ``lmkd_core.base``.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Iterator
from collections.abc import Set
from contextlib import ExitStack
from contextlib import contextmanager
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import DeadlineExceeded
from lmkd_core.base.errors import DeviceUnusable

PREFIX = "lmkd-local-"
"""Prefix of the names. An agent in such a cgroup creates its own below it (device_agent/lib/group.c)."""

LEAF = "daemon"
TRACES_S = 1.0
MOUNTS = Path("/proc/self/mounts")
TRACING = (Path("/sys/kernel/tracing"), Path("/sys/kernel/debug/tracing"))


@dataclass(frozen=True, slots=True)
class Mount:
    """The mount point of a cgroup hierarchy."""

    folder: Path
    is_v2: bool


def find_mount(controller: str, table: str) -> Mount | None:
    """The first mount with ``controller`` in ``table``, which has the format of /proc/self/mounts."""
    for line in table.splitlines():
        _, folder, kind, options, *_ = *line.split(" "), "", "", "", ""
        if kind == "cgroup" and controller in options.split(","):
            return Mount(Path(folder), is_v2=False)
        if kind == "cgroup2" and controller in _words(Path(folder) / "cgroup.controllers"):
            return Mount(Path(folder), is_v2=True)
    return None


class LocalGroup:
    """The memory cgroup ``name`` of this machine.

    Raises:
        DeviceUnusable: no memory cgroup hierarchy is mounted.
    """

    def __init__(self, name: str) -> None:
        mount = find_mount("memory", MOUNTS.read_text())
        if mount is None:
            raise DeviceUnusable(
                "no memory cgroup is mounted here, and victims are measured with one: "
                "run `mount -t cgroup2 none /sys/fs/cgroup`"
            )
        self._mount = mount
        self.folder = mount.folder / name

    @property
    def entrance(self) -> Path:
        """A process that writes 0 to this file enters the leaf."""
        return self.folder / LEAF / "cgroup.procs"

    def make(self) -> None:
        """Creates the cgroup and its leaf. Raises: DeviceUnusable: this machine does not allow it."""
        try:
            self._enable_memory(self._mount.folder)
            self.folder.mkdir(mode=0o755)
            self._enable_memory(self.folder)
            (self.folder / LEAF).mkdir(mode=0o755)
        except OSError as error:
            raise DeviceUnusable(
                f"no memory cgroup can be created below {self._mount.folder} ({error.strerror}): give the "
                "container the machine's cgroups, writable, or run outside of it"
            ) from error

    def _enable_memory(self, parent: Path) -> None:
        """Lets the children of ``parent`` have the memory controller."""
        control = parent / "cgroup.subtree_control"
        if self._mount.is_v2 and "memory" not in _words(control):
            control.write_text("+memory")

    def processes(self) -> Set[int]:
        """The process IDs in the cgroup and below."""
        folders = [folder for folder, _, _ in os.walk(self.folder)]
        return {int(word) for folder in folders for word in _words(Path(folder) / "cgroup.procs")}

    def end(self, deadline: Deadline) -> None:
        """Waits until all processes in the cgroup have ended; kills the rest after half of the time.

        Raises:
            DeadlineExceeded: some processes still run.
        """
        patience = Deadline(deadline.remaining_s() / 2)
        while (pids := self.processes()) and not patience.expired:
            _await_end(pids, patience)
        while (pids := self.processes()) and not deadline.expired:
            for pid in pids:
                self._kill(pid)
            _await_end(pids, deadline)
            _remove_traces(pids)
        if pids:
            raise DeadlineExceeded(f"processes of the local device do not end: {sorted(pids)}")

    def _kill(self, pid: int) -> None:
        with suppress(ProcessLookupError), _pidfd(pid) as pidfd:
            if pid in self.processes():  # otherwise the pidfd may be of a later process with this pid
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
                _thaw(pid)

    def remove(self, deadline: Deadline) -> None:
        """Removes the cgroup and all below it, which must have no process left.

        Raises:
            DeadlineExceeded: a cgroup stays busy.
        """
        for folder, _, _ in os.walk(self.folder, topdown=False):
            _remove(Path(folder), deadline)


def _remove(folder: Path, deadline: Deadline) -> None:
    while True:
        try:
            return folder.rmdir()
        except OSError as error:
            if deadline.expired:
                raise DeadlineExceeded(f"the cgroup {folder} cannot be removed: {error.strerror}") from error
        time.sleep(0.01)  # a task may leave its cgroup shortly after its end, which v1 does not report


def _await_end(pids: Set[int], deadline: Deadline) -> None:
    """Waits until all processes have ended or the time is over."""
    with ExitStack() as stack:
        poll = select.poll()
        waiting = 0
        for pid in pids:
            with suppress(ProcessLookupError):
                poll.register(stack.enter_context(_pidfd(pid)), select.POLLIN)
                waiting += 1
        while waiting and (ended := poll.poll(deadline.remaining_s() * 1000)):
            for pidfd, _ in ended:
                poll.unregister(pidfd)
            waiting -= len(ended)


@contextmanager
def _pidfd(pid: int) -> Iterator[int]:
    pidfd = os.pidfd_open(pid)
    try:
        yield pidfd
    finally:
        os.close(pidfd)


def _thaw(pid: int) -> None:
    """Thaws a process that an agent froze: a v1 freezer holds even a killed process."""
    mount = find_mount("freezer", MOUNTS.read_text())
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines() if mount and not mount.is_v2 else ():
        _, controllers, path = line.split(":", 2)
        if mount and "freezer" in controllers.split(",") and "/lmkd-agent-" in path:
            (mount.folder / Path(path).name / "freezer.state").write_text("THAWED")


def _remove_traces(pids: Set[int]) -> None:
    """Removes the tracing instances and freezer cgroups of killed agents."""
    mount = find_mount("freezer", MOUNTS.read_text())
    for pid in pids:
        folders = [tracing / "instances" / f"lmkd-{pid}" for tracing in TRACING]
        if mount is not None:
            folders.append(mount.folder / f"lmkd-agent-{pid}")
        for folder in filter(Path.exists, folders):
            with suppress(DeadlineExceeded):  # goes on with the rest
                _remove(folder, Deadline(TRACES_S))


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []
