"""The only words in which a report judges, and when it uses which."""

from __future__ import annotations

from enum import StrEnum

from lmkd_core.statistics.paired import PairedRatio


class Verdict(StrEnum):
    BETTER = "better"
    WORSE = "worse"
    NO_CLEAR_DIFFERENCE = "no clear difference"
    NOT_ENOUGH_DATA = "not enough data"
    INVALID = "invalid"


def judge(ratio: PairedRatio | None) -> Verdict:
    """A difference is claimed only when the whole interval lies on one side of 1 (of equal times)."""
    if ratio is None or ratio.interval is None:
        return Verdict.NOT_ENOUGH_DATA
    if ratio.interval.high < 1:
        return Verdict.BETTER
    if ratio.interval.low > 1:
        return Verdict.WORSE
    return Verdict.NO_CLEAR_DIFFERENCE
