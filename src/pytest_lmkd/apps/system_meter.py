"""Computes how an app's memory came back from the device's free memory, for apps without a cgroup of ours.

Pure functions. Free memory includes all other activity; its movement in an idle window bounds the error. It
cannot resolve 99 %.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

from lmkd_core.base.errors import TrialInvalid
from lmkd_core.records.trial import CurvePoint
from lmkd_core.records.trial import StallClass
from pytest_lmkd.experiment.validity import MAX_NOISE_PCT

if TYPE_CHECKING:  # that module talks to devices, this one does not
    from pytest_lmkd.apps.program import AppKill
    from pytest_lmkd.apps.program import Sample

MAX_EXCESS_PCT = 20
"""If more than the app's memory and this excess came back, something else released memory."""

KILL_TIMEOUT_NS = 100_000_000
"""AOSP's default of ro.lmk.kill_timeout_ms, as in the agent's trials (device_agent/reclaim/trial.c)."""

CURVE_POINTS = 96
"""The most points of a curve (CURVE_POINTS in device_agent/reclaim/curve.h)."""

STEPS = 40
"""A curve keeps the points around each change by a 40th (device_agent/reclaim/curve.c)."""

NS_PER_US = 1000

MIN_IDLE_SAMPLES = 10
"""The fewest samples before the kill, and after it, that a trial needs."""


@dataclass(frozen=True, slots=True)
class AppMemory:
    """The memory of an app that is able to come back, and the file that it was read from.

    ``smaps_rollup``: Private_Dirty, memory in no other process and in no file's cache. ``status``: RssAnon,
    which includes pages shared with the zygote and so overestimates.
    """

    size_kb: int
    source: str


class Returned(msgspec.Struct, frozen=True, kw_only=True):
    """The time until each share was back, in ns since the kill; None: not by the timeout.

    ``reclaim_*_after_ns``: the last sample by then at which it was not back, or 0.
    """

    reclaim_50_ns: int | None
    reclaim_90_ns: int | None
    reclaim_50_after_ns: int
    reclaim_90_after_ns: int
    noise_kb: int
    stall_class: StallClass
    samples: int
    gap_median_ns: int
    gap_max_ns: int
    curve: tuple[CurvePoint, ...]


def app_memory(kill: AppKill) -> AppMemory:
    """The app's memory without swap: swapped memory returns its compressed size, which is unknown.

    Raises:
        TrialInvalid: the kernel does not report the app's memory.
    """
    if kill.private_dirty_kb:
        return AppMemory(kill.private_dirty_kb, "smaps_rollup")
    if kill.anon_kb:
        return AppMemory(kill.anon_kb, "status")
    raise TrialInvalid("the kernel does not report how much memory the app has")


def reaches_share(back_kb: int, size_kb: int, percent: int) -> bool:
    """Whether ``percent`` of ``size_kb`` is back. The agent's rule (device_agent/lib/share.h)."""
    return back_kb * 100 >= size_kb * percent


def reached_ns(curve: Sequence[Sample], size_kb: int, percent: int, timeout_ns: int) -> int | None:
    """The first time by which ``percent`` of ``size_kb`` was back, in ns since the kill.

    None: not by ``timeout_ns``. ``curve``: (ns since the kill, kB that are back) in time order. The agent's
    rule (``reclaimed_ns`` in device_agent/reclaim/curve.c).
    """
    return next(
        (ns for ns, back_kb in curve if ns <= timeout_ns and reaches_share(back_kb, size_kb, percent)), None
    )


def not_before_ns(curve: Sequence[Sample], size_kb: int, percent: int, timeout_ns: int) -> int:
    """The last sample before ``reached_ns``, or by the timeout; 0 if there is none."""
    reached = reached_ns(curve, size_kb, percent, timeout_ns)
    end_ns = timeout_ns + 1 if reached is None else reached
    return max((ns for ns, _ in curve if ns < end_ns), default=0)


