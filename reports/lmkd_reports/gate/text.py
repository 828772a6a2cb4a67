"""A comparison and a gate's checks in at most 72 columns of printable ASCII."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from itertools import groupby

from lmkd_core.statistics.boots import MIN_BOOTS
from lmkd_reports.format.names import place_name
from lmkd_reports.format.notes import Notes
from lmkd_reports.format.plain import COLUMNS
from lmkd_reports.format.plain import wrapped
from lmkd_reports.gate import words
from lmkd_reports.gate.checks import Check
from lmkd_reports.gate.checks import Gate
from lmkd_reports.gate.checks import Outcome
from lmkd_reports.gate.comparison import Compared
from lmkd_reports.gate.comparison import ComparedDevices
from lmkd_reports.gate.comparison import Comparison
from lmkd_reports.gate.environment import Difference
from lmkd_reports.gate.runs import LoadedRun
from lmkd_reports.metrics.cells import Cell
from lmkd_reports.metrics.metrics import METRICS

METRIC_COLUMNS = 12
VALUE_COLUMNS = 6
ESTIMATE_COLUMNS = 22
TOGETHER = "; failures are judged for all checks together (Holm's procedure)"
CAUTION = (
    "The runs are not paired: whatever else changed between them is in the difference. Each interval stands "
    "alone."
)
LEGEND = (
    "Less is better throughout. Times: medians in ms (over boots: the geometric mean of the boots' medians) "
    "and their ratio, candidate over base; esrch: share of calls and difference in percentage points; kills: "
    "mean an episode and difference."
)
LEGEND_TO_BASELINE = (
    "Less is better throughout. Times: each run's median ratio to its own baseline arm, block by block, and "
    "the candidate's over the base's. esrch and kills: each run's mean difference to its own baseline arm, "
    "and the difference of the two, for esrch in percentage points."
)
CAUTION_TO_BASELINE = (
    "What changed between the runs for all arms alike cancels out; what changed for some arms only is in the "
    "difference. Each interval stands alone."
)


def comparison_text(comparison: Comparison, *, everything: bool = False) -> str:
    """The output of ``pytest-lmkd compare``: what changed, and the number of the rest; or everything."""
    notes = Notes()
    lines = [*_head("the candidate against the base", comparison)]
    for devices in comparison.pairs:
        lines += _devices(devices, notes, everything=everything)
    legend, caution = (
        (LEGEND_TO_BASELINE, CAUTION_TO_BASELINE) if comparison.base.to_baseline else (LEGEND, CAUTION)
    )
    lines += ["", *wrapped(f"{legend} In brackets: intervals of {_percent(comparison)}. {caution}")]
    for number, note in enumerate(notes.texts, start=1):
        lines += wrapped(f"[{number}] {note}", "    ")
    return _joined([*lines, *_not_used(comparison)])


def gate_text(gate: Gate, *, everything: bool = False) -> str:
    """The output of ``pytest-lmkd gate``; the last line is the verdict.

    Listed are the checks that are beyond their limit or may be, and those that fail the gate; or everything.
    """
    comparison = gate.comparison
    lines = [*_head("a gate for the candidate, against the base", comparison)]
    limits = ", ".join(limit.text for limit in gate.limits)
    lines += wrapped(f"worse by at most: {limits}", "    ")
    each = "" if len(gate.checks) == 1 else " each"
    lines += wrapped(
        f"intervals: {100 * gate.confidence:.6g} %{each}{TOGETHER if gate.together else ''}", "    "
    )
    for devices in comparison.pairs:
        lines += _device_head(devices)
    listed = set(Outcome) if everything else {Outcome.FAILED, Outcome.INCONCLUSIVE, *gate.failing_outcomes}
    for outcome in Outcome:
        lines += _checks(outcome, gate.of(outcome) if outcome in listed else ())
    rest = [str(check.outcome) for check in gate.checks if check.outcome not in listed]
    lines += ["", *_rest(rest)] if rest else []
    lines += [*_not_used(comparison), "", *wrapped(verdict(gate), "    ")]
    return _joined(lines)


def verdict(gate: Gate) -> str:
    """The gate's verdict, and the number of checks behind it. It passes only if every check did."""
    counts = {outcome: len(gate.of(outcome)) for outcome in Outcome}
    parts = ", ".join(f"{number} {outcome}" for outcome, number in counts.items() if number)
    if gate.fails:
        return f"gate: failed: {parts} ({'; '.join(gate.failures)})"
    return f"gate: {'passed' if counts[Outcome.PASSED] == len(gate.checks) else 'inconclusive'}: {parts}"


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _head(title: str, comparison: Comparison) -> Iterator[str]:
    yield f"pytest-lmkd: {title}"
    for name, loaded in (("base", comparison.base), ("candidate", comparison.candidate)):
        yield from wrapped(f"{name}: {_run(loaded)}", "    ")
    for difference in comparison.differences:
        yield from wrapped(f"  differs: {_difference(difference)}", "    ")
    if comparison.base.to_baseline:
        names = ", ".join(comparison.baselines)
        yield from wrapped(f"each arm against the baseline arm ({names}) of its own run", "    ")


def _run(loaded: LoadedRun) -> str:
    info = loaded.run.info
    return f"{info.name}, in {loaded.folder}, started {info.started_utc}"


