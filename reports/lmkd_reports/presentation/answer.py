"""The answer to the run's main question on one device: a sentence, and the figures behind it.

It is about one situation of single kills and one of pressure, chosen whatever was measured:
one with a reader that holds memory if the run has it, else the first with an injected stall, else the first.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from lmkd_core.records.arms import kills_by_flag
from lmkd_core.records.arms import kills_then_reaps
from lmkd_core.records.arms import once
from lmkd_core.records.arms import plain_name
from lmkd_core.records.arms import with_arm
from lmkd_core.records.stratum import AnyStratum
from lmkd_reports.analysis.cases import is_damage
from lmkd_reports.analysis.claims import Claim
from lmkd_reports.analysis.model import ArmResult
from lmkd_reports.analysis.model import Comparison
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.analysis.model import StratumResult
from lmkd_reports.analysis.pressure import KillComparison
from lmkd_reports.analysis.pressure import PressureArm
from lmkd_reports.analysis.pressure import PressureResult
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.format import units
from lmkd_reports.format.meanings import meaning
from lmkd_reports.format.names import situation_name
from lmkd_reports.format.names import stratum_name
from lmkd_reports.format.plain import capitalised
from lmkd_reports.presentation import cases
from lmkd_reports.presentation import differences
from lmkd_reports.presentation import kills
from lmkd_reports.presentation.controls import control_gains
from lmkd_reports.presentation.controls import pressure_control_gains
from lmkd_reports.presentation.wording import FALSE_GAIN

HOLDER = "holder"

MEMORY = {
    "none": "the memory of an undisturbed victim",
    HOLDER: "memory that another process holds",
    "aio": "memory that asynchronous I/O holds",
    "sharer": "memory that another process shares",
    "vfork": "memory that a vfork child shares",
    "starved": "the memory of a victim without CPU time",
}
"""What comes back, by stall. Stalls named ``holder-...`` are readers too."""

NAMES = TIME_BACK, RACE_LOST, APPS_KILLED = "time back", "race lost", "apps killed"
"""The names of the figures."""

DECIDED = {Verdict.BETTER, Verdict.WORSE}
UNKNOWN = {Verdict.NOT_ENOUGH_DATA, Verdict.INVALID}

MOST_WORSE = 3
"""Worse situations that are named; the others are counted."""

Pair = tuple[str, str]

AnyArm = TypeVar("AnyArm", ArmResult, PressureArm)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its ``interval``; ``by_arm`` is what each arm had, the baseline first.

    ``verdict`` is None where nothing is judged, ``interval`` empty where there is none.
    """

    name: str
    meaning: str
    where: str
    amount: str
    interval: str
    by_arm: tuple[tuple[str, str], ...]
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Main:
    """The two situations of the answer, each with its comparison of the main pair; None without one."""

    times: tuple[StratumResult, Comparison] | None
    pressure: tuple[PressureResult, KillComparison] | None


@dataclass(frozen=True, slots=True)
class Answer:
    """``evidence`` is what the sentence rests on; ``worse`` names what got worse in other situations.

    ``damage`` is what speaks against it: false gains in controls, and what conformance found broken.
    """

    sentence: str
    evidence: str
    worse: str
    damage: tuple[str, ...]
    figures: tuple[Figure, ...]
    main: Main


def answer_of(device: DeviceResult, pair: Pair) -> Answer:
    """``pair`` is the run's main one: the candidate and its baseline."""
    main = _main(device, pair)
    return Answer(
        sentence=_sentence(device, pair, main),
        evidence=_evidence(main, device),
        worse=_worse(device, pair, main),
        damage=tuple(_damage(device)),
        figures=tuple(_figures(main)),
        main=main,
    )


def _main(device: DeviceResult, pair: Pair) -> Main:
    times = [
        (result, comparison)
        for result in device.strata
        for comparison in result.comparisons
        if comparison.pair == pair and not result.stratum.is_control
    ]
    pressure = [
        (result, comparison)
        for result in device.pressure
        for comparison in result.comparisons
        if comparison.pair == pair and not result.situation.is_control
    ]
    return Main(
        times=min(times, key=lambda entry: _distance(entry[0].stratum), default=None),
        pressure=min(pressure, key=lambda entry: _distance(entry[0].situation), default=None),
    )


def _distance(stratum: AnyStratum) -> int:
    """How far the stratum is from the question: memory that a reader holds, then any injected stall."""
    return 0 if stratum.stall.partition("-")[0] == HOLDER else 1 if stratum.regime == "injected" else 2


def _sentence(device: DeviceResult, pair: Pair, main: Main) -> str:
    judged = any(entry[1].p is not None for entry in (main.times, main.pressure) if entry)
    missing = "" if judged else _missing_arm(device, pair)
    if missing:
        return f"This cannot be answered here: {missing}."
    clauses = []
    if main.times:
        clauses.append(_time_clause(*main.times))
    if main.pressure:
        clauses.append(_kill_clause(*main.pressure))
    if not clauses:
        return "This cannot be answered here: nothing that compares the two was measured."
    text = ", and ".join(clauses)
    again = "The same arm again, so all differences are noise. " if once(pair[0]) == once(pair[1]) else ""
    return f"{again}{capitalised(with_arm(pair[0]))}, {text}."


