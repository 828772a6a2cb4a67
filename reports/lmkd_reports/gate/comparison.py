"""Two runs compared: every metric of every arm in every stratum and situation that both have."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace

import numpy as np

from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.stratum import Stratum
from lmkd_core.statistics.boots import MIN_BOOTS
from lmkd_core.statistics.bounds import Bounds
from lmkd_core.statistics.independent import Estimate
from lmkd_core.statistics.shares import CONFIDENCE
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.gate.environment import Difference
from lmkd_reports.gate.environment import device_differences
from lmkd_reports.gate.environment import run_differences
from lmkd_reports.gate.runs import DevicePair
from lmkd_reports.gate.runs import LoadedRun
from lmkd_reports.gate.runs import Selection
from lmkd_reports.gate.runs import check_selection
from lmkd_reports.gate.runs import listed
from lmkd_reports.gate.runs import pair_devices
from lmkd_reports.metrics.cells import Cell
from lmkd_reports.metrics.cells import Measured
from lmkd_reports.metrics.cells import Place
from lmkd_reports.metrics.kinds import Sample
from lmkd_reports.metrics.kinds import is_over_boots
from lmkd_reports.metrics.metrics import METRICS
from lmkd_reports.metrics.metrics import Metric

ROUNDING = 1e-9
"""Numbers this near to each other differ by rounding only."""

HELD = "a hold sets the baseline arm's time here: a slower host does not cancel out"

EVERYTHING = Selection()
ABSENT = Measured(0, 0, {})
NOTHING = Sample(np.empty(0), np.empty(0), ())


@dataclass(frozen=True, slots=True)
class Side:
    """One run's part: valid and invalid trials or episodes, how many ``values`` of the metric they hold.

    ``typical`` is their median (ns), mean or share; None without a value.
    """

    valid: int
    invalid: int
    values: int
    typical: Bounds | None


@dataclass(frozen=True, slots=True)
class Compared:
    """One metric of one arm in one place; ``estimate`` is None where a side has no value.

    ``samples`` are the base's and the candidate's.
    """

    devices: DevicePair
    place: Place
    arm: str
    metric: Metric
    base: Side
    candidate: Side
    estimate: Estimate | None
    verdict: Verdict
    notes: tuple[str, ...]
    samples: tuple[Sample, Sample] = field(default=(NOTHING, NOTHING), compare=False, repr=False)

    @property
    def is_changed(self) -> bool:
        """Whether it belongs to the result: a claimed difference, or values that may not be counted."""
        return self.verdict in {Verdict.BETTER, Verdict.WORSE, Verdict.INVALID}

    @property
    def where(self) -> tuple[DevicePair, Place]:
        return self.devices, self.place

    @property
    def baseline(self) -> str:
        """The arm of each run that the values are relative to, or empty."""
        return next((sample.baseline for sample in self.samples if sample.baseline), "")

    @property
    def interval(self) -> Bounds | None:
        return self.estimate.interval if self.estimate else None


@dataclass(frozen=True, slots=True)
class ComparedDevices:
    """The results of one pair of devices; ``only_base`` and ``only_candidate`` are not compared.

    ``boots`` counts the boots of the base and of the candidate.
    """

    devices: DevicePair
    boots: tuple[int, int]
    differences: tuple[Difference, ...]
    compared: tuple[Compared, ...]
    only_base: tuple[Cell, ...]
    only_candidate: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All values of a comparison of two runs; ``confidence`` is that of each interval."""

    base: LoadedRun
    candidate: LoadedRun
    confidence: float
    differences: tuple[Difference, ...]
    pairs: tuple[ComparedDevices, ...]

    @property
    def baselines(self) -> tuple[str, ...]:
        """The arms that values are relative to; empty without ``to_baseline``."""
        names = [entry.baseline for pair in self.pairs for entry in pair.compared]
        return tuple(dict.fromkeys(name for name in names if name))


def compare_runs(
    base: LoadedRun,
    candidate: LoadedRun,
    asked_pairs: Sequence[str] = (),
    selection: Selection = EVERYTHING,
    confidence: float = CONFIDENCE,
) -> Comparison:
    """Candidate against base.

    Raises:
        UsageProblem: what is asked for does not exist, or the runs have nothing in common.
    """
    pairs = pair_devices(base, candidate, asked_pairs)
    check_selection(selection, base, candidate)
    compared = tuple(_compare_devices(base, candidate, pair, selection, confidence) for pair in pairs)
    if not any(cell in candidate.cells[pair.candidate] for pair in pairs for cell in base.cells[pair.base]):
        raise UsageProblem(_nothing_in_common(base, candidate, pairs))
    return Comparison(
        base, candidate, confidence, tuple(run_differences(base.infos, candidate.infos)), compared
    )


def _compare_devices(
    base: LoadedRun, candidate: LoadedRun, pair: DevicePair, selection: Selection, confidence: float
) -> ComparedDevices:
    arms = base.run.info.arms
    ours, theirs = (
        _by_place([cell for cell in cells if selection.holds(cell)], arms)
        for cells in (base.cells[pair.base], candidate.cells[pair.candidate])
    )
    return ComparedDevices(
        devices=pair,
        boots=(base.boots(pair.base), candidate.boots(pair.candidate)),
        differences=tuple(device_differences(base, candidate, pair)),
        compared=tuple(
            compared
            for cell in ours
            if cell in theirs
            for compared in compare_cell(base, candidate, pair, cell, selection, confidence)
        ),
        only_base=tuple(cell for cell in ours if cell not in theirs),
        only_candidate=tuple(cell for cell in theirs if cell not in ours),
    )


