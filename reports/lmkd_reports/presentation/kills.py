"""Pressure episodes in words, for the page and for the text."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP
from decimal import Decimal

from lmkd_core.records.arms import plain_name
from lmkd_core.records.arms import with_arm
from lmkd_core.records.stratum import EpisodeStratum
from lmkd_core.scenarios.pressure import PRESSURE
from lmkd_core.statistics.differences import PairedDifference
from lmkd_core.statistics.paired import MIN_BLOCKS
from lmkd_reports.analysis.pressure import KillComparison
from lmkd_reports.analysis.pressure import PressureArm
from lmkd_reports.analysis.pressure import PressureResult
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.format import units
from lmkd_reports.format.names import situation_name
from lmkd_reports.presentation import wording

FEWER = {Verdict.BETTER: "fewer kills", Verdict.WORSE: "more kills"}
MINUS = "−"
MEASURE = "difference in all kills per episode"
MOST_DIGITS = 6

Pair = tuple[str, str]


def title(situation: EpisodeStratum) -> str:
    known = PRESSURE.get(situation.scenario)
    return known.title if known else ""


def expectation(situation: EpisodeStratum) -> str:
    known = PRESSURE.get(situation.scenario)
    return known.expectation if known else ""


def number(value: float | None) -> str:
    """A mean count: one decimal unless it is whole, halves up; more rather than 0 for what is not 0."""
    if value is None:
        return units.NOTHING
    exact = Decimal(repr(round(value, MOST_DIGITS)))
    if exact == exact.to_integral_value():
        return f"{exact:.0f}"
    digits = (
        exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) for places in range(1, MOST_DIGITS + 1)
    )
    return str(next(shown for shown in digits if shown))


def milliseconds(value_ns: float | None) -> str:
    return units.NOTHING if value_ns is None else units.significant(value_ns / units.NS_PER_MS)


def psi_milliseconds(value_us: float | None) -> str:
    return units.NOTHING if value_us is None else f"{value_us / 1000:.0f}"


def invalid_count(arm: PressureArm) -> int:
    return sum(count for _, count in arm.invalid)


def premature(arm: PressureArm) -> str:
    """For example ``7 Z, 0.2 D``."""
    if arm.valid == 0:
        return units.NOTHING
    return ", ".join(f"{number(mean)} {name}" for name, mean in arm.premature) or "0"


def premature_total(arm: PressureArm) -> float | None:
    return sum(mean for _, mean in arm.premature) if arm.valid else None


def signed(value: float) -> str:
    """With its sign, unless it is 0."""
    size = number(abs(value))
    return size if size == "0" else (MINUS if value < 0 else "+") + size


def difference(paired: PairedDifference | None) -> str:
    """``−2.9 (−3.2 to −2.6)``; without an interval the mean alone."""
    if paired is None:
        return units.NOTHING
    if paired.low is None:
        return signed(paired.mean)
    return f"{signed(paired.mean)} ({interval(paired)})"


def interval(paired: PairedDifference) -> str:
    """``−3.2 to −2.6``, of a difference that has one."""
    return f"{signed(paired.low or 0)} to {signed(paired.high or 0)}"


def measured_extra(arm: PressureArm) -> str:
    """The mean of the measured extra kills, with a sign if it is below 0; ``–`` if they were not measured."""
    return signed(arm.extra.mean).removeprefix("+") if arm.extra else units.NOTHING


def p_value(paired: PairedDifference | None) -> str:
    if paired is None or paired.p is None:
        return units.NOTHING
    return units.p_value(paired.p)


def replayed(arm: PressureArm) -> str:
    """The replay's range of extra kills, for example ``1.5 to 2.8``; one number if both ends are equal."""
    if arm.replay is None:
        return units.NOTHING
    return units.span(number(arm.replay.least_extra), number(arm.replay.most_extra))


def excess_mb(arm: PressureArm) -> str:
    return units.NOTHING if arm.replay is None else f"{arm.replay.excess_kb / units.KB_PER_MB:.0f}"


