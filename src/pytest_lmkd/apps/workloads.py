"""The workload apps that a run installs on a device, and uninstalls at its end."""

from __future__ import annotations

from pathlib import Path

from lmkd_core.base.progress import Progress
from pytest_lmkd.apps.android import Android
from pytest_lmkd.apps.plan import WORKLOAD
from pytest_lmkd.devices.device import Device


class Workloads:
    """Of one device; ``apks``: the folder that they are in, None: what is installed must do."""

    def __init__(self, device: Device, apks: Path | None, progress: Progress) -> None:
        self._device = device
        self._apks = apks
        self._progress = progress
        self._installed_here: list[str] | None = None

    @property
    def android(self) -> Android:
        return Android(self._device.transport, self._device.name)

    def install(self) -> list[str]:
        """Installs those that are missing, once; the workload apps that are there then.

        Raises:
            DeviceUnusable: the device refuses one.
        """
        if self._installed_here is None:
            self._installed_here = []
            present = self.android.installed()
            for apk in sorted(self._apks.glob("*.apk")) if self._apks else ():
                if apk.stem not in present:
                    self._progress(f"{self._device.name}: installing {apk.name}")
                    self.android.install(apk, self._device.folder)
                    self._installed_here.append(apk.stem)
        return sorted(filter(WORKLOAD.fullmatch, self.android.installed()))

    def close(self) -> None:
        """Uninstalls what was installed for the run."""
        for package in self._installed_here or ():
            self.android.uninstall(package)
        self._installed_here = None
