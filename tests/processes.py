"""Waits for the end of processes that are not children of the test."""

from __future__ import annotations

import os
import select

PATIENCE_S = 120.0
"""No test is about time: this bound ends a test that hangs."""


def ends(pid: int) -> bool:
    """Waits until process ``pid`` has ended; returns False if it does not."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    return pidfd_ends(pidfd)


def pidfd_ends(pidfd: int) -> bool:
    """Waits until the process of ``pidfd`` has ended, and closes it; returns False if it does not end."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    try:
        return bool(poll.poll(PATIENCE_S * 1000))
    finally:
        os.close(pidfd)
