"""Parses the options of ``pytest-lmkd devices`` and ``pytest-lmkd doctor``; ``actions`` runs them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

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
            "--cuttlefish",
            metavar="KEY=VALUE",
            action="append",
            default=[],
            help="as pytest's --lmkd-cuttlefish: images=DIR, launcher=FILE, kernel=FILE, memory_mb=N, ...",
        )
    doctor.add_argument("--json", action="store_true", help="print the device's record as stored in results")
    doctor.set_defaults(run=examine)


def list_devices(options: argparse.Namespace) -> int:
    """Lists this machine, Cuttlefish and the adb server's devices, with the reason if one is unusable."""
    from pytest_lmkd.devices import actions  # noqa: PLC0415 - adbutils takes a quarter of a second to load

    return actions.list_devices(options)


def examine(options: argparse.Namespace) -> int:
    """Prints every fact about a device with its source, and which arms and stalls it can run."""
    from pytest_lmkd.devices import actions  # noqa: PLC0415 - as above

    return actions.examine(options)
