"""Checks that a device is ready: Android has started and is not shutting down.

Android reports this by properties, which a shell can only poll
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
"""Ends once Android has started, or at once on other systems."""


def await_started(transport: Transport, deadline: Deadline) -> None:
    """Returns once Android has started, or at once on a device without Android.

    Raises:
        DeadlineExceeded: Android did not start in time.
        TransportLost: the device disconnected.
    """
    try:
        transport.shell(STARTED, deadline)
    except DeadlineExceeded as error:
        raise DeadlineExceeded(
            f"Android on {transport.serial} did not start within {deadline.seconds:g} s "
            "(sys.boot_completed is not 1): check the device's screen"
        ) from error


def is_ending(transport: Transport) -> bool:
    """Whether the device is shutting down or restarting, which adb survives for a moment."""
    done = transport.shell("getprop sys.shutdown.requested 2>/dev/null", Deadline(ASK_S))
    return bool(done.stdout.strip())


def read_boot_id(transport: Transport) -> str:
    """The kernel's id of this boot; empty if the device does not report it."""
    done = transport.shell("cat /proc/sys/kernel/random/boot_id", Deadline(ASK_S))
    return done.stdout_text.strip()
