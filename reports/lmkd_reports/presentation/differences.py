"""The numbers of a comparison of two arms' times as text: ratio, p, mean difference, late trials."""

from __future__ import annotations

from collections.abc import Iterator

from lmkd_core.statistics.bounds import Bounds
from lmkd_core.statistics.shares import trials_for
from lmkd_reports.analysis.evidence import MeanTimes
from lmkd_reports.analysis.model import Comparison
from lmkd_reports.analysis.tails import Tails
from lmkd_reports.format import units

MEASURE = "ratio of the 90 % times"

TWO_GROUPS = "two groups"
"""In place of a ratio where an arm's times lie in two groups far apart."""


def ratio(comparison: Comparison) -> str:
    """``0.12x``, or ``two groups``; ``-`` without a verdict."""
    if not comparison.is_judged:
        return "-"
    single = comparison.single_ratio
    return units.ratio(single.estimate) if single else TWO_GROUPS


def ratio_with_interval(comparison: Comparison) -> str:
    """``0.12x (0.084 to 0.14)``, or ``two groups``."""
    single = comparison.single_ratio
    return f"{ratio(comparison)} ({units.interval(single.interval)})" if single else ratio(comparison)


def interval_with_confidence(comparison: Comparison) -> str:
    """``0.084 to 0.14, 97.9 %``; empty without a ratio."""
    single = comparison.single_ratio
    if single is None or single.confidence is None:
        return ""
    return f"{units.interval(single.interval)}, {100 * single.confidence:.1f} %{_scope(comparison)}"


def confidence(comparison: Comparison) -> str:
    """``97.9 % interval``: the coverage that the ratio's interval guarantees; empty without a ratio."""
    single = comparison.single_ratio
    if single is None or single.confidence is None:
        return ""
    return f"{100 * single.confidence:.1f} % interval{_scope(comparison)}"


def _scope(comparison: Comparison) -> str:
    """`` over 5 boots``; empty if the interval is over blocks."""
    evidence = comparison.evidence
    return f" over {evidence.boots} boots" if evidence and evidence.is_over_boots else ""


def p_value(comparison: Comparison) -> str:
    return f"p {units.p_value(comparison.p)}" if comparison.p is not None else ""


def mean(comparison: Comparison) -> str:
    """``mean -303 ms (-310 to -296)``."""
    return f"mean {mean_difference(comparison.evidence.mean)}" if comparison.evidence else ""


def mean_difference(times: MeanTimes) -> str:
    """``-303 ms (-310 to -296)``."""
    text = f"{units.signed_ms(times.difference_ns)} ms"
    if times.interval_ns is None:
        return text
    low, high = units.signed_ms(times.interval_ns.low), units.signed_ms(times.interval_ns.high)
    return f"{text} ({low} to {high})"


def late(comparison: Comparison) -> str:
    """``late 0 against 5 of 12``; empty if no trial of either arm was late."""
    shares = comparison.evidence.late if comparison.evidence else None
    if shares is None or not (shares.candidate or shares.baseline):
        return ""
    return f"late {shares.candidate} against {shares.baseline} of {shares.blocks}"


def late_difference(comparison: Comparison) -> str:
    """``-42 points (-68 to -9)``: the difference of the shares of late trials; empty as ``late``."""
    if not late(comparison) or comparison.evidence is None:
        return ""
    shares = comparison.evidence.late
    ends = f"{units.points(shares.low)} to {units.points(shares.high)}"
    return f"{units.points(shares.difference)} points ({ends})"


def mean_time(tails: Tails) -> str:
    return units.significant(tails.mean_ns / units.NS_PER_MS)


def tail_time(quantile: Bounds | None, share: float) -> str:
    """``72.3``, or ``of 29``: the number of trials that it takes."""
    return units.ms(quantile) if quantile else f"of {trials_for(share)}"


def rate(value: float | None) -> str:
    return units.NOTHING if value is None else units.significant(value)


def lines(comparison: Comparison) -> Iterator[str]:
    """What belongs beside the ratio, a line each; nothing without a verdict."""
    if not comparison.is_judged:
        return
    yield "; ".join(filter(None, (p_value(comparison), confidence(comparison), mean(comparison))))
    if late(comparison):
        yield f"{late(comparison)}: {late_difference(comparison)}"
