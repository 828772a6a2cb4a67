"""What tells one trial or episode from the others of its run, for a reader of its trace."""

from __future__ import annotations

from typing import TypedDict

from lmkd_core.records.episode import EpisodeRecord
from lmkd_core.records.trial import TrialRecord


class Place(TypedDict):
    """Annotations of the slice that spans the record."""

    device: str
    suite: str
    scenario: str
    stall: str
    regime: str
    arm: str
    block: int
    warmup: bool
    boot_id: str


def place_of(record: TrialRecord | EpisodeRecord) -> Place:
    return Place(
        device=record.device,
        suite=record.suite,
        scenario=record.scenario,
        stall=record.stall,
        regime=record.regime,
        arm=record.arm,
        block=record.block,
        warmup=record.warmup,
        boot_id=record.boot_id,
    )


def block_of(record: TrialRecord | EpisodeRecord) -> str:
    """``block 3``, or ``warm-up block 0``: the two kinds are numbered alike, and a warm-up is not counted."""
    return f"{'warm-up ' if record.warmup else ''}block {record.block}"
