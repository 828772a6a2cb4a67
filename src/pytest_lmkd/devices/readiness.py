"""When a device may be used: Android has started, and is not about to end.

Android says so by properties that shells can only ask for again and again
(AOSP frameworks/base ActivityManagerService: ``sys.boot_completed``; init: ``sys.shutdown.requested``).
"""

from __future__ import annotations

from lmkd_core.base.deadline import Deadline
from lmkd_core.base.errors import DeadlineExceeded
from pytest_lmkd.transport import Transport

ASK_S = 30.0

STARTED = (
    'while [ -n "$(getprop ro.build.version.sdk 2>/dev/null)" ] && '
    '[ "$(getprop sys.boot_completed)" != 1 ]; do sleep 1; done'
)
"""Ends once Android has started, at once where there is none."""


def await_started(transport: Transport, deadline: Deadline) -> None:
    """Returns once Android has started; at once on a device that has none.

    Raises:
        DeadlineExceeded: it has not, within the time.
        TransportLost: the device went away meanwhile.
    """
    try:
        transport.shell(STARTED, deadline)
    except DeadlineExceeded as error:
        raise DeadlineExceeded(
            f"Android on {transport.serial} had not started after {deadline.seconds:g} s "
            "(sys.boot_completed is not 1): look at its screen"
        ) from error


def is_ending(transport: Transport) -> bool:
    """Whether the device shuts down or restarts right now: adb works for a while still."""
    done = transport.shell("getprop sys.shutdown.requested 2>/dev/null", Deadline(ASK_S))
    return bool(done.stdout.strip())


def read_boot_id(transport: Transport) -> str:
    """What the kernel calls this boot; empty when the device does not say."""
    done = transport.shell("cat /proc/sys/kernel/random/boot_id", Deadline(ASK_S))
    return done.stdout.decode(errors="replace").strip()
