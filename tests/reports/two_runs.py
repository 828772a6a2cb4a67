"""Pairs of small synthetic runs, of which it is known how they differ."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from synthetic import NS_PER_MS
from synthetic import PATCHED
from synthetic import TIMEOUT_NS
from synthetic import SyntheticRun
from synthetic import synthetic_device
from synthetic import synthetic_episode
from synthetic import synthetic_info
from synthetic import synthetic_trial

from lmkd_core.records.episode import EpisodeRecord
from lmkd_core.records.trial import TrialRecord

TIME_FIELDS = ("reclaim_50_ns", "reclaim_90_ns", "reclaim_99_ns", "exit_ns")
Fields = dict[str, object]


def noisy_ms(middle_ms: float, blocks: int = 12, seed: int = 1) -> list[float | None]:
    """Times around ``middle_ms``, a few percent apart."""
    drawn = np.random.default_rng(seed).normal(0, 0.03, blocks)
    return [float(one) for one in middle_ms * np.exp(drawn - np.median(drawn))]


def trials_of(times_ms: Sequence[float | None], **changes: object) -> list[TrialRecord]:
    """A trial a block in which everything takes the same time; None: longer than the timeout."""
    return [_trial(block, time_ms, changes) for block, time_ms in enumerate(times_ms)]


def _trial(block: int, time_ms: float | None, changes: Fields) -> TrialRecord:
    time_ns = None if time_ms is None else int(time_ms * NS_PER_MS)
    fields: Fields = {"block": block, "timeout_ns": TIMEOUT_NS, **dict.fromkeys(TIME_FIELDS, time_ns)}
    return synthetic_trial(**(fields | changes))


def raced(lost: int, total: int, **changes: object) -> list[TrialRecord]:
    """``kill+mrelease`` that came too late ``lost`` times of ``total``."""
    return [
        _trial(
            block,
            20,
            {"arm": "kill+mrelease", "kill_to_mrelease_ns": 9000, "mrelease_errno": errno, **changes},
        )
        for block, errno in enumerate(["ESRCH"] * lost + [""] * (total - lost))
    ]


def episodes_of(extra: Sequence[int], **changes: object) -> list[EpisodeRecord]:
    """An episode a block with five kills that were needed, and so many more."""
    return [
        synthetic_episode(5, count, block=block, **changes)  # type: ignore[arg-type]
        for block, count in enumerate(extra)
    ]


def write(
    folder: Path,
    trials: Sequence[TrialRecord] = (),
    episodes: Sequence[EpisodeRecord] = (),
    devices: Sequence[str] = (PATCHED,),
) -> Path:
    """A results directory with these records."""
    run = SyntheticRun(synthetic_info(devices, blocks=12), [synthetic_device(name) for name in devices])
    run.trials = list(trials)
    run.episodes = list(episodes)
    return run.write(folder)
