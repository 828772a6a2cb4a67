"""Sentences: what a stratum is called, and what a comparison says in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lmkd_core.records.arms import once
from lmkd_core.records.stratum import Stratum
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.model import Comparison
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.analysis.model import StratumResult
from lmkd_reports.analysis.pressure import KillComparison
from lmkd_reports.analysis.unsteady import Unsteady
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.format import units
from lmkd_reports.format.names import stratum_name

REGIMES = {
    "natural": "as it happens by itself",
    "injected": "stall injected on purpose",
    "control": "no gain is possible here, and one that shows would be an error of the measurement",
}

UNDECIDED = {Verdict.NOT_ENOUGH_DATA, Verdict.INVALID}

FALSE_GAIN = "a gain is claimed where none is possible: the harness is wrong here"


@dataclass(frozen=True, slots=True)
class Sentence:
    """``where``: what it says: ``verdict``."""

    where: str
    says: str
    verdict: Verdict

    def __str__(self) -> str:
        return f"{self.where}: {self.says}: {self.verdict}"


def sentence(stratum: Stratum, comparison: Comparison) -> Sentence:
    return Sentence(stratum_name(stratum), _statement(comparison), comparison.verdict)


def _statement(comparison: Comparison) -> str:
    ratio = comparison.ratio
    if ratio is None or ratio.interval is None:
        return "; ".join(comparison.notes)
    if not ratio.estimate.known:
        return f"{comparison.candidate} and {comparison.baseline}: neither is done by the timeout"
    return (
        f"{comparison.candidate} returns memory in {units.ratio(ratio.estimate)} of "
        f"{comparison.baseline}'s time ({units.interval(ratio.interval)})"
    )


def sentences(compared: Sequence[tuple[Stratum, Comparison]]) -> list[Sentence]:
    """One sentence a stratum; a single one where all say the same, such as that an arm was skipped."""
    return said_once([sentence(stratum, comparison) for stratum, comparison in compared])


def said_once(told: list[Sentence]) -> list[Sentence]:
    """``told``, or one sentence for all strata where all say the same."""
    if len({one.says for one in told}) == 1 and len(told) > 1:
        return [Sentence(f"all {len(told)} strata", told[0].says, told[0].verdict)]
    return told


def device_comparisons(
    device: DeviceResult, pair: tuple[str, str], *, controls: bool = False
) -> list[tuple[Stratum, Comparison]]:
    """The comparison of ``pair`` in each of the device's strata: in the controls, or in all others."""
    return [
        (result.stratum, comparison)
        for result in device.strata
        for comparison in result.comparisons
        if (comparison.candidate, comparison.baseline) == pair and result.stratum.is_control == controls
    ]


def tally(verdicts: Sequence[Verdict]) -> str:
    """``better in 4 of 8 strata, no clear difference in 4``; strata are counted, never pooled."""
    counts = {verdict: verdicts.count(verdict) for verdict in Verdict}
    parts = [f"{verdict} in {number}" for verdict, number in counts.items() if number]
    if not parts:
        return "nothing was measured"
    return ", ".join([f"{parts[0]} of {strata_count(len(verdicts))}", *parts[1:]])


def devices_tally(verdicts: Sequence[str]) -> str:
    """``better on 812 of 1,000 devices, no clear difference on 188``."""
    parts = [f"{verdict} on {verdicts.count(verdict):,}" for verdict in Verdict if verdict in verdicts]
    return ", ".join([f"{parts[0]} of {len(verdicts):,} devices", *parts[1:]])


def standing(comparisons: Sequence[Comparison | KillComparison]) -> str:
    """How many of the claimed differences stand for the page as a whole; empty when none is claimed."""
    claims = [one for one in comparisons if one.is_claim]
    standing = sum(one.holds_together for one in claims)
    if not claims:
        return ""
    if standing == len(claims):
        return "; holds for all strata together" if standing == 1 else f"; all {standing} hold together"
    told = f"{standing} of the {len(claims)} hold" if standing else "none holds"
    limited = any(one.is_unanimous for one in claims if not one.holds_together)
    return f"; {told} for all strata together" + (", which takes more blocks" if limited else "")


def strata_count(number: int) -> str:
    return units.count(number, "stratum").replace("stratums", "strata")


def false_gain(result: StratumResult) -> str:
    """What a claimed gain in this control means; where its baseline lost races, they may be the reason."""
    baselines = {one.baseline for one in result.false_gains}
    lost = [arm.esrch for arm in result.arms if arm.arm in baselines and arm.esrch and arm.esrch.count]
    if not lost:
        return FALSE_GAIN
    return f"{FALSE_GAIN}, or it is the race that the other lost ({lost[0].count} of {lost[0].total} ESRCH)"


def control_headline(device: DeviceResult) -> str:
    """What came of the device's controls, in one line; empty when it has none."""
    controls = [result for result in device.strata if result.stratum.is_control]
    if not controls:
        return ""
    wrong = sum(bool(result.false_gains) for result in controls)
    if wrong:
        return f"controls: {FALSE_GAIN} ({wrong} of {strata_count(len(controls))})"
    judged = sum(any(one.verdict not in UNDECIDED for one in result.comparisons) for result in controls)
    if judged < len(controls):
        return f"controls: {judged} of {strata_count(len(controls))} could be judged, no gain claimed"
    return f"controls: no gain claimed in {strata_count(len(controls))}, as it must be"


