"""The common part of the devices that run on this machine, ``virtual`` and ``local``.

Each has an adb daemon on a Unix socket. A private adb server, with its files beside it, connects to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lmkd_core.base.deadline import Deadline
from lmkd_core.records.schema import Fact
from pytest_lmkd.devices.host_facts import host_facts
from pytest_lmkd.transport import PrivateAdbServer
from pytest_lmkd.transport import Transport

STOP_S = 20.0
"""Time limit for the end of the private adb server."""


class EmbeddedSource:
    """Base of a DeviceSource whose adb daemon listens on a Unix socket of this machine."""

    runs_here = True

    def __init__(self) -> None:
        self._server: PrivateAdbServer | None = None
        self._transport: Transport | None = None

    def host_facts(self) -> Mapping[str, Fact]:
        return host_facts()

    def _connect(self, server_folder: Path, adb_socket: Path, deadline: Deadline) -> Transport:
        self._server = PrivateAdbServer(server_folder)
        self._server.require(deadline)
        address = f"localfilesystem:{adb_socket}"
        self._server.disconnect(address, deadline)  # a broken link may still be listed
        self._transport = self._server.connect(address, deadline)
        return self._transport

    def _disconnect(self) -> None:
        if self._transport is not None:
            self._transport.close()
        if self._server is not None:
            self._server.stop(Deadline(STOP_S))
        self._transport = self._server = None
