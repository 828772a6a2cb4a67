"""The values of an analysis: frozen, and complete down to the last number on a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field

from lmkd_core.records.device import DeviceRecord
from lmkd_core.records.device import SkipRecord
from lmkd_core.records.reading import Problem
from lmkd_core.records.run import RunInfo
from lmkd_core.records.run import run_names
from lmkd_core.records.stratum import Stratum
from lmkd_core.statistics.block_logs import BlockLogs
from lmkd_core.statistics.bounds import Bounds
from lmkd_core.statistics.controls import FalseGain
from lmkd_core.statistics.curves import Band
from lmkd_core.statistics.curves import Steps
from lmkd_core.statistics.lateness import PATIENCE_NS
from lmkd_core.statistics.paired import PairedRatio
from lmkd_core.statistics.planning import BlockRange
from lmkd_core.statistics.serial import SerialCorrelation
from lmkd_core.statistics.shares import Share
from lmkd_reports.analysis.cases import Conformance
from lmkd_reports.analysis.claims import Claim
from lmkd_reports.analysis.evidence import Evidence
from lmkd_reports.analysis.observed import Observed
from lmkd_reports.analysis.order_effects import OrderEffects
from lmkd_reports.analysis.pressure import PressureResult
from lmkd_reports.analysis.tails import Tails
from lmkd_reports.analysis.unsteady import Unsteady
from lmkd_reports.analysis.verdicts import Verdict

Count = tuple[str, int]
"""Something by name, and how often."""


@dataclass(frozen=True, slots=True)
class Detectable:
    """The differences for which a report estimates the needed blocks: a ratio, and kills per episode."""

    ratio: float = 1.2
    kills: float = 1.0


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and quartiles of one measured quantity over the valid trials of an arm."""

    low: Bounds
    median: Bounds
    high: Bounds


@dataclass(frozen=True, slots=True)
class ArmResult:
    """One arm in one stratum on one device. A measure is None when no valid trial has it.

    ``planned`` counts the trials of the plan, ``valid`` those that count. ``missing`` is why there
    are no trials. ``esrch`` is None for an arm that never calls process_mrelease. ``torn_down_by``
    counts who ran exit_mmap, ``stall_late_ns`` is how long what held the memory was busy after its
    release, ``reap_call_ns`` how long the last process_mrelease took.
    """

    arm: str
    planned: int
    valid: int
    invalid: tuple[Count, ...]
    flagged: tuple[Count, ...]
    missing: str
    reclaim_50_ns: Spread | None
    reclaim_90_ns: Spread | None
    reclaim_99_ns: Spread | None
    exit_ns: Spread | None
    charged_at_return_kb: Spread | None
    esrch: Share | None
    stall_classes: tuple[Count, ...]
    torn_down_by: tuple[Count, ...]
    stall_late_ns: Spread | None
    reap_call_ns: Spread | None
    timeout_ns: int
    censored: int
    band: Band | None
    steps: Steps | None
    tails: Tails | None
    notes: tuple[str, ...]

    @property
    def has_teardown(self) -> bool:
        """Whether the records name who ran the teardown, or its cost."""
        return bool(self.torn_down_by or self.stall_late_ns or self.reap_call_ns)


@dataclass(frozen=True, slots=True)
class Comparison(Claim):
    """``candidate``'s reclaim_90_ns against ``baseline``'s in one stratum on one device."""

    candidate: str
    baseline: str
    evidence: Evidence | None
    verdict: Verdict
    notes: tuple[str, ...]
    blocks_needed: BlockRange | None = None
    p_page: float | None = None
    block_logs: BlockLogs | None = field(default=None, compare=False, repr=False)

    @property
    def ratio(self) -> PairedRatio | None:
        """The median ratio, which may lack an interval, or be meaningless because the times are split."""
        return self.evidence.ratio if self.evidence else None

    @property
    def single_ratio(self) -> PairedRatio | None:
        """The median ratio if it has an interval and describes the times."""
        return self.evidence.single_ratio if self.evidence else None

    @property
    def is_judged(self) -> bool:
        """Whether there are enough blocks for a verdict."""
        return self.p is not None

    @property
    def p(self) -> float | None:
        return self.evidence.test.p if self.evidence and self.evidence.test else None

    @property
    def remarks(self) -> tuple[str, ...]:
        """The notes, and whether the claim survives on the page."""
        if self.holds_together or not self.is_claim or self.p_page is None:
            return self.notes
        alone = f"does not survive the correction for all strata of the device (Holm): p is {self.p_page:.2g}"
        limited = f", and {self.replicates} cannot give a smaller one" if self.is_unanimous else ""
        return (*self.notes, alone + limited)

    @property
    def replicates(self) -> str:
        """``10 blocks``, or ``6 boots``."""
        if self.evidence and self.evidence.is_over_boots:
            return f"{self.evidence.boots} boots"
        return f"{self.blocks} blocks"

    @property
    def blocks(self) -> int:
        return self.ratio.blocks if self.ratio else 0

    @property
    def least_p(self) -> float:
        return self.evidence.test.least_p if self.evidence and self.evidence.test else 1.0