def _missing_arm(device: DeviceResult, pair: Pair) -> str:
    if device.record is None:
        return "the device could not be used"
    reasons = {skip.name: skip.reason for skip in device.skips if skip.what == "arm"}
    return next((f"the arm {arm} cannot run ({reasons[arm]})" for arm in pair if arm in reasons), "")


def _time_clause(result: StratumResult, comparison: Comparison) -> str:
    memory, baseline = _memory(result), plain_name(comparison.baseline)
    if comparison.verdict in UNKNOWN or not comparison.is_judged:
        return f"nothing can be said about the return of {memory} yet ({'; '.join(comparison.notes)})"
    if comparison.verdict == Verdict.EQUIVALENT:
        return f"{memory} takes as long to come back as with {baseline}"
    if comparison.verdict not in DECIDED:
        return f"{memory} is back neither clearly sooner nor clearly later than with {baseline}"
    if comparison.single_ratio:
        return f"{memory} is back {_amount(result, comparison)}"
    change = differences.mean(comparison).removeprefix("mean ")
    return f"the mean time until {memory} is back changes by {change} against {baseline}"


def _amount(result: StratumResult, comparison: Comparison) -> str:
    """``after 104 ms instead of 407 ms (0.26x)``.

    The ratio alone where the medians are of other blocks than the ratio, or not known.
    """
    arms = [_arm(result.arms, name) for name in comparison.pair]
    candidate, baseline = (arm.reclaim_90_ns for arm in arms)
    ratio = differences.ratio(comparison)
    paired = all(arm.valid == comparison.blocks for arm in arms)
    if not (paired and candidate and baseline) or math.isinf(candidate.median.high + baseline.median.high):
        return f"in {ratio} the time of {plain_name(comparison.baseline)}"
    return f"after {units.ms(candidate.median)} ms instead of {units.ms(baseline.median)} ms ({ratio})"


def _memory(result: StratumResult) -> str:
    """For example ``memory that another process holds for 300 ms``."""
    stratum = result.stratum
    stall = stratum.stall.partition("-")[0]
    if stall not in MEMORY or (stall == "none" and stratum.scenario != "undisturbed"):
        return f"the victim's memory in {stratum.scenario}"
    return MEMORY[stall] + (f" for {stratum.hold_ms} ms" if stratum.hold_ms else "")


def _kill_clause(result: PressureResult, comparison: KillComparison) -> str:
    total = comparison.total
    if comparison.verdict in UNKNOWN or total is None or total.p is None:
        reason = kills.missing_blocks(total) or "no block has a valid episode of both"
        return f"nothing can be said about apps killed under memory pressure yet ({reason})"
    if comparison.verdict not in DECIDED:
        return "the number of apps killed under memory pressure shows no clear difference"
    size = kills.number(abs(total.mean))
    word = "fewer" if total.mean < 0 else "more"
    title = kills.title(result.situation)
    where = f" ({title})" if title else ""
    apps = "app is" if size == "1" else "apps are"
    return f"{size} {word} {apps} killed per episode of memory pressure{where}"


def _evidence(main: Main, device: DeviceResult) -> str:
    """``Paired within each of 7 boots: time back p 0.016, ...; both claims survive ...``."""
    entries = {TIME_BACK: main.times, APPS_KILLED: main.pressure}
    judged = {name: entry[1] for name, entry in entries.items() if entry and entry[1].p is not None}
    if not judged:
        return ""
    over = " and ".join(dict.fromkeys(claim.replicates for claim in judged.values()))
    ps = ", ".join(f"{name} p {units.p_value(claim.p or 0)}" for name, claim in judged.items())
    undone = [claim for _, claim in device.exclusions.undone] if device.exclusions else []
    caveat = "; the left-out blocks could undo a claim" if any(c in undone for c in judged.values()) else ""
    return f"Paired within each of {over}: {ps}{_standing(list(judged.values()))}{caveat}."


def _standing(judged: Sequence[Claim]) -> str:
    claims = [claim for claim in judged if claim.is_claim]
    survivors = sum(claim.holds_together for claim in claims)
    if not claims:
        return ""
    corrected = "Holm's correction"
    if len(claims) == 1:
        return f"; the claim {'survives' if survivors else 'does not survive'} {corrected}"
    survive = ("neither claim survives", "one claim survives", "both claims survive")[survivors]
    return f"; {survive} {corrected}"


