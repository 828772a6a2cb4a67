"""The state of an Android device around a block, as Android reports it: heat, battery, screen, clocks.

Complements the agent's sysfs readings around each trial, which SELinux denies to a user build's shell.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import msgspec

from lmkd_core.records.device import StateRecord
from lmkd_core.records.directory import ResultStore
from lmkd_core.records.parts import record_of
from pytest_lmkd.devices.device import Device
from pytest_lmkd.devices.questions import Number
from pytest_lmkd.devices.questions import Question
from pytest_lmkd.devices.questions import ask
from pytest_lmkd.devices.shell_facts import STATE

CPUFREQ = "/sys/devices/system/cpu/cpu[0-9]*/cpufreq"

QUESTIONS = (
    *STATE,
    Question("governors", f"cat {CPUFREQ}/scaling_governor | sort -u", CPUFREQ),
    Number(
        "cpu_khz", f"cat {CPUFREQ}/scaling_cur_freq | awk '{{ s += $1 }} END {{ if (NR) print s }}'", CPUFREQ
    ),
    # In direct succession: if the clock was set, the difference between the two changes.
    Number("clock_s", "date +%s", "date"),
    Number("uptime_s", "cut -d. -f1 /proc/uptime", "/proc/uptime"),
)


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a run that a state belongs to; ``arm`` is empty for a whole block."""

    suite: str
    scenario: str
    arm: str = ""
    block: int
    warmup: bool = False


@contextmanager
def state_around(device: Device, store: ResultStore, place: Place) -> Iterator[None]:
    """Waits until the device is cool, and records its state before and after the body.

    Records no state after a body that ended with an error, and none of a device that is not Android.

    Raises:
        TransportLost: the link broke.
    """
    waited_s = device.await_cool()
    if not device.is_android:
        yield
        return
    store.append(_state(device, place, "before", waited_s))
    yield
    store.append(_state(device, place, "after"))


def _state(device: Device, place: Place, when: Literal["before", "after"], waited_s: int = 0) -> StateRecord:
    answers = {name: fact.value for name, fact in ask(device.transport, QUESTIONS).items()}
    where = {"device": device.name, "boot_id": device.boot_id}
    return record_of(StateRecord, place, when=when, waited_s=waited_s, **where, **answers)
