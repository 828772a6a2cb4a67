"""Sentences about comparisons and devices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lmkd_core.records.arms import once
from lmkd_core.records.arms import plain_name
from lmkd_core.records.arms import with_arm
from lmkd_core.records.kernel import kernel_name
from lmkd_core.records.stratum import Stratum
from lmkd_core.statistics.order_effects import OrderEffect
from lmkd_reports.analysis.claims import Claim
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.model import Comparison
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.analysis.model import StratumResult
from lmkd_reports.analysis.unsteady import Unsteady
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.format import units
from lmkd_reports.format.identity import accelerator_text
from lmkd_reports.format.names import stratum_name
from lmkd_reports.format.plain import capitalised
from lmkd_reports.presentation import differences

REGIMES = {
    "natural": "as it happens by itself",
    "injected": "stall injected on purpose",
    "control": "no gain is possible here, and one that shows would be an error of the measurement",
}

UNDECIDED = {Verdict.NOT_ENOUGH_DATA, Verdict.INVALID}

FALSE_GAIN = "a gain is claimed where none is possible: the harness is wrong here"


@dataclass(frozen=True, slots=True)
class Sentence:
    """Printed as ``where``: ``says``: ``verdict``."""

    where: str
    says: str
    verdict: Verdict

    def __str__(self) -> str:
        return f"{self.where}: {self.says}: {self.verdict}"


def sentence(stratum: Stratum, comparison: Comparison) -> Sentence:
    return Sentence(stratum_name(stratum), _statement(stratum, comparison), comparison.verdict)


def _statement(stratum: Stratum, comparison: Comparison) -> str:
    if comparison.evidence is None or not comparison.is_judged:
        return "; ".join(comparison.notes)
    ratio = comparison.single_ratio
    if ratio and not ratio.estimate.known:
        names = f"{plain_name(comparison.candidate)} and {plain_name(comparison.baseline)}"
        return f"{names}: neither is done by the timeout"
    p, mean = differences.p_value(comparison), differences.mean(comparison)
    if ratio:
        text = (
            f"memory is back {with_arm(comparison.candidate)} in {units.ratio(ratio.estimate)} the time of "
            f"{plain_name(comparison.baseline)} ({differences.interval_with_confidence(comparison)})"
        )
        return ", ".join([text, *([mean] if stratum.hold_ms else []), p])  # the hold sets this ratio
    text = f"{pair_name(comparison.pair)}: {mean}"
    return ", ".join([text, *filter(None, [differences.late(comparison)]), p])


def sentences(compared: Sequence[tuple[Stratum, Comparison]]) -> list[Sentence]:
    """One sentence per stratum; a single one if all are equal, for example after a skipped arm."""
    return said_once([sentence(stratum, comparison) for stratum, comparison in compared])


def said_once(sentences: list[Sentence]) -> list[Sentence]:
    """The sentences, or a single one for all strata if they are equal."""
    if len({line.says for line in sentences}) == 1 and len(sentences) > 1:
        return [Sentence(f"all {len(sentences)} strata", sentences[0].says, sentences[0].verdict)]
    return sentences


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


def devices_tally(verdicts: Sequence[str], things: str = "devices") -> str:
    """``better on 812 of 1,000 devices, no clear difference on 188``."""
    parts = [f"{verdict} on {verdicts.count(verdict):,}" for verdict in Verdict if verdict in verdicts]
    return ", ".join([f"{parts[0]} of {len(verdicts):,} {things}", *parts[1:]])


def standing(comparisons: Sequence[Claim]) -> str:
    """The claims that survive the correction for all strata of the device; empty without a claim."""
    claims = [comparison for comparison in comparisons if comparison.is_claim]
    if not claims:
        return ""
    lost = [claim for claim in claims if not claim.holds_together]
    survivors = len(claims) - len(lost)
    share = f"{survivors} of the {len(claims)} claims survive"
    if len(claims) == 1:
        share = "the claim does not survive" if lost else "the claim survives"
    elif not survivors:
        share = f"none of the {len(claims)} claims survives"
    elif not lost:
        share = f"all {survivors} claims survive"
    more = "; it takes more blocks" if any(claim.is_unanimous for claim in lost) else ""
    return f"; {share} the correction for all strata{more}"


def strata_count(number: int) -> str:
    return units.count(number, "stratum").replace("stratums", "strata")


def false_gain(result: StratumResult) -> str:
    """The meaning of a claimed gain in this control; races lost by its baseline may be the reason."""
    baselines = {comparison.baseline for comparison in result.false_gains}
    lost = [arm.esrch for arm in result.arms if arm.arm in baselines and arm.esrch and arm.esrch.count]
    if not lost:
        return FALSE_GAIN
    return f"{FALSE_GAIN}, or it is the race that the other lost ({lost[0].count} of {lost[0].total} ESRCH)"


def headline(device: DeviceResult, pair: tuple[str, str]) -> str:
    """For example ``with REAP_KILL against lmkd today: better in 4 of 8 strata, ...``."""
    return f"{pair_name(pair)}: {device_tally(device, pair)}"


def asked_pairs(device: DeviceResult, analysis: Analysis) -> list[tuple[str, str]]:
    """The page's pairs of arms that were asked of this device; of a device without a stratum all."""
    asked = {comparison.pair for result in device.strata for comparison in result.comparisons}
    return [pair for pair in analysis.pairs if pair in asked or not device.strata]


