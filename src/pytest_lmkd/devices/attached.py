"""Devices that an adb server lists: phones attached to this or another host by cable or network."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import suppress

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import LmkdError
from lmkd_core.base.errors import TransportLost
from lmkd_core.base.progress import Progress
from lmkd_core.records.schema import Fact
from pytest_lmkd.devices.adb_root import AdbRoot
from pytest_lmkd.devices.readiness import await_started
from pytest_lmkd.devices.readiness import is_ending
from pytest_lmkd.devices.source import ANDROID_FOLDER
from pytest_lmkd.transport import AdbServer
from pytest_lmkd.transport import AdbTransport
from pytest_lmkd.transport import Transport

LIST_S = 30.0

BOOT_S = 300.0
"""Time limit for a phone's start, which takes minutes after an update or a check of its storage."""

STATE_ADVICE = {
    "device": "",
    "unauthorized": "accept this host's key on the device's screen",
    "offline": "plug it in again or wait until it has started",
    "no permissions": "add a udev rule for it, or your user to the plugdev group",
    "recovery": "start it into Android",
    "sideload": "start it into Android",
    "bootloader": "start it into Android",
}
"""adb's state of a device to its remedy, empty for a usable device."""


class AttachedSource:
    """One device of an adb server."""

    folder = ANDROID_FOLDER
    is_ours = False
    runs_here = False
    is_shareable = False

    def __init__(self, server: AdbServer, serial: str, name: str, *, may_reboot: bool = False) -> None:
        self._server = server
        self._serial = serial
        self._may_reboot = may_reboot
        self._transport: AdbTransport | None = None
        self._root: AdbRoot | None = None
        self.name = self.spec = name

    def attach(self, progress: Progress) -> Transport:
        if self._transport is None:
            self._transport = self._first_transport()
        else:
            self._await_return(self._transport, progress)
        await_started(self._transport, Deadline(BOOT_S))
        if self._root is None:
            self._root = AdbRoot(self._server, self._transport, progress)
        self._root.gain()
        return self._transport

    def _first_transport(self) -> AdbTransport:
        deadline = Deadline(LIST_S)
        self._server.require(deadline)
        states = dict(self._server.list_devices(deadline))
        state = states.get(self._serial)
        if state is None:
            attached = ", ".join(states) or "none"
            raise DeviceUnusable(f"no device {self._serial} at {self._server.endpoint}; attached: {attached}")
        if state != "device":
            raise DeviceUnusable(f"the device {self._serial} is {state}: {state_advice(state)}")
        return self._server.transport(self._serial)

    def _await_return(self, transport: AdbTransport, progress: Progress) -> None:
        """Waits for the device after the link broke, at the cable or the adb server or by a reboot."""
        deadline = Deadline(BOOT_S)
        progress(f"{self.name} was disconnected: waiting up to {BOOT_S:g} s for it")
        self._server.require(deadline)
        self._server.wait_for(self._serial, deadline)
        if _is_ending(transport):
            self._server.wait_gone(self._serial, deadline)
            self._server.wait_for(self._serial, deadline)

    def host_facts(self) -> Mapping[str, Fact]:
        return {}

    @property
    def usual_boots(self) -> int:
        return 1

    def reason_no_restart(self) -> str:
        if self._may_reboot:
            return ""
        return "add --lmkd-reboot to allow its restarts, or leave out --lmkd-boots"

    def restart(self, progress: Progress) -> None:
        """As ``adb reboot``."""
        reason = self.reason_no_restart()
        if reason or self._transport is None:
            raise DeviceUnusable(f"{self.name} cannot be restarted: {reason or 'it is not attached'}")
        transport = self._transport

        def reboot() -> bool:
            with suppress(TransportLost):  # adbd keeps the link open until the device goes down
                transport.ask("reboot:", Deadline(LIST_S))
            return True

        self._server.await_restart(self._serial, reboot, Deadline(BOOT_S))

    def detach(self) -> None:
        if self._root is not None:
            with suppress(LmkdError):  # the device is gone, and its root with it
                self._root.give_back()
        if self._transport is not None:
            self._transport.close()
        self._transport = self._root = None
        self._server.stop(Deadline(LIST_S))


def _is_ending(transport: AdbTransport) -> bool:
    try:
        return is_ending(transport)
    except TransportLost:  # the device was still listed, but already gone
        return True


def state_advice(state: str) -> str:
    """The remedy for a device in ``state``; empty for a usable device."""
    return STATE_ADVICE.get(state, "see `adb devices -l`")


def all_attached(server: AdbServer, *, may_reboot: bool = False) -> Iterator[AttachedSource]:
    """Yields every device that the server lists. The run skips the unusable ones.

    Raises:
        DeviceUnusable: the server lists no device.
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
        yield AttachedSource(server, serial, serial, may_reboot=may_reboot)
