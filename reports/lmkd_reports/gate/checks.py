"""The checks of a gate: each limited metric of each arm in each place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from lmkd_core.base.errors import UsageProblem
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.gate.comparison import ROUNDING
from lmkd_reports.gate.comparison import Compared
from lmkd_reports.gate.comparison import Comparison
from lmkd_reports.gate.comparison import compare_cell
from lmkd_reports.gate.comparison import compare_runs
from lmkd_reports.gate.limits import Limit
from lmkd_reports.gate.runs import LoadedRun
from lmkd_reports.gate.runs import Selection
from lmkd_reports.gate.runs import listed

UNDECIDED = {Verdict.NOT_ENOUGH_DATA, Verdict.INVALID}


class Outcome(StrEnum):
    FAILED = "failed"
    NO_DATA = "not enough data"
    PASSED = "passed"


@dataclass(frozen=True, slots=True)
class Check:
    """One value held to its limit: failed only when its whole interval lies beyond."""

    compared: Compared
    limit: Limit

    @property
    def outcome(self) -> Outcome:
        interval = self.compared.interval
        if interval is None or self.compared.verdict in UNDECIDED:
            return Outcome.NO_DATA
        return Outcome.FAILED if interval.low > self.limit.most + ROUNDING else Outcome.PASSED

    @property
    def is_within(self) -> bool:
        """Whether even the interval's worse end is within the limit: more than "not shown to be beyond"."""
        interval = self.compared.interval
        return (
            self.outcome is Outcome.PASSED
            and interval is not None
            and (interval.high <= self.limit.most + ROUNDING)
        )


@dataclass(frozen=True, slots=True)
class Gate:
    """The checks of two runs, made from ``comparison``.

    ``confidence`` is that of each interval, or of all of them ``together``.
    """

    comparison: Comparison
    limits: tuple[Limit, ...]
    checks: tuple[Check, ...]
    confidence: float
    together: bool

    def fails(self, *, require_data: bool) -> bool:
        """Whether some check failed, or must not be without data and is."""
        return bool(self.of(Outcome.FAILED) or (require_data and self.of(Outcome.NO_DATA)))

    def of(self, outcome: Outcome) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.outcome is outcome)


def gate_runs(
    base: LoadedRun,
    candidate: LoadedRun,
    limits: Sequence[Limit],
    asked_pairs: Sequence[str],
    selection: Selection,
    confidence: float,
    *,
    together: bool = False,
) -> Gate:
    """Holds the candidate to ``limits``.

    ``together``: the confidence is that of all intervals at once, by Bonferroni's inequality.

    Raises:
        UsageProblem: as ``compare_runs``; or a limit's metric is nowhere.
    """
    comparison = compare_runs(base, candidate, asked_pairs, selection, confidence)
    checks = _checks(comparison, limits, selection)
    if together and len(checks) > 1:
        comparison = compare_runs(base, candidate, asked_pairs, selection, 1 - (1 - confidence) / len(checks))
        checks = _checks(comparison, limits, selection)
    for limit in limits:
        if not any(check.limit is limit for check in checks):
            raise UsageProblem(_missing(limit, base, candidate))
    return Gate(comparison, tuple(limits), tuple(checks), confidence, together)


def _checks(comparison: Comparison, limits: Sequence[Limit], selection: Selection) -> list[Check]:
    """Cells that only the base has are checked too: a missing candidate is not a pass."""
    by_metric = {limit.metric.name: limit for limit in limits}
    compared = [one for pair in comparison.pairs for one in pair.compared]
    for pair in comparison.pairs:
        for cell in pair.only_base:
            runs = comparison.base, comparison.candidate
            compared += compare_cell(*runs, pair.devices, cell, selection, comparison.confidence)
    return [Check(one, by_metric[one.metric.name]) for one in compared if one.metric.name in by_metric]


def _missing(limit: Limit, base: LoadedRun, candidate: LoadedRun) -> str:
    cells = [
        cell for run in (base, candidate) for of_device in run.cells.values() for cell in of_device.values()
    ]
    names = [name for cell in cells for name in cell.samples]
    return (
        f"nothing to hold to {limit.text}: there is no {limit.metric.name} in what is compared; "
        f"the runs have {listed(names)}"
    )
