"""An adb server: the user's on a TCP port, or one of our own on a Unix socket (``private_server``)."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable
from collections.abc import Generator
from contextlib import AbstractContextManager
from contextlib import closing

import adbutils
from adbutils.errors import AdbError

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import DeadlineExceeded
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import TransportLost
from pytest_lmkd.transport.adb import AdbTransport
from pytest_lmkd.transport.connection import Client
from pytest_lmkd.transport.connection import Connection
from pytest_lmkd.transport.connection import our_errors
from pytest_lmkd.transport.endpoint import Endpoint
from pytest_lmkd.transport.endpoint import TcpEndpoint
from pytest_lmkd.transport.endpoint import endpoint_from_environment

_OLDEST_VERSION = 41
"""1.0.41 of 2019: the first that can address a device by any serial."""

_NETWORK_SERIAL = re.compile(r"[^/\s]+:\d{1,5}")
"""What ``adb connect`` attaches is listed by its ``HOST:PORT``."""

_ALREADY = "already connected to"

_RECONNECT_S = 0.5
"""Between two tries: nothing tells when a port that refuses will listen again."""

_ANSWER_S = 10.0
"""An adb server tells its version at once; what takes longer is none."""


class AdbServer:
    """The adb server at ``endpoint``, by default the one that the user's environment names.

    Only one on this machine's TCP ports is ever started, and only by ``require`` when nothing answers.
    """

    def __init__(self, endpoint: Endpoint | None = None) -> None:
        self.endpoint = endpoint or endpoint_from_environment()
        self._started_by_us = False

    def require(self, deadline: Deadline) -> None:
        """Make sure that an adb server answers.

        Raises:
            DeviceUnusable: none does and none may be started, or something else has the port.
        """
        if not self._is_reachable(deadline):
            self._start(deadline)
        self._check_version(deadline)

    def stop(self, deadline: Deadline) -> None:
        """End the server if ``require`` started it, and return when it has ended; else leave it alone."""
        if not self._started_by_us:
            return
        self._started_by_us = False
        with self._our_errors("stopping", deadline), Connection(self.endpoint, deadline) as connection:
            connection.request("host:kill")
            connection.recv(1)  # the server never sends another byte: this awaits its end

    def transport(self, serial: str) -> AdbTransport:
        return AdbTransport(self.endpoint, serial)

    def list_devices(self, deadline: Deadline) -> list[tuple[str, str]]:
        """(serial, state) of every device, in adb's words: ``device``, ``offline``, ``unauthorized``, …"""
        with self._our_errors("listing devices", deadline):
            return [(info.serial, info.state) for info in Client(self.endpoint, deadline).list()]

    def connect(self, address: str, deadline: Deadline) -> AdbTransport:
        """Attach the device at ``address`` (``localfilesystem:PATH``, ``HOST:PORT``) and await it.

        Raises:
            DeviceUnusable: nothing there speaks adb.
            DeadlineExceeded: it did not come to the state ``device`` in time.
        """
        while True:
            answer = self._reach(address, deadline)
            # adb also answers this for a link that is just ending: it then is listed no more.
            may_be_ending = answer.startswith(_ALREADY)
            if self._becomes_usable(address, deadline, may_be_ending=may_be_ending):
                return self.transport(address)
            time.sleep(min(_RECONNECT_S, deadline.remaining_s()))

    def _reach(self, address: str, deadline: Deadline) -> str:
        """The answer of the adb server, which has a link to ``address`` then."""
        answer = self._ask_to_connect(address, deadline)
        if answer.startswith("failed to connect"):
            # The end of what the device sent to a host that has just gone may reach the next one, on a
            # console port, and spoil its first words. Once is enough: it has read them now.
            self.disconnect(address, deadline)
            answer = self._ask_to_connect(address, deadline)
        if not answer.startswith(("connected to", _ALREADY)):
            raise DeviceUnusable(
                f"adb cannot reach {address} ({answer.strip()}): look whether the device runs"
            )
        return answer

    def _ask_to_connect(self, address: str, deadline: Deadline) -> str:
        with self._our_errors(f"connecting {address}", deadline):
            return str(Client(self.endpoint, deadline).connect(address))

    def disconnect(self, address: str, deadline: Deadline) -> None:
        """Detach ``address``; nothing when it is not attached."""
        with self._our_errors(f"disconnecting {address}", deadline):
            Client(self.endpoint, deadline).disconnect(address)

    def wait_for(self, serial: str, deadline: Deadline) -> None:
        """Return once ``serial`` is listed as ``device``."""
        self._becomes_usable(serial, deadline)

    def _becomes_usable(self, serial: str, deadline: Deadline, *, may_be_ending: bool = False) -> bool:
        """True once ``serial`` is listed as ``device``; False when it ``may_be_ending`` and is not listed."""
        state = ""
        try:
            with self._our_errors(f"waiting for {serial}", deadline):
                for state in self._states(serial, deadline):
                    if state == "device" or (may_be_ending and not state):
                        return bool(state)
        except DeadlineExceeded as error:
            raise DeadlineExceeded(
                f"{serial} was still {state or 'not attached'} after {deadline.seconds:g} s: "
                "look whether it runs and is awake"
            ) from error
        raise AssertionError("the states of a device never end")

    def await_restart(self, serial: str, restart: Callable[[], bool], deadline: Deadline) -> bool:
        """Does ``restart``; if it says that the device restarts, returns once it has gone and come back.

        Returns what ``restart`` does. Listens from before it, as a quick restart would not be noticed after.
        """
        doing = self._our_errors(f"waiting for {serial} to restart", deadline)
        with doing, closing(self._states(serial, deadline)) as states:
            next(states)
            if not restart():
                return False
            next(state for state in states if state != "device")
            if _NETWORK_SERIAL.fullmatch(serial):
                self._reconnect(serial, deadline)
            else:
                next(state for state in states if state == "device")
        return True

    def _reconnect(self, address: str, deadline: Deadline) -> None:
        """Connects as soon as adbd listens again: adb servers leave it offline, or try for a while only."""
        while True:
            self.disconnect(address, deadline)
            try:
                self.connect(address, deadline)
            except DeviceUnusable:
                time.sleep(_RECONNECT_S)
            else:
                return

    def wait_gone(self, serial: str, deadline: Deadline) -> None:
        """Returns once ``serial`` is not listed as ``device``."""
        with self._our_errors(f"waiting for {serial} to end", deadline):
            next(state for state in self._states(serial, deadline) if state != "device")

    def _states(self, serial: str, deadline: Deadline) -> Generator[str, None, None]:
        """The state of ``serial`` now and after each change of any device; empty: it is not attached."""
        with Connection(self.endpoint, deadline) as connection:
            connection.request("host:track-devices")
            while True:
                lines = connection.read_string_block().splitlines()
                yield dict(line.rpartition("\t")[::2] for line in lines).get(serial, "")

    def _is_reachable(self, deadline: Deadline) -> bool:
        try:
            self.endpoint.connect(deadline.remaining_s()).close()
        except OSError:
            return False
        return True

    def _start(self, deadline: Deadline) -> None:
        if not (isinstance(self.endpoint, TcpEndpoint) and self.endpoint.is_on_this_machine):
            raise DeviceUnusable(
                f"no adb server answers at {self.endpoint}: start it there, or check the address"
            )
        command = [adb_program(), "-P", str(self.endpoint.port), "start-server"]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=deadline.remaining_s()
            )
        except subprocess.TimeoutExpired as error:
            raise DeadlineExceeded(
                f"the adb server at {self.endpoint} did not start within {deadline.seconds:g} s"
            ) from error
        if done.returncode != 0:
            raise DeviceUnusable(f"no adb server can be started at {self.endpoint}: {done.stderr.strip()}")
        self._started_by_us = True

    def _check_version(self, deadline: Deadline) -> None:
        answer_by = Deadline(min(deadline.remaining_s(), _ANSWER_S))
        try:
            with self._our_errors("asking for the version", answer_by):
                version = Client(self.endpoint, answer_by).server_version()
        except (TransportLost, DeadlineExceeded) as error:
            raise DeviceUnusable(
                f"what answers at {self.endpoint} is not an adb server: end it, or name another port in "
                "ANDROID_ADB_SERVER_PORT"
            ) from error
        if version < _OLDEST_VERSION:
            raise DeviceUnusable(
                f"the adb server at {self.endpoint} is 1.0.{version}, too old: "
                "install platform-tools of 2019 or later"
            )

    def _our_errors(self, doing: str, deadline: Deadline) -> AbstractContextManager[None]:
        return our_errors(doing, f"the adb server {self.endpoint}", deadline, worked_before=False)


def adb_program() -> str:
    """The ``adb`` on PATH, else the one that adbutils ships.

    Raises:
        DeviceUnusable: there is neither.
    """
    try:
        return str(adbutils.adb_path())
    except AdbError as error:
        raise DeviceUnusable("there is no adb on PATH: install Android's platform-tools") from error