def headline(device: DeviceResult, pair: tuple[str, str]) -> str:
    """For example ``reap-kill against kill: better in 4 of 8 strata, no clear difference in 4``."""
    return f"{pair_name(pair)}: {device_tally(device, pair)}"


def asked_pairs(device: DeviceResult, analysis: Analysis) -> list[tuple[str, str]]:
    """The page's pairs of arms that were asked of this device; of a device without a stratum all."""
    asked = {one.pair for result in device.strata for one in result.comparisons}
    return [pair for pair in analysis.pairs if pair in asked or not device.strata]


def pair_name(pair: tuple[str, str]) -> str:
    again = " (the same arm again)" if once(pair[0]) == once(pair[1]) else ""
    return f"{pair[0]} against {pair[1]}{again}"


def noise_floor(device: DeviceResult) -> str:
    """How far an arm lies from itself on this device, where it was run again (A/A); else empty."""
    compared = [
        (result.stratum, one) for result in device.strata for one in result.comparisons if one.is_again
    ]
    floors = [(_reach(one), stratum_name(stratum)) for stratum, one in compared if _reach(one) > 0]
    kills_apart = [
        max(abs(one.total.low), abs(one.total.high))
        for result in device.pressure
        for one in result.comparisons
        if one.is_again and one.total and one.total.low is not None and one.total.high is not None
    ]
    parts = []
    if floors:
        least, most = min(floors), max(floors)
        parts.append(
            f"the same arm lies within {units.factor(least[0])}x ({least[1]}) to {units.factor(most[0])}x "
            f"({most[1]}) of itself"
        )
    if kills_apart and max(kills_apart) > 0:
        parts.append(f"within {units.significant(max(kills_apart), 2)} kills an episode of itself")
    if parts:
        return f"noise floor: {'; '.join(parts)}; what is smaller is noise here"
    return "noise floor: the same arm killed as many apps as itself in every block" if kills_apart else ""


def _reach(comparison: Comparison) -> float:
    """The factor that the interval of a ratio reaches to, to whichever side; 0 without one."""
    interval = comparison.ratio.interval if comparison.ratio else None
    if interval is None or interval.low <= 0:
        return 0.0
    return max(interval.high, 1 / interval.low)


def device_tally(device: DeviceResult, pair: tuple[str, str]) -> str:
    """``tally`` of the device's strata, and how many of the claims hold together."""
    compared = [comparison for _, comparison in device_comparisons(device, pair)]
    return tally([comparison.verdict for comparison in compared]) + standing(compared)


def meter(device: DeviceResult) -> str:
    """By what the memory was seen where that is not the victims' own cgroups; empty elsewhere."""
    seen = device.by_free_memory
    if seen is None:
        return ""
    step = device.record.facts.get("free_memory_step_kb") if device.record else None
    lag = f", and its count lags by up to {step.value} kB" if step and step.value else ""
    return (
        f"Seen by the device's free memory, not by the victims' own cgroups ({', '.join(seen.suites)}): that "
        f"moves by itself, usually by {seen.noise_kb:.0f} kB, by {seen.most_noise_kb:.0f} kB at most{lag}. "
        "What is called 90 % is 85 to 95 %, and nobody can tell 99 %. Compare arms here; a device with root "
        "is measured otherwise"
    )


def unsteady(device: DeviceResult) -> str:
    """What changed about the device while it was measured; empty: nothing that it told of."""
    told = [f"{one.what} {_how_often(one)}" for one in device.unsteady]
    return f"not steady: {'; '.join(told)}" if told else ""


def _how_often(found: Unsteady) -> str:
    suite, scenario, block, arm = found.first
    place = ", ".join(filter(None, (f"{suite} {scenario}", f"block {block}", arm)))
    return f"in {found.times} of {found.of} blocks or episodes (first: {place})"


def device_line(device: DeviceResult) -> str:
    """What the device is, in one line."""
    record = device.record
    if record is None:
        return "could not be used"
    parts = [
        record.model,
        f"Linux {record.kernel_release}",
        f"personality {record.personality}" if record.personality else "",
        record.abi,
        units.count(record.cpus, "CPU"),
        f"{units.size(record.mem_total_kb)} RAM",
        f"{units.size(record.swap_total_kb)} swap" if record.swap_total_kb else "no swap",
        f"{record.page_size // 1024} kB pages",
    ]
    return ", ".join(part for part in parts if part)


def confidence_note(analysis: Analysis) -> str:
    """What the number of comparisons means for the trust in one of them."""
    return (
        f"{units.count(analysis.comparisons, 'comparison')} on this page have an interval. Each is judged by "
        "itself: where nothing differs, at most one in twenty is called different by chance. What holds for "
        "all strata together was held to more: that not even one of all comparisons of its two arms on this "
        "page would be called different by chance in more than one of twenty pages (Holm’s procedure)."
    )