def pair_name(pair: tuple[str, str]) -> str:
    """``with REAP_KILL against lmkd today``."""
    if once(pair[0]) == once(pair[1]):
        return f"{plain_name(pair[1])} against itself (the same arm again)"
    return f"{plain_name(pair[0])} against {plain_name(pair[1])}"


def pair_heading(pair: tuple[str, str]) -> str:
    """``REAP_KILL against lmkd today``."""
    return capitalised(pair_name(pair).removeprefix("with "))


def noise_floor(device: DeviceResult) -> str:
    """How far an arm lies from itself on this device, where it was run again (A/A); else empty."""
    compared = [
        (result.stratum, comparison)
        for result in device.strata
        for comparison in result.comparisons
        if comparison.is_again
    ]
    floors = [
        (_reach(comparison), stratum_name(stratum))
        for stratum, comparison in compared
        if _reach(comparison) > 0
    ]
    kills_apart = [
        max(abs(comparison.total.low), abs(comparison.total.high))
        for result in device.pressure
        for comparison in result.comparisons
        if comparison.is_again
        and comparison.total
        and comparison.total.low is not None
        and comparison.total.high is not None
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
        return f"noise floor: {'; '.join(parts)}; smaller differences are noise here"
    return "noise floor: the same arm killed as many apps as itself in every block" if kills_apart else ""


def _reach(comparison: Comparison) -> float:
    """The factor that the interval of a ratio reaches to, to whichever side; 0 without one."""
    interval = comparison.single_ratio.interval if comparison.single_ratio else None
    if interval is None or interval.low <= 0:
        return 0.0
    return max(interval.high, 1 / interval.low)


def device_tally(device: DeviceResult, pair: tuple[str, str]) -> str:
    """``tally`` of the device's strata, and how many of the claims hold together."""
    compared = [comparison for _, comparison in device_comparisons(device, pair)]
    return tally([comparison.verdict for comparison in compared]) + standing(compared)


def meter(device: DeviceResult) -> str:
    """The meter, if it is not the victims' own cgroups; else empty."""
    seen = device.by_free_memory
    if seen is None:
        return ""
    step = device.record.facts.get("free_memory_step_kb") if device.record else None
    lag = f", and its count lags by up to {step.value} kB" if step and step.value else ""
    return (
        f"Seen by the device's free memory, not by the victims' own cgroups ({', '.join(seen.suites)}). "
        f"Free memory drifts by itself, usually by {seen.noise_kb:.0f} kB and at most by "
        f"{seen.most_noise_kb:.0f} kB{lag}. Its 90 % lie between 85 and 95 %, and it cannot resolve 99 %. "
        "Compare arms on this device only; a device with root has another meter"
    )


def unsteady(device: DeviceResult) -> str:
    """Changes of the device's state during measurements; empty without a reported change."""
    changes = [f"{state_change.change} {_how_often(state_change)}" for state_change in device.unsteady]
    return f"not steady: {'; '.join(changes)}" if changes else ""


def order_effects(device: DeviceResult) -> str:
    """What the arm before a trial and its place in the block did, with intervals; empty if not known."""
    effects = device.order_effects
    if effects is None:
        return ""
    after = [_effect(f"right after {arm}", effect) for arm, effect in effects.after]
    places = [_effect(f"in place {place + 1}", effect) for place, effect in effects.places]
    return (
        f"order in the block ({units.count(effects.blocks, 'block')}, all strata): compared with the other "
        f"arms and places, times are {'; '.join([*after, *places])} (intervals of 95 % for all together)"
    )


def order_warning(device: DeviceResult) -> str:
    """Says that the order in a block had a large effect, and what this means; empty if it had none."""
    effects = device.order_effects
    if effects is None or not (effects.large_after or effects.large_places):
        return ""
    large = [_effect(f"right after {arm}", effect) for arm, effect in effects.large_after]
    large += [_effect(f"in place {place + 1} of a block", effect) for place, effect in effects.large_places]
    if effects.large_after and not effects.balanced:
        meaning = (
            "the blocks have no lead-ins, so the arm that slows the next trial looks better than it is: "
            "measure again with this version"
        )
    else:
        meaning = "the design balances this between the arms, but it widens the intervals"
    return f"order matters: times are {'; '.join(large)}; {meaning}"


def _effect(where: str, effect: OrderEffect) -> str:
    return f"{units.factor(effect.ratio)}x ({units.interval(effect.interval)}) {where}"


def exclusions(device: DeviceResult) -> list[str]:
    """What the invalid trials may hide, one sentence each; empty if no claim has left-out blocks."""
    found = device.exclusions
    if found is None:
        return []
    sentences = [
        f"{uneven.arm} was invalid more often than {uneven.other}: only it in {uneven.more} blocks, only the "
        f"other in {uneven.fewer} (p {uneven.p:.2g}). What excludes its trials may depend on their times: do "
        "not trust a comparison of the two before you know the reason"
        for uneven in found.uneven
    ]
    sentences += [
        f"{stratum_name(stratum)}, {pair_name(claim.pair)}: the left-out blocks could undo the verdict "
        f"{claim.verdict}, if each of them had gone the other way"
        for stratum, claim in found.undone
    ]
    if found.upheld:
        sentences.append(
            f"{units.count(found.upheld, 'verdict')} would stay the same if each left-out block had gone the "
            "other way"
        )
    return sentences


def _how_often(unsteady: Unsteady) -> str:
    suite, scenario, block, arm = unsteady.first
    place = ", ".join(filter(None, (f"{suite} {scenario}", f"block {block}", arm)))
    return f"in {unsteady.times} of {unsteady.known} blocks or episodes (first: {place})"


def device_line(device: DeviceResult) -> str:
    """The device, in one line."""
    record = device.record
    if record is None:
        return "could not be used"
    parts = [
        record.model,
        f"Linux {kernel_name(record)}",
        f"personality {record.personality}" if record.personality else "",
        record.abi,
        units.count(record.cpus, "CPU"),
        f"{units.size(record.mem_total_kb)} RAM",
        f"{units.size(record.swap_total_kb)} swap" if record.swap_total_kb else "no swap",
        f"{record.page_size // 1024} kB pages",
        accelerator_text(record),
    ]
    return ", ".join(part for part in parts if part)


def confidence_note(analysis: Analysis) -> str:
    """The effect of many comparisons on the trust in one of them."""
    return (
        f"{units.count(analysis.comparisons, 'comparison')} on this page are judged. Each stands "
        "alone: if nothing differs, chance claims a difference in at most one of twenty. Claims that survive "
        "the correction for all strata meet a stricter criterion (Holm’s procedure per device; the main pair "
        "of arms first, the others only if it has such a claim): if nothing differs, at most one device in "
        "twenty has one."
    )


def equivalence(analysis: Analysis) -> str:
    """The limit of equivalence: ``1/1.1 to 1.1``; several where the runs differ."""
    limits = dict.fromkeys(1 + run.equivalent_pct / 100 for run in analysis.runs)
    return " or ".join(f"1/{limit:g} to {limit:g}" for limit in limits)
