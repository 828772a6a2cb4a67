"""Waits until a device is cool enough to measure on: a hot one slows its CPUs, and not for all arms alike.

Android sums its sensors up in one thermal status (PowerManager.THERMAL_STATUS_*: 0 none, 1 light,
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
      [ "${{status:-0}}" -ge {hot} ] && [ $waited -lt {most_s} ]
do sleep {step_s}; waited=$((waited + {step_s})); done
echo ${{status:-0}} $waited"""
"""Ends when the device is cool, at once where there is no such service; prints status and seconds."""


def await_cool(
    transport: Transport, name: str, progress: Progress, most_s: int = WAIT_MAX_S, step_s: int = STEP_S
) -> int:
    """Returns once the device is cool, or after ``most_s``, the seconds that it waited.

    What is measured on a hot one is told to be so: by the trials' flag ``thermal`` and the block's state.

    Raises:
        TransportLost: the link broke meanwhile.
    """
    done = transport.shell(LOOP.format(hot=HOT, most_s=most_s, step_s=step_s), Deadline(ASK_S + 2 * most_s))
    words = done.stdout.decode(errors="replace").split()
    status, waited_s = (int(word) if word.isdecimal() else 0 for word in (*words, "0", "0")[:2])
    if status >= HOT:
        progress(f"{name} is hot still after {waited_s} s (thermal status {status}): measuring on")
    elif waited_s:
        progress(f"{name}: waited {waited_s} s for it to cool")
    return waited_s
