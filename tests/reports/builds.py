"""Makes synthetic histories, one run per build, with changes at known builds. Nothing is measured."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from pathlib import Path

import msgspec
import numpy as np
from synthetic import PATCHED
from synthetic import SyntheticRun
from synthetic import synthetic_device
from synthetic import synthetic_info
from two_runs import episodes_of
from two_runs import noisy_ms
from two_runs import raced
from two_runs import trials_of

from lmkd_core.records.episode import EpisodeRecord
from lmkd_core.records.trial import TrialRecord

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
BLOCKS = 8


def write_build(
    folder: Path,
    number: int,
    trials: Sequence[TrialRecord] = (),
    episodes: Sequence[EpisodeRecord] = (),
    devices: Sequence[str] = (PATCHED,),
) -> Path:
    """Writes the run of build ``number``, started ``number`` days after ``FIRST``; returns its folder."""
    started = (FIRST + timedelta(days=number)).isoformat(timespec="seconds")
    info = msgspec.structs.replace(
        synthetic_info(devices, blocks=BLOCKS), run_id=f"nightly-{number}", started_utc=started
    )
    records = [
        msgspec.structs.replace(synthetic_device(name), kernel_release=f"6.12.{number}") for name in devices
    ]
    run = SyntheticRun(info, records)
    run.trials, run.episodes = list(trials), list(episodes)
    return run.write(folder)


def write_times(top: Path, medians_ms: Sequence[float | None], first: int = 0) -> Path:
    """Writes a build per median of ``reclaim_90`` with ``kill``; None puts all trials beyond the timeout."""
    for number, median_ms in enumerate(medians_ms, start=first):
        times = [None] * BLOCKS if median_ms is None else noisy_ms(median_ms, BLOCKS, seed=number)
        write_build(top / f"build-{number}", number, trials_of(times))
    return top


def scattered_ms(
    builds: int, step_at: int, factor: float, middle_ms: float = 52, seed: int = 1
) -> list[float]:
    """Medians in ms with the scatter of real builds, multiplied by ``factor`` from build ``step_at`` on."""
    noise = 0.05 * np.random.default_rng(seed).standard_t(3, builds)
    step = np.where(np.arange(builds) < step_at, 1, factor)
    return [float(median_ms) for median_ms in middle_ms * step * np.exp(noise)]


def write_nightlies(top: Path, builds: int = 20) -> Path:
    """Writes builds with all metrics, two places and three arms.

    From build 12 on ``reap-kill`` takes 1.8 times as long, from build 9 on ESRCH is rarer, and from build 14
    on there are extra kills.
    """
    rng = np.random.default_rng(20260301)
    slower = scattered_ms(builds, 12, 1.8)
    for number in range(builds):
        lost = int(rng.binomial(BLOCKS, 0.9 if number < 9 else 0.1))
        extra = rng.poisson(0.3 if number < 14 else 3, BLOCKS)
        held = {"scenario": "held-by-vm-readv", "stall": "holder", "hold_ms": 300, "regime": "injected"}
        trials = [
            *trials_of(noisy_ms(slower[number], BLOCKS, seed=number), arm="reap-kill", **held),
            *trials_of(noisy_ms(345 + float(rng.normal(0, 5)), BLOCKS, seed=number), arm="kill", **held),
            *trials_of(noisy_ms(12 + float(rng.normal(0, 0.5)), BLOCKS, seed=number)),
            *raced(lost, BLOCKS),
        ]
        episodes = [
            *episodes_of([int(count) for count in extra], arm="kill+mrelease"),
            *episodes_of([0] * BLOCKS, arm="reap-kill"),
        ]
        write_build(top / f"nightly-{number:02}", number, trials, episodes)
    return top
