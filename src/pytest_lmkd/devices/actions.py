"""Runs ``pytest-lmkd devices`` and ``pytest-lmkd doctor`` (``commands`` parses their options)."""

from __future__ import annotations

import argparse
import sys

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
from pytest_lmkd.devices.suite_needs import describe_support
from pytest_lmkd.devices.suite_needs import reason_no_tier
from pytest_lmkd.transport import AdbServer

CUTTLEFISH = "--cuttlefish"

USABLE = "device"
"""adb's name for the state of a usable device."""

ABILITIES = ("arm:", "stall:", "shape:")
"""Prefixes of the facts about what the agent can do on the device."""


def list_devices(options: argparse.Namespace) -> int:
    """Prints a line per device: its name, its state and, if it is unusable, the remedy."""
    cuttlefish_reason = reason_no_cuttlefish(parse_settings(options.cuttlefish, CUTTLEFISH))
    local_reason = local.reason_unusable()
    _print_device(local.NAME, "unusable" if local_reason else USABLE, local_reason)
    _print_device("cuttlefish", "unusable" if cuttlefish_reason else "can start", cuttlefish_reason)
    server = AdbServer()
    attached = _list_attached(server)
    for serial, state in attached:
        _print_device(serial, state, state_advice(state))
    if local_reason and cuttlefish_reason and not any(state == USABLE for _, state in attached):
        print(
            f"no usable device at {server.endpoint}: use the virtual device, --lmkd-device virtual",
            file=sys.stderr,
        )
        return EXIT_NO_DEVICE
    return EXIT_OK


def _list_attached(server: AdbServer) -> list[tuple[str, str]]:
    """(serial, state) of the server's devices."""
    deadline = Deadline(LIST_S)
    server.require(deadline)
    try:
        return server.list_devices(deadline)
    finally:
        server.stop(deadline)


def _print_device(name: str, state: str, advice: str) -> None:
    print(f"{name}\t{state}" + (f"\t{advice}" if advice else ""))


def examine(options: argparse.Namespace) -> int:
    """Prints the facts of the devices that SPEC names, and what they can run."""
    can_measure = True
    for source in parse_specs([options.spec], parse_settings(options.cuttlefish, CUTTLEFISH)):
        with Device(source, lambda text: print(text, file=sys.stderr)) as device:
            if options.json:
                print(encode_line(device.record()).decode(), end="")
            else:
                _print_examination(device)
            can_measure = not reason_no_meter(device.facts) and can_measure
    return EXIT_OK if can_measure else EXIT_CHECK_FAILED


def _print_examination(device: Device) -> None:
    print(f"{device.name}, agent {device.agent.abi} {device.agent.sha256[:12]}\n")
    _print_facts(device)
    print()
    for tier in TIERS:
        print(f"  {'tier ' + tier:<26} {reason_no_tier(tier, device.facts) or 'can be used'}")
    print()
    for suite in SUITE_NEEDS:
        support = describe_support(suite, device.facts, confined=bool(device.pressure_limit_kb))
        print(f"  {'suite ' + suite:<26} {support}")
    print()
    for name in device.facts:
        if name.startswith(ABILITIES):
            reason = reason_not_measured(device.facts, (name,))
            print(f"  {name.replace(':', ' '):<26} {reason or 'can run'}")


def _print_facts(device: Device) -> None:
    facts = {name: fact for name, fact in device.facts.items() if not name.startswith(ABILITIES)}
    width = max(map(len, facts))
    for name, fact in facts.items():
        value = "-" if fact.value is None else str(fact.value)
        print(f"  {name:<{width}} {value:<34} {fact.source}{': ' if fact.reason else ''}{fact.reason}")
