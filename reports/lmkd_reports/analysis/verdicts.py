"""The only words in which a report judges, and when it uses which."""

from __future__ import annotations

from enum import StrEnum

from lmkd_core.statistics.paired import PairedRatio
from lmkd_core.statistics.shares import CONFIDENCE
from lmkd_core.statistics.sign_flip import FlipTest


class Verdict(StrEnum):
    BETTER = "better"
    WORSE = "worse"
    EQUIVALENT = "equivalent"
    NO_CLEAR_DIFFERENCE = "no clear difference"
    NOT_ENOUGH_DATA = "not enough data"
    INVALID = "invalid"


def judge(
    ratio: PairedRatio | None, test: FlipTest | None, mean_ratio: float, equivalent_pct: float
) -> Verdict:
    """The verdict on two arms' times; the test alone claims a difference.

    ``equivalent``: there is no claim, and both the 90 % interval of the median ratio and the ratio of the
    mean times lie within the limit. The means are there for races: lost by a minority, they hardly move the
    median.
    """
    if ratio is None or ratio.interval is None or test is None:
        return Verdict.NOT_ENOUGH_DATA
    if test.p <= 1 - CONFIDENCE and test.direction:
        return Verdict.BETTER if test.direction < 0 else Verdict.WORSE
    if is_within(ratio, equivalent_pct) and _within(mean_ratio, mean_ratio, equivalent_pct):
        return Verdict.EQUIVALENT
    return Verdict.NO_CLEAR_DIFFERENCE


def is_within(ratio: PairedRatio, equivalent_pct: float) -> bool:
    """Whether the 90 % interval of the median ratio lies within the limit of equivalence.

    Two one-sided tests of 5 % (D. J. Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15, 1987,
    657-680).
    """
    return ratio.narrow is not None and _within(ratio.narrow.low, ratio.narrow.high, equivalent_pct)


def _within(low: float, high: float, equivalent_pct: float) -> bool:
    limit = 1 + equivalent_pct / 100
    return 1 / limit <= low and high <= limit
