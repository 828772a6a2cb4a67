"""What a median hides: an arm's late trials, its mean and slowest times, and the memory held meanwhile."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lmkd_core.records.device import DeviceRecord
from lmkd_core.records.trial import CurvePoint
from lmkd_core.statistics.bounds import Bounds
from lmkd_core.statistics.bounds import Floats
from lmkd_core.statistics.bounds import censored_quantile
from lmkd_core.statistics.lateness import PATIENCE_NS
from lmkd_core.statistics.lateness import late
from lmkd_core.statistics.shares import Share
from lmkd_core.statistics.shares import exact_share
from lmkd_core.statistics.shares import trials_for

PATIENCE_FACT = "lmkd_kill_timeout_ms"
NS_PER_MS = 1_000_000
US_PER_MS = 1000
KB_PER_MB = 1024


@dataclass(frozen=True, slots=True)
class Tails:
    """Over an arm's valid trials. ``late``: not back within lmkd's patience. Times are until 90 % was back.

    ``mean_ns`` counts censored times as the timeout. A quantile is None with fewer trials than
    ``trials_for``. ``held_mb_ms`` is the mean area under the curve of memory still charged after the kill,
    ``kb_per_ms`` the median rate until 90 % was back; None where no record has it.
    """

    late: Share
    mean_ns: float
    p90_ns: Bounds | None
    p99_ns: Bounds | None
    held_mb_ms: float | None
    kb_per_ms: float | None


def patience_ns_of(record: DeviceRecord | None) -> int:
    """Lmkd's patience on the device, if its record knows it; else AOSP's default."""
    fact = record.facts.get(PATIENCE_FACT) if record else None
    text = str(fact.value) if fact else ""
    return int(text) * NS_PER_MS if text.isdecimal() and int(text) else PATIENCE_NS


def tails_of(valid: pd.DataFrame, patience_ns: int) -> Tails | None:
    """``valid`` are an arm's valid trials; None without any."""
    times = valid["reclaim_90_ns"].to_numpy(dtype="float64")
    timeouts = valid["timeout_ns"].to_numpy(dtype="float64")
    share = exact_share(int(late(times, patience_ns).sum()), len(times))
    if share is None:
        return None
    return Tails(
        late=share,
        mean_ns=float(np.where(np.isnan(times), timeouts, times).mean()),
        p90_ns=_quantile(times, timeouts, 0.9),
        p99_ns=_quantile(times, timeouts, 0.99),
        held_mb_ms=_held_mb_ms(valid),
        kb_per_ms=_kb_per_ms(valid, times),
    )


def _quantile(times: Floats, timeouts: Floats, share: float) -> Bounds | None:
    return censored_quantile(times, timeouts, share) if len(times) >= trials_for(share) else None


def _held_mb_ms(valid: pd.DataFrame) -> float | None:
    begins = valid["charged_at_kill_kb"].fillna(valid["returns_kb"])
    ends_us = valid["timeout_ns"].where(valid["reclaim_90_ns"].isna()) / US_PER_MS
    areas = [
        area_mb_ms(points, at_kill_kb, end_us)
        for points, at_kill_kb, end_us in zip(valid["curve"], begins, ends_us, strict=True)
        if points and not math.isnan(at_kill_kb)
    ]
    return float(np.mean(areas)) if areas else None


def area_mb_ms(points: Sequence[CurvePoint], at_kill_kb: float, end_us: float) -> float:
    """The area under a curve, whose charge is that of the earlier point between two points.

    It ends at the last point, or at ``end_us`` if that is known.
    """
    times_us = np.array([0, *(time for time, _ in points)], dtype=np.float64)
    charged_kb = np.array([at_kill_kb, *(kb for _, kb in points)], dtype=np.float64)
    last_us = times_us[-1] if math.isnan(end_us) else max(end_us, times_us[-1])
    spans_us = np.diff(np.append(np.maximum(times_us, 0), last_us))
    return float((charged_kb * spans_us).sum() / KB_PER_MB / US_PER_MS)


def _kb_per_ms(valid: pd.DataFrame, times: Floats) -> float | None:
    """Censored trials count as the slowest, with a rate of 0."""
    returns_kb = valid["returns_kb"].to_numpy(dtype="float64")
    rates = 0.9 * returns_kb / (np.where(np.isnan(times), np.inf, np.maximum(times, 1.0)) / NS_PER_MS)
    known = rates[~np.isnan(rates)]
    return float(np.median(known)) if len(known) else None
