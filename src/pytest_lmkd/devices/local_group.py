"""A memory cgroup that keeps one local device apart: its daemon, the agents that it starts, their victims.

``<memory mount>/<name>`` holds a leaf with the daemon, because a v2 cgroup that divides memory may have no
process of its own, and what agents make beside it. The keeper imports this and must start at once: only the
standard library and the pure parts are used.
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
"""How the names begin: an agent in such a cgroup makes its own below it (device_agent/lib/group.c)."""

LEAF = "daemon"
TRACES_S = 1.0
MOUNTS = Path("/proc/self/mounts")
TRACING = (Path("/sys/kernel/tracing"), Path("/sys/kernel/debug/tracing"))


@dataclass(frozen=True, slots=True)
class Mount:
    """Where a hierarchy of cgroups is mounted."""

    folder: Path
    is_v2: bool


def find_mount(controller: str, table: str) -> Mount | None:
    """The first with ``controller`` in ``table``, which is like /proc/self/mounts."""
    for line in table.splitlines():
        _, folder, kind, options, *_ = *line.split(" "), "", "", "", ""
        if kind == "cgroup" and controller in options.split(","):
            return Mount(Path(folder), is_v2=False)
        if kind == "cgroup2" and controller in _words(Path(folder) / "cgroup.controllers"):
            return Mount(Path(folder), is_v2=True)
    return None


class LocalGroup:
    """The cgroup ``name`` of this machine.

    Raises:
        DeviceUnusable: the machine has no memory cgroups.
    """

    def __init__(self, name: str) -> None:
        mount = find_mount("memory", MOUNTS.read_text())
        if mount is None:
            raise DeviceUnusable(
                "this machine has no memory cgroup mounted, by which victims are measured: "
                "run `mount -t cgroup2 none /sys/fs/cgroup`"
            )
        self._mount = mount
        self.folder = mount.folder / name

    @property
    def entrance(self) -> Path:
        """Who writes 0 to this file is in the leaf."""
        return self.folder / LEAF / "cgroup.procs"

    def make(self) -> None:
        """Raises: DeviceUnusable, when this machine's cgroups are not ours to divide."""
        try:
            self._hand_down_memory(self._mount.folder)
            self.folder.mkdir(mode=0o755)
            self._hand_down_memory(self.folder)
            (self.folder / LEAF).mkdir(mode=0o755)
        except OSError as error:
            raise DeviceUnusable(
                f"no memory cgroup can be made below {self._mount.folder} ({error.strerror}): a container "
                "must have the machine's cgroups, writable; or run this outside of it"
            ) from error

    def _hand_down_memory(self, parent: Path) -> None:
        control = parent / "cgroup.subtree_control"
        if self._mount.is_v2 and "memory" not in _words(control):
            control.write_text("+memory")

    def processes(self) -> Set[int]:
        """The pids of all that run in it or below."""
        folders = [folder for folder, _, _ in os.walk(self.folder)]
        return {int(word) for folder in folders for word in _words(Path(folder) / "cgroup.procs")}

    def end(self, deadline: Deadline) -> None:
        """Waits until all in it have ended, and kills those that have not after half of the time.

        Raises:
            DeadlineExceeded: some run on all the same.
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
            if pid in self.processes():  # then the pidfd is its, not that of a later process
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
                _thaw(pid)

    def remove(self, deadline: Deadline) -> None:
        """Removes it and all below, which must have no process left.

        Raises:
            DeadlineExceeded: one stays busy.
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
        time.sleep(0.01)  # a task may leave its cgroup a little after its end, and v1 tells of that nowhere


def _await_end(pids: Set[int], deadline: Deadline) -> None:
    """Until all have ended or the time is over."""
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
    """A v1 freezer keeps even who is killed; agents put victims into one of their own."""
    mount = find_mount("freezer", MOUNTS.read_text())
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines() if mount and not mount.is_v2 else ():
        _, controllers, path = line.split(":", 2)
        if mount and "freezer" in controllers.split(",") and "/lmkd-agent-" in path:
            (mount.folder / Path(path).name / "freezer.state").write_text("THAWED")


def _remove_traces(pids: Set[int]) -> None:
    """What agents that were killed could not remove themselves."""
    mount = find_mount("freezer", MOUNTS.read_text())
    for pid in pids:
        places = [tracing / "instances" / f"lmkd-{pid}" for tracing in TRACING]
        if mount is not None:
            places.append(mount.folder / f"lmkd-agent-{pid}")
        for place in filter(Path.exists, places):
            with suppress(DeadlineExceeded):  # not worth leaving more behind
                _remove(place, Deadline(TRACES_S))


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []
