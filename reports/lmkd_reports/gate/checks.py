"""The checks of a gate: each limited metric of each arm in each place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from enum import StrEnum

from lmkd_core.base.errors import UsageProblem
from lmkd_core.statistics.multiplicity import holm
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
    INCONCLUSIVE = "inconclusive"
    PASSED = "passed"


@dataclass(frozen=True, slots=True)
class Check:
    """One value held to its limit.

    Failed: the value is beyond the limit, since its whole interval is; if the gate judges all checks
    together, ``is_beyond`` decides instead. Passed: the whole interval is within the limit. Anything else is
    inconclusive.
    """

    compared: Compared
    limit: Limit
    is_beyond: bool | None = None

    @property
    def outcome(self) -> Outcome:
        interval = self.compared.interval
        if interval is None or self.compared.verdict in UNDECIDED:
            return Outcome.NO_DATA
        beyond = interval.low > self.limit.most + ROUNDING if self.is_beyond is None else self.is_beyond
        if beyond:
            return Outcome.FAILED
        return Outcome.PASSED if interval.high <= self.limit.most + ROUNDING else Outcome.INCONCLUSIVE


@dataclass(frozen=True, slots=True)
class Gate:
    """The checks of two runs, made from ``comparison``. ``confidence`` is that of each interval.

    ``together``: a correct candidate fails any of the checks in at most half of ``1 - confidence`` of gates.
    Without that option, this holds for each check alone.
    """

    comparison: Comparison
    limits: tuple[Limit, ...]
    checks: tuple[Check, ...]
    confidence: float
    together: bool = False
    require_data: bool = False
    require_within: bool = False

    @property
    def fails(self) -> bool:
        return bool(self.failures)

    @property
    def failures(self) -> tuple[str, ...]:
        """The reasons for failing, in words; empty if the gate does not fail."""
        lacking, undecided = len(self.of(Outcome.NO_DATA)), len(self.of(Outcome.INCONCLUSIVE))
        reasons = {
            f"{len(self.of(Outcome.FAILED))} beyond the limit": bool(self.of(Outcome.FAILED)),
            f"no check has enough data: {self.fewest_values}": self.has_no_data,
            f"--require-data, and {lacking} without enough data": self.require_data and lacking > 0,
            f"--require-within, and {lacking + undecided} not shown to be within the limit": (
                self.require_within and lacking + undecided > 0
            ),
        }
        return tuple(reason for reason, applies in reasons.items() if applies)

    @property
    def failing_outcomes(self) -> frozenset[Outcome]:
        """The outcomes that fail the gate if a check has one."""
        fails = {
            Outcome.FAILED: True,
            Outcome.NO_DATA: self.require_data or self.require_within or self.has_no_data,
            Outcome.INCONCLUSIVE: self.require_within,
        }
        return frozenset(outcome for outcome, applies in fails.items() if applies)

    @property
    def has_no_data(self) -> bool:
        return len(self.of(Outcome.NO_DATA)) == len(self.checks)

    @property
    def fewest_values(self) -> str:
        """For example ``reclaim_90 takes 7 values per side, kills_total 6``."""
        metrics = [limit.metric for limit in self.limits]
        fewest = [f"{metric.name} takes {metric.kind.fewest(self.confidence)}" for metric in metrics]
        return ", ".join(fewest) + " values per side"

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
    require_data: bool = False,
    require_within: bool = False,
) -> Gate:
    """Holds the candidate to ``limits``.

    ``together``: the checks fail by their one-sided p-values after Holm's procedure.

    Raises:
        UsageProblem: as ``compare_runs``; or a limit's metric is nowhere.
    """
    comparison = compare_runs(base, candidate, asked_pairs, selection, confidence)
    checks = _checks(comparison, limits, selection)
    if together:
        checks = _together(checks, (1 - confidence) / 2)
    for limit in limits:
        if not any(check.limit is limit for check in checks):
            raise UsageProblem(_missing(limit, base, candidate))
    options = {"together": together, "require_data": require_data, "require_within": require_within}
    return Gate(comparison, tuple(limits), tuple(checks), confidence, **options)


def _together(checks: Sequence[Check], tail: float) -> list[Check]:
    """Judges the checks that have an interval by Holm's procedure, at the level ``tail`` for all of them."""
    decided = [check.outcome is not Outcome.NO_DATA for check in checks]
    adjusted = iter(
        holm([_p_beyond(check) for check, has_data in zip(checks, decided, strict=True) if has_data])
    )
    return [
        replace(check, is_beyond=next(adjusted) <= tail) if has_data else check
        for check, has_data in zip(checks, decided, strict=True)
    ]


def _p_beyond(check: Check) -> float:
    base, candidate = check.compared.samples
    return check.limit.metric.kind.p_beyond(candidate, base, check.limit.allowed)


def _checks(comparison: Comparison, limits: Sequence[Limit], selection: Selection) -> list[Check]:
    """Cells that only the base has are checked too: a missing candidate is not a pass."""
    by_metric = {limit.metric.name: limit for limit in limits}
    compared = [entry for pair in comparison.pairs for entry in pair.compared]
    for pair in comparison.pairs:
        for cell in pair.only_base:
            runs = comparison.base, comparison.candidate
            compared += compare_cell(*runs, pair.devices, cell, selection, comparison.confidence)
    return [
        Check(entry, by_metric[entry.metric.name]) for entry in compared if entry.metric.name in by_metric
    ]


def _missing(limit: Limit, base: LoadedRun, candidate: LoadedRun) -> str:
    cells = [
        cell for run in (base, candidate) for of_device in run.cells.values() for cell in of_device.values()
    ]
    names = [name for cell in cells for name in cell.samples]
    return (
        f"nothing to hold to {limit.text}: there is no {limit.metric.name} in what is compared; "
        f"the runs have {listed(names)}"
    )
