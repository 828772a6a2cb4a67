"""Installs workload apps on a device, and uninstalls them at the end of the run."""

from __future__ import annotations

from pathlib import Path

from lmkd_core.base.progress import Progress
from pytest_lmkd.apps.android import Android
from pytest_lmkd.apps.plan import WORKLOAD
from pytest_lmkd.devices.device import Device


class Workloads:
    """The workload apps of one device. ``apks``: their folder; None: use only installed ones."""

    def __init__(self, device: Device, apks: Path | None, progress: Progress) -> None:
        self._device = device
        self._apks = apks
        self._progress = progress
        self._installed_here: list[str] = []
        self._is_complete = False

    @property
    def android(self) -> Android:
        return Android(self._device.transport, self._device.name)

    def install(self) -> list[str]:
        """Installs the missing workload apps, once; returns the packages of all installed ones.

        Raises:
            DeviceUnusable: the device refuses an app.
        """
        if not self._is_complete:
            present = self.android.installed()
            for apk in sorted(self._apks.glob("*.apk")) if self._apks else ():
                if apk.stem not in present:
                    self._progress(f"{self._device.name}: installing {apk.name}")
                    self._installed_here.append(apk.stem)  # before: a lost link may cut the installation
                    self.android.install(apk, self._device.folder)
            self._is_complete = True
        return sorted(filter(WORKLOAD.fullmatch, self.android.installed()))

    def close(self) -> None:
        """Uninstalls the apps that were installed for the run."""
        present = self.android.installed() if self._installed_here else ()
        for package in dict.fromkeys(self._installed_here):
            if package in present:
                self.android.uninstall(package)
        self._installed_here, self._is_complete = [], False
