"""Something on a device that does not survive a new attachment, such as a loaded program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic
from typing import TypeVar

from pytest_lmkd.devices.device import Device

Made = TypeVar("Made")


class PerAttachment(Generic[Made]):
    """Calls ``make`` on first use, and again after the device was attached again (also by others)."""

    def __init__(self, device: Device, make: Callable[[], Made]) -> None:
        self._device = device
        self._make = make
        self._made: tuple[int, Made] | None = None

    def get(self) -> Made:
        """Raises: LmkdError: as ``make`` does; the next call tries again."""
        if self._made is None or self._made[0] != self._device.attachments:
            self._made = None
            self._made = self._device.attachments, self._make()
        return self._made[1]

    @property
    def last(self) -> Made | None:
        """What ``make`` returned last, if anything; it may be gone from the device."""
        return self._made[1] if self._made else None

    def forget(self) -> None:
        """The next ``get`` makes it again."""
        self._made = None