def _difference(difference: Difference) -> str:
    return f"{difference.what}: {difference.base} -> {difference.candidate}"


def _percent(comparison: Comparison) -> str:
    """The confidence, with enough digits to differ from 100."""
    return f"{100 * comparison.confidence:.6g} %"


def _device_head(devices: ComparedDevices) -> Iterator[str]:
    yield ""
    yield from wrapped(f"== {devices.devices}", "   ")
    yield from wrapped(f"   {_boots(devices)}", "     ")
    for difference in devices.differences:
        yield from wrapped(f"   differs: {_difference(difference)}", "     ")
    for name, cells in (("base", devices.only_base), ("candidate", devices.only_candidate)):
        for line in _only(cells):
            yield from wrapped(f"   only in the {name}: {line}", "     ")


def _boots(devices: ComparedDevices) -> str:
    base, candidate = devices.boots
    counted = f"boots: {base} of the base, {candidate} of the candidate"
    if min(devices.boots) >= MIN_BOOTS:
        return counted
    return (
        f"{counted}. With fewer than {MIN_BOOTS} on a side, no interval includes the differences between "
        "boots: what changed may be the boot and not the kernel"
    )


def _only(cells: Sequence[Cell]) -> Iterator[str]:
    for place, group in groupby(cells, lambda cell: cell[0]):
        yield f"{place_name(place)}: {', '.join(arm for _, arm in group)}"


def _devices(devices: ComparedDevices, notes: Notes, *, everything: bool) -> Iterator[str]:
    yield from _device_head(devices)
    for name in METRICS:
        verdicts = [entry.verdict for entry in devices.compared if entry.metric.name == name]
        tally = [f"{verdict} in {number}" for verdict, number in Counter(verdicts).most_common()]
        if tally:
            tally[0] += f" of {len(verdicts)}"
            yield from wrapped(f"   {name}: {', '.join(tally)}", "     ")
    listed = [entry for entry in devices.compared if everything or entry.is_changed]
    for place, group in groupby(listed, lambda entry: entry.place):
        yield ""
        yield from wrapped(place_name(place), "  ")
        yield f"{_columns('', 'base', 'cand.')}  candidate against base"
        for arm, compared in groupby(group, lambda entry: entry.arm):
            yield from _arm(arm, list(compared), notes)
    rest = [str(entry.verdict) for entry in devices.compared if not (everything or entry.is_changed)]
    if rest:
        yield ""
        yield from _rest(rest)


def _rest(words_of_rest: Sequence[str]) -> Iterator[str]:
    """For example ``14 more: 12 no clear difference, 2 not enough data (--all lists them)``."""
    counts = [f"{number} {word}" for word, number in Counter(words_of_rest).most_common()]
    shown = ", ".join(counts) if len(counts) > 1 else words_of_rest[0]
    yield from wrapped(f"{len(words_of_rest)} more: {shown} (--all lists them)", "    ")


def _columns(metric: str, base: str, candidate: str) -> str:
    return f"  {metric:<{METRIC_COLUMNS}} {base:>{VALUE_COLUMNS}} {candidate:>{VALUE_COLUMNS}}"


def _arm(arm: str, compared: Sequence[Compared], notes: Notes) -> Iterator[str]:
    first = compared[0]
    yield from wrapped(f" {arm}: {first.base.valid} and {first.candidate.valid} {first.metric.of}s", "   ")
    for entry in compared:
        kind = entry.metric.kind
        values = (words.typical(kind, side.typical) for side in (entry.base, entry.candidate))
        line = f"{_columns(entry.metric.name, *values)}  {words.estimate(entry):<{ESTIMATE_COLUMNS}}"
        yield from _with_verdict(line, entry, notes)


def _with_verdict(line: str, compared: Compared, notes: Notes) -> Iterator[str]:
    marks = "".join(f" [{mark}]" for mark in notes.refer(compared.notes))
    for left in (line, line.rstrip()):
        row = f"{left} {compared.verdict}{marks}"
        if len(row) <= COLUMNS:
            yield row
            return
    yield line.rstrip()
    yield from wrapped(f"{' ' * (METRIC_COLUMNS + 2 * VALUE_COLUMNS + 6)}{compared.verdict}{marks}", "      ")


def _checks(outcome: Outcome, checks: Sequence[Check]) -> Iterator[str]:
    """The checks of one outcome; those of one place beside each other."""
    if checks:
        yield from ("", f"{outcome}:")
    several = len({check.compared.devices for check in checks}) > 1
    for (devices, place), group in groupby(checks, lambda check: check.compared.where):
        where = f"{devices}: " if several else ""
        yield from wrapped(f"  {where}{place_name(place)}", "    ")
        for check in group:
            yield from wrapped(f"    {check.compared.arm}: {words.result(check)}", "      ")


def _not_used(comparison: Comparison) -> Iterator[str]:
    lines = [f"  {problem}" for problem in problems(comparison)]
    yield from ["", "Not used:"] if lines else []
    for line in lines:
        yield from wrapped(line, "    ")


def problems(comparison: Comparison) -> Iterator[str]:
    """The unreadable lines of both runs, by file and line."""
    for name, loaded in (("base", comparison.base), ("candidate", comparison.candidate)):
        for problem in loaded.run.problems:
            yield f"{name}: {problem}"
