"""A pytest plugin for runs against the stand-in launcher: a host not asked for KVM, vsock and groups."""

from __future__ import annotations

from pytest_lmkd.devices.cuttlefish import source
from pytest_lmkd.devices.cuttlefish.host import Host
from pytest_lmkd.devices.cuttlefish.settings import Settings


class StandInHost(Host):
    """Asks only for what the stand-in needs too: launcher, images, host tools."""

    def _reason_no_kvm(self) -> str:
        return ""

    def _reason_no_vsock(self, settings: Settings) -> str:
        return ""

    def _reason_no_network(self) -> str:
        return ""


source.Host = StandInHost