def _worse(device: DeviceResult, pair: Pair, main: Main) -> str:
    """The situations in which the candidate is worse; empty if there is none."""
    told = [entry[1] for entry in (main.times, main.pressure) if entry]
    names = [
        f"{stratum_name(result.stratum)} ({differences.ratio(comparison)})"
        for result in device.strata
        for comparison in result.comparisons
        if _is_loss(comparison, pair) and not result.stratum.is_control and comparison not in told
    ]
    names += [
        f"{situation_name(result.situation)} ({kills.signed(comparison.total.mean)} kills)"
        for result in device.pressure
        for comparison in result.comparisons
        if _is_loss(comparison, pair) and comparison.total and comparison not in told
    ]
    if not names:
        return ""
    more = f" and {len(names) - MOST_WORSE} more" if len(names) > MOST_WORSE else ""
    return f"Worse {with_arm(pair[0])}: {'; '.join(names[:MOST_WORSE])}{more}."


def _is_loss(claim: Claim, pair: Pair) -> bool:
    return claim.pair == pair and claim.verdict == Verdict.WORSE


def _damage(device: DeviceResult) -> Iterator[str]:
    """What speaks against the answer: impossible gains in controls, damage that conformance counted."""
    gains = [*control_gains(device), *pressure_control_gains(device)]
    if gains:
        yield f"Do not trust this answer: {FALSE_GAIN} ({'; '.join(gains)})."
    results = device.conformance
    if results is None:
        return
    for case in results.counted:
        if is_damage(case):
            means = f" ({cases.meaning(case)})" if cases.meaning(case) else ""
            yield f"{case.case}, {cases.way(case)}: {cases.counted(case.answer)}{means}."
    if results.failed:
        yield f"Conformance: {cases.headline(results)}."


def _figures(main: Main) -> Iterator[Figure]:
    if main.times:
        yield _time_figure(*main.times)
        yield from _race_figure(*main.times)
    if main.pressure:
        yield _kill_figure(*main.pressure)


def _time_figure(result: StratumResult, comparison: Comparison) -> Figure:
    arms = [_arm(result.arms, name) for name in reversed(comparison.pair)]
    times = [(arm.arm, arm.reclaim_90_ns) for arm in arms]
    return Figure(
        name=TIME_BACK,
        meaning="Time from the kill until 90 % of the victim’s memory is free again",
        where=_where(stratum_name(result.stratum), meaning(result.stratum.scenario).title),
        amount=differences.ratio(comparison),
        interval=_time_interval(comparison),
        by_arm=tuple((arm, f"{units.ms(time.median)} ms" if time else units.NOTHING) for arm, time in times),
        verdict=comparison.verdict,
    )


def _time_interval(comparison: Comparison) -> str:
    """``0.19 to 0.37 (98.4 % interval, 7 boots)``; empty without a ratio."""
    single = comparison.single_ratio
    if single is None or single.confidence is None:
        return ""
    coverage = f"{100 * single.confidence:.1f} % interval"
    return f"{units.interval(single.interval)} ({coverage}, {comparison.replicates})"


def _race_figure(result: StratumResult, comparison: Comparison) -> Iterator[Figure]:
    """Of the baseline, if it can lose a race."""
    arms = [_arm(result.arms, name) for name in reversed(comparison.pair)]
    lost = arms[0].esrch
    if lost is None:
        return
    yield Figure(
        name=RACE_LOST,
        meaning="Calls of process_mrelease that came too late (ESRCH) and freed nothing",
        where=_where(stratum_name(result.stratum), meaning(result.stratum.scenario).title),
        amount=f"{lost.count} of {lost.total}",
        interval=f"{units.share_interval(lost)} (95 % interval)",
        by_arm=tuple((arm.arm, _races(arm)) for arm in arms),
    )


def _where(name: str, title: str) -> str:
    return f"{name}: {title}" if title else name


def _races(arm: ArmResult) -> str:
    if arm.esrch:
        return f"{arm.esrch.count} of {arm.esrch.total}"
    calls = kills_then_reaps(arm.arm) or kills_by_flag(arm.arm)
    return units.NOTHING if calls else "makes no call"


def _kill_figure(result: PressureResult, comparison: KillComparison) -> Figure:
    arms = [_arm(result.arms, name) for name in reversed(comparison.pair)]
    return Figure(
        name=APPS_KILLED,
        meaning="Apps killed per episode of memory pressure. Extra: beyond those of the same episode "
        "when nothing holds memory: without the holds they do not happen",
        where=_where(situation_name(result.situation), kills.title(result.situation)),
        amount=kills.signed(comparison.total.mean) if comparison.total else units.NOTHING,
        interval=_kill_interval(comparison),
        by_arm=tuple((arm.arm, _killed(arm)) for arm in arms),
        verdict=comparison.verdict,
    )


def _kill_interval(comparison: KillComparison) -> str:
    total = comparison.total
    if total is None or total.low is None:
        return kills.missing_blocks(total)
    return f"{kills.interval(total)} (95 % interval, {comparison.replicates})"


def _killed(arm: PressureArm) -> str:
    if arm.extra is None:
        return kills.number(arm.total)
    return f"{kills.number(arm.total)} ({kills.measured_extra(arm)} extra)"


def _arm(arms: Sequence[AnyArm], name: str) -> AnyArm:
    return next(arm for arm in arms if arm.arm == name)
