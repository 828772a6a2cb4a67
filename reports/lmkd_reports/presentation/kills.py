"""Pressure episodes in words, for the page and for the text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from lmkd_reports.analysis.pressure import KillComparison
from lmkd_reports.analysis.pressure import PressureArm
from lmkd_reports.analysis.pressure import PressureResult
from lmkd_reports.analysis.pressure import Situation
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.presentation import units
from lmkd_reports.statistics.differences import PairedDifference
from pytest_lmkd.arms import AGAIN
from pytest_lmkd.pressure.scenarios import PRESSURE

FEWER = {Verdict.BETTER: "fewer kills", Verdict.WORSE: "more kills"}
SMALLEST_P = 0.001


def situation_name(situation: Situation) -> str:
    """For example ``held-beyond-burst, 12-cached``."""
    return f"{situation.scenario}, {situation.profile}"


def situation_details(situation: Situation) -> str:
    """For example ``injected, burst, every third app: holder``."""
    held = f" for {situation.stall_ms} ms" if situation.stall_ms else ""
    stall = f", {situation.stall}{held}" if situation.stall != "none" else ""
    return f"{situation.regime}, {situation.demand}{stall}"


def title(situation: Situation) -> str:
    known = PRESSURE.get(situation.scenario)
    return known.title if known else ""


def expectation(situation: Situation) -> str:
    known = PRESSURE.get(situation.scenario)
    return known.expectation if known else ""


def number(value: float | None) -> str:
    """A mean count: one decimal unless it is whole."""
    if value is None:
        return units.NOTHING
    return f"{value:.0f}" if value == round(value) else f"{value:.1f}"


def milliseconds(value_ns: float | None) -> str:
    return units.NOTHING if value_ns is None else units.significant(value_ns / units.NS_PER_MS)


def psi_milliseconds(value_us: float | None) -> str:
    return units.NOTHING if value_us is None else f"{value_us / 1000:.0f}"


def premature(arm: PressureArm) -> str:
    """For example ``7 Z, 0.2 D``."""
    if arm.valid == 0:
        return units.NOTHING
    return ", ".join(f"{number(mean)} {name}" for name, mean in arm.premature) or "0"


def premature_total(arm: PressureArm) -> float | None:
    return sum(mean for _, mean in arm.premature) if arm.valid else None


def signed(value: float) -> str:
    text = f"{value:+.1f}" if value != round(value) else f"{value:+.0f}"
    return "0" if text in {"+0", "-0", "+0.0", "-0.0"} else text.replace("-", "−")


def difference(found: PairedDifference | None) -> str:
    """For example ``−2.9 (−3 to −2.8)``."""
    if found is None:
        return units.NOTHING
    if found.low is None or found.high is None:
        return signed(found.mean)
    return f"{signed(found.mean)} ({signed(found.low)} to {signed(found.high)})"


def p_value(found: PairedDifference | None) -> str:
    if found is None or found.p is None:
        return units.NOTHING
    return f"< {SMALLEST_P}" if found.p < SMALLEST_P else f"{found.p:.3f}"


def same_arm(comparison: KillComparison) -> bool:
    """Whether an arm is compared with itself (A/A): a difference would be noise."""
    return _plain(comparison.candidate) == _plain(comparison.baseline)


def _plain(arm: str) -> str:
    again = AGAIN.fullmatch(arm)
    return again["arm"] if again else arm


def pairs_of(results: Sequence[PressureResult]) -> list[tuple[str, str]]:
    return list(
        dict.fromkeys((one.candidate, one.baseline) for result in results for one in result.comparisons)
    )


def tally(results: Sequence[PressureResult], pair: tuple[str, str]) -> str:
    """For example ``fewer kills in 2 of 5 situations, no clear difference in 3``."""
    verdicts = [
        one.verdict
        for result in results
        for one in result.comparisons
        if (one.candidate, one.baseline) == pair
    ]
    parts = []
    for place, (verdict, found) in enumerate(Counter(verdicts).most_common()):
        of_all = f"{found} of {units.count(len(verdicts), 'situation')}" if place == 0 else str(found)
        parts.append(f"{FEWER.get(verdict, verdict)} in {of_all}")
    return ", ".join(parts)


def headline(results: Sequence[PressureResult], pair: tuple[str, str]) -> str:
    return f"{pair[0]} against {pair[1]}, under pressure: {tally(results, pair)}"
