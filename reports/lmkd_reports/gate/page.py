"""The page of ``pytest-lmkd compare --html``: the answer in a sentence, then what changed, then the rest."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass

from lmkd_core.statistics.boots import MIN_BOOTS
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.format import units
from lmkd_reports.format.names import place_name
from lmkd_reports.gate import words
from lmkd_reports.gate.comparison import Compared
from lmkd_reports.gate.comparison import ComparedDevices
from lmkd_reports.gate.comparison import Comparison
from lmkd_reports.gate.text import CAUTION
from lmkd_reports.gate.text import CAUTION_TO_BASELINE
from lmkd_reports.gate.text import LEGEND
from lmkd_reports.gate.text import LEGEND_TO_BASELINE
from lmkd_reports.presentation.jinja import environment
from lmkd_reports.presentation.marks import MARKS

TIMES, KILLS = "reclaim_90", "kills_total"
"""The metrics that the first sentence speaks of."""


@dataclass(frozen=True, slots=True)
class DeviceView:
    """One pair of devices: the answer, its changes and the rest."""

    compared: ComparedDevices
    answer: str
    changed: list[Compared]
    rest: list[Compared]

    @property
    def has_few_boots(self) -> bool:
        return min(self.compared.boots) < MIN_BOOTS


def comparison_page(comparison: Comparison) -> str:
    """The whole page. Everything that came from a device is escaped by jinja2."""
    views = [_view(pair, candidate_name(comparison)) for pair in comparison.pairs]
    relative = comparison.base.to_baseline
    page: str = (
        environment("lmkd_reports.gate")
        .get_template("compare.html.j2")
        .render(
            comparison=comparison,
            devices=views,
            differences=list(_differences(comparison)),
            legend=LEGEND_TO_BASELINE if relative else LEGEND,
            caution=CAUTION_TO_BASELINE if relative else CAUTION,
            confidence=f"{100 * comparison.confidence:.6g} %",
            marks=MARKS,
            place_name=place_name,
            typical=words.typical,
            estimate=words.estimate,
        )
    )
    return page


def _differences(comparison: Comparison) -> Iterator[tuple[str, str, str]]:
    """What differs, and its value on both sides: of the runs, then of each pair of devices."""
    for difference in comparison.differences:
        yield difference.what, difference.base, difference.candidate
    several = len(comparison.pairs) > 1
    for pair in comparison.pairs:
        for difference in pair.differences:
            name = f"{pair.devices}: {difference.what}" if several else difference.what
            yield name, difference.base, difference.candidate


def candidate_name(comparison: Comparison) -> str:
    """The candidate's folder: two runs may share an id."""
    return comparison.candidate.folders[-1].resolve().name


def _view(pair: ComparedDevices, run: str) -> DeviceView:
    return DeviceView(
        pair,
        answer(pair, run),
        [entry for entry in pair.compared if entry.is_changed],
        [entry for entry in pair.compared if not entry.is_changed],
    )


def answer(pair: ComparedDevices, run: str) -> str:
    """For example ``On phone, run new returns memory 1.4x slower in 2 of 8 situations; kills: …``."""
    times = [entry for entry in pair.compared if entry.metric.name == TIMES]
    kills = [entry for entry in pair.compared if entry.metric.name == KILLS]
    parts = []
    if times:
        parts.append(_of_times(times, run))
    if kills:
        parts.append(f"kills: {_of_kills(kills)}" if times else f"kills of run {run}: {_of_kills(kills)}")
    return f"On {pair.devices}, {'; '.join(parts) or f'run {run} has neither times nor kills to compare'}"


def _of_times(entries: Sequence[Compared], run: str) -> str:
    changes = [
        f"{_factors(of_verdict, verdict)} in {len(of_verdict)}"
        for verdict in (Verdict.WORSE, Verdict.BETTER)
        if (of_verdict := [entry for entry in entries if entry.verdict == verdict])
    ]
    if not changes:
        return f"time until memory is back in run {run}: {_undecided(entries)}"
    return f"run {run} returns memory {_of_all(changes, entries)}"


def _factors(entries: Sequence[Compared], verdict: Verdict) -> str:
    """``1.4x slower``, ``1.2x to 1.5x faster``; a bound where a run's times are not known."""
    estimates = [entry.estimate.value for entry in entries if entry.estimate]
    word = "slower" if verdict == Verdict.WORSE else "faster"
    factors = sorted(
        (bounds.low if word == "slower" else (1 / bounds.high if bounds.high else float("inf")))
        for bounds in estimates
    )
    least, most = (f"{units.factor(factor)}x" for factor in (factors[0], factors[-1]))
    return f"{units.span(least, most)} {word}"


def _of_kills(entries: Sequence[Compared]) -> str:
    changes = [
        f"{word} in {number}"
        for verdict, word in ((Verdict.WORSE, "more"), (Verdict.BETTER, "fewer"))
        if (number := sum(entry.verdict == verdict for entry in entries))
    ]
    return _of_all(changes, entries) if changes else _undecided(entries)


def _undecided(entries: Sequence[Compared]) -> str:
    """``no clear difference``; with numbers where the reasons differ."""
    verdicts = [str(entry.verdict) for entry in entries]
    if len(set(verdicts)) == 1:
        return verdicts[0]
    return ", ".join(f"{verdict} in {verdicts.count(verdict)}" for verdict in dict.fromkeys(verdicts))


def _of_all(changes: Sequence[str], entries: Sequence[Compared]) -> str:
    """``more in 2 of 8 situations, fewer in 1``; each arm in each place is a situation."""
    return ", ".join([f"{changes[0]} of {units.count(len(entries), 'situation')}", *changes[1:]])