def returned(samples: Sequence[Sample], kill: AppKill, returns_kb: int, timeout_ns: int) -> Returned:
    """Combines the samples with the kill. The level before the kill is the median of the earlier samples.

    Raises:
        TrialInvalid: free memory is inconclusive, with the reason.
    """
    idle_kb = [free_kb for at_ns, free_kb in samples if at_ns < kill.killed_ns]
    after = [(at_ns - kill.killed_ns, free_kb) for at_ns, free_kb in samples if at_ns >= kill.killed_ns]
    _check_window(idle_kb, after, timeout_ns)
    noise_kb = max(idle_kb) - min(idle_kb)
    base_kb = round(statistics.median(idle_kb))
    back = [(at_ns, free_kb - base_kb) for at_ns, free_kb in after if at_ns <= timeout_ns]
    reclaim_90_after_ns = not_before_ns(back, returns_kb, 90, timeout_ns)
    _check_noise(noise_kb, max((kb for _, kb in back), default=0), returns_kb)
    reclaim_90_ns = reached_ns(back, returns_kb, 90, timeout_ns)
    end_ns = timeout_ns if reclaim_90_ns is None else reclaim_90_ns
    gaps_ns = _gaps_ns([at_ns for at_ns, _ in after], end_ns)
    return Returned(
        reclaim_50_ns=reached_ns(back, returns_kb, 50, timeout_ns),
        reclaim_90_ns=reclaim_90_ns,
        reclaim_50_after_ns=not_before_ns(back, returns_kb, 50, timeout_ns),
        reclaim_90_after_ns=reclaim_90_after_ns,
        noise_kb=noise_kb,
        stall_class=_stall_class(back, kill.exit_ns, reclaim_90_after_ns, returns_kb),
        samples=len(samples),
        gap_median_ns=round(statistics.median(gaps_ns)),
        gap_max_ns=max(gaps_ns),
        curve=thinned([(at_ns, max(0, returns_kb - kb)) for at_ns, kb in back], returns_kb),
    )


def _check_window(idle_kb: Sequence[int], after: Sequence[Sample], timeout_ns: int) -> None:
    if len(idle_kb) < MIN_IDLE_SAMPLES:
        raise TrialInvalid(
            f"free memory was sampled {len(idle_kb)} times before the kill, fewer than {MIN_IDLE_SAMPLES}"
        )
    if len(after) < MIN_IDLE_SAMPLES or after[-1][0] < timeout_ns:
        raise TrialInvalid("free memory was not sampled until the trial's end")


def _check_noise(noise_kb: int, max_back_kb: int, returns_kb: int) -> None:
    if noise_kb * 100 > returns_kb * MAX_NOISE_PCT:
        raise TrialInvalid(
            f"free memory moved by {noise_kb} kB before the kill, more than {MAX_NOISE_PCT} % of the "
            f"{returns_kb} kB of the app: use a larger app or a less busy device"
        )
    if max_back_kb * 100 > returns_kb * (100 + MAX_EXCESS_PCT):
        raise TrialInvalid(
            f"{max_back_kb} kB came free, but the app had {returns_kb} kB: something else released memory"
        )


def _gaps_ns(times_ns: Sequence[int], end_ns: int) -> list[int]:
    """The gaps between samples, the first from the kill on, the last up to or across ``end_ns``."""
    gaps = [later - earlier for earlier, later in pairwise([0, *times_ns]) if earlier < end_ns]
    return gaps or [end_ns]


def _stall_class(
    back: Sequence[Sample], exit_ns: int | None, reclaim_90_after_ns: int, returns_kb: int
) -> StallClass:
    """The agent's rule (device_agent/reclaim/trial.c). Z: exited, under 90 % back. D: not exited in time."""
    if exit_ns is not None and exit_ns <= KILL_TIMEOUT_NS:
        at_exit_kb = next((kb for at_ns, kb in back if at_ns >= exit_ns), 0)
        return "none" if reaches_share(at_exit_kb, returns_kb, 90) else "Z"
    return "D" if reclaim_90_after_ns >= KILL_TIMEOUT_NS else "none"


def thinned(missing: Sequence[Sample], size_kb: int) -> tuple[CurvePoint, ...]:
    """At most ``CURVE_POINTS`` points, those around each change by a 40th, so that steps stay steps."""
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
