"""The swap-point for kinds of device: a new kind is one file with a DeviceSource and one line in spec.py."""

from __future__ import annotations

from typing import Protocol

from lmkd_core.base.progress import Progress
from pytest_lmkd.transport import Transport

ANDROID_FOLDER = "/data/local/tmp/lmkd"
"""AOSP lets the shell user write and execute below /data/local/tmp, on user builds too."""


class DeviceSource(Protocol):
    """Something that SPEC names and that can be attached."""

    @property
    def name(self) -> str:
        """The device's name in records; unique in a run."""

    @property
    def spec(self) -> str:
        """What names this device alone for ``--lmkd-device``."""

    @property
    def runs_here(self) -> bool:
        """Whether it runs on this machine's CPUs, which no second such device may then use."""

    @property
    def is_shareable(self) -> bool:
        """Whether several runs may use it at once, as they have nothing in common there."""

    @property
    def folder(self) -> str:
        """Where everything of ours lies on the device; our user may write and execute there."""

    @property
    def is_ours(self) -> bool:
        """Whether nobody else's apps run on it: only then may the whole device be put under pressure."""

    def attach(self, progress: Progress) -> Transport:
        """A working link to the device, which is started if need be. Also called to attach again.

        Raises:
            DeviceUnusable: with what to do about it.
        """

    def detach(self) -> None:
        """Ends the link and everything that ``attach`` started; does nothing when there is nothing."""
