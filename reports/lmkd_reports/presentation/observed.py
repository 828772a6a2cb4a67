"""Observations of the device's own lmkd in words, for page and text."""

from __future__ import annotations

from collections.abc import Iterator

from lmkd_core.statistics.differences import PairedDifference
from lmkd_core.statistics.shares import Share
from lmkd_reports.analysis.observed import Counts
from lmkd_reports.analysis.observed import Observed
from lmkd_reports.format import units
from lmkd_reports.presentation.kills import number

MOST_NAMED = 6
"""Reasons and killers that are named; the rest is counted together."""

LEGEND = (
    "Apps: the device's own lmkd decided; the suite only observed it. Killed: by lmkd, mean per "
    "observation, with a 95 % interval from six on. Cascade: kills within kill_timeout_ms of another, or "
    "because of pressure after one. Too late: process_mrelease returned ESRCH. Observations cannot show "
    "which kills were needed."
)


def headline(observed: Observed) -> str:
    """For example ``12 observations of ten apps``."""
    text = f"{observed.valid} valid observation{'' if observed.valid == 1 else 's'}"
    return text + (f", {observed.started} apps in the background" if observed.started else "")


def rows(observed: Observed) -> Iterator[tuple[str, str]]:
    """(what, how much) of one scenario, as far as it is known."""
    if observed.kills is not None:
        yield "killed", f"{_mean(observed.kills)}, {number(observed.ours)} of them of these apps"
    if observed.alive is not None:
        yield "alive", f"{number(observed.alive)} of {observed.started} apps at the end"
    if observed.reasons:
        yield "because", _named(observed.reasons)
    if observed.cascades is not None:
        yield "cascade", _share(observed.cascades)
    if observed.esrch is not None:
        yield "too late", _share(observed.esrch)
    if observed.others:
        yield "other deaths", _named(observed.others)
    if observed.psi_some_ms is not None:
        yield "stalled", f"{units.significant(observed.psi_some_ms)} ms of memory stall (PSI some), mean"
    yield from _doubts(observed)


def _doubts(observed: Observed) -> Iterator[tuple[str, str]]:
    if observed.doubts:
        yield "doubts", f"{observed.doubts} deaths with contradictory records"
    if observed.miscounted:
        yield "not all seen", f"in {observed.miscounted} observations lmkd's count differs from its log"
    if observed.invalid:
        yield "left out", _named(observed.invalid)


def _mean(kills: PairedDifference) -> str:
    if kills.low is None or kills.high is None:
        return number(kills.mean)
    return f"{number(kills.mean)} ({number(max(0.0, kills.low))} to {number(kills.high)})"


def _named(counts: Counts) -> str:
    shown = [f"{count}x {name}" for name, count in counts[:MOST_NAMED]]
    rest = sum(count for _, count in counts[MOST_NAMED:])
    return "; ".join([*shown, f"{rest} others"] if rest else shown)


def _share(share: Share) -> str:
    return f"{share.count} of {share.total} kills ({100 * share.low:.0f} to {100 * share.high:.0f} %)"
