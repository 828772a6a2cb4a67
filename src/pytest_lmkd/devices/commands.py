"""``pytest-lmkd devices`` and ``pytest-lmkd doctor``: what is attached, and what it can do."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import EXIT_CHECK_FAILED
from lmkd_core.base.errors import EXIT_NO_DEVICE
from lmkd_core.base.errors import EXIT_OK
from lmkd_core.records.lines import encode_line
from pytest_lmkd.devices import local
from pytest_lmkd.devices.attached import LIST_S
from pytest_lmkd.devices.attached import state_advice
from pytest_lmkd.devices.cuttlefish.settings import parse_settings
from pytest_lmkd.devices.cuttlefish.source import reason_no_cuttlefish
from pytest_lmkd.devices.device import Device
from pytest_lmkd.devices.meters import reason_no_meter
from pytest_lmkd.devices.meters import reason_not_measured
from pytest_lmkd.devices.spec import parse_specs
from pytest_lmkd.devices.suite_needs import SUITE_NEEDS
from pytest_lmkd.devices.suite_needs import TIERS
from pytest_lmkd.devices.suite_needs import how
from pytest_lmkd.devices.suite_needs import reason_no_tier
from pytest_lmkd.transport import AdbServer

CUTTLEFISH = "--cuttlefish"

USABLE = "device"
"""adb's word for the state of a device that can be used."""

ABILITIES = ("arm:", "stall:", "shape:")
"""How the facts begin that tell what the agent can do on the device."""

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parsers(subparsers: Subparsers) -> None:
    devices = subparsers.add_parser(
        "devices",
        help="list this machine and attached devices, and whether they can be used",
        description=list_devices.__doc__,
    )
    devices.set_defaults(run=list_devices)
    doctor = subparsers.add_parser(
        "doctor",
        help="print a device's facts, and what it can run",
        description=examine.__doc__,
    )
    doctor.add_argument(
        "spec",
        metavar="SPEC",
        help="virtual, virtual:PERSONALITY[@ABI], local, cuttlefish, cuttlefish:N, a serial or "
        "HOST:PORT/SERIAL",
    )
    for parser in (devices, doctor):
        parser.add_argument(
            CUTTLEFISH,
            metavar="KEY=VALUE",
            action="append",
            default=[],
            help="as pytest's --lmkd-cuttlefish: images=DIR, launcher=FILE, kernel=FILE, memory_mb=N, ...",
        )
    doctor.add_argument("--json", action="store_true", help="print the device's record as stored in results")
    doctor.set_defaults(run=examine)


def list_devices(options: argparse.Namespace) -> int:
    """Lists this machine, Cuttlefish and the adb server's devices, and why one of them cannot be used."""
    cuttlefish_advice = reason_no_cuttlefish(parse_settings(options.cuttlefish, CUTTLEFISH))
    local_advice = local.reason_unusable()
    _list(local.NAME, "unusable" if local_advice else USABLE, local_advice)
    _list("cuttlefish", "unusable" if cuttlefish_advice else "can start", cuttlefish_advice)
    server = AdbServer()
    attached = _attached(server)
    for serial, state in attached:
        _list(serial, state, state_advice(state))
    if local_advice and cuttlefish_advice and not any(state == USABLE for _, state in attached):
        print(
            f"no usable device at {server.endpoint}; the virtual one is always there: --lmkd-device virtual",
            file=sys.stderr,
        )
        return EXIT_NO_DEVICE
    return EXIT_OK


def _attached(server: AdbServer) -> list[tuple[str, str]]:
    deadline = Deadline(LIST_S)
    server.require(deadline)
    try:
        return server.list_devices(deadline)
    finally:
        server.stop(deadline)


def _list(name: str, state: str, advice: str) -> None:
    print(f"{name}\t{state}" + (f"\t{advice}" if advice else ""))


def examine(options: argparse.Namespace) -> int:
    """Prints every fact about a device with its source, and which arms and stalls it can run."""
    able = True
    for source in parse_specs([options.spec], parse_settings(options.cuttlefish, CUTTLEFISH)):
        with Device(source, lambda text: print(text, file=sys.stderr)) as device:
            if options.json:
                print(encode_line(device.record()).decode(), end="")
            else:
                _print_examination(device)
            able = not reason_no_meter(device.facts) and able
    return EXIT_OK if able else EXIT_CHECK_FAILED


def _print_examination(device: Device) -> None:
    print(f"{device.name}, agent {device.agent.abi} {device.agent.sha256[:12]}\n")
    told = {name: fact for name, fact in device.facts.items() if not name.startswith(ABILITIES)}
    width = max(map(len, told))
    for name, fact in told.items():
        value = "-" if fact.value is None else str(fact.value)
        print(f"  {name:<{width}} {value:<34} {fact.source}{': ' if fact.reason else ''}{fact.reason}")
    print()
    for tier in TIERS:
        print(f"  {'tier ' + tier:<26} {reason_no_tier(tier, device.facts) or 'can be used'}")
    print()
    for suite in SUITE_NEEDS:
        said = how(suite, device.facts, confined=bool(device.pressure_limit_kb))
        print(f"  {'suite ' + suite:<26} {said}")
    print()
    for name in device.facts:
        if name.startswith(ABILITIES):
            reason = reason_not_measured(device.facts, (name,))
            print(f"  {name.replace(':', ' '):<26} {reason or 'can run'}")
