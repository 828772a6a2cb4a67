"""Devices that an adb server lists: phones on this host's cables or network, or on another host's."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_lmkd.deadline import Deadline
from pytest_lmkd.devices.source import ANDROID_FOLDER
from pytest_lmkd.errors import DeviceUnusable
from pytest_lmkd.toolchain import Progress
from pytest_lmkd.transport import AdbServer
from pytest_lmkd.transport import Transport

LIST_S = 30.0

STATE_ADVICE = {
    "device": "",
    "unauthorized": "accept this host's key on the device's screen",
    "offline": "plug it in again or wait until it has started",
    "no permissions": "add a udev rule for it, or your user to the plugdev group",
    "recovery": "start it into Android",
    "sideload": "start it into Android",
    "bootloader": "start it into Android",
}
"""adb's words for a device that cannot be used, and what to do about each."""


class AttachedSource:
    """One device of an adb server."""

    folder = ANDROID_FOLDER
    is_ours = False

    def __init__(self, server: AdbServer, serial: str, name: str) -> None:
        self._server = server
        self._serial = serial
        self._transport: Transport | None = None
        self.name = name

    def attach(self, progress: Progress) -> Transport:
        deadline = Deadline(LIST_S)
        self._server.require(deadline)
        states = dict(self._server.list_devices(deadline))
        state = states.get(self._serial)
        if state is None:
            attached = ", ".join(states) or "none"
            raise DeviceUnusable(f"no device {self._serial} at {self._server.endpoint}; attached: {attached}")
        if state != "device":
            raise DeviceUnusable(f"the device {self._serial} is {state}: {state_advice(state)}")
        self._transport = self._server.transport(self._serial)
        return self._transport

    def detach(self) -> None:
        if self._transport is not None:
            self._transport.close()
            self._transport = None
        self._server.stop(Deadline(LIST_S))


def state_advice(state: str) -> str:
    """What to do about a device in ``state``; nothing for one that can be used."""
    return STATE_ADVICE.get(state, "see `adb devices -l`")


def all_attached(server: AdbServer) -> Iterator[AttachedSource]:
    """Every device that the server lists, usable or not: those that are not end up as skipped.

    Raises:
        DeviceUnusable: there is none.
    """
    deadline = Deadline(LIST_S)
    server.require(deadline)
    listed = server.list_devices(deadline)
    if not listed:
        server.stop(deadline)
        raise DeviceUnusable(
            f"no adb device is attached at {server.endpoint}: plug one in with USB debugging on, "
            "or use --lmkd-device virtual"
        )
    for serial, _ in listed:
        yield AttachedSource(server, serial, serial)
