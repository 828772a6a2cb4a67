"""What tells one trial or episode from the others of its run, for a reader of its trace."""

from __future__ import annotations

from operator import attrgetter

from lmkd_reports.export.trace import Note
from pytest_lmkd.wire import EpisodeRecord
from pytest_lmkd.wire import TrialRecord

PLACE = ("device", "suite", "scenario", "stall", "regime", "arm", "block", "warmup", "boot_id")
_place = attrgetter(*PLACE)


def place_of(record: TrialRecord | EpisodeRecord) -> dict[str, Note]:
    """Annotations for the slice that spans the record."""
    return dict(zip(PLACE, _place(record), strict=True))


def block_of(record: TrialRecord | EpisodeRecord) -> str:
    """``block 3``, or ``warm-up block 0``: the two kinds are numbered alike, and a warm-up is not counted."""
    return f"{'warm-up ' if record.warmup else ''}block {record.block}"
