"""Parses SPEC, the value of ``--lmkd-device``, into device sources.

``virtual[:PERSONALITY[@ABI]]``, ``local``, ``cuttlefish[:N]``, an adb serial, ``all``, ``HOST:PORT/SERIAL``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lmkd_core.base.errors import UsageProblem
from pytest_lmkd.devices.attached import AttachedSource
from pytest_lmkd.devices.attached import all_attached
from pytest_lmkd.devices.cuttlefish.settings import Settings as CuttlefishSettings
from pytest_lmkd.devices.cuttlefish.source import parse_instance
from pytest_lmkd.devices.local import NAME as LOCAL
from pytest_lmkd.devices.local import LocalSource
from pytest_lmkd.devices.source import DeviceSource
from pytest_lmkd.devices.virtual import VirtualSource
from pytest_lmkd.transport import AdbServer
from pytest_lmkd.transport import TcpEndpoint
from pytest_lmkd.transport.endpoint import parse_port

NO_SETTINGS = CuttlefishSettings()

REMOTE = re.compile(r"(?P<host>[^/:\s]+):(?P<port>\d{1,5})/(?P<serial>\S+)")


def parse_specs(
    specs: Iterable[str], cuttlefish: CuttlefishSettings = NO_SETTINGS, *, may_reboot: bool = False
) -> list[DeviceSource]:
    """The devices that the specs name, without duplicates. ``may_reboot``: phones may be restarted.

    Raises:
        UsageProblem: a spec is invalid, or two specs name the same device.
        DeviceUnusable: ``all``, but no device is attached.
    """
    sources = [source for spec in specs for source in _parse(spec, cuttlefish, may_reboot=may_reboot)]
    names = [source.name for source in sources]
    for name in names:
        if names.count(name) > 1:
            raise UsageProblem(f"--lmkd-device names the device {name} twice: name it once")
    return sources


def _parse(spec: str, cuttlefish: CuttlefishSettings, *, may_reboot: bool) -> list[DeviceSource]:
    kind, _, rest = spec.partition(":")
    if kind == "virtual":
        return [VirtualSource(rest)] if ":" in spec else [VirtualSource()]
    if kind == "cuttlefish":
        return [parse_instance(rest if ":" in spec else "1", cuttlefish)]
    if spec == LOCAL:
        return [LocalSource()]
    if spec == "all":
        return list(all_attached(AdbServer(), may_reboot=may_reboot))
    remote = REMOTE.fullmatch(spec)
    if remote is not None:
        endpoint = TcpEndpoint(remote["host"], parse_port(remote["port"], spec))
        return [AttachedSource(AdbServer(endpoint), remote["serial"], spec, may_reboot=may_reboot)]
    if not spec.strip() or any(character.isspace() for character in spec):
        raise UsageProblem(
            f"--lmkd-device {spec!r} names no device: use virtual, virtual:PERSONALITY[@ABI], local, "
            "cuttlefish, cuttlefish:N, an adb serial, all, or HOST:PORT/SERIAL"
        )
    return [AttachedSource(AdbServer(), spec, spec, may_reboot=may_reboot)]
