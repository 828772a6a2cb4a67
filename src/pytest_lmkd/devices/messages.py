"""Typed structures for the answers of lmkd-agent and lmkd-pressure, one JSON line each."""

from __future__ import annotations

import msgspec

from lmkd_core.records.device import Conditions
from lmkd_core.records.episode import EpisodePoint
from lmkd_core.records.episode import Kill
from lmkd_core.records.schema import Fact
from lmkd_core.records.trial import Call
from lmkd_core.records.trial import CurvePoint
from lmkd_core.records.trial import Meter
from lmkd_core.records.trial import StallClass
from pytest_lmkd.transport.program import decode_message

PROTOCOL = 1
"""Version of the language between host and agent; both must use the same."""


class AgentHello(msgspec.Struct, frozen=True, tag="hello"):
    """First answer of every agent: its name, version and protocol."""

    agent: str
    version: str
    protocol: int
    abi: str


class AgentProbe(msgspec.Struct, frozen=True, tag="probe"):
    """The facts that the agent reports about its device."""

    facts: dict[str, Fact]


class KillTimes(msgspec.Struct, frozen=True, kw_only=True):
    """Results of one kill that both meters give. Times are CLOCK_MONOTONIC ns since the kill.

    ``reclaim_*_ns``: the time until that share of ``returns_kb`` was back, null if not by ``timeout_ns``.
    ``reclaim_*_after_ns``: the last sample before, or before the timeout, at which it was not back; 0: none.
    ``returns_kb``: the memory able to come back. ``gap_*_ns``: the time between samples, up to the last of
    these moments, or across the timeout. ``samples``: the number of readings. ``curve``: the memory that is
    not back.
    """

    calls: tuple[Call, ...]
    returns_kb: int
    mrelease_errno: str
    kill_to_mrelease_ns: int | None
    reclaim_50_ns: int | None
    reclaim_90_ns: int | None
    reclaim_50_after_ns: int | None = None
    reclaim_90_after_ns: int | None = None
    exit_ns: int | None
    stall_class: StallClass
    clock_resolution_ns: int
    samples: int
    gap_median_ns: int
    gap_max_ns: int
    curve: tuple[CurvePoint, ...]


class AgentTrial(KillTimes, frozen=True, kw_only=True, tag="trial"):
    """The results of one trial. Time 0 is just before the SIGKILL.

    ``id``: the trial's number in the plan. ``returns_kb``: ``victim_kb`` without the clean file pages that
    stay in the page cache. ``torn_down_by``: the context of ``exit_mmap`` (victim, reaper, stall, kworker,
    other; "" if the kernel does not reveal it). ``stall_late_ns``: how long the stall was busy after its
    release. ``before`` and ``after``: the device's state around the trial. ``meter``: the source of the
    charges; with ``system`` a charge is the drop of free memory from its level before the victim, and
    ``noise_kb`` is the movement of free memory in an idle window.
    """

    id: int
    torn_down_by: str
    stall_late_ns: int | None
    syscall_ns: int
    charged_at_kill_kb: int
    charged_at_return_kb: int
    reclaim_99_ns: int | None
    reclaim_99_after_ns: int | None = None
    released_ns: int | None
    before: Conditions
    after: Conditions
    meter: Meter = "cgroup"
    noise_kb: int | None = None


class AgentTrialFailed(msgspec.Struct, frozen=True, tag="trial-failed"):
    """A trial that could not run; ``reason`` names the failed system call."""

    id: int
    reason: str


class AgentError(msgspec.Struct, frozen=True, tag="error"):
    """The agent could not carry out its command; it measured nothing."""

    reason: str


class AgentKill(Kill, frozen=True, tag="kill"):
    """One kill of the current episode."""


class AgentCurve(msgspec.Struct, frozen=True, tag="curve"):
    """Points of an episode's curve, in time order; the next line continues them."""

    points: tuple[EpisodePoint, ...]


class AgentEpisode(msgspec.Struct, frozen=True, tag="episode"):
    """Last line of an episode. ``threshold_kb``: the low watermark; ``apps_lost``: not killed by us."""

    id: int
    demand_met: bool
    duration_ns: int
    risen_ns: int | None
    clock_resolution_ns: int
    threshold_kb: int
    free_at_start_kb: int
    apps_started: int
    apps_alive: int
    apps_lost: int
    fg_fault_p50_ns: int | None
    fg_fault_p99_ns: int | None
    fg_fault_max_ns: int | None
    evaluations: int
    psi_events: int
    skipped_wakeups: int
    psi_some_us: int
    psi_full_us: int
    direct_stalls: int
    refaults_anon: int
    refaults_file: int
    swapped_in_pages: int
    swapped_out_pages: int
    oom_kills: int
    settings: dict[str, int]


AgentMessage = (
    AgentHello
    | AgentProbe
    | AgentTrial
    | AgentTrialFailed
    | AgentKill
    | AgentCurve
    | AgentEpisode
    | AgentError
)

_agent_decoder: msgspec.json.Decoder[AgentMessage] = msgspec.json.Decoder(AgentMessage)


def decode_agent_line(line: bytes | str) -> AgentMessage:
    """One answer of the agent. Raises: AgentBug."""
    return decode_message(_agent_decoder, line, "the agent")
