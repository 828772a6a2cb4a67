"""Devices that run on this machine take turns on its CPUs: on too few, two at once slow each other down."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lmkd_core.base.progress import Progress

CPUS_EACH = 2
"""What a virtual device has; with fewer real ones its virtual CPUs wait for each other."""


def turns() -> int:
    """How many devices may run here at once."""
    return max(1, len(os.sched_getaffinity(0)) // CPUS_EACH)


@contextmanager
def host_turn(folder: Path, number: int, name: str, progress: Progress) -> Iterator[None]:
    """Waits until it is the turn of ``name``, the run's device ``number``, and keeps it.

    ``folder`` is shared by the run's processes. The kernel takes its turn from one that dies.
    """
    path = folder / f"turn-{number % turns()}.lock"
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress(f"{name} waits: this machine has CPUs for {turns()} device(s) at a time")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
