"""Waits until a device is cool enough to measure: a hot device slows its CPUs, and not for all arms alike.

Android combines its sensors in one thermal status (PowerManager.THERMAL_STATUS_*: 0 none, 1 light,
2 moderate, at which "the UX is not largely impacted" but clocks are lowered).
"""

from __future__ import annotations

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.progress import Progress
from pytest_lmkd.transport import Transport

HOT = 2
WAIT_MAX_S = 300
STEP_S = 5
ASK_S = 60.0

LOOP = """\
waited=0
while status=$(dumpsys thermalservice 2>/dev/null | sed -n 's/^Thermal Status: //p')
      [ "${{status:-0}}" -ge {hot} ] && [ $waited -lt {max_s} ]
do sleep {step_s}; waited=$((waited + {step_s})); done
echo ${{status:-0}} $waited"""
"""Ends when the device is cool, or at once without such a service; prints status and waited seconds."""


def await_cool(
    transport: Transport, name: str, progress: Progress, max_s: int = WAIT_MAX_S, step_s: int = STEP_S
) -> int:
    """Waits until the device is cool, at most ``max_s``; returns the waited seconds.

    Trials on a hot device are marked, by their flag ``thermal`` and by the state of their block.

    Raises:
        TransportLost: the link broke.
    """
    done = transport.shell(LOOP.format(hot=HOT, max_s=max_s, step_s=step_s), Deadline(ASK_S + 2 * max_s))
    words = done.stdout_text.split()
    status, waited_s = (int(word) if word.isdecimal() else 0 for word in (*words, "0", "0")[:2])
    if status >= HOT:
        progress(f"{name} is still hot after {waited_s} s (thermal status {status}): continuing anyway")
    elif waited_s:
        progress(f"{name}: waited {waited_s} s for it to cool")
    return waited_s