@dataclass(frozen=True, slots=True)
class StratumResult:
    """All arms of one stratum on one device; ``curve_end_ns`` is where its band ends.

    In a control the comparisons are those of ``Analysis.control_pairs``, elsewhere of ``pairs``.
    ``false_gains`` are those of them in which this control alone shows an impossible gain (``controls``).
    """

    stratum: Stratum
    arms: tuple[ArmResult, ...]
    comparisons: tuple[Comparison, ...]
    curve_end_ns: float
    false_gains: tuple[Comparison, ...] = ()


@dataclass(frozen=True, slots=True)
class ControlCheck:
    """The impossible gains in a device's controls, and per pair the largest gain that was not ruled out.

    ``unseen`` are shares of the baseline's time; empty for kills and with too few blocks.
    """

    false_gains: tuple[FalseGain, ...]
    unseen: tuple[tuple[tuple[str, str], float], ...] = ()


@dataclass(frozen=True, slots=True)
class Uneven:
    """In ``more`` blocks only ``arm`` was invalid, in ``fewer`` only ``other``; ``p`` holds for all pairs."""

    arm: str
    other: str
    more: int
    fewer: int
    p: float


@dataclass(frozen=True, slots=True)
class Exclusions:
    """Blocks left out on one device. ``undone`` are the claims that they could undo, ``upheld`` counts the
    other claims with left-out blocks.
    """

    uneven: tuple[Uneven, ...]
    undone: tuple[tuple[Stratum, Comparison], ...]
    upheld: int


@dataclass(frozen=True, slots=True)
class ByFreeMemory:
    """Trials that the device's free memory saw, for want of a cgroup: the suites they are of, and by how many
    kB it moved by itself (median, most).
    """

    suites: tuple[str, ...]
    noise_kb: float
    most_noise_kb: float


@dataclass(frozen=True, slots=True)
class DeviceResult:
    """One device; ``record`` is None when it could not be attached, ``conformance`` when no case was run.

    ``pressure`` is empty when no episode was, and so are ``settings``, which lmkd's policy had in them;
    ``observed`` is what the device's own lmkd did, ``unsteady`` what changed about the device meanwhile,
    ``by_free_memory`` is None where every trial was seen by its victim's cgroup. ``controls`` is what the
    controls of single kills say together, and ``pressure_controls`` those of pressure; None without any.
    ``serial`` is how much consecutive blocks of times resemble each other. ``patience_ns`` is lmkd's.
    ``order_effects`` is None where there are too few blocks.
    """

    name: str
    record: DeviceRecord | None
    strata: tuple[StratumResult, ...]
    skips: tuple[SkipRecord, ...]
    conformance: Conformance | None
    pressure: tuple[PressureResult, ...]
    settings: Mapping[str, str]
    observed: tuple[Observed, ...] = ()
    unsteady: tuple[Unsteady, ...] = ()
    by_free_memory: ByFreeMemory | None = None
    controls: ControlCheck | None = None
    pressure_controls: ControlCheck | None = None
    serial: SerialCorrelation | None = None
    patience_ns: int = PATIENCE_NS
    order_effects: OrderEffects | None = None
    exclusions: Exclusions | None = None


@dataclass(frozen=True, slots=True)
class Analysis:
    """All values in a report of one or several runs.

    ``pairs`` are the (candidate, baseline) arms compared, the runs' main question first.
    ``comparisons`` counts those that have an interval, ``trials_csv`` and ``records`` are for download.
    """

    runs: tuple[RunInfo, ...]
    detectable: Detectable
    pairs: tuple[tuple[str, str], ...]
    devices: tuple[DeviceResult, ...]
    problems: tuple[Problem, ...]
    warmups: int
    planned: int
    recorded: int
    valid: int
    comparisons: int
    planned_episodes: int
    recorded_episodes: int
    valid_episodes: int
    trials_csv: str
    records: bytes

    @property
    def arms(self) -> tuple[str, ...]:
        """Those that the runs were asked for, each once."""
        return tuple(dict.fromkeys(arm for run in self.runs for arm in run.arms))

    @property
    def control_pairs(self) -> tuple[tuple[str, str], ...]:
        """The pairs compared in controls, which may have an arm that no run was asked for."""
        controls = (
            result for device in self.devices for result in device.strata if result.stratum.is_control
        )
        return tuple(
            dict.fromkeys(comparison.pair for result in controls for comparison in result.comparisons)
        )

    @property
    def named_runs(self) -> tuple[tuple[str, RunInfo], ...]:
        """Each run with its name, which no other has."""
        return tuple(zip(run_names(self.runs), self.runs, strict=True))

    @property
    def name(self) -> str:
        """The runs by their names."""
        return ", ".join(name for name, _ in self.named_runs)

    @property
    def has_times(self) -> bool:
        """Whether it is about single kills and their times: not if the run did other things only."""
        return bool(self.planned or self.recorded) or not (
            self.has_answers or self.has_kills or self.has_apps
        )

    @property
    def has_answers(self) -> bool:
        """Whether conformance cases were tried."""
        return any(device.conformance for device in self.devices)

    @property
    def has_apps(self) -> bool:
        """Whether the device's own lmkd was observed."""
        return any(device.observed for device in self.devices)

    @property
    def has_kills(self) -> bool:
        """Whether there were pressure episodes."""
        return bool(self.planned_episodes or self.recorded_episodes)
