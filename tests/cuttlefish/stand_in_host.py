"""A pytest plugin for runs against the stand-in launcher: it skips the checks of KVM, vsock and groups."""

from __future__ import annotations

from pytest_lmkd.devices.cuttlefish import source
from pytest_lmkd.devices.cuttlefish.host import Host
from pytest_lmkd.devices.cuttlefish.settings import Settings


class StandInHost(Host):
    """Checks only the requirements of the stand-in: launcher, images and host tools."""

    def _reason_no_kvm(self) -> str:
        return ""

    def _reason_no_vsock(self, settings: Settings) -> str:
        return ""

    def _reason_no_network(self) -> str:
        return ""


source.Host = StandInHost
