"""The state of an Android device around what is measured, as Android tells it: heat, battery, screen, clocks.

Beside what the agent reads from sysfs around each trial, from which SELinux keeps the shell of a user build.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import contextmanager
from typing import Any
from typing import Literal

from lmkd_core.records.directory import ResultStore
from lmkd_core.records.wire import StateRecord
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
    # One after the other: a clock that was set shows as a difference between the two.
    Number("clock_s", "date +%s", "date"),
    Number("uptime_s", "cut -d. -f1 /proc/uptime", "/proc/uptime"),
)


@contextmanager
def state_around(
    device: Device,
    store: ResultStore,
    suite: str,
    scenario: str,
    block: int,
    *,
    arm: str = "",
    warmup: bool = False,
) -> Iterator[None]:
    """Waits until the device is cool, and stores its state before and after what is done meanwhile.

    ``arm``: of whose part of the block; empty: of the block. There is no state after what ended by an error,
    and none of a device that is not Android.

    Raises:
        TransportLost: the link broke.
    """
    waited_s = device.await_cool()
    if not device.is_android:
        yield
        return
    place = {"suite": suite, "scenario": scenario, "arm": arm, "block": block, "warmup": warmup}
    store.append(_state(device, place, "before", waited_s))
    yield
    store.append(_state(device, place, "after"))


def _state(
    device: Device, place: Mapping[str, Any], when: Literal["before", "after"], waited_s: int = 0
) -> StateRecord:
    told: Mapping[str, Any] = {name: fact.value for name, fact in ask(device.transport, QUESTIONS).items()}
    return StateRecord(
        device=device.name, boot_id=device.boot_id, when=when, waited_s=waited_s, **place, **told
    )
