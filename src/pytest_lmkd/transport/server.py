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
from pytest_lmkd.transport.connection import mapped_errors
from pytest_lmkd.transport.endpoint import Endpoint
from pytest_lmkd.transport.endpoint import TcpEndpoint
from pytest_lmkd.transport.endpoint import endpoint_from_environment

_OLDEST_VERSION = 41
"""1.0.41 (2019) is the first version that can address a device by any serial."""

_NETWORK_SERIAL = re.compile(r"[^/\s]+:\d{1,5}")
"""A device attached by ``adb connect`` is listed by its ``HOST:PORT``."""

_ALREADY = "already connected to"

_RECONNECT_S = 0.5
"""Interval between two attempts: nothing reports when a port that refuses will listen again."""

_ANSWER_S = 10.0
"""An adb server reports its version at once; a slower answer is not from an adb server."""


class AdbServer:
    """The adb server at ``endpoint``, by default the one named by the user's environment.

    ``require`` starts a server only on a TCP port of this machine, and only if nothing answers there.
    """

    def __init__(self, endpoint: Endpoint | None = None) -> None:
        self.endpoint = endpoint or endpoint_from_environment()
        self._started_by_us = False

    def require(self, deadline: Deadline) -> None:
        """Makes sure that an adb server answers.

        Raises:
            DeviceUnusable: none answers and none may be started, or another program has the port.
        """
        if not self._is_reachable(deadline):
            self._start(deadline)
        self._check_version(deadline)

    def stop(self, deadline: Deadline) -> None:
        """Stops the server if ``require`` started it, and returns once it has ended."""
        if not self._started_by_us:
            return
        self._started_by_us = False
        with self._mapped_errors("stopping", deadline), Connection(self.endpoint, deadline) as connection:
            connection.request("host:kill")
            connection.recv(1)  # the server sends no more bytes, so this waits for its end

    def transport(self, serial: str) -> AdbTransport:
        return AdbTransport(self.endpoint, serial)

    def list_devices(self, deadline: Deadline) -> list[tuple[str, str]]:
        """(serial, state) of every device; adb's states are ``device``, ``offline``, ``unauthorized``, …"""
        with self._mapped_errors("listing devices", deadline):
            return [(info.serial, info.state) for info in Client(self.endpoint, deadline).list()]

    def connect(self, address: str, deadline: Deadline) -> AdbTransport:
        """Attaches the device at ``address`` (``localfilesystem:PATH``, ``HOST:PORT``) and waits for it.

        Raises:
            DeviceUnusable: nothing at ``address`` speaks adb.
            DeadlineExceeded: the device did not reach the state ``device`` in time.
        """
        while True:
            answer = self._reach(address, deadline)
            # adb also gives this answer for a link that is just ending, and then no longer lists it.
            may_be_ending = answer.startswith(_ALREADY)
            if self._becomes_usable(address, deadline, may_be_ending=may_be_ending):
                return self.transport(address)
            time.sleep(min(_RECONNECT_S, deadline.remaining_s()))

    def _reach(self, address: str, deadline: Deadline) -> str:
        """Makes the adb server link to ``address``; returns the server's answer."""
        answer = self._request_connect(address, deadline)
        if answer.startswith("failed to connect"):
            # On a console port, the last bytes that the device sent to a previous host may reach the next
            # one and garble the handshake. One retry is enough: those bytes have been read by then.
            self.disconnect(address, deadline)
            answer = self._request_connect(address, deadline)
        if not answer.startswith(("connected to", _ALREADY)):
            raise DeviceUnusable(
                f"adb cannot reach {address} ({answer.strip()}): check whether the device runs"
            )
        return answer

    def _request_connect(self, address: str, deadline: Deadline) -> str:
        with self._mapped_errors(f"connecting {address}", deadline):
            return str(Client(self.endpoint, deadline).connect(address))

    def disconnect(self, address: str, deadline: Deadline) -> None:
        """Detaches ``address``; does nothing if it is not attached."""
        with self._mapped_errors(f"disconnecting {address}", deadline):
            Client(self.endpoint, deadline).disconnect(address)

    def wait_for(self, serial: str, deadline: Deadline) -> None:
        """Returns once ``serial`` is listed as ``device``."""
        self._becomes_usable(serial, deadline)

    def _becomes_usable(self, serial: str, deadline: Deadline, *, may_be_ending: bool = False) -> bool:
        """True once ``serial`` is listed as ``device``; False if it ``may_be_ending`` and is not listed."""
        state = ""
        try:
            with self._mapped_errors(f"waiting for {serial}", deadline):
                for state in self._states(serial, deadline):
                    if state == "device" or (may_be_ending and not state):
                        return bool(state)
        except DeadlineExceeded as error:
            raise DeadlineExceeded(
                f"{serial} was still {state or 'not attached'} after {deadline.seconds:g} s: "
                "check whether it runs and is awake"
            ) from error
        raise AssertionError("the states of a device never end")

    def await_restart(self, serial: str, restart: Callable[[], bool], deadline: Deadline) -> bool:
        """Calls ``restart``; if that returns True, returns once the device has gone and come back.

        Returns the result of ``restart``. Tracks the states from before the call, to catch a quick restart.
        """
        errors = self._mapped_errors(f"waiting for {serial} to restart", deadline)
        with errors, closing(self._states(serial, deadline)) as states:
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
        """Connects as soon as adbd listens again: adb servers leave it offline, or soon stop trying."""
        while True:
            self.disconnect(address, deadline)
            try:
                self.connect(address, deadline)
            except DeviceUnusable:
                time.sleep(_RECONNECT_S)
            else:
                return

    def wait_gone(self, serial: str, deadline: Deadline) -> None:
        """Returns once ``serial`` is no longer listed as ``device``."""
        with self._mapped_errors(f"waiting for {serial} to end", deadline):
            next(state for state in self._states(serial, deadline) if state != "device")

    def _states(self, serial: str, deadline: Deadline) -> Generator[str, None, None]:
        """Yields the state of ``serial`` now and after each change of any device; empty: not attached."""
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
                f"no adb server answers at {self.endpoint}: start one there, or check the address"
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
            raise DeviceUnusable(
                f"the adb server at {self.endpoint} could not be started: {done.stderr.strip()}"
            )
        self._started_by_us = True

    def _check_version(self, deadline: Deadline) -> None:
        answer_by = Deadline(min(deadline.remaining_s(), _ANSWER_S))
        try:
            with self._mapped_errors("asking for the version", answer_by):
                version = Client(self.endpoint, answer_by).server_version()
        except (TransportLost, DeadlineExceeded) as error:
            raise DeviceUnusable(
                f"the program that answers at {self.endpoint} is not an adb server: stop it, or set another "
                "port in ANDROID_ADB_SERVER_PORT"
            ) from error
        if version < _OLDEST_VERSION:
            raise DeviceUnusable(
                f"the adb server at {self.endpoint} has version 1.0.{version}, which is too old: "
                "install platform-tools from 2019 or later"
            )

    def _mapped_errors(self, action: str, deadline: Deadline) -> AbstractContextManager[None]:
        return mapped_errors(action, f"the adb server {self.endpoint}", deadline, worked_before=False)


def adb_program() -> str:
    """The ``adb`` on PATH, else the one that adbutils ships.

    Raises:
        DeviceUnusable: neither exists.
    """
    try:
        return str(adbutils.adb_path())
    except AdbError as error:
        raise DeviceUnusable("there is no adb on PATH: install Android's platform-tools") from error