def pages(value: float | None) -> str:
    return units.NOTHING if value is None else f"{value:.0f}"


def episode_title(arm: str, *, unstalled: bool) -> str:
    """For example ``lmkd today`` or ``lmkd today, unstalled``."""
    return f"{plain_name(arm)}, unstalled" if unstalled else plain_name(arm)


def rows(result: PressureResult) -> list[tuple[str, PressureArm]]:
    """The title and the values of each row of a table: the arms, then the unstalled episodes."""
    arms = [(plain_name(arm.arm), arm) for arm in result.arms]
    if result.unstalled is None:
        return arms
    return [*arms, (episode_title(result.unstalled.arm, unstalled=True), result.unstalled)]


def missing_blocks(paired: PairedDifference | None) -> str:
    """Why there is no interval; empty when there is one."""
    blocks = paired.blocks if paired else 0
    return f"{blocks} of the {MIN_BLOCKS} blocks that an interval needs" if blocks < MIN_BLOCKS else ""


def pairs_of(results: Sequence[PressureResult]) -> list[Pair]:
    return list(dict.fromkeys(comparison.pair for result in results for comparison in result.comparisons))


def tally(results: Sequence[PressureResult], pair: Pair) -> str:
    """For example ``fewer kills in 2 of 5 pressure strata, no clear difference in 3``."""
    verdicts = [comparison.verdict for _, comparison in _compared(results, pair)]
    counts = {verdict: verdicts.count(verdict) for verdict in Verdict}
    parts = [f"{FEWER.get(verdict, verdict)} in {count}" for verdict, count in counts.items() if count]
    strata = f"{len(verdicts)} pressure {'stratum' if len(verdicts) == 1 else 'strata'}"
    text = ", ".join([f"{parts[0]} of {strata}", *parts[1:]])
    return text + wording.standing([comparison for _, comparison in _compared(results, pair)])


def headline(results: Sequence[PressureResult], pair: Pair) -> str:
    return f"{wording.pair_name(pair)}: {tally(results, pair)}"


def sentences(results: Sequence[PressureResult], pair: Pair) -> list[wording.Sentence]:
    """One sentence per stratum; a single one if all lack data for the same reason."""
    sentences = [
        wording.Sentence(situation_name(result.situation), _statement(result, comparison), comparison.verdict)
        for result, comparison in _compared(results, pair)
    ]
    return (
        wording.said_once(sentences)
        if all(line.verdict in wording.UNDECIDED for line in sentences)
        else sentences
    )


def _compared(results: Sequence[PressureResult], pair: Pair) -> list[tuple[PressureResult, KillComparison]]:
    return [
        (result, comparison)
        for result in results
        for comparison in result.comparisons
        if comparison.pair == pair
    ]


def _statement(result: PressureResult, comparison: KillComparison) -> str:
    arms = [arm for arm in result.arms if arm.arm in {comparison.candidate, comparison.baseline}]
    unusable = [f"every episode of {arm.arm} is invalid" for arm in arms if arm.invalid and not arm.valid]
    paired = comparison.total
    if unusable or paired is None or paired.p is None:
        return "; ".join(unusable) or missing_blocks(paired)
    everywhere = f" in each of {paired.blocks} blocks" if paired.is_constant else ""
    return f"{_amount(comparison, paired)}{everywhere} ({interval(paired)}; p {p_value(paired)})"


def _amount(comparison: KillComparison, paired: PairedDifference) -> str:
    """For example ``2.9 fewer apps killed with REAP_KILL than with lmkd today``."""
    candidate, baseline = with_arm(comparison.candidate), with_arm(comparison.baseline)
    if paired.mean == 0:
        return f"as many apps killed {candidate} as {baseline}"
    size = number(abs(paired.mean))
    apps = "app" if size == "1" else "apps"
    word = "fewer" if paired.mean < 0 else "more"
    return f"{size} {word} {apps} killed {candidate} than {baseline}"
