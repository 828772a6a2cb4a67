"""Devices that run on this machine take turns where its CPUs are too few for all of them."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lmkd_core.base.progress import Progress

CPUS_EACH = 2
"""CPUs of a virtual device; on fewer real ones its virtual CPUs wait for each other."""


def turns() -> int:
    """How many devices may run here at once."""
    return max(1, len(os.sched_getaffinity(0)) // CPUS_EACH)


def lane_of(number: int, *, takes_turns: bool) -> int:
    """The lane of device ``number``: shared by devices that take turns, negative for one that does not."""
    return number % turns() if takes_turns else -1 - number


@contextmanager
def host_turn(folder: Path, number: int, name: str, progress: Progress) -> Iterator[None]:
    """Waits for the turn of ``name``, device ``number`` of the run, and keeps it during the body.

    All processes of the run share ``folder``. The kernel frees the turn of a process that dies.
    """
    path = folder / f"turn-{lane_of(number, takes_turns=True)}.lock"
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress(f"{name} waits: this machine has CPUs for {turns()} device(s) at a time")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
