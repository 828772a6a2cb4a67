"""One arm in one stratum on one device: from its trials to an ``ArmResult``."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from lmkd_core.statistics.bounds import Floats
from lmkd_core.statistics.bounds import censored_quantile
from lmkd_core.statistics.curves import curve_band
from lmkd_core.statistics.curves import distribution
from lmkd_core.statistics.shares import Share
from lmkd_core.statistics.shares import exact_share
from lmkd_reports.analysis.frames import censorable
from lmkd_reports.analysis.frames import least_ns
from lmkd_reports.analysis.model import ArmResult
from lmkd_reports.analysis.model import Count
from lmkd_reports.analysis.model import Spread
from lmkd_reports.analysis.tails import tails_of

QUARTILES = (0.25, 0.5, 0.75)
REAPING_CALL = "process_mrelease"


def arm_result(
    arm: str, trials: pd.DataFrame, planned: int, missing: str, curve_end_ns: float, patience_ns: int
) -> ArmResult:
    """``trials`` are all of the arm's, valid or not; curves are drawn up to ``curve_end_ns``."""
    valid = trials[trials["valid"].astype(bool)]
    invalid = trials[~trials["valid"].astype(bool)]
    reclaim_ns = floats(valid, "reclaim_90_ns")
    return ArmResult(
        arm=arm,
        planned=max(planned, len(trials)),
        valid=len(valid),
        invalid=_reasons(invalid),
        flagged=_flags(valid),
        missing=missing if trials.empty else "",
        reclaim_50_ns=_time(valid, "reclaim_50_ns"),
        reclaim_90_ns=_time(valid, "reclaim_90_ns"),
        reclaim_99_ns=_time(valid, "reclaim_99_ns"),
        exit_ns=_time(valid, "exit_ns"),
        charged_at_return_kb=_quantity(valid, "charged_at_return_kb"),
        esrch=_esrch(valid),
        stall_classes=counts(name for name in valid["stall_class"] if name != "none"),
        torn_down_by=counts(name for name in valid["torn_down_by"] if name),
        stall_late_ns=_quantity(valid, "stall_late_ns"),
        reap_call_ns=_reap_call(valid),
        timeout_ns=int(valid["timeout_ns"].max()) if len(valid) else 0,
        censored=int(valid["reclaim_90_ns"].isna().sum()),
        band=curve_band(list(valid["curve"]), _at_kill_kb(valid), curve_end_ns),
        steps=distribution(reclaim_ns),
        tails=tails_of(valid, patience_ns),
        notes=_notes(valid, invalid),
    )


def _at_kill_kb(valid: pd.DataFrame) -> Floats:
    """The start of each curve: the victim's charge, or ``returns_kb`` if that is not known."""
    begins: Floats = valid["charged_at_kill_kb"].fillna(valid["returns_kb"]).to_numpy(dtype="float64")
    return begins


def counts(names: Iterable[str]) -> tuple[Count, ...]:
    """Each name with how often it came, in alphabetical order."""
    tally: dict[str, int] = {}
    for name in names:
        tally[name] = tally.get(name, 0) + 1
    return tuple(sorted(tally.items()))


def floats(frame: pd.DataFrame, column: str) -> Floats:
    values: Floats = frame[column].to_numpy(dtype="float64")
    return values


def _time(valid: pd.DataFrame, column: str) -> Spread | None:
    """Spread of a time; a missing value means censored at the timeout."""
    trials = censorable(valid, column)
    return _spread(floats(trials, column), least_ns(trials, column))


def _quantity(valid: pd.DataFrame, column: str) -> Spread | None:
    measured = floats(valid.dropna(subset=[column]), column)
    return _spread(measured, measured)


def _spread(values: Floats, limits: Floats) -> Spread | None:
    low, median, high = (censored_quantile(values, limits, share) for share in QUARTILES)
    if low is None or median is None or high is None:
        return None
    return Spread(low, median, high)


def _reap_call(valid: pd.DataFrame) -> Spread | None:
    """How long the last process_mrelease of each trial took."""
    took = [
        [call.took_ns for call in calls if call.name.startswith(REAPING_CALL)] for calls in valid["calls"]
    ]
    measured = np.array([times[-1] for times in took if times], dtype=np.float64)
    return _spread(measured, measured)


def _esrch(valid: pd.DataFrame) -> Share | None:
    called = valid[valid["kill_to_mrelease_ns"].notna()]
    return exact_share(int((called["mrelease_errno"] == "ESRCH").sum()), len(called))


def _flags(valid: pd.DataFrame) -> tuple[Count, ...]:
    return counts(flag for flags in valid["flags"] for flag in flags)


def _reasons(invalid: pd.DataFrame) -> tuple[Count, ...]:
    return counts(reason or "no reason given" for reason in invalid["invalid_reason"])


def _notes(valid: pd.DataFrame, invalid: pd.DataFrame) -> tuple[str, ...]:
    total = len(valid)
    notes = [f"{count} of {total} flagged {flag}" for flag, count in _flags(valid)]
    notes += [f"excluded as invalid: {count} ({reason})" for reason, count in _reasons(invalid)]
    times = valid["reclaim_90_ns"]
    coarse = least_ns(valid, "reclaim_90_ns") < times.fillna(valid["timeout_ns"])
    if coarse.any():
        notes.append(
            f"in {coarse.sum()} of {total} trials no sample was taken for more than a tenth of the time "
            "before 90 % was seen back: such a time counts as lying within the gap"
        )
    late = int((times.isna() & ~coarse).sum())
    if late:
        limit_ms = int(valid["timeout_ns"].max()) // 1_000_000
        notes.append(f"in {late} of {total} trials the memory was not back after {limit_ms} ms")
    by_free_memory = valid[valid["meter"] == "system"]
    if len(by_free_memory):
        noise_kb = by_free_memory["noise_kb"].median()
        notes.append(f"seen by the device's free memory, which moves {noise_kb:.0f} kB by itself: no 99 %")
    if times.count() > 1 and times.nunique() == 1:
        notes.append("all times are equal")
    others = counts(name for name in valid["mrelease_errno"] if name not in {"", "ESRCH"})
    notes += [f"process_mrelease answered {name} in {count} of {total} trials" for name, count in others]
    return tuple(notes)