def _by_place(cells: Sequence[Cell], arms: Sequence[str]) -> list[Cell]:
    """The arms of a place beside each other, as the run was asked for them; places as they were measured."""
    places = list(dict.fromkeys(place for place, _ in cells))
    order = list(dict.fromkeys([*arms, *(arm for _, arm in cells)]))
    return sorted(cells, key=lambda cell: (places.index(cell[0]), order.index(cell[1])))


def compare_cell(
    base: LoadedRun,
    candidate: LoadedRun,
    pair: DevicePair,
    cell: Cell,
    selection: Selection,
    confidence: float,
) -> list[Compared]:
    """Every metric of the selection that either run has there; a run may lack the cell."""
    ours = base.cells[pair.base].get(cell, ABSENT)
    theirs = candidate.cells[pair.candidate].get(cell, ABSENT)
    measured = {name for side in (ours, theirs) for name in side.samples}
    asked = measured & {*(selection.metrics or METRICS)}
    metrics = [metric for name, metric in base.metrics.items() if name in asked]
    return [_compare(pair, cell, metric, ours, theirs, confidence) for metric in metrics]


def _compare(
    pair: DevicePair, cell: Cell, metric: Metric, base: Measured, candidate: Measured, confidence: float
) -> Compared:
    ours, theirs = (side.samples.get(metric.name, NOTHING) for side in (base, candidate))
    same_baseline = not (len(ours) and len(theirs)) or ours.baseline == theirs.baseline
    estimate = metric.kind.compare(theirs, ours, confidence) if same_baseline else None
    over_boots = is_over_boots(theirs, ours)
    place, arm = cell
    compared = Compared(
        devices=pair,
        place=place,
        arm=arm,
        metric=metric,
        base=_side(metric, base, ours, over_boots=over_boots),
        candidate=_side(metric, candidate, theirs, over_boots=over_boots),
        estimate=estimate,
        verdict=Verdict.NOT_ENOUGH_DATA,
        notes=(),
        samples=(ours, theirs),
    )
    return replace(
        compared, verdict=_judge(compared), notes=tuple(_notes(compared, ours, theirs, confidence))
    )


def _side(metric: Metric, measured: Measured, sample: Sample, *, over_boots: bool) -> Side:
    """What the estimate compares: over boots the mean of the boots' values."""
    typical = metric.kind.typical_of_boots(sample) if over_boots else metric.kind.typical(sample)
    return Side(measured.valid, measured.invalid, len(sample), typical)


def _judge(compared: Compared) -> Verdict:
    """A difference is claimed only if the interval excludes the value of equal runs."""
    if any(side.invalid and not side.valid for side in (compared.base, compared.candidate)):
        return Verdict.INVALID
    if compared.interval is None or is_open(compared):
        return Verdict.NOT_ENOUGH_DATA
    if compared.interval.high < compared.metric.kind.equal - ROUNDING:
        return Verdict.BETTER
    if compared.interval.low > compared.metric.kind.equal + ROUNDING:
        return Verdict.WORSE
    return Verdict.NO_CLEAR_DIFFERENCE


def is_open(compared: Compared) -> bool:
    """Whether both ends of its interval are unknown: neither run's times are known."""
    return compared.interval is not None and compared.metric.kind.is_open(compared.interval)


def _notes(compared: Compared, base: Sample, candidate: Sample, confidence: float) -> Iterable[str]:
    sides = {"base": compared.base, "candidate": compared.candidate}
    of = compared.metric.of
    absent = [name for name, side in sides.items() if not side.valid + side.invalid]
    if absent:
        yield f"the {absent[0]} has no {of} of it"
        return
    for name, side in sides.items():
        if side.invalid:
            yield f"{name}: {side.invalid} of {side.valid + side.invalid} {of}s invalid, left out"
        if side.valid and side.values < side.valid and not compared.metric.is_partial:
            what = f"{compared.metric.name}{compared.metric.valued_by}"
            yield f"{name}: {side.valid - side.values} of {side.valid} {of}s have no {what}"
    if base.baseline and candidate.baseline and base.baseline != candidate.baseline:
        yield f"the baseline arms differ: {base.baseline} in the base, {candidate.baseline} in the candidate"
    elif compared.interval is None:
        yield (
            f"base has {compared.base.values}, candidate {compared.candidate.values} of the "
            f"{compared.metric.kind.fewest(confidence)} values a side that an interval takes"
        )
    elif is_open(compared):
        yield "no end of the interval is known: too few were done by the timeout"
    elif few := _few_boots(base, candidate):
        yield few
    elif base.baseline and isinstance(compared.place, Stratum) and compared.place.hold_ms:
        yield HELD
    elif note := compared.metric.kind.constant_note(compared.metric.name, base, candidate):
        yield note


def _few_boots(*samples: Sample) -> str:
    """A note where one run has enough boots for a comparison over boots and the other has not."""
    counts = [len(set(sample.boots)) for sample in samples]
    if min(counts) >= MIN_BOOTS or max(counts) < MIN_BOOTS:
        return ""
    return f"{counts[0]} and {counts[1]} boots: compared over single values, so boots are not in the interval"


def _nothing_in_common(base: LoadedRun, candidate: LoadedRun, pairs: Sequence[DevicePair]) -> str:
    ours = [cell for pair in pairs for cell in base.cells[pair.base]]
    theirs = [cell for pair in pairs for cell in candidate.cells[pair.candidate]]
    return (
        "the runs have no stratum and no situation of the same arm in common: the base has "
        f"{_content(ours)}; the candidate has {_content(theirs)}"
    )


def _content(cells: Sequence[Cell]) -> str:
    return f"{listed(place.scenario for place, _ in cells)} with {listed(arm for _, arm in cells)}"
