"""StandInPhone: a phone at the fake adb server; its adb daemon and its Android can restart."""

from __future__ import annotations

import queue
from collections.abc import Callable

from fake_adb_server import PATIENCE_S
from fake_adb_server import SERIAL
from fake_adb_server import FakeAdbServer
from fake_adb_server import Talk
from fake_adb_server import block
from fake_adb_server import shell_packet

from pytest_lmkd.transport.shell import EXIT
from pytest_lmkd.transport.shell import STDOUT


class StandInPhone:
    """Answers ``id``, ``getprop`` and ``root:`` as Android does; ``track-devices`` lists its states."""

    def __init__(self, server: FakeAdbServer) -> None:
        self.uid = 2000
        self.build = "1"
        """Its ``ro.debuggable``."""
        self.shutdown_requested: Callable[[], str] = str
        self.state = "device"
        self.when_watched: Callable[[], None] = lambda: None
        """Called once, when a client begins to track devices."""
        self._trackers: list[queue.Queue[str | None]] = []
        shell = {
            "id -u": lambda: str(self.uid),
            "getprop ro.debuggable": lambda: self.build,
            "getprop sys.shutdown.requested": lambda: self.shutdown_requested(),  # noqa: PLW0108 - a test changes it
            "while": str,
        }
        for command, answer in shell.items():
            server.on[f"shell,v2,raw:{command}"] = _printing(answer)
        server.on |= {
            "host:devices": lambda talk: talk.okay(block(self._list())),
            "host:track-devices": self._track,
            "root:": lambda talk: self._restart_adbd(talk, 0, b"restarting adbd as root\n"),
            "unroot:": lambda talk: self._restart_adbd(talk, 2000, b"restarting adbd as non root\n"),
            "reboot:": lambda talk: self._restart_adbd(talk, 2000, b"", "offline", "", "device"),
        }

    def go_through(self, *states: str) -> None:
        """Takes the states one after the other, in adb's words; "" means absent."""
        for state in states:
            self.state = state
            for tracker in self._trackers:
                tracker.put(self._list())

    def stop(self) -> None:
        for tracker in self._trackers:
            tracker.put(None)

    def _list(self) -> str:
        return f"{SERIAL}\t{self.state}\n" if self.state else ""

    def _track(self, talk: Talk) -> None:
        listings: queue.Queue[str | None] = queue.Queue()
        listings.put(self._list())
        self._trackers.append(listings)
        act, self.when_watched = self.when_watched, lambda: None
        act()
        talk.okay()
        while (listed := listings.get(timeout=PATIENCE_S)) is not None:
            talk.send(block(listed))

    def _restart_adbd(self, talk: Talk, uid: int, answer: bytes, *states: str) -> None:
        talk.okay(answer)
        self.uid = uid
        self.go_through(*(states or ("offline", "device")))


def _printing(answer: Callable[[], str]) -> Callable[[Talk], None]:
    return lambda talk: talk.okay(shell_packet(STDOUT, answer().encode()), shell_packet(EXIT, b"\0"))
