"""The commands ``pytest-lmkd virtual build|up|down|status``."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import UsageProblem
from lmkd_virtual.architecture import ARCHITECTURES
from lmkd_virtual.architecture import X86_64
from lmkd_virtual.architecture import architecture
from lmkd_virtual.image import build
from lmkd_virtual.instance import DEFAULT_CPUS
from lmkd_virtual.instance import DEFAULT_MEMORY_MB
from lmkd_virtual.instance import PERSONALITIES
from lmkd_virtual.instance import Instance
from lmkd_virtual.instance import down
from lmkd_virtual.instance import status
from lmkd_virtual.instance import up

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

UP_S = 120.0
DEFAULT_PERSONALITY = "reap-kill-v3"
MIN_MEMORY_MB, MAX_MEMORY_MB = 256, 16384


def add_parser(subparsers: Subparsers) -> None:
    virtual = subparsers.add_parser(
        "virtual", help="build and run the virtual device", description="Builds and runs the virtual device."
    )
    commands = virtual.add_subparsers(title="commands", required=True, metavar="COMMAND")
    make = commands.add_parser("build", help="build kernel and file system (minutes the first time)")
    _add_abi(make)
    make.set_defaults(run=_build)
    commands.add_parser("status", help="list the devices that are up").set_defaults(run=_status)
    start = commands.add_parser("up", help="start a device that stays up")
    start.add_argument(
        "personality",
        nargs="?",
        default=DEFAULT_PERSONALITY,
        metavar="PERSONALITY",
        help=f"one of {', '.join(PERSONALITIES)} (default: %(default)s)",
    )
    _add_abi(start)
    start.add_argument("--name", help="name of the device (default: its personality)")
    start.add_argument(
        "--cpus", type=int, choices=(2, 3, 4), default=DEFAULT_CPUS, help="default: %(default)s"
    )
    start.add_argument(
        "--memory-mb", type=_memory_mb, default=DEFAULT_MEMORY_MB, metavar="MB", help="default: %(default)s"
    )
    start.set_defaults(run=_up)
    stop = commands.add_parser("down", help="stop a device")
    stop.add_argument("name", nargs="?", metavar="NAME", help="which device to stop, if several are up")
    stop.add_argument("--all", action="store_true", help="stop all devices")
    stop.set_defaults(run=_down)


def _add_abi(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--abi",
        choices=tuple(ARCHITECTURES),
        default=X86_64.name,
        help="architecture; one other than the host's is emulated, which is slow (default: %(default)s)",
    )


def _memory_mb(text: str) -> int:
    if not text.isdecimal() or not MIN_MEMORY_MB <= int(text) <= MAX_MEMORY_MB:
        raise argparse.ArgumentTypeError(
            f"{text} is not a number of MB from {MIN_MEMORY_MB} to {MAX_MEMORY_MB}"
        )
    return int(text)


def _print_progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _build(options: argparse.Namespace) -> int:
    image = build(_print_progress, architecture=architecture(options.abi))
    print(f"kernel {image.kernel}\ninitramfs {image.initramfs}")
    return 0


def _up(options: argparse.Namespace) -> int:
    started_s = time.monotonic()
    instance = up(
        options.personality,
        progress=_print_progress,
        deadline=Deadline(UP_S),
        name=options.name,
        cpus=options.cpus,
        memory_mb=options.memory_mb,
        abi=options.abi,
    )
    _print_progress(f"up after {time.monotonic() - started_s:.1f} s")
    _print_instance(instance)
    return 0


def _status(_: argparse.Namespace) -> int:
    running = status()
    for instance in running:
        _print_instance(instance)
    if not running:
        _print_progress("no virtual device is up")
    return 0


def _down(options: argparse.Namespace) -> int:
    running = [instance.name for instance in status()]
    names = running if options.all else [options.name] if options.name else running
    if len(names) > 1 and not options.all:
        raise UsageProblem(f"several virtual devices are up, name one or use --all: {', '.join(names)}")
    for name in names:
        print(f"{name}: {'stopped' if down(name) else 'was not up'}")
    if not names:
        _print_progress("no virtual device is up")
    return 0


CPUS_BY = {"kvm": "KVM", "tcg": "emulated (TCG), several times slower"}
"""Accelerators, in words."""


def _print_instance(instance: Instance) -> None:
    address = f"localfilesystem:{instance.adb_socket}"
    print(
        f"{instance.name}: {instance.personality}, {instance.abi}, {CPUS_BY[instance.accelerator]}, "
        f"{instance.cpus} CPUs, {instance.memory_mb} MB, pid {instance.pid}\n"
        f"  adb connect {address} && adb -s {address} shell"
    )
