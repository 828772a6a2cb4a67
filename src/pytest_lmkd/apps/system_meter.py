"""How an app's memory came back, by the free memory of the whole device: where there is no cgroup to ask.

Pure. What else the device does is in it too: how much free memory moved while nothing was done says how far
the result can be trusted, and nobody can tell 99 % by it.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from lmkd_core.base.errors import TrialInvalid
from lmkd_core.records.trial import CurvePoint
from lmkd_core.records.trial import StallClass
from pytest_lmkd.experiment.validity import MAX_NOISE_PCT

if TYPE_CHECKING:  # it speaks with devices, and this does not
    from pytest_lmkd.apps.program import AppKill
    from pytest_lmkd.apps.program import Sample

MAX_EXCESS_PCT = 20
"""More than this beyond what the app held was given back by somebody else."""

KILL_TIMEOUT_NS = 100_000_000
"""AOSP's default of ro.lmk.kill_timeout_ms, as of the agent's trials (device_agent/reclaim/trial.c)."""

CURVE_POINTS = 96
STEPS = 40
"""A curve keeps the points around each change of a 40th (device_agent/reclaim/curve.c)."""

NS_PER_US = 1000
MIN_IDLE_SAMPLES = 10


@dataclass(frozen=True, slots=True)
class Held:
    """What can come back of an app, and the file that told it.

    ``smaps_rollup``: Private_Dirty, what is in no other process and in no file's cache. ``status``: RssAnon,
    which has in it what the app shares with its zygote, and so is more than comes back.
    """

    size_kb: int
    source: str


@dataclass(frozen=True, slots=True)
class Returned:
    """When each share was back, in ns since the kill; None: not by the timeout."""

    reclaim_50_ns: int | None
    reclaim_90_ns: int | None
    noise_kb: int
    stall_class: StallClass
    samples: int
    gap_median_ns: int
    gap_max_ns: int
    curve: tuple[CurvePoint, ...]


def held(kill: AppKill) -> Held:
    """Swapped memory counts in neither: what of it comes back is its compressed size, which nobody tells.

    Raises:
        TrialInvalid: the kernel told nothing of the app's memory.
    """
    if kill.private_dirty_kb:
        return Held(kill.private_dirty_kb, "smaps_rollup")
    if kill.anon_kb:
        return Held(kill.anon_kb, "status")
    raise TrialInvalid("the kernel does not tell how much memory the app has")


def returned(samples: Sequence[Sample], kill: AppKill, returns_kb: int, timeout_ns: int) -> Returned:
    """Joins the samples with the kill; the level before it is the median of those that precede it.

    Raises:
        TrialInvalid: free memory tells nothing of this kill, and why.
    """
    idle_kb = [free_kb for at_ns, free_kb in samples if at_ns < kill.killed_ns]
    after = [(at_ns - kill.killed_ns, free_kb) for at_ns, free_kb in samples if at_ns >= kill.killed_ns]
    _check_window(idle_kb, after, timeout_ns)
    noise_kb = max(idle_kb) - min(idle_kb)
    base_kb = round(statistics.median(idle_kb))
    back = [(at_ns, free_kb - base_kb) for at_ns, free_kb in after if at_ns <= timeout_ns]
    _check_noise(noise_kb, max(kb for _, kb in back), returns_kb)
    reclaim_90_ns = _reached(back, returns_kb * 90 / 100)
    gaps_ns = _gaps(back, reclaim_90_ns or timeout_ns)
    return Returned(
        reclaim_50_ns=_reached(back, returns_kb * 50 / 100),
        reclaim_90_ns=reclaim_90_ns,
        noise_kb=noise_kb,
        stall_class=_stall_class(back, kill.exit_ns, reclaim_90_ns, returns_kb),
        samples=len(samples),
        gap_median_ns=round(statistics.median(gaps_ns)),
        gap_max_ns=max(gaps_ns),
        curve=thinned([(at_ns, max(0, returns_kb - kb)) for at_ns, kb in back], returns_kb),
    )


def _check_window(idle_kb: Sequence[int], after: Sequence[Sample], timeout_ns: int) -> None:
    if len(idle_kb) < MIN_IDLE_SAMPLES:
        raise TrialInvalid(
            f"free memory was looked at {len(idle_kb)} times before the kill, which is too few"
        )
    if len(after) < MIN_IDLE_SAMPLES or after[-1][0] < timeout_ns:
        raise TrialInvalid("free memory was not watched until the trial's end")


def _check_noise(noise_kb: int, most_back_kb: int, returns_kb: int) -> None:
    if noise_kb * 100 > returns_kb * MAX_NOISE_PCT:
        raise TrialInvalid(
            f"free memory moved by {noise_kb} kB before the kill, more than {MAX_NOISE_PCT} % of the "
            f"{returns_kb} kB of the app: use a larger app, or a device with less to do"
        )
    if most_back_kb * 100 > returns_kb * (100 + MAX_EXCESS_PCT):
        raise TrialInvalid(
            f"{most_back_kb} kB came free, and the app had {returns_kb} kB: something else gave memory back"
        )


def _reached(back: Sequence[Sample], wanted_kb: float) -> int | None:
    return next((at_ns for at_ns, kb in back if kb >= wanted_kb), None)


def _gaps(back: Sequence[Sample], end_ns: int) -> list[int]:
    """Between samples, the first from the kill on, up to the last moment that was measured."""
    times = [0, *(at_ns for at_ns, _ in back if at_ns <= end_ns)]
    return [later - earlier for earlier, later in pairwise(times)] or [end_ns]


def _stall_class(
    back: Sequence[Sample], exit_ns: int | None, reclaim_90_ns: int | None, returns_kb: int
) -> StallClass:
    """As the agent's (device_agent/reclaim/trial.c). Z: gone for lmkd, and most not back. D: still going."""
    if exit_ns is not None and exit_ns <= KILL_TIMEOUT_NS:
        at_exit_kb = next((kb for at_ns, kb in back if at_ns >= exit_ns), 0)
        return "Z" if at_exit_kb < returns_kb * 90 / 100 else "none"
    return "D" if reclaim_90_ns is None or reclaim_90_ns > KILL_TIMEOUT_NS else "none"


def thinned(missing: Sequence[Sample], size_kb: int) -> tuple[CurvePoint, ...]:
    """At most ``CURVE_POINTS``: those around every change of a 40th, so that steps stay steps."""
    kept: list[Sample] = []
    last = -1
    for index, point in enumerate(missing):
        is_end = index in {0, len(missing) - 1}
        if not is_end and abs(point[1] - kept[-1][1]) < size_kb / STEPS:
            continue
        if last + 1 < index:
            kept.append(missing[index - 1])
        kept.append(point)
        last = index
    return tuple((at_ns // NS_PER_US, kb) for at_ns, kb in kept[:CURVE_POINTS])
