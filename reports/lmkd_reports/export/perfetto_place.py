"""Names a trial or an episode within its run, for readers of its trace."""

from __future__ import annotations

import msgspec

from lmkd_core.records.episode import EpisodeRecord
from lmkd_core.records.trial import TrialRecord
from lmkd_reports.export.trace import Note

PLACE = ("device", "suite", "scenario", "stall", "regime", "arm", "block", "warmup", "boot_id")
"""The fields that annotate the slice of a trial or an episode."""


def field_notes(record: msgspec.Struct, *names: str) -> dict[str, Note]:
    """Returns the named fields of ``record`` as annotations, each under its own name."""
    return {name: getattr(record, name) for name in names}


def block_name(record: TrialRecord | EpisodeRecord) -> str:
    """``block 3``, ``block 3, unstalled``, ``lead-in of block 3`` or ``warm-up block 0``.

    Warm-ups are numbered from 0 too. Neither they nor lead-ins are counted.
    """
    if record.order < 0:
        return f"lead-in of block {record.block}"
    unstalled = ", unstalled" if isinstance(record, EpisodeRecord) and record.is_unstalled else ""
    return f"{'warm-up ' if record.warmup else ''}block {record.block}{unstalled}"
