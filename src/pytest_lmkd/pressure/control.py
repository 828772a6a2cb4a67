"""Checks the pressure control for impossible gains: if no memory comes late, no arm can save a kill."""

from __future__ import annotations

from collections.abc import Sequence

from lmkd_core.records.episode import EpisodeRecord
from pytest_lmkd.experiment.controls import FALSE_ALARMS
from pytest_lmkd.experiment.controls import chance_of

Block = Sequence[EpisodeRecord]


def false_gains(blocks: Sequence[Block], arms: Sequence[str]) -> list[str]:
    """A sentence for each ``reap-kill`` arm that kills fewer apps than a ``kill+mrelease`` arm of the run."""
    pairs = [
        (arm, baseline)
        for arm in arms
        if arm.startswith("reap-kill")
        for baseline in arms
        if baseline.startswith("kill+mrelease")
    ]
    return [_sentence(blocks, *pair) for pair in pairs if _chance(blocks, *pair) <= FALSE_ALARMS / len(pairs)]


def _fewer(blocks: Sequence[Block], arm: str, baseline: str) -> tuple[int, int]:
    """(blocks in which the arm killed fewer apps, blocks in which the two arms differ)."""
    valid = [
        {record.arm: record.kills_total for record in block if record.valid and not record.is_unstalled}
        for block in blocks
    ]
    saved = [kills[baseline] - kills[arm] for kills in valid if arm in kills and baseline in kills]
    return sum(kills > 0 for kills in saved), sum(kills != 0 for kills in saved)


def _chance(blocks: Sequence[Block], arm: str, baseline: str) -> float:
    return chance_of(*_fewer(blocks, arm, baseline))


def _sentence(blocks: Sequence[Block], arm: str, baseline: str) -> str:
    fewer, compared = _fewer(blocks, arm, baseline)
    return (
        f"{arm} killed fewer apps than {baseline} in {fewer} of {compared} differing blocks, "
        "which is impossible in a control: do not trust this run"
    )
