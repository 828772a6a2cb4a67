"""The interface of a kind of device. A new kind is one file with a DeviceSource and one line in spec.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from lmkd_core.base.progress import Progress
from lmkd_core.records.schema import Fact
from pytest_lmkd.transport import Transport

ANDROID_FOLDER = "/data/local/tmp/lmkd"
"""AOSP lets the shell user write and execute below /data/local/tmp, even on user builds."""


class DeviceSource(Protocol):
    """A device that SPEC names and that can be attached."""

    @property
    def name(self) -> str:
        """The device's name in records, unique in a run."""

    @property
    def spec(self) -> str:
        """The value of ``--lmkd-device`` that selects only this device."""

    @property
    def runs_here(self) -> bool:
        """Whether the device uses this machine's CPUs, so that such devices take turns."""

    @property
    def is_shareable(self) -> bool:
        """Whether several runs may use the device at once, because they share nothing on it."""

    @property
    def folder(self) -> str:
        """The folder of all our files on the device; our user may write and execute there."""

    @property
    def is_ours(self) -> bool:
        """Whether the device runs no one else's apps, so that pressure may take all of its memory."""

    def attach(self, progress: Progress) -> Transport:
        """Starts the device if necessary and returns a working link. Call it again to attach again.

        Raises:
            DeviceUnusable: the device cannot be used; the message gives the remedy.
        """

    def host_facts(self) -> Mapping[str, Fact]:
        """What this machine knows about the attached device: its image, its emulator, its host."""

    def reason_no_restart(self) -> str:
        """The reason why this run may not restart the device, with the remedy; empty if it may."""

    @property
    def usual_boots(self) -> int:
        """The boots of a run that does not name their number; 1 where a restart costs more than it tells."""

    def restart(self, progress: Progress) -> None:
        """Restarts the attached device, and returns once ``attach`` can attach it again.

        Raises:
            DeviceUnusable: the device did not restart; the message gives the remedy.
            TransportLost: it did not come back.
        """

    def detach(self) -> None:
        """Ends the link and everything that ``attach`` started, if anything."""
